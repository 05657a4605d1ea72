//! The real releases: counts, types, the facts file, overlays.

use std::path::Path;
use std::{env, fs};

use piccolo_catalogue::{Catalogue, DataType, Kind, Value, from_facts, to_facts};

use crate::files::shared;

fn release(version: &str) -> Option<Catalogue> {
    let file = shared(&format!("catalogs/vss/vss_{version}.json"))?;
    Some(Catalogue::load(&file).unwrap())
}

#[test]
fn every_release_has_its_leaves() {
    for (version, leaves, bounded, allowed) in
        [("4.0", 910, 133, 70), ("5.1", 1_321, 203, 89), ("6.0", 1_263, 283, 102)]
    {
        let Some(catalogue) = release(version) else {
            return;
        };
        assert_eq!(catalogue.len(), leaves, "{version}");
        assert_eq!(catalogue.iter().filter(|(_, signal)| signal.min.is_some()).count(), bounded);
        assert_eq!(
            catalogue.iter().filter(|(_, signal)| !signal.allowed.is_empty()).count(),
            allowed
        );
        for (id, signal) in catalogue.iter() {
            assert_eq!(catalogue.find(&signal.path), Some(id));
            assert!(!catalogue.is_branch(&signal.path), "{}", signal.path);
        }
    }
}

#[test]
fn facts_are_what_the_importer_writes() {
    let Some(release) = release("6.0") else {
        return;
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/vss6.tsv");
    let facts = to_facts(&release);
    if env::var_os("PICCOLO_REGENERATE").is_some_and(|set| set == "1") {
        fs::write(&file, &facts).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    assert!(facts == kept, "src/vss6.tsv is stale: run this test with PICCOLO_REGENERATE=1");
    let read = from_facts(&facts).unwrap();
    assert_eq!(read.len(), release.len());
    for (id, signal) in release.iter() {
        assert_eq!(read.get(id), Some(signal));
    }
}

#[test]
fn built_in_signals_have_the_types_of_the_release() {
    let catalogue = Catalogue::vss6();
    assert_eq!(catalogue.len(), 1_263);
    let cases = [
        ("Vehicle.Speed", "float", Kind::Sensor, Some("km/h")),
        ("Vehicle.Powertrain.FuelSystem.RelativeLevel", "uint8", Kind::Sensor, Some("percent")),
        ("Vehicle.Powertrain.CombustionEngine.MAP", "uint16", Kind::Sensor, Some("kPa")),
        ("Vehicle.Chassis.SteeringWheel.Angle", "int16", Kind::Sensor, Some("degrees")),
        ("Vehicle.TraveledDistance", "uint32", Kind::Sensor, Some("m")),
        ("Vehicle.CurrentLocation.Latitude", "double", Kind::Sensor, Some("degrees")),
        ("Vehicle.Body.Lights.Beam.Low.IsOn", "boolean", Kind::Actuator, None),
        ("Vehicle.Cabin.SeatPosCount", "uint8[]", Kind::Attribute, None),
        ("Vehicle.Diagnostics.DTCList", "string[]", Kind::Sensor, None),
    ];
    for (path, datatype, kind, unit) in cases {
        let signal = catalogue.get(catalogue.find(path).unwrap()).unwrap();
        assert_eq!(signal.datatype, datatype.parse::<DataType>().unwrap(), "{path}");
        assert_eq!((signal.kind, signal.unit.as_deref()), (kind, unit), "{path}");
    }
    let lights =
        catalogue.get(catalogue.find("Vehicle.Body.Lights.Brake.IsActive").unwrap()).unwrap();
    assert_eq!(*lights.allowed, ["INACTIVE", "ACTIVE", "ADAPTIVE"].map(Value::from));
}

#[test]
fn obd_overlay_gives_what_release_5_had() {
    let Some(file) = shared("catalogs/vss/OBD_overlay_main.vspec") else {
        return;
    };
    let (Some(older), overlay) = (release("5.1"), Catalogue::load(&file).unwrap()) else {
        return;
    };
    let obd = |catalogue: &Catalogue| -> Vec<String> {
        let paths = catalogue.iter().map(|(_, signal)| signal.path.to_string());
        paths.filter(|path| path.starts_with("Vehicle.OBD.")).collect()
    };
    assert_eq!(obd(&overlay), obd(&older));
    assert_eq!(obd(&overlay).len(), overlay.len());
    for (_, signal) in overlay.iter() {
        let before = older.get(older.find(&signal.path).unwrap()).unwrap();
        assert_eq!(
            (signal.datatype, signal.allowed.len()),
            (before.datatype, before.allowed.len())
        );
    }
    let both = Catalogue::clone(&Catalogue::vss6()).overlay(overlay);
    let load = both.get(both.find("Vehicle.OBD.EngineLoad").unwrap()).unwrap();
    assert_eq!(
        (load.datatype.to_string(), load.unit.as_deref()),
        ("float".to_owned(), Some("percent"))
    );
    assert!(
        both.is_branch("Vehicle.OBD.O2WR.Sensor8") && !both.is_branch("Vehicle.OBD.EngineLoad")
    );
}
