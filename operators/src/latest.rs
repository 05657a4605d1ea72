//! The latest value of every signal of every vehicle.

mod calm;
pub mod naive;

pub(crate) use calm::Calm;

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
}

/// A fact that no sample has touched.
pub const ABSENT: Fact = Fact { value: UNKNOWN, time_us: 0, origin: 0 };

impl Fact {
    /// The value, unless it is unknown.
    pub fn known(&self) -> Option<f64> {
        (!self.value.is_nan()).then_some(self.value)
    }
}

/// A fact as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) value: f64,
    time_us: Time,
    /// Where the value may move and change nothing else; `conditions` keeps it.
    pub(crate) calm: Calm,
    /// How many of the signal's thresholds the value has passed; `conditions` keeps it.
    pub(crate) passed: u32,
    origin: u32,
}

const EMPTY: Held = Held { value: UNKNOWN, time_us: 0, calm: Calm::NEVER, passed: 0, origin: 0 };

impl Held {
    /// Puts a sample here; the value that it replaces.
    #[inline]
    pub(crate) fn replace(&mut self, sample: &Sample) -> f64 {
        self.time_us = sample.time_us;
        self.origin = sample.origin;
        // There is one zero only, so that equal values have equal bits.
        std::mem::replace(&mut self.value, sample.value + 0.0)
    }
}

/// The facts of one vehicle, read by slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a>(&'a [Held]);

impl Facts<'_> {
    /// The fact in a slot; [`ABSENT`] where the vehicle has none yet.
    pub fn get(&self, slot: Slot) -> Fact {
        self.0.get(slot as usize).map_or(ABSENT, fact)
    }

    /// All facts of the vehicle, with their slots.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, Fact)> + '_ {
        self.0.iter().enumerate().map(|(slot, held)| (slot as Slot, fact(held)))
    }
}

fn fact(held: &Held) -> Fact {
    Fact { value: held.value, time_us: held.time_us, origin: held.origin }
}

/// The latest facts of all vehicles: 32 bytes of a vehicle for each slot that any has used.
#[derive(Debug, Default)]
pub struct Latest {
    vehicles: Vec<Vec<Held>>,
    /// One more than the highest slot that any vehicle has used.
    slots: usize,
}

impl Latest {
    /// Takes a sample in and returns the value that it replaces.
    ///
    /// The last sample of a signal at one time wins.
    pub fn update(&mut self, sample: &Sample) -> f64 {
        self.take(sample).0
    }

    /// Takes a sample in: the value that it replaces, and what is held now.
    #[inline]
    pub(crate) fn take(&mut self, sample: &Sample) -> (f64, &mut Held) {
        let (vehicle, slot) = (sample.vehicle as usize, sample.slot as usize);
        if self.vehicles.get(vehicle).is_none_or(|facts| slot >= facts.len()) {
            self.make_room(vehicle, slot);
        }
        let held = &mut self.vehicles[vehicle][slot];
        (held.replace(sample), held)
    }

    /// How many facts there is room for.
    pub(crate) fn room(&self) -> usize {
        self.vehicles.len() * self.slots
    }

    /// Makes room for a slot of a vehicle. Vehicles tend to have the same signals, so all but the
    /// first take their room at once.
    #[cold]
    fn make_room(&mut self, vehicle: usize, slot: usize) {
        if vehicle >= self.vehicles.len() {
            self.vehicles.resize_with(vehicle + 1, Vec::new);
        }
        let facts = &mut self.vehicles[vehicle];
        if slot < self.slots {
            facts.reserve_exact(self.slots - facts.len());
        } else {
            self.slots = slot + 1;
        }
        facts.resize(self.slots, EMPTY);
    }

    /// What is held in a slot of a vehicle that has it.
    #[inline]
    pub(crate) fn held(&self, vehicle: Vehicle, slot: Slot) -> Option<&Held> {
        self.vehicles.get(vehicle as usize)?.get(slot as usize)
    }

    /// The same, to change it.
    #[inline]
    pub(crate) fn held_mut(&mut self, vehicle: Vehicle, slot: Slot) -> Option<&mut Held> {
        self.vehicles.get_mut(vehicle as usize)?.get_mut(slot as usize)
    }

    /// Forgets the fact in a slot of every vehicle.
    pub fn forget(&mut self, slot: Slot) {
        for held in self.vehicles.iter_mut().filter_map(|facts| facts.get_mut(slot as usize)) {
            *held = EMPTY;
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
