//! What must hold of any bytes that are rule sets of a running engine.

use std::collections::BTreeSet;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Engine, EngineConfig};
use piccolo_script::RuleSet;

/// Between the files of one set, and between sets.
pub(crate) const FILE_ENDS: char = '\u{1c}';
pub(crate) const SET_ENDS: char = '\u{1d}';

const SETS_MAX: usize = 3;
const FILES_MAX: usize = 3;
const SIGNALS: [&str; 3] = [
    "Vehicle.Speed",
    "Vehicle.Powertrain.Transmission.CurrentGear",
    "Vehicle.Chassis.ParkingBrake.IsEngaged",
];

/// Loads one set after the other into an engine, and the last into its shadow too, while samples
/// flow; how many decisions come of it. Decisions are in order, and each of them once.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let catalogue = Catalogue::vss6();
    let config = EngineConfig { explain: true, ..EngineConfig::default() };
    let mut engine = Engine::new(config, Arc::clone(&catalogue)).unwrap();
    let mut decided = Vec::new();
    for (number, set) in text.split(SET_ENDS).take(SETS_MAX).enumerate() {
        let files: Vec<&str> = set.split(FILE_ENDS).take(FILES_MAX).collect();
        let files = files.into_iter().map(|file| ("fuzz.rhai", file));
        let (rules, found) = RuleSet::parse_all(files, &catalogue);
        assert!(found.iter().all(|found| !found.message.is_empty()));
        // What cannot be loaded leaves all as it was.
        let before = engine.scenarios();
        if engine.load(&rules).is_err() {
            assert_eq!(engine.scenarios(), before);
        }
        let _ = engine.load_shadow(&rules);
        let from_us = number as u64 * 10_000_000;
        for moment in 0..8 {
            let time_us = from_us + moment * 1_000_000;
            let samples = samples(&mut engine, &catalogue, moment, time_us);
            decided.extend(engine.step(time_us + 1, samples).unwrap());
        }
        decided.extend(engine.step(from_us + 10_000_000, Vec::new()).unwrap());
        engine.take_shadow_decisions();
    }
    assert!(decided.is_sorted_by_key(|decision| decision.time_us));
    let mut ids = BTreeSet::new();
    for decision in &decided {
        assert!(ids.insert(decision.id), "it came twice: {decision:#?}\n{text}");
    }
    decided.len()
}

fn samples(
    engine: &mut Engine,
    catalogue: &Catalogue,
    moment: u64,
    time_us: u64,
) -> Vec<piccolo_engine::Sample> {
    let up = moment % 4 < 2;
    let values =
        [Value::Float(moment as f64 * 20.0), Value::Int(moment as i64 - 3), Value::Bool(up)];
    let mut samples = Vec::new();
    for vehicle in ["a", "b"] {
        let vehicle = engine.vehicle(vehicle).unwrap();
        for (path, value) in SIGNALS.iter().zip(&values) {
            let value = Some(value).filter(|_| moment != 5);
            let signal = catalogue.find(path).unwrap();
            samples.push(engine.sample(vehicle, signal, value, time_us, 0).unwrap());
        }
    }
    samples
}
