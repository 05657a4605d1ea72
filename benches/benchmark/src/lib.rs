//! How fast the engine is on equal work: a seeded workload, two hand-written loops as yardsticks,
//! and tables of all three.
//!
//! [`Workload`] makes rules and samples. [`LoopA`] evaluates every rule that depends on the signal
//! of a sample; [`LoopB`] is a predicate index with counters. Both find the same edges as the
//! engine, and [`table::row`] says so before it measures.

mod course;
pub mod export;
pub mod latency;
mod loop_a;
mod loop_b;
pub mod memory;
pub mod soak;
pub mod table;
mod workload;

pub use course::Course;
pub use loop_a::LoopA;
pub use loop_b::LoopB;
pub use workload::{Event, Size, Test, Walk, Workload};

/// A rule began or ended in a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The event's number, which is its time in microseconds.
    pub time_us: u64,
    /// The vehicle.
    pub vehicle: u32,
    /// The rule.
    pub rule: u32,
    /// Whether it began.
    pub begins: bool,
}

impl Edge {
    /// The edge of the rule and vehicle with these names; none where the workload has none such.
    pub fn named(time_us: u64, vehicle: &str, scenario: &str, begins: bool) -> Option<Self> {
        let vehicle = vehicle.strip_prefix('v')?.parse().ok()?;
        let rule = scenario.strip_prefix('r')?.parse().ok()?;
        Some(Self { time_us, vehicle, rule, begins })
    }
}
