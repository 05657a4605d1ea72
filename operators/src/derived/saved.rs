//! What keepers have kept, as plain data that can be put down and taken up again.

use super::area::Average;
use super::changed::Changed;
use super::count::Count;
use super::extreme::Extreme;
use super::rose::{Rises, Rose};
use super::sequence::Sequence;
use super::slope::Slope;
use super::within::Within;
use super::{DerivedFacts, Function, Keeper};
use crate::ids::{Slot, Time, Vehicle};

/// What one derived fact has kept in one vehicle. Windows are not in it: the function has them.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct KeeperState(State);

/// The state of each kind of keeper.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum State {
    /// It needs none.
    Nothing,
    Average(Average),
    Extreme(Extreme),
    Slope(Slope),
    Changed(Changed),
    Rises(Rises),
    Count(Count),
    Within(Within),
    Sequence(Sequence),
}

/// A derived fact of a vehicle as it was put down.
#[derive(Clone, Debug)]
pub struct SavedDerived {
    /// Which one.
    pub slot: Slot,
    /// The slot that it reads first.
    pub source: Option<Slot>,
    /// What it has kept.
    pub state: KeeperState,
    /// When it may change by itself next.
    pub due_us: Option<Time>,
}

impl KeeperState {
    /// A value of the fact that it is made from, where it keeps one that may be no number but
    /// stand for something, such as a text.
    pub fn source_value(&mut self) -> Option<&mut f64> {
        match &mut self.0 {
            State::Changed(changed) => Some(&mut changed.value),
            _ => None,
        }
    }
}

impl Function {
    /// A keeper that goes on from a state; none where the state is of another function.
    fn resume(&self, state: State, inputs: usize) -> Option<Box<dyn Keeper>> {
        Some(match (self, state) {
            (Self::Average(window_us), State::Average(kept)) => Box::new(kept.resume(*window_us)),
            (Self::Least(window_us), State::Extreme(kept)) => {
                Box::new(kept.resume(*window_us, true))
            }
            (Self::Greatest(window_us), State::Extreme(kept)) => {
                Box::new(kept.resume(*window_us, false))
            }
            (Self::Slope(window_us), State::Slope(kept)) => Box::new(kept.resume(*window_us)),
            (Self::Changed, State::Changed(kept)) => Box::new(kept),
            (Self::Rose, State::Rises(kept)) => Box::new(Rose::resume(kept, true)),
            (Self::Fell, State::Rises(kept)) => Box::new(Rose::resume(kept, false)),
            (Self::Count(window_us), State::Count(kept)) => Box::new(kept.resume(*window_us)),
            (Self::Within(window_us), State::Within(kept)) => Box::new(kept.resume(*window_us)),
            (Self::Sequence(window_us), State::Sequence(kept)) => {
                Box::new(kept.resume(*window_us, inputs)?)
            }
            (Self::Fresh(_) | Self::Older(..), State::Nothing) => return self.keeper(inputs),
            _ => return None,
        })
    }
}

impl DerivedFacts {
    /// What all derived facts have kept, with their vehicles.
    pub fn all(&self) -> impl Iterator<Item = (Vehicle, SavedDerived)> {
        self.keepers.iter().map(|(&(vehicle, slot), keeper)| {
            let due_us = self.timers.pending((vehicle, slot));
            let spec = self.specs.get(&slot);
            let source = spec.and_then(|(spec, _)| spec.reads.first().copied());
            (vehicle, SavedDerived { slot, source, state: KeeperState(keeper.state()), due_us })
        })
    }

    /// Takes a derived fact of a vehicle up again; says whether it is one that this engine has.
    pub fn resume(&mut self, vehicle: Vehicle, saved: SavedDerived) -> bool {
        let Some((spec, _)) = self.specs.get(&saved.slot) else { return false };
        let Some(keeper) = spec.function.resume(saved.state.0, spec.reads.len()) else {
            return false;
        };
        self.keepers.insert((vehicle, saved.slot), keeper);
        if let Some(due_us) = saved.due_us {
            self.timers.set(due_us, (vehicle, saved.slot));
        }
        true
    }
}
