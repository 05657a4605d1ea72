//! What must hold of any bytes that are read as a recording.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use piccolo_catalogue::{Catalogue, Signal};
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
        ..Options::new(catalogue())
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

/// A small part of VSS: a name that is unknown costs a search of the whole.
fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    let make = || {
        let is_wanted = |path: &str| path.matches('.').count() < 2 || WANTED.contains(&path);
        let vss6 = Catalogue::vss6();
        let wanted = vss6.iter().filter(|(_, signal)| is_wanted(&signal.path));
        let add = |part: Catalogue, (_, signal): (_, &Signal)| part.with_signal(signal.clone());
        Arc::new(wanted.fold(Catalogue::default(), |part, own| add(part, own).unwrap()))
    };
    Arc::clone(CATALOGUE.get_or_init(make))
}

/// The signals of the map, and one that is a list.
const WANTED: [&str; 5] = [
    "Vehicle.Chassis.SteeringWheel.Angle",
    "Vehicle.Body.Lights.Beam.Low.IsOn",
    "Vehicle.Powertrain.Transmission.CurrentGear",
    "Vehicle.Body.Lights.Brake.IsActive",
    "Vehicle.Cabin.Infotainment.SmartphoneProjection.SupportedMode",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recordings").join(name)
}
