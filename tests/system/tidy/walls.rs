//! The walls between the rooms, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};

use super::{metadata, nothing};

/// A dependency and the crates that may name it in their manifest, also for tests.
const OWNED: [(&str, &[&str]); 12] = [
    ("rhai", &["piccolo-script"]),
    ("timely", &["piccolo-operators", "piccolo-engine"]),
    ("differential-dataflow", &["piccolo-operators", "piccolo-engine"]),
    ("redb", &["piccolo-store"]),
    ("etcd-client", &["piccolo-store"]),
    ("prost", &["piccolo-wire"]),
    ("prost-types", &["piccolo-wire"]),
    ("prost-build", &["piccolo-wire"]),
    ("protox", &["piccolo-wire"]),
    ("tonic-build", &["piccolo-wire"]),
    ("tonic-prost", &["piccolo-wire"]),
    ("tonic-prost-build", &["piccolo-wire"]),
];

/// Crates that must not be built on others, not even through a third one.
const FORBIDDEN: [(&[&str], &[&str]); 5] = [
    (&["piccolo-operators", "piccolo-state"], &["rhai", "tokio", "serde_json", "tonic"]),
    (
        &["piccolo-engine", "piccolo-script"],
        &["tonic", "axum", "tokio", "redb", "etcd-client", "prost"],
    ),
    (
        &["piccolo-recovery"],
        &[
            "piccolo-store",
            "piccolo-manager",
            "piccolo-engine",
            "piccolo-wire",
            "rhai",
            "timely",
            "tokio",
            "tonic",
            "serde_json",
        ],
    ),
    (&["piccolo-workbench"], &["tonic", "axum", "tokio", "clap", "prost"]),
    (
        &[
            "piccolo-catalogue",
            "piccolo-resource",
            "piccolo-recording",
            "piccolo-store",
            "piccolo-wire",
        ],
        &["rhai", "timely", "differential-dataflow"],
    ),
];

/// Only tools may be built on these, and none outside the workspace.
const LEAVES: [&str; 2] = ["piccolo-server", "piccolo-cli"];

/// The root package: it has tests and benchmarks only.
const TESTS: &str = "piccolo";

/// Dependencies that break their interfaces in minor releases.
const PINNED: [&str; 3] = ["rhai", "timely", "differential-dataflow"];

/// The names of what each package is built on; what only its tests use is left out.
fn built_on(metadata: &Metadata) -> BTreeMap<&str, BTreeSet<&str>> {
    let name = |id| metadata[id].name.as_str();
    let nodes = &metadata.resolve.as_ref().expect("dependencies are resolved").nodes;
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in nodes {
        let links = node.deps.iter().filter(|dependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
        });
        let entry = graph.entry(name(&node.id)).or_default();
        entry.extend(links.map(|dependency| name(&dependency.pkg)));
    }
    graph
}

/// The way from a package to one that it is built on, if there is one.
fn way(graph: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![(from, from.to_owned())];
    while let Some((package, path)) = open.pop() {
        for next in graph.get(package).into_iter().flatten() {
            let path = format!("{path} -> {next}");
            if *next == to {
                return Some(path);
            }
            if seen.insert(*next) {
                open.push((next, path));
            }
        }
    }
    None
}

fn members(metadata: &Metadata) -> Vec<&Package> {
    let members = metadata.workspace_packages();
    assert!(members.len() > 10, "only {} crates are members", members.len());
    members
}

#[test]
fn a_dependency_with_an_owner_is_named_by_it_alone() {
    let metadata = metadata();
    let mut found = Vec::new();
    let mut allowed = 0;
    for (dependency, owners) in OWNED {
        for package in members(&metadata) {
            let named = package.dependencies.iter().any(|named| named.name == dependency);
            if named && !owners.contains(&package.name.as_str()) {
                found.push(format!("{} depends on {dependency} of {owners:?}", package.name));
            }
            allowed += usize::from(named && owners.contains(&package.name.as_str()));
        }
    }
    assert!(allowed > 5, "only {allowed} owners use what they own: change OWNED");
    nothing(found, "Ask the owner's public API for what is needed, or extend it:");
}

#[test]
fn no_crate_is_built_on_what_it_must_not_know() {
    let metadata = metadata();
    let graph = built_on(&metadata);
    let mut found = Vec::new();
    for (crates, forbidden) in FORBIDDEN {
        for package in crates {
            assert!(graph.contains_key(package), "{package} is gone: change FORBIDDEN");
            found.extend(forbidden.iter().filter_map(|other| way(&graph, package, other)));
        }
    }
    nothing(found, "Move the code that needs it to the room that may have it:");
    assert!(way(&graph, "piccolo-engine", "rhai").is_some(), "the search finds no way");
}

#[test]
fn operators_know_no_other_room() {
    let metadata = metadata();
    let operators = members(&metadata)
        .into_iter()
        .find(|package| package.name == "piccolo-operators")
        .expect("there is a crate piccolo-operators");
    let rooms = operators.dependencies.iter().filter(|named| named.name.starts_with(TESTS));
    let found = rooms.map(|named| named.name.clone()).collect();
    nothing(found, "Give the operator generic parameters instead:");
}

#[test]
fn nothing_is_built_on_a_program() {
    let metadata = metadata();
    let mut found = Vec::new();
    for package in members(&metadata).into_iter().filter(|package| package.name != TESTS) {
        // The tests of the command talk to a real server.
        let built_on = |named: &&Dependency| named.kind != DependencyKind::Development;
        let programs = package
            .dependencies
            .iter()
            .filter(built_on)
            .filter(|named| LEAVES.contains(&named.name.as_str()));
        found.extend(programs.map(|named| format!("{} depends on {}", package.name, named.name)));
    }
    nothing(found, "Move what both need into a room below the programs:");
}

#[test]
fn what_breaks_in_minor_releases_is_pinned() {
    let metadata = metadata();
    let mut pins = BTreeSet::new();
    let mut found = Vec::new();
    for package in members(&metadata) {
        for named in package.dependencies.iter().filter(|named| PINNED.contains(&&*named.name)) {
            pins.insert(named.name.clone());
            let requirement = named.req.to_string();
            if !requirement.starts_with('=') || requirement.matches('.').count() != 2 {
                found.push(format!("{} asks for {} {requirement}", package.name, named.name));
            }
        }
    }
    nothing(found, "Write \"=x.y.z\" in [workspace.dependencies]:");
    assert_eq!(pins.len(), PINNED.len(), "only {pins:?} are used: change PINNED");
}
