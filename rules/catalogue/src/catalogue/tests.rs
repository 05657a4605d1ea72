//! Overlaying, finding, and suggestions.

use super::*;
use crate::{DataType, Kind};

fn signal(path: &str, datatype: &str) -> Signal {
    let datatype: DataType = datatype.parse().unwrap();
    let (unit, min, max, allowed) = (None, None, None, Box::default());
    Signal { path: path.into(), kind: Kind::Sensor, datatype, unit, min, max, allowed }
}

fn catalogue(signals: &[(&str, &str)]) -> Catalogue {
    Catalogue::from_signals(signals.iter().map(|(path, datatype)| signal(path, datatype)).collect())
        .unwrap()
}

#[test]
fn overlay_replaces_and_adds() {
    let base = catalogue(&[("V.B", "int8"), ("V.A", "int8")]);
    let both = base.overlay(catalogue(&[("V.A", "float"), ("U.C", "boolean")]));
    let paths: Vec<_> = both
        .iter()
        .map(|(id, signal)| (id.0, &*signal.path, signal.datatype.to_string()))
        .collect();
    let expected = [(0, "V.A", "float"), (1, "V.B", "int8"), (2, "U.C", "boolean")];
    assert_eq!(paths, expected.map(|(id, path, datatype)| (id, path, datatype.to_owned())));
    assert!(
        both.is_branch("U") && both.is_branch("V") && !both.is_branch("V.A") && !both.is_branch("")
    );
    assert_eq!(both.get(SignalId(3)), None);
    assert!(Catalogue::default().is_empty() && !both.is_empty());
}

#[test]
fn one_signal_added_and_replaced() {
    let base = catalogue(&[("V.A", "int8")]);
    let more = base.with_signal(signal("V.X.Y", "float")).unwrap();
    assert_eq!(more.find("V.X.Y"), Some(SignalId(1)));
    let same = more.with_signal(signal("V.A", "string")).unwrap();
    assert_eq!((same.len(), same.find("V.A")), (2, Some(SignalId(0))));
    assert_eq!(same.get(SignalId(0)).unwrap().datatype.to_string(), "string");
    for path in ["", ".", "V.", ".V", "V..A", "V.ä", "V.A\n"] {
        let refused = same.clone().with_signal(signal(path, "int8"));
        assert!(matches!(refused, Err(CatalogueError::Path { .. })), "{path:?}");
    }
}

#[test]
fn suggestions() {
    let catalogue = Catalogue::vss6();
    let cases = [
        ("Vehicle.Sped", "Vehicle.Speed"),
        ("vehicle.speed", "Vehicle.Speed"),
        ("Speed", "Vehicle.Speed"),
        ("Vehicle.Powertrain.Engine.Speed", "Vehicle.Powertrain.CombustionEngine.Speed"),
        ("Vehicle.CombustionEngine.Speed", "Vehicle.Powertrain.CombustionEngine.Speed"),
        ("Vehicle.Cabin.Door.Row1.Left.IsOpen", "Vehicle.Cabin.Door.Row1.DriverSide.IsOpen"),
        ("Vehicle.Chassis.SteeringWheel.Angel", "Vehicle.Chassis.SteeringWheel.Angle"),
        ("Vehicle.Chassis.Steering.Angle", "Vehicle.Chassis.SteeringWheel.Angle"),
        ("Vehicle.Body.Lights.IsHighBeamOn", "Vehicle.Body.Lights.IsHighBeamSwitchOn"),
        ("Vehicle.Brake.PedalPosition", "Vehicle.Chassis.Brake.PedalPosition"),
        ("Vehicle.Exterior.Temperature", "Vehicle.Exterior.AirTemperature"),
    ];
    for (wrong, right) in cases {
        let nearest = catalogue.nearest(wrong, 3);
        assert!(nearest.contains(&right), "{wrong}: {nearest:?}");
        assert!(nearest.len() <= 3);
    }
    assert_eq!(catalogue.nearest("Vehicle.Sped", 1), ["Vehicle.Speed"]);
    assert!(catalogue.nearest("Vehicle.Sped", 0).is_empty());
    for unlike in ["", "q", "zzzzzz", &"Vehicle.".repeat(100)] {
        assert!(catalogue.nearest(unlike, 3).is_empty(), "{unlike:?}");
    }
}
