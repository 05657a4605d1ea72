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
}

/// A fact that no sample has touched.
pub const ABSENT: Fact = Fact { value: UNKNOWN, time_us: 0, origin: 0 };

impl Fact {
    /// The value, unless it is unknown.
    pub fn known(&self) -> Option<f64> {
        (!self.value.is_nan()).then_some(self.value)
    }
}

/// The part of a fact that every sample is compared with. The time is kept apart, since it is
/// written often and read seldom, and four of these fit a line of the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) value: f64,
    /// How many of the signal's thresholds the value has passed; `conditions` keeps it.
    pub(crate) passed: u32,
    origin: u32,
}

const EMPTY: Held = Held { value: UNKNOWN, passed: 0, origin: 0 };

/// The facts of one vehicle, read by slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    held: &'a [Held],
    times: &'a [Time],
}

impl Facts<'_> {
    /// The fact in a slot; [`ABSENT`] where the vehicle has none yet.
    pub fn get(&self, slot: Slot) -> Fact {
        let (held, time_us) = (self.held.get(slot as usize), self.times.get(slot as usize));
        held.zip(time_us).map_or(ABSENT, |(held, time_us)| fact(held, *time_us))
    }

    /// All facts of the vehicle, with their slots.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, Fact)> + '_ {
        let facts = self.held.iter().zip(self.times).enumerate();
        facts.map(|(slot, (held, time_us))| (slot as Slot, fact(held, *time_us)))
    }
}

fn fact(held: &Held, time_us: Time) -> Fact {
    Fact { value: held.value, time_us, origin: held.origin }
}

/// The latest facts of all vehicles: 24 bytes of a vehicle for each slot that any has used.
#[derive(Debug, Default)]
pub struct Latest {
    held: Vec<Vec<Held>>,
    times: Vec<Vec<Time>>,
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
        if self.held.get(vehicle).is_none_or(|held| slot >= held.len()) {
            self.make_room(vehicle, slot);
        }
        self.times[vehicle][slot] = sample.time_us;
        let held = &mut self.held[vehicle][slot];
        held.origin = sample.origin;
        (std::mem::replace(&mut held.value, sample.value), held)
    }

    /// How many facts there is room for.
    pub(crate) fn room(&self) -> usize {
        self.held.len() * self.slots
    }

    /// Makes room for a slot of a vehicle. Vehicles tend to have the same signals, so all but the
    /// first take their room at once.
    #[cold]
    fn make_room(&mut self, vehicle: usize, slot: usize) {
        if vehicle >= self.held.len() {
            self.held.resize_with(vehicle + 1, Vec::new);
            self.times.resize_with(vehicle + 1, Vec::new);
        }
        let (held, times) = (&mut self.held[vehicle], &mut self.times[vehicle]);
        if slot < self.slots {
            held.reserve_exact(self.slots - held.len());
            times.reserve_exact(self.slots - times.len());
        } else {
            self.slots = slot + 1;
        }
        held.resize(self.slots, EMPTY);
        times.resize(self.slots, 0);
    }

    /// What is held in a slot of a vehicle that has it.
    #[inline]
    pub(crate) fn held(&self, vehicle: Vehicle, slot: Slot) -> Option<&Held> {
        self.held.get(vehicle as usize)?.get(slot as usize)
    }

    /// The same, to change it.
    pub(crate) fn held_mut(&mut self, vehicle: Vehicle, slot: Slot) -> Option<&mut Held> {
        self.held.get_mut(vehicle as usize)?.get_mut(slot as usize)
    }

    /// Forgets the fact in a slot of every vehicle.
    pub fn forget(&mut self, slot: Slot) {
        let slot = slot as usize;
        for (held, times) in self.held.iter_mut().zip(&mut self.times) {
            if let (Some(held), Some(time_us)) = (held.get_mut(slot), times.get_mut(slot)) {
                (*held, *time_us) = (EMPTY, 0);
            }
        }
    }

    /// One more than the highest vehicle that was seen.
    pub fn vehicles(&self) -> Vehicle {
        self.held.len() as Vehicle
    }

    /// The facts of a vehicle; empty for one that was never seen.
    pub fn of(&self, vehicle: Vehicle) -> Facts<'_> {
        let (held, times) = (self.held.get(vehicle as usize), self.times.get(vehicle as usize));
        held.zip(times).map_or(Facts::default(), |(held, times)| Facts { held, times })
    }
}

#[cfg(test)]
mod tests;
