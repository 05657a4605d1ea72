//! Finds the shared data, which lies outside the project.

use std::env;
use std::path::{Path, PathBuf};

use piccolo_catalogue::Catalogue;
use piccolo_recording::{Fault, Item, Notes, Options, Reader, Sample};

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

/// A file of the project.
pub(crate) fn fixture(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(relative)
}

/// The built-in catalogue with the OBD overlay, where that is there.
pub(crate) fn catalogue() -> std::sync::Arc<Catalogue> {
    let vss6 = Catalogue::vss6();
    let Some(overlay) = shared("catalogs/vss/OBD_overlay_main.vspec") else {
        return vss6;
    };
    std::sync::Arc::new(Catalogue::clone(&vss6).overlay(Catalogue::load(&overlay).unwrap()))
}

/// All items of a recording.
pub(crate) fn read(path: &Path, options: Options) -> (Vec<Sample>, Vec<Fault>, Notes) {
    let mut reader = Reader::open(path, options).unwrap();
    let (mut samples, mut faults) = (Vec::new(), Vec::new());
    for item in &mut reader {
        match item {
            Item::Sample(sample) => samples.push(sample),
            Item::Fault(fault) => faults.push(fault),
        }
    }
    (samples, faults, reader.notes())
}
