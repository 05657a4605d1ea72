//! Holds the repository to its rules: the walls between the rooms, and what a file may be.

#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/walls.rs"]
mod walls;

use cargo_metadata::{Metadata, MetadataCommand};

use crate::data::root;

/// What cargo knows of the workspace and of all that it is built on.
fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata runs: is Cargo.lock up to date?")
}

/// Fails with all that was found, each on a line of its own.
#[track_caller]
fn nothing(found: Vec<String>, what_to_do: &str) {
    assert!(found.is_empty(), "{what_to_do}\n  {}", found.join("\n  "));
}
