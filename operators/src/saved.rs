//! What one vehicle is when its state is put down: plain data, by the numbers of one engine.
//!
//! Only what happened is in it. What follows from the facts alone, such as how many children each
//! gate misses, is found again when the facts come back.

use crate::conditions::{Clause, Flip};
use crate::cooldown::State;
use crate::derived::SavedDerived;
use crate::ids::{Rule, Slot, Time, Vehicle};
use crate::latest::Fact;

/// The state of a vehicle; the lists are in no order.
#[derive(Clone, Debug)]
pub struct SavedVehicle {
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// The facts that it has, known or not, but for those that no sample ever touched.
    pub facts: Vec<(Slot, Fact)>,
    /// What derived facts have kept.
    pub derived: Vec<SavedDerived>,
    /// Rules whose condition holds and must be held for a time, with since when it does.
    pub held: Vec<(Rule, Time)>,
    /// Where rules stand that are not idle.
    pub rules: Vec<(Rule, State)>,
    /// Rules that are left out.
    pub quarantined: Vec<Rule>,
    /// Which sample flipped which atom last; only with `explain`.
    pub flips: Vec<(AtomPlace, Flip)>,
}

/// An atom, by where it stands first: in which rule, or truth of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtomPlace {
    /// The rule, or the slot of a truth from [`TRUTHS`](crate::derived::TRUTHS) on.
    pub owner: Rule,
    /// Which of its conditions.
    pub clause: Clause,
    /// Which of the condition's atoms.
    pub atom: u32,
}

impl SavedVehicle {
    /// A vehicle that has nothing.
    pub fn new(vehicle: Vehicle) -> Self {
        Self {
            vehicle,
            facts: Vec::new(),
            derived: Vec::new(),
            held: Vec::new(),
            rules: Vec::new(),
            quarantined: Vec::new(),
            flips: Vec::new(),
        }
    }
}
