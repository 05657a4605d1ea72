//! Rules from text to conditions, and into an engine that has none yet.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput};
use piccolo_engine::{Engine, EngineConfig};
use piccolo_script::RuleSet;

use crate::data::drive;

const SCENARIOS: usize = 1_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let drive = drive();
    let text = drive.scenarios(SCENARIOS, true);
    let rules = drive.rules(SCENARIOS, true);
    let start = || Engine::new(EngineConfig::default(), Arc::clone(&drive.catalogue)).unwrap();
    let mut group = criterion.benchmark_group("compile");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(SCENARIOS as u64));
    group.bench_function("text_to_rules", |bencher| {
        bencher.iter(|| RuleSet::parse("bench.rhai", &text, &drive.catalogue));
    });
    group.bench_function("rules_into_engine", |bencher| {
        bencher.iter_batched(
            start,
            |mut engine| {
                engine.load(&rules).unwrap();
                // A load takes effect in the next step.
                let decisions = engine.step(1, Vec::new()).unwrap();
                (engine, decisions)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}
