//! Holds the pictures and tables of docs/state.md to the machines; `PICCOLO_REGENERATE=1` rewrites
//! them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use piccolo_state::picture::{svg, table};
use piccolo_state::{ContainerState, Machine, ModelState, NodeState, PackageState, ScenarioState};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The page with the table of a kind in its place, between two marks.
fn with_table<S: Machine>(page: &str) -> String {
    let (begin, end) = (format!("<!-- {} -->\n", S::KIND), format!("<!-- end {} -->", S::KIND));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{}{end}{after}", table::<S>())
}

#[test]
fn the_documentation_shows_the_machines_as_they_are() {
    let page = docs().join("state.md");
    let text = fs::read_to_string(&page).unwrap();
    let text = with_table::<ScenarioState>(&text);
    let text = with_table::<PackageState>(&text);
    let text = with_table::<ModelState>(&text);
    let text = with_table::<ContainerState>(&text);
    let text = with_table::<NodeState>(&text);
    let picture = |kind: &str| docs().join(format!("state/{kind}.svg"));
    let files = [
        (page, text),
        (picture("scenario"), svg::<ScenarioState>()),
        (picture("package"), svg::<PackageState>()),
        (picture("model"), svg::<ModelState>()),
        (picture("container"), svg::<ContainerState>()),
        (picture("node"), svg::<NodeState>()),
    ];
    for (path, text) in files {
        if env::var_os("PICCOLO_REGENERATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{} is old: run with PICCOLO_REGENERATE=1", path.display());
    }
}
