//! Holds the tables of docs/recovery.md to the defaults; `PICCOLO_REGENERATE=1` rewrites them.

use std::path::Path;
use std::{env, fs};

use piccolo_recovery::{Policy, table};

/// The page with a table in its place, between two marks.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{table}{end}{after}")
}

#[test]
fn the_documentation_shows_the_defaults_as_they_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recovery.md");
    let policy = Policy::default();
    let found = fs::read_to_string(&page).unwrap();
    let text = with_table(&found, "detection", &table::detection(&policy));
    let text = with_table(&text, "ladders", &table::ladders(&policy.ladders));
    if env::var_os("PICCOLO_REGENERATE").is_some() {
        fs::write(&page, &text).unwrap();
    }
    let found = fs::read_to_string(&page).unwrap();
    assert!(found == text, "{} is old: run with PICCOLO_REGENERATE=1", page.display());
}
