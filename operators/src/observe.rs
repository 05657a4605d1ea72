//! A look at the facts of rules each time that they changed: for coverage and explanations.

use std::fmt;

use crate::ids::{Rule, Time, Vehicle};
use crate::latest::Facts;

/// The state of a rule in a vehicle after all that happened at a time.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Event time.
    pub time_us: Time,
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// Which rule.
    pub rule: Rule,
    /// All facts of the vehicle.
    pub facts: Facts<'a>,
    /// Whether the rule is active.
    pub active: bool,
    /// Since when its `when` has held, where it must be held for a time.
    pub held_since_us: Option<Time>,
    /// Until when it rests after its last end.
    pub rests_until_us: Option<Time>,
}

/// Sees the facts of rules.
pub trait Observer: fmt::Debug {
    /// Called for a rule in a vehicle at each time at which a fact that its conditions read had a
    /// sample, or the rule took an edge; in order of time.
    fn observe(&mut self, moment: Moment<'_>);
}
