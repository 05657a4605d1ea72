//! The latest value of every signal of every vehicle.

pub mod naive;

use crate::ids::{Sample, Slot, Time, UNKNOWN, Vehicle};

/// What is held of one signal of one vehicle: its latest sample.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// The value, or [`UNKNOWN`] before the first sample and while unavailable.
    pub value: f64,
    /// The time of that sample; zero before the first.
    pub time_us: Time,
    /// Its origin.
    pub origin: u32,
    /// How many of the signal's thresholds the value has passed; `conditions` keeps it.
    pub(crate) passed: u32,
}

/// A fact that no sample has touched.
pub const ABSENT: Fact = Fact { value: UNKNOWN, time_us: 0, origin: 0, passed: 0 };

impl Fact {
    /// The value, unless it is unknown.
    pub fn known(&self) -> Option<f64> {
        (!self.value.is_nan()).then_some(self.value)
    }
}

/// The facts of one vehicle, read by slot.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a>(pub(crate) &'a [Fact]);

impl Facts<'_> {
    /// The fact in a slot; [`ABSENT`] where the vehicle has none yet.
    pub fn get(&self, slot: Slot) -> Fact {
        self.0.get(slot as usize).copied().unwrap_or(ABSENT)
    }

    /// All facts of the vehicle, with their slots.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, Fact)> + '_ {
        self.0.iter().enumerate().map(|(slot, fact)| (slot as Slot, *fact))
    }
}

/// The latest facts of all vehicles: 24 bytes for each slot that a vehicle has used or passed over.
#[derive(Debug, Default)]
pub struct Latest {
    vehicles: Vec<Vec<Fact>>,
}

impl Latest {
    /// Makes room for a vehicle and a slot, and returns the fact there.
    pub fn entry(&mut self, vehicle: Vehicle, slot: Slot) -> &mut Fact {
        let vehicle = vehicle as usize;
        if vehicle >= self.vehicles.len() {
            self.vehicles.resize_with(vehicle + 1, Vec::new);
        }
        let facts = &mut self.vehicles[vehicle];
        let slot = slot as usize;
        if slot >= facts.len() {
            facts.resize(slot + 1, ABSENT);
        }
        &mut facts[slot]
    }

    /// Takes a sample in and returns the value that it replaces.
    ///
    /// The last sample of a signal at one time wins.
    pub fn update(&mut self, sample: &Sample) -> f64 {
        let fact = self.entry(sample.vehicle, sample.slot);
        let before = fact.value;
        fact.value = sample.value;
        fact.time_us = sample.time_us;
        fact.origin = sample.origin;
        before
    }

    /// Forgets the fact in a slot of every vehicle.
    pub fn forget(&mut self, slot: Slot) {
        for facts in &mut self.vehicles {
            if let Some(fact) = facts.get_mut(slot as usize) {
                *fact = ABSENT;
            }
        }
    }

    /// One more than the highest vehicle that was seen.
    pub fn vehicles(&self) -> Vehicle {
        self.vehicles.len() as Vehicle
    }

    /// The facts of a vehicle; empty for one that was never seen.
    pub fn of(&self, vehicle: Vehicle) -> Facts<'_> {
        Facts(self.vehicles.get(vehicle as usize).map_or(&[], Vec::as_slice))
    }
}

#[cfg(test)]
mod tests;
