//! How a sample flips atoms, and flipped atoms count in gates.

use super::flips::{AtomKey, Flips};
use super::gates::{Gate, Output};
use super::index::{Entry, SignalIndex};
use super::{Computed, Toggle, toggle};
use crate::condition::Exceeded;
use crate::ids::{Sample, Slot, Vehicle};
use crate::latest::Facts;

/// The counters of one vehicle.
pub(super) struct Counters<'a> {
    pub(super) missing: &'a mut [i8],
    pub(super) outputs: &'a [Output],
    pub(super) vehicle: Vehicle,
}

impl Counters<'_> {
    /// A child of the gate became true.
    pub(super) fn rise(&mut self, gate: Gate, toggles: &mut Vec<Toggle>) {
        self.count(gate, -1, toggles);
    }

    /// A child of the gate stopped being true.
    pub(super) fn fall(&mut self, gate: Gate, toggles: &mut Vec<Toggle>) {
        self.count(gate, 1, toggles);
    }

    /// Adds to what the gate misses, and goes on to its parent where that makes it true or false.
    #[inline]
    pub(super) fn count(&mut self, mut gate: Gate, change: i8, toggles: &mut Vec<Toggle>) {
        loop {
            let missing = &mut self.missing[gate as usize];
            let before = *missing;
            *missing += change;
            // A gate is true where it misses none; so it changes between one and none only.
            if before.max(*missing) != 1 || !self.climb(&mut gate, toggles) {
                return;
            }
        }
    }

    /// Tells what hangs on gates that need no child.
    pub(super) fn born_true(
        &mut self,
        gates: impl IntoIterator<Item = Gate>,
        needs: &[i8],
        toggles: &mut Vec<Toggle>,
    ) {
        for mut gate in gates {
            let born_true =
                needs[gate as usize] == 0 && self.outputs[gate as usize] != Output::Free;
            if born_true && self.climb(&mut gate, toggles) {
                self.rise(gate, toggles);
            }
        }
    }

    /// Moves to the gate's parent; at a root, notes the toggle and says no.
    pub(super) fn climb(&self, gate: &mut Gate, toggles: &mut Vec<Toggle>) -> bool {
        match self.outputs[*gate as usize] {
            Output::Gate(parent) => {
                *gate = parent;
                true
            }
            Output::Root(root) => {
                toggles.push(toggle(self.vehicle, root));
                false
            }
            Output::Free => false,
        }
    }
}

/// One sample on its way through the index of its signal.
pub(super) struct Pulse<'a> {
    pub(super) missing: &'a mut [i8],
    pub(super) outputs: &'a [Output],
    pub(super) flips: Option<&'a mut Flips>,
    pub(super) sample: &'a Sample,
    pub(super) toggles: &'a mut Vec<Toggle>,
}

impl Pulse<'_> {
    pub(super) fn flip(&mut self, fallen: &[Gate], risen: &[Gate]) {
        let mut counters =
            Counters { missing: self.missing, outputs: self.outputs, vehicle: self.sample.vehicle };
        fallen.iter().for_each(|gate| counters.fall(*gate, self.toggles));
        risen.iter().for_each(|gate| counters.rise(*gate, self.toggles));
    }

    pub(super) fn note(&mut self, key: impl FnOnce(Slot) -> AtomKey) {
        if let Some(flips) = &mut self.flips {
            flips.note(key(self.sample.slot), self.sample);
        }
    }

    /// The value passes thresholds, or comes back over some.
    pub(super) fn cross(&mut self, signal: &SignalIndex, passed: &mut u32) {
        let value = self.sample.value;
        let mut at = *passed as usize;
        while let Some(entry) = signal.thresholds.get(at).filter(|entry| entry.passed_by(value)) {
            self.turn(signal, entry, true);
            at += 1;
        }
        while let Some(entry) = at.checked_sub(1).map(|below| &signal.thresholds[below]) {
            if entry.passed_by(value) {
                break;
            }
            self.turn(signal, entry, false);
            at -= 1;
        }
        *passed = at as u32;
    }

    /// A threshold is passed now, or no more.
    #[inline]
    fn turn(&mut self, signal: &SignalIndex, entry: &Entry, passed: bool) {
        match entry.single() {
            Some((gate, negated)) => {
                let change = if passed == negated { 1 } else { -1 };
                let (missing, outputs) = (&mut *self.missing, self.outputs);
                let mut counters = Counters { missing, outputs, vehicle: self.sample.vehicle };
                counters.count(gate, change, self.toggles);
            }
            None if passed => self.flip(signal.negative(entry), signal.positive(entry)),
            None => self.flip(signal.positive(entry), signal.negative(entry)),
        }
        self.note(|slot| AtomKey::above(slot, entry.point, entry.inclusive));
    }

    pub(super) fn move_value(&mut self, signal: &SignalIndex, before: f64, passed: &mut u32) {
        self.cross(signal, passed);
        if signal.constants.is_empty() {
            return;
        }
        let value = self.sample.value;
        if let Some(entry) = signal.met(before).map(|at| &signal.constants[at]) {
            self.flip(signal.positive(entry), signal.negative(entry));
            self.note(|slot| AtomKey::equals(slot, entry.point));
        }
        if let Some(entry) = signal.met(value).map(|at| &signal.constants[at]) {
            self.flip(signal.negative(entry), signal.positive(entry));
            self.note(|slot| AtomKey::equals(slot, entry.point));
        }
    }

    /// The signal got its first value, or one after it was unavailable.
    pub(super) fn appear(&mut self, signal: &SignalIndex, passed: usize) {
        self.each_literal(signal, self.sample.value, passed, |pulse, gates| pulse.flip(&[], gates));
        if let Some(known) = &signal.known {
            self.flip(signal.negative(known), signal.positive(known));
            self.note(AtomKey::known);
        }
    }

    /// The signal became unavailable.
    pub(super) fn disappear(&mut self, signal: &SignalIndex, before: f64, passed: usize) {
        self.each_literal(signal, before, passed, |pulse, gates| pulse.flip(gates, &[]));
        if let Some(known) = &signal.known {
            self.flip(signal.positive(known), signal.negative(known));
            self.note(AtomKey::known);
        }
    }

    /// Visits the gates that are true under a known value, atom by atom.
    pub(super) fn each_literal(
        &mut self,
        signal: &SignalIndex,
        value: f64,
        passed: usize,
        visit: impl Fn(&mut Self, &[Gate]),
    ) {
        for (at, entry) in signal.thresholds.iter().enumerate() {
            let holds = at < passed;
            visit(self, if holds { signal.positive(entry) } else { signal.negative(entry) });
            self.note(|slot| AtomKey::above(slot, entry.point, entry.inclusive));
        }
        let met = signal.met(value);
        for (at, entry) in signal.constants.iter().enumerate() {
            let holds = met == Some(at);
            visit(self, if holds { signal.positive(entry) } else { signal.negative(entry) });
            self.note(|slot| AtomKey::equals(slot, entry.point));
        }
    }

    pub(super) fn recompute(
        &mut self,
        atom: &Computed,
        truth: &mut Option<bool>,
        facts: Facts<'_>,
        key: (Vehicle, u32),
        exceeded: &mut Vec<(Vehicle, u32)>,
    ) {
        let Some(test) = &atom.test else { return };
        let now = noted(test.truth(facts), key, exceeded);
        if now == *truth {
            return;
        }
        self.flip(atom.gates(*truth), atom.gates(now));
        *truth = now;
        self.note(|_| AtomKey::computed(test));
    }
}

/// The truth that an atom counts with; one that broke its limits is noted.
pub(super) fn noted(
    truth: Result<Option<bool>, Exceeded>,
    key: (Vehicle, u32),
    exceeded: &mut Vec<(Vehicle, u32)>,
) -> Option<bool> {
    truth.unwrap_or_else(|Exceeded| {
        exceeded.push(key);
        None
    })
}
