//! A whole recording through the engine, in one thread; reading it is left out.

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput};
use piccolo_engine::{Engine, Sample};

use crate::data::drive;

/// Samples in one step, as `piccolo replay` does it.
const BATCH: usize = 1_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let drive = drive();
    let mut group = criterion.benchmark_group("replay");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(drive.samples.len() as u64));
    let steady = [1, 10, 100].map(|count| ("scenarios", count, true));
    for (name, count, held) in steady.into_iter().chain([("chatter", 100, false)]) {
        let rules = drive.rules(count, held);
        group.bench_function(BenchmarkId::new(name, count), |bencher| {
            bencher.iter_batched(|| drive.start(&rules), run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// Steps through all samples; returns the engine too, so that dropping it is not measured.
fn run((mut engine, samples): (Engine, Vec<Sample>)) -> (Engine, Vec<Sample>, usize) {
    let mut decisions = 0;
    for batch in samples.chunks(BATCH) {
        let tick_us = batch.last().map_or(0, |sample| sample.time_us);
        decisions += engine.step(tick_us, batch.to_vec()).unwrap().len();
    }
    assert!(decisions > 0, "the scenarios never begin");
    (engine, samples, decisions)
}
