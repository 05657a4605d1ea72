//! Which sample last flipped each atom, for explanations.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::condition::{Atom, Test};
use crate::ids::{Sample, Slot, Time};

/// The sample that last flipped an atom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flip {
    /// Which signal brought it.
    pub slot: Slot,
    /// The value that it brought; NaN where it made the signal unavailable.
    pub value: f64,
    /// Its time.
    pub time_us: Time,
    /// Its origin.
    pub origin: u32,
}

/// An atom as a key; equal atoms of different rules share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AtomKey {
    Above(Slot, u64, bool),
    Equals(Slot, u64),
    Known(Slot),
    Computed(usize),
}

impl AtomKey {
    pub(super) fn above(slot: Slot, threshold: f64, inclusive: bool) -> Self {
        Self::Above(slot, (threshold + 0.0).to_bits(), inclusive)
    }

    pub(super) fn equals(slot: Slot, constant: f64) -> Self {
        Self::Equals(slot, (constant + 0.0).to_bits())
    }

    pub(super) fn known(slot: Slot) -> Self {
        Self::Known(slot)
    }

    /// Computed atoms are told apart by where their test lies.
    pub(super) fn computed(test: &Arc<dyn Test>) -> Self {
        Self::Computed(Arc::as_ptr(test).cast::<()>() as usize)
    }

    pub(super) fn of(atom: &Atom) -> Self {
        match atom {
            Atom::Above { slot, threshold, inclusive } => {
                Self::above(*slot, *threshold, *inclusive)
            }
            Atom::Equals { slot, constant } => Self::equals(*slot, *constant),
            Atom::Known { slot } => Self::known(*slot),
            Atom::Computed(test) => Self::computed(test),
        }
    }
}

/// The flips of one vehicle: one entry for each atom that ever flipped in it.
#[derive(Debug, Default)]
pub(super) struct Flips(FxHashMap<AtomKey, Flip>);

impl Flips {
    pub(super) fn note(&mut self, key: AtomKey, sample: &Sample) {
        let Sample { slot, value, time_us, origin, .. } = *sample;
        self.0.insert(key, Flip { slot, value, time_us, origin });
    }

    pub(super) fn set(&mut self, key: AtomKey, flip: Flip) {
        self.0.insert(key, flip);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn forget(&mut self, key: &AtomKey) {
        self.0.remove(key);
    }

    pub(super) fn get(&self, key: &AtomKey) -> Option<Flip> {
        self.0.get(key).copied()
    }
}
