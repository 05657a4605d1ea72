//! Memory stays flat however often a drive is replayed through one engine.

use std::fs;

use piccolo_engine::{Engine, EngineConfig, Sample};

use crate::data::{COMMUTE, catalogue, engine, root, rules, samples, shared};

/// Resident memory of this process, in kB.
fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A hundred scenarios over what every recording has: they begin and end often.
fn hundred_scenarios() -> String {
    const SIGNALS: [(&str, f64); 2] =
        [("Vehicle.Speed", 1.0), ("Vehicle.Acceleration.Longitudinal", 0.04)];
    (0..100)
        .map(|index| {
            let (signal, step) = SIGNALS[index % SIGNALS.len()];
            let threshold = step * (index as f64 - 20.0);
            let timing = ["", "held \"300ms\"", "cooldown \"2s\"", "held \"1s\" cooldown \"1s\""];
            let timing = timing[index / 2 % timing.len()];
            format!("scenario \"s{index}\" {{ when {signal} > {threshold:?} {timing} then launch(\"p{}\") }}\n", index / 4)
        })
        .collect()
}

#[test]
fn ten_repetitions_cost_no_memory() {
    let catalogue = catalogue();
    let rules = rules(&hundred_scenarios(), &catalogue);
    let mut engine = engine(
        EngineConfig { workers: 1, explain: true, ..EngineConfig::default() },
        &catalogue,
        &rules,
    );
    let path = shared(COMMUTE).unwrap_or_else(|| root().join("fixtures/drives/mixed_wltc.csv.gz"));
    let drive = samples(&mut engine, &path, "car", &catalogue);
    let length_us = drive.last().unwrap().time_us + 1;
    let mut resident = Vec::new();
    let mut decisions = 0;
    for repetition in 0..12 {
        let shifted: Vec<Sample> = drive
            .iter()
            .map(|sample| Sample { time_us: sample.time_us + repetition * length_us, ..*sample })
            .collect();
        decisions += count(&mut engine, &shifted);
        drop(shifted);
        resident.push(resident_kb());
    }
    let (warm, last) = (resident[1], resident[11]);
    println!(
        "{decisions} decisions, resident {warm} kB after two repetitions, {last} kB after twelve"
    );
    assert!(decisions > 1_000);
    assert!(last <= warm + warm / 20 + 1024, "memory grows: {resident:?} kB");
}

/// Runs samples through the engine without keeping what comes out.
fn count(engine: &mut Engine, samples: &[Sample]) -> usize {
    let steps = samples.chunks(1000).map(|chunk| {
        let tick = chunk.last().map_or(0, |sample| sample.time_us);
        engine.step(tick, chunk.to_vec()).unwrap().len()
    });
    steps.sum()
}
