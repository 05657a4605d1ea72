//! Every room has a README, and every crate the name of its room and the lints of all.

use std::fs;

use cargo_metadata::Package;

use super::{metadata, nothing};
use crate::data::root;

/// The rooms that are no crates.
const FOLDERS: [&str; 4] = ["benches", "docs", "fixtures", "tests"];

/// The crates of the workspace: the folder of each, empty for the root, and its name.
fn crates() -> Vec<(String, String)> {
    let metadata = metadata();
    let folder = |package: &Package| {
        let manifest = package.manifest_path.strip_prefix(&metadata.workspace_root);
        let manifest = manifest.expect("a member lies in the workspace");
        manifest.parent().map(ToString::to_string).unwrap_or_default()
    };
    let members = metadata.workspace_packages();
    members.into_iter().map(|package| (folder(package), package.name.to_string())).collect()
}

/// Whether a manifest takes the lints of the workspace.
fn takes_lints(manifest: &str) -> bool {
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| pair == ["[lints]", "workspace = true"])
}

#[test]
fn a_crate_has_the_name_of_its_room() {
    let crates = crates();
    let named = |(folder, name): &&(String, String)| {
        let room = folder.rsplit('/').next().unwrap_or_default();
        *name == format!("piccolo-{room}") || (folder.is_empty() && name == "piccolo")
    };
    let wrong = crates.iter().filter(|member| !named(member));
    let found = wrong.map(|(folder, name)| format!("{folder}: {name}")).collect();
    nothing(found, "Name the crate after its folder, piccolo-FOLDER:");
}

#[test]
fn a_room_has_a_readme() {
    let crates = crates();
    let rooms = crates.iter().map(|(folder, _)| folder.as_str()).chain(FOLDERS);
    let readmes = rooms.map(|room| format!("{room}/README.md"));
    let readmes = readmes.map(|readme| readme.trim_start_matches('/').to_owned());
    let found = readmes.filter(|readme| !root().join(readme).is_file()).collect();
    nothing(found, "Write what the room is, its files, its invariants and how to extend it:");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut found = Vec::new();
    for (folder, name) in crates() {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml"));
        if !takes_lints(&manifest.expect("a manifest is text")) {
            found.push(name);
        }
    }
    nothing(found, "Add to the manifest of the crate: [lints] workspace = true");
}

#[test]
fn lints_of_a_crate_alone_are_noticed() {
    assert!(takes_lints("[package]\n\n[lints]\nworkspace = true\n"));
    assert!(!takes_lints("[lints]\n"));
    assert!(!takes_lints("[package]\nworkspace = true\n[lints.rust]\nunsafe_code = \"allow\"\n"));
}
