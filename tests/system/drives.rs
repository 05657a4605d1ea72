//! Real drives: what the engine counts equals what a short Python script counts.

use std::fmt::Write as _;
use std::process::Command;

use piccolo_engine::{Edge, EngineConfig};

use crate::data::{COMMUTE, SHARED, catalogue, engine, root, rules, run, samples, shared};

#[test]
fn the_commute_begins_fifteen_times_above_fifty() {
    let Some(path) = shared(COMMUTE) else { return };
    let catalogue = catalogue();
    let rules =
        rules(r#"scenario "fast" { when Vehicle.Speed > 50.0 then launch("a") }"#, &catalogue);
    let mut engine = engine(EngineConfig::default(), &catalogue, &rules);
    let samples = samples(&mut engine, &path, "css", &catalogue);
    assert_eq!(samples.len(), 998_061);
    let decisions = run(&mut engine, &samples, 1000);
    let begins: Vec<u64> = decisions
        .iter()
        .filter(|decision| decision.edge == Edge::Begin)
        .map(|decision| decision.time_us)
        .collect();
    assert_eq!(begins.len(), 15);
    assert_eq!(begins.first(), Some(&229_624_450));
}

/// Thresholds for each signal: enough to meet every range of every drive.
const CONDITIONS: [(&str, &[f64]); 6] = [
    ("Vehicle.Speed", &[1.0, 20.0, 30.0, 50.0, 80.0, 100.0, 120.0]),
    ("Vehicle.Powertrain.CombustionEngine.Speed", &[900.0, 1500.0, 2000.0, 3000.0, 4500.0]),
    ("Vehicle.Acceleration.Longitudinal", &[-2.0, -0.5, 0.0, 0.5, 1.0]),
    ("Vehicle.AngularVelocity.Yaw", &[-5.0, 0.0, 5.0]),
    ("Vehicle.Chassis.Accelerator.PedalPosition", &[5.0, 15.0, 29.0, 60.0]),
    ("Vehicle.Powertrain.CombustionEngine.MAP", &[40.0, 90.0, 120.0]),
];

#[test]
fn counts_and_first_times_equal_those_of_python() {
    let catalogue = catalogue();
    let mut text = String::new();
    let mut names = Vec::new();
    for (signal, thresholds) in CONDITIONS {
        for threshold in thresholds {
            for (operator, word) in [(">", "above"), (">=", "from"), ("<", "below"), ("<=", "upto")]
            {
                let name = format!("{signal}-{word}-{threshold:?}");
                let _ = writeln!(
                    text,
                    "scenario {name:?} {{ when {signal} {operator} {threshold:?} then launch(\"a\") }}"
                );
                names.push((name, signal, operator, *threshold));
            }
        }
    }
    let rules = rules(&text, &catalogue);
    let mut compared = 0;
    for recording in SHARED {
        let Some(path) = shared(recording) else { return };
        let mut engine = engine(EngineConfig::default(), &catalogue, &rules);
        let samples = samples(&mut engine, &path, "vehicle", &catalogue);
        let decisions = run(&mut engine, &samples, 5_000);
        let arguments: Vec<String> = names
            .iter()
            .map(|(_, signal, operator, threshold)| format!("{signal} {operator} {threshold:?}"))
            .collect();
        let output = Command::new("python3")
            .arg(root().join("tests/system/count_begins.py"))
            .arg(&path)
            .args(&arguments)
            .output()
            .expect("python3 runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let counted = String::from_utf8(output.stdout).unwrap();
        for ((name, ..), line) in names.iter().zip(counted.lines()) {
            let begins: Vec<u64> = decisions
                .iter()
                .filter(|decision| **name == *decision.scenario && decision.edge == Edge::Begin)
                .map(|decision| decision.time_us)
                .collect();
            let first = begins.first().map_or("-".to_owned(), ToString::to_string);
            assert_eq!(format!("{} {first}", begins.len()), line, "{recording}: {name}");
            compared += usize::from(!begins.is_empty());
        }
        assert_eq!(counted.lines().count(), names.len());
    }
    assert!(compared > 150, "only {compared} conditions ever began");
}
