//! Finds the shared data, which lies outside the project.

use std::env;
use std::path::{Path, PathBuf};

/// The file below the shared data, or none where that is absent (which is an error in CI).
pub(crate) fn shared(relative: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = env::var_os("PICCOLO_SHARED_DATA").map_or_else(beside, PathBuf::from).join(relative);
    if file.exists() {
        return Some(file);
    }
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{relative} is absent");
    println!("{relative} is absent from the shared data: nothing is tested");
    None
}
