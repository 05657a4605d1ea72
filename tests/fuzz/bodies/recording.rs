//! What must hold of any bytes that are read as a recording.

use std::fs;
use std::path::{Path, PathBuf};

use piccolo_catalogue::Catalogue;
use piccolo_recording::{Item, Options, Reader};

pub(crate) use piccolo_recording::Format;

/// Reads bytes as a recording of a format; how many samples and faults there are.
///
/// Time never runs backwards, and each fault says what it is.
pub(crate) fn check(bytes: &[u8], format: Format) -> (usize, usize) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let options = Options {
        dbc: Some(fixture("own.dbc")),
        map: Some(fixture("own_map.yaml")),
        format: Some(format),
        ..Options::new(Catalogue::vss6())
    };
    let (mut samples, mut faults, mut last_us) = (0, 0, 0);
    for item in Reader::open(file.path(), options).unwrap() {
        match item {
            Item::Sample(sample) => {
                assert!(sample.time_us >= last_us, "{} after {last_us}", sample.time_us);
                last_us = sample.time_us;
                samples += 1;
            }
            Item::Fault(fault) => {
                assert!(!fault.to_string().is_empty());
                faults += 1;
            }
        }
    }
    (samples, faults)
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recordings").join(name)
}
