//! One sample a step at 1,000 scenarios: what the control plane does where samples come one by one.

use criterion::{Criterion, Throughput};

use crate::data::drive;

const SCENARIOS: usize = 1_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let drive = drive();
    let (mut engine, samples) = drive.start(&drive.rules(SCENARIOS, true));
    // After its end the recording begins again, later by its own length.
    let length_us = samples.last().map_or(0, |sample| sample.time_us) + 1;
    let mut round_us = 0;
    let mut position = 0;
    let mut group = criterion.benchmark_group("steps");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one_sample_at_1000_scenarios", |bencher| {
        bencher.iter(|| {
            let mut sample = samples[position];
            sample.time_us += round_us;
            position += 1;
            if position == samples.len() {
                position = 0;
                round_us += length_us;
            }
            engine.step(sample.time_us, vec![sample]).unwrap()
        });
    });
    group.finish();
}
