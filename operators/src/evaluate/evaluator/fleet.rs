//! What a fleet has in common: vehicles that are counted, and facts that all share.

use rustc_hash::FxHashMap;

use super::Evaluator;
use crate::ids::{Sample, Slot, Time, Vehicle};
use crate::latest::{Fact, Facts};
use crate::tally::{Count, Counted};

/// The groups that are counted, and the facts that every vehicle has.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    counted: Vec<Slot>,
    counts: Vec<Count>,
    shared: FxHashMap<Slot, f64>,
}

impl Fleet {
    /// Whether the vehicles are counted in which the truth in a slot holds.
    #[inline]
    pub(super) fn counts(&self, slot: Slot) -> bool {
        self.counted.contains(&slot)
    }

    /// The truths that are counted.
    pub(super) fn counted(&self) -> Vec<Slot> {
        self.counted.clone()
    }

    /// Notes that a vehicle comes into a group or leaves it with a sample.
    #[inline]
    pub(super) fn see(&mut self, sample: &Sample, time_us: Time, facts: Facts<'_>) {
        if !self.counts(sample.slot) {
            return;
        }
        let (before, after) = (holds(facts.get(sample.slot).value), holds(sample.value));
        if before != after {
            let diff = if after { 1 } else { -1 };
            let group = (sample.slot, Counted::Holds);
            self.counts.push(Count { time_us, group, diff });
        }
    }
}

fn holds(value: f64) -> bool {
    !value.is_nan() && value != 0.0
}

impl Evaluator {
    /// The vehicles that came into groups or left them since this was asked last.
    pub fn take_counts(&mut self) -> Vec<Count> {
        std::mem::take(&mut self.fleet.counts)
    }

    /// Counts the vehicles in which a truth holds.
    pub(super) fn count(&mut self, slot: Slot) {
        self.fleet.counted.push(slot);
        self.attend(slot);
        self.count_all(slot, 1);
    }

    /// Counts them no more.
    pub(super) fn uncount(&mut self, slot: Slot) {
        self.fleet.counted.retain(|known| *known != slot);
        self.attend(slot);
        self.count_all(slot, -1);
    }

    pub(super) fn count_all(&mut self, slot: Slot, diff: isize) {
        let time_us = self.now_us;
        for vehicle in 0..self.latest.vehicles() {
            if !self.conditions.is_admitted(vehicle) {
                continue;
            }
            self.fleet.counts.push(Count { time_us, group: (slot, Counted::Seen), diff });
            if holds(self.latest.of(vehicle).get(slot).value) {
                self.fleet.counts.push(Count { time_us, group: (slot, Counted::Holds), diff });
            }
        }
    }

    /// Counts a new vehicle, and gives it what all have.
    pub(super) fn welcome_into_fleet(&mut self, vehicle: Vehicle) {
        let time_us = self.now_us;
        for slot in &self.fleet.counted {
            let group = (*slot, Counted::Seen);
            self.fleet.counts.push(Count { time_us, group, diff: 1 });
        }
        let shared: Vec<(Slot, f64)> =
            self.fleet.shared.iter().map(|(slot, value)| (*slot, *value)).collect();
        for (slot, value) in shared {
            self.put(&self.made(vehicle, slot, value, 0));
        }
    }

    pub(super) fn add_counts(&mut self, counts: impl Iterator<Item = Count>) {
        self.fleet.counts.extend(counts);
    }

    /// Gives new vehicles a value from now on; those that are there have it.
    pub fn share(&mut self, slot: Slot, value: f64) {
        self.fleet.shared.insert(slot, value);
    }

    /// Puts a value into every vehicle that is there and will be.
    pub(super) fn put_everywhere(&mut self, sample: &Sample) {
        self.fleet.shared.insert(sample.slot, sample.value);
        for vehicle in 0..self.latest.vehicles() {
            if self.conditions.is_admitted(vehicle) {
                self.put(&Sample { vehicle, ..*sample });
            }
        }
    }

    /// Forgets what every vehicle has in a slot.
    pub(super) fn forget_shared(&mut self, slot: Slot) {
        self.fleet.shared.remove(&slot);
    }

    /// Begins with the vehicles, signals and waiting samples that another has, at its time, and
    /// without any rule.
    pub fn begin_from(&mut self, other: &Self) {
        let watch = self.watch.take();
        let (edges_made, inputs_taken) = (self.edges_made, self.inputs_taken);
        let fresh = Self::new(self.explain);
        let waiting = other.waiting.clone();
        *self = Self { watch, now_us: other.now_us, edges_made, inputs_taken, waiting, ..fresh };
        for vehicle in 0..other.latest.vehicles() {
            if !other.conditions.is_admitted(vehicle) {
                continue;
            }
            self.conditions.admit(vehicle, &mut self.latest, &mut self.toggles);
            for (slot, fact) in other.latest.of(vehicle).iter() {
                if other.derived.spec(slot).is_none() && fact.known().is_some() {
                    let Fact { value, time_us, origin, .. } = fact;
                    self.put(&Sample { time_us, value, vehicle, slot, origin });
                }
            }
        }
    }
}
