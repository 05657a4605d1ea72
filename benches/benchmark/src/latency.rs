//! How long one sample takes from the engine's entrance to its decisions.

use std::time::Instant;

use serde::Serialize;

use crate::table::{BenchError, Plan, Runner};
use crate::workload::{Size, Workload};

/// Times of steps with one sample each, in nanoseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// Scenarios.
    pub rules: u32,
    /// Vehicles.
    pub vehicles: u32,
    /// Steps in a second, all together.
    pub steps_per_second: f64,
    /// Decisions that fell.
    pub decisions: usize,
    /// The time that half of the steps took at most.
    pub p50_ns: u64,
    /// The same for 99 of a hundred.
    pub p99_ns: u64,
    /// The same for 999 of a thousand.
    pub p99_9_ns: u64,
    /// The slowest step.
    pub max_ns: u64,
}

impl Latency {
    /// The percentiles with their names.
    pub fn percentiles(&self) -> [(&'static str, u64); 4] {
        let Self { p50_ns, p99_ns, p99_9_ns, max_ns, .. } = *self;
        [("p50", p50_ns), ("p99", p99_ns), ("p99.9", p99_9_ns), ("max", max_ns)]
    }
}

/// Steps an engine with one sample at a time, one after the other.
///
/// # Errors
/// A workload that is refused.
pub fn one_by_one(size: Size, samples: usize, seed: u64) -> Result<Latency, BenchError> {
    let workload = Workload::new(size, samples, false, seed);
    let plan = Plan { batch: 1_000, ..Plan::plain(size, seed) };
    let mut runner = Runner::new(&plan, &workload)?;
    let samples = runner.samples(&workload.events)?;
    let mut times = Vec::with_capacity(samples.len());
    let mut decisions = 0;
    let began = Instant::now();
    for sample in &samples {
        let before = Instant::now();
        decisions += runner.step(*sample)?.len();
        times.push(before.elapsed().as_nanos() as u64);
    }
    let took = began.elapsed();
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    Ok(Latency {
        rules: size.rules,
        vehicles: size.vehicles,
        steps_per_second: samples.len() as f64 / took.as_secs_f64(),
        decisions,
        p50_ns: at(0.5),
        p99_ns: at(0.99),
        p99_9_ns: at(0.999),
        max_ns: at(1.0),
    })
}
