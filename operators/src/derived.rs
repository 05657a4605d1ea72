//! Facts that are made from other facts, in every vehicle: over-time functions and the truth of
//! expressions.
//!
//! A derived fact has a slot like a signal has. Whenever a fact that it reads has a sample, and
//! at deadlines of its own, it is brought up to date, after all that happens at that time and
//! below its level. [`evaluate`](crate::evaluate) drives this; `naive` has the definitions.

mod area;
mod cells;
mod changed;
mod count;
mod extreme;
mod fresh;
pub mod naive;
mod rose;
mod saved;
mod sequence;
mod slope;
mod within;

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::saved::State;
use crate::condition::Condition;
use crate::ids::{Rule, Slot, Time, Vehicle};
use crate::latest::Fact;
use crate::timers::Timers;

pub use cells::{GRAINS, grain, window_start};
pub use saved::{KeeperState, SavedDerived};

/// How deep facts may be made from facts; signals have level 0.
pub type Level = u32;

/// Truths of expressions take the numbers of rules from here on, so that `conditions` keeps them.
pub const TRUTHS: Rule = 1 << 30;

/// A derived fact.
#[derive(Clone, Debug)]
pub struct DerivedSpec {
    /// Where its value is kept.
    pub slot: Slot,
    /// The slots that it reads.
    pub reads: Vec<Slot>,
    /// What it is.
    pub function: Function,
}

/// What a derived fact is of those that it reads. Windows are in microseconds of event time.
#[derive(Clone, Debug)]
pub enum Function {
    /// 1 where the first condition holds, 0 where the second does, else unknown.
    Truth(Arc<(Condition, Condition)>),
    /// The time average over the window.
    Average(Time),
    /// The least value in the window.
    Least(Time),
    /// The greatest value in the window.
    Greatest(Time),
    /// The change over the window, a second.
    Slope(Time),
    /// Another known value than the known one before; lasts one microsecond.
    Changed,
    /// From 0 to 1, unknown in between set aside; lasts one microsecond.
    Rose,
    /// From 1 to 0, unknown in between set aside; lasts one microsecond.
    Fell,
    /// How often it rose in the window.
    Count(Time),
    /// It is 1, or was at some time in the window.
    Within(Time),
    /// The last rose, after the others one after the other, all in the window; one microsecond.
    Sequence(Time),
    /// It has a value, and a sample in the window.
    Fresh(Time),
    /// Its last sample is older than the limit, or as old where the flag says so.
    Older(Time, bool),
}

/// What a derived fact is at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Output {
    /// Its value, or [`UNKNOWN`](crate::ids::UNKNOWN).
    pub value: f64,
    /// When it may change by itself next.
    pub due_us: Option<Time>,
}

impl Output {
    fn steady(value: f64) -> Self {
        Self { value, due_us: None }
    }

    /// True for this one microsecond, or false.
    fn pulse(holds: bool, now_us: Time) -> Self {
        Self { value: f64::from(u8::from(holds)), due_us: holds.then(|| now_us.saturating_add(1)) }
    }
}

/// The state of one derived fact in one vehicle.
trait Keeper: fmt::Debug + Send {
    /// The value after all that happens to the inputs at this time.
    ///
    /// Called in order of time, whenever an input had a sample or the deadline is due. A second
    /// call at one time with the same inputs gives the same.
    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output;

    /// What it has kept so far, to be put down.
    fn state(&self) -> State;
}

impl Function {
    fn keeper(&self, inputs: usize) -> Option<Box<dyn Keeper>> {
        Some(match *self {
            Self::Truth(_) => return None,
            Self::Average(window_us) => Box::new(area::Average::new(window_us)),
            Self::Least(window_us) => Box::new(extreme::Extreme::new(window_us, true)),
            Self::Greatest(window_us) => Box::new(extreme::Extreme::new(window_us, false)),
            Self::Slope(window_us) => Box::new(slope::Slope::new(window_us)),
            Self::Changed => Box::new(changed::Changed::default()),
            Self::Rose => Box::new(rose::Rose::new(true)),
            Self::Fell => Box::new(rose::Rose::new(false)),
            Self::Count(window_us) => Box::new(count::Count::new(window_us)),
            Self::Within(window_us) => Box::new(within::Within::new(window_us)),
            Self::Sequence(window_us) => Box::new(sequence::Sequence::new(window_us, inputs)),
            Self::Fresh(window_us) => Box::new(fresh::Fresh { window_us }),
            Self::Older(limit_us, inclusive) => Box::new(fresh::Older { limit_us, inclusive }),
        })
    }
}

/// The derived facts of all vehicles.
///
/// Memory: a window keeps at most [`GRAINS`] + 1 entries of 24 bytes for each function and
/// vehicle, twice that for `Average`; everything else keeps a few numbers.
#[derive(Debug, Default)]
pub struct DerivedFacts {
    specs: FxHashMap<Slot, (Arc<DerivedSpec>, Level)>,
    /// The derived facts that read each slot.
    readers: Vec<Vec<Slot>>,
    keepers: FxHashMap<(Vehicle, Slot), Box<dyn Keeper>>,
    timers: Timers,
}

impl DerivedFacts {
    /// Adds a derived fact; it has no value yet in any vehicle.
    pub fn add(&mut self, spec: Arc<DerivedSpec>, level: Level) {
        for &slot in &spec.reads {
            let index = slot as usize;
            if index >= self.readers.len() {
                self.readers.resize_with(index + 1, Vec::new);
            }
            self.readers[index].push(spec.slot);
        }
        self.specs.insert(spec.slot, (spec, level));
    }

    /// Takes a derived fact away, with its state in every vehicle.
    pub fn remove(&mut self, slot: Slot) -> Option<Arc<DerivedSpec>> {
        let (spec, _) = self.specs.remove(&slot)?;
        for &read in &spec.reads {
            self.readers[read as usize].retain(|reader| *reader != slot);
        }
        self.keepers.retain(|(_, kept), _| *kept != slot);
        Some(spec)
    }

    /// The derived facts that read a slot.
    #[inline]
    pub fn readers_of(&self, slot: Slot) -> &[Slot] {
        self.readers.get(slot as usize).map_or(&[], Vec::as_slice)
    }

    /// All derived facts.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.specs.keys().copied()
    }

    /// A derived fact and its level.
    pub fn spec(&self, slot: Slot) -> Option<(&Arc<DerivedSpec>, Level)> {
        self.specs.get(&slot).map(|(spec, level)| (spec, *level))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// Brings a derived fact up to date from its inputs; `None` for a truth, which `conditions`
    /// keeps.
    pub fn update(
        &mut self,
        vehicle: Vehicle,
        slot: Slot,
        now_us: Time,
        inputs: &[Fact],
    ) -> Option<f64> {
        let (spec, _) = self.specs.get(&slot)?;
        let keeper = match self.keepers.entry((vehicle, slot)) {
            std::collections::hash_map::Entry::Occupied(kept) => kept.into_mut(),
            std::collections::hash_map::Entry::Vacant(empty) => {
                empty.insert(spec.function.keeper(inputs.len())?)
            }
        };
        let output = keeper.update(now_us, inputs);
        if let Some(due_us) = output.due_us {
            self.timers.set(due_us, (vehicle, slot));
        }
        Some(output.value)
    }

    /// The earliest time at which [`Self::take_due`] has something to say.
    pub fn next_due(&self) -> Option<Time> {
        self.timers.next()
    }

    /// A derived fact that may change at this time; call until it returns nothing.
    pub fn take_due(&mut self, now_us: Time) -> Option<(Vehicle, Slot)> {
        self.timers.take_due(now_us)
    }
}

#[cfg(test)]
mod tests;
