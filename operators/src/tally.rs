//! In how many vehicles something holds, over all workers: differential dataflow.

pub mod naive;

use differential_dataflow::VecCollection;
use differential_dataflow::operators::CountTotal;

use crate::ids::{Slot, Time, Vehicle};

/// The vehicle of a sample that is meant for every vehicle.
pub const EVERY_VEHICLE: Vehicle = Vehicle::MAX;

/// What is counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Counted {
    /// The vehicles in which the truth in a slot holds.
    Holds,
    /// The vehicles that were seen.
    Seen,
}

/// One group of vehicles that is counted.
pub type Group = (Slot, Counted);

/// A vehicle came into a group, or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Event time.
    pub time_us: Time,
    /// Which group.
    pub group: Group,
    /// 1 or -1.
    pub diff: isize,
}

/// How many vehicles each group has, from those that came and left.
///
/// A group that has none has no row.
pub fn tally<'scope>(
    groups: VecCollection<'scope, Time, Group, isize>,
) -> VecCollection<'scope, Time, (Group, isize), isize> {
    groups.count_total()
}

#[cfg(test)]
mod tests;
