//! The same decisions, byte for byte, for every batch size and worker count.

use piccolo_engine::EngineConfig;

use crate::data::{COMMUTE, catalogue, engine, lines, root, run, samples, shared, shipped_rules};

const DRIVES: [&str; 3] = ["city_udds", "aggressive_us06", "mixed_wltc"];

#[test]
fn batches_and_workers_change_nothing() {
    let catalogue = catalogue();
    let rules = shipped_rules(&catalogue);
    let mut reference = None;
    for (workers, batch) in [
        (1, 1000),
        (1, 1),
        (1, 7),
        (1, usize::MAX),
        (2, 1),
        (2, 7),
        (2, 1000),
        (2, usize::MAX),
        (3, 100),
    ] {
        let mut engine = engine(
            EngineConfig { workers, explain: true, ..EngineConfig::default() },
            &catalogue,
            &rules,
        );
        let mut all = Vec::new();
        for drive in DRIVES {
            let path = root().join(format!("fixtures/drives/{drive}.csv.gz"));
            all.extend(samples(&mut engine, &path, drive, &catalogue));
        }
        if let Some(path) = shared(COMMUTE) {
            all.extend(samples(&mut engine, &path, "commute", &catalogue));
        }
        all.sort_by_key(|sample| sample.time_us);
        let output = lines(&run(&mut engine, &all, batch.min(all.len())));
        let reference = reference.get_or_insert_with(|| output.clone());
        assert!(output.lines().count() > 60, "only {} decisions", output.lines().count());
        assert!(*reference == output, "{workers} workers and batches of {batch} differ");
    }
}

#[test]
fn every_shipped_scenario_begins_on_a_shipped_drive() {
    let catalogue = catalogue();
    let rules = shipped_rules(&catalogue);
    let mut begun = std::collections::BTreeSet::new();
    for drive in DRIVES {
        let mut engine = engine(
            EngineConfig { workers: 1, explain: true, ..EngineConfig::default() },
            &catalogue,
            &rules,
        );
        let path = root().join(format!("fixtures/drives/{drive}.csv.gz"));
        let samples = samples(&mut engine, &path, drive, &catalogue);
        for decision in run(&mut engine, &samples, 1000) {
            let why = decision.why.expect("asked for");
            assert!(!why.atoms.is_empty());
            begun.insert(decision.scenario);
        }
    }
    let all: Vec<_> = rules.scenarios().map(|scenario| scenario.name.clone()).collect();
    let silent: Vec<_> = all.iter().filter(|name| !begun.contains(*name)).collect();
    assert!(all.len() >= 8);
    assert!(silent.is_empty(), "these never began: {silent:?}");
}
