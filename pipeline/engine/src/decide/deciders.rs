//! What active scenarios do in a lane, kept for each worker by itself.

use piccolo_operators::ids::{Rule, Vehicle};

use super::{Decider, SavedWanted};

/// The deciders of a lane, one for the vehicles of each worker.
#[derive(Debug, Default)]
pub(crate) struct Deciders(Vec<Decider>);

impl Deciders {
    /// That of a worker.
    pub(crate) fn of(&mut self, worker: usize) -> &mut Decider {
        if worker >= self.0.len() {
            self.0.resize_with(worker + 1, Decider::default);
        }
        &mut self.0[worker]
    }

    /// Whether no scenario is active.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.iter().all(Decider::is_idle)
    }

    /// Which of the rules that claim a target are active, with their vehicles, in order.
    pub(crate) fn holders(&self, claimants: &[Rule]) -> Vec<(Vehicle, Rule)> {
        let holders = self.0.iter().flat_map(|decider| decider.holders(claimants));
        let mut holders: Vec<_> = holders.collect();
        holders.sort_unstable();
        holders
    }

    /// The active scenarios, in no order.
    pub(crate) fn active(&self) -> impl Iterator<Item = (Vehicle, Rule, SavedWanted)> {
        self.0.iter().flat_map(Decider::active)
    }
}
