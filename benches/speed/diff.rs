//! What one changed line costs: the difference of two rule sets on a recording in memory.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use piccolo_script::RuleSet;
use piccolo_workbench::diff::{DiffOptions, diff};
use piccolo_workbench::drive::{Drive, DriveBuilder};

use crate::data::drive;

pub(crate) fn bench(criterion: &mut Criterion) {
    let recorded = drive();
    let drives = [in_memory()];
    let mut group = criterion.benchmark_group("diff");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(recorded.samples.len() as u64));
    for (name, count, full) in
        [("changed", 100, false), ("all", 100, true), ("changed", 1_000, false)]
    {
        let text = recorded.scenarios(count, true);
        let (old, new) = (rules(&text), rules(&text.replacen("500ms", "600ms", 1)));
        let options = DiffOptions { move_within_us: 5_000_000, explain: false, full };
        group.bench_function(BenchmarkId::new(name, count), |bencher| {
            bencher.iter(|| {
                let found = diff(&old, &new, &drives, &recorded.catalogue, options).unwrap();
                assert!(!found.changes.is_empty(), "the change changes nothing");
                assert_eq!(found.evaluated[0], if full { count } else { 1 });
                found
            });
        });
    }
    group.finish();
}

/// The recording as the workbench holds it.
fn in_memory() -> Drive {
    let recorded = drive();
    let mut builder = DriveBuilder::new("car", Arc::clone(&recorded.catalogue));
    for sample in &recorded.samples {
        builder.push(sample.clone()).unwrap();
    }
    builder.finish()
}

fn rules(text: &str) -> RuleSet {
    let (rules, diagnostics) = RuleSet::parse("bench.rhai", text, &drive().catalogue);
    assert!(!diagnostics.iter().any(|found| found.is_error()), "{diagnostics:#?}");
    rules
}
