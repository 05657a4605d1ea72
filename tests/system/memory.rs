//! Memory stays flat however often a drive is replayed through one engine.

use std::fs;

use piccolo_engine::{EngineConfig, Sample};

use crate::data::{catalogue, engine, root, run, samples, shipped_rules};

/// Resident memory of this process, in kB.
fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_repetitions_cost_no_memory() {
    let catalogue = catalogue();
    let rules = shipped_rules(&catalogue);
    let mut engine = engine(EngineConfig { workers: 1, explain: true }, &catalogue, &rules);
    let path = root().join("fixtures/drives/mixed_wltc.csv.gz");
    let drive = samples(&mut engine, &path, "car", &catalogue);
    let length_us = drive.last().unwrap().time_us + 1;
    let mut resident = Vec::new();
    let mut decisions = 0;
    for repetition in 0..12 {
        let shifted: Vec<Sample> = drive
            .iter()
            .map(|sample| Sample { time_us: sample.time_us + repetition * length_us, ..*sample })
            .collect();
        decisions += run(&mut engine, &shifted, 1000).len();
        drop(shifted);
        resident.push(resident_kb());
    }
    let (warm, last) = (resident[1], resident[11]);
    println!(
        "{decisions} decisions, resident {warm} kB after two repetitions, {last} kB after twelve"
    );
    assert!(decisions > 100);
    assert!(last <= warm + warm / 20 + 1024, "memory grows: {resident:?} kB");
}
