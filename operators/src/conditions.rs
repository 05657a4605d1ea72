//! The truth of every condition in every vehicle, kept by counting.
//!
//! A sample touches only the atoms that its change of value flips, and each
//! flipped atom only the gates that count it. Memory: one byte for each
//! (vehicle, gate), that is one for each condition that is a plain conjunction,
//! and one for each computed atom of a vehicle.

mod changes;
mod flips;
mod gates;
mod index;
pub mod naive;
mod pulse;
mod saved;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use flips::Flip;
use flips::{AtomKey, Flips};
use gates::{Gate, Gates};
use index::{Probe, SignalIndex};
use pulse::{Counters, Pulse, noted};
pub use saved::Atoms;

use crate::condition::{Atom, Test};
use crate::ids::{Rule, Sample, Slot, Vehicle};
use crate::latest::{Calm, Facts, Held, Latest};

/// Which condition of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The condition to begin.
    When,
    /// The condition to end, where the rule has one.
    Until,
}

/// Where the truth of a condition is found, as long as the condition is there.
#[derive(Clone, Copy, Debug)]
pub struct Root(Gate);

/// A condition of a vehicle changed its truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Toggle {
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// Which rule.
    pub rule: Rule,
    /// Which of its conditions.
    pub clause: Clause,
}

/// The operator's state.
#[derive(Debug, Default)]
pub struct Conditions {
    signals: Vec<SignalIndex>,
    gates: Gates,
    computed: Vec<Computed>,
    free_computed: Vec<u32>,
    rules: FxHashMap<(Rule, Clause), Made>,
    /// Which vehicles were seen.
    admitted: Vec<bool>,
    vehicles: Vec<VehicleState>,
    /// The computed atoms that broke their limits, since this was asked last.
    exceeded: Vec<(Vehicle, u32)>,
    /// Signals whose index is older than their conditions.
    stale: Vec<Slot>,
    /// What removed conditions were made of, until it is swept out of its signals.
    retired: Retired,
    explain: bool,
}

/// What one condition is made of, to take it away again.
#[derive(Debug)]
struct Made {
    gates: Vec<Gate>,
    slots: Vec<Slot>,
    computed: Vec<u32>,
    /// Its atoms; only with `explain`.
    atoms: Vec<Atom>,
}

/// Numbers that leaves still name, though nothing hangs on them any more.
#[derive(Debug, Default)]
struct Retired {
    gates: Vec<Gate>,
    computed: Vec<u32>,
    /// Indexed atoms that nothing may keep true any more; only with `explain`.
    atoms: Vec<Atom>,
}

#[derive(Debug)]
struct Computed {
    test: Option<Arc<dyn Test>>,
    positive: Vec<Gate>,
    negative: Vec<Gate>,
}

#[derive(Debug, Default)]
struct VehicleState {
    /// How many children each gate still misses.
    missing: Vec<i8>,
    /// The truth of each computed atom.
    computed: Vec<Option<bool>>,
    flips: Flips,
}

impl Conditions {
    /// No conditions. With `explain`, remembers for each atom the sample that last flipped it.
    pub fn new(explain: bool) -> Self {
        Self { explain, ..Self::default() }
    }

    /// Whether a condition holds in a vehicle now.
    pub fn holds(&self, vehicle: Vehicle, rule: Rule, clause: Clause) -> bool {
        let root = self.rules.get(&(rule, clause)).map(|made| Root(made.gates[0]));
        root.is_some_and(|root| self.is_true(vehicle, root))
    }

    /// The same of a condition that is there, by its root.
    #[inline]
    pub fn is_true(&self, vehicle: Vehicle, root: Root) -> bool {
        let state = self.vehicles.get(vehicle as usize);
        let missing = state.and_then(|state| state.missing.get(root.0 as usize));
        missing.is_some_and(|missing| *missing <= 0)
    }

    /// The sample that last flipped an atom of a vehicle; only with `explain`.
    pub fn flip_of(&self, vehicle: Vehicle, atom: &Atom) -> Option<Flip> {
        self.vehicles.get(vehicle as usize)?.flips.get(&AtomKey::of(atom))
    }

    /// Takes a sample in, updates `latest` with it, and appends the conditions that it toggles.
    ///
    /// A condition may toggle more than once at one time; an even number of
    /// toggles is no change.
    #[inline]
    pub fn apply(&mut self, sample: &Sample, latest: &mut Latest, toggles: &mut Vec<Toggle>) {
        if !self.stale.is_empty() || !self.is_admitted(sample.vehicle) {
            self.admit(sample.vehicle, latest, toggles);
        }
        let sample = Sample { value: sample.value + 0.0, ..*sample };
        let (before, held) = latest.take(&sample);
        if before == sample.value || (before.is_nan() && sample.value.is_nan()) {
            return;
        }
        if sample.slot as usize >= self.signals.len() {
            held.calm = if sample.value.is_nan() { Calm::NEVER } else { Calm::ALWAYS };
        } else if !held.calm.contains(sample.value) {
            self.change(&sample, before, latest, toggles);
        }
    }

    /// Takes a sample in that moves a known value over thresholds, on a signal that has nothing
    /// else; `held` is what was there before. Says no where it is not of that kind.
    #[inline]
    pub(crate) fn cross(
        &mut self,
        sample: &Sample,
        held: &mut Held,
        toggles: &mut Vec<Toggle>,
    ) -> bool {
        let Some(signal) = self.signals.get(sample.slot as usize) else { return false };
        if held.calm.is_never() || sample.value.is_nan() {
            return false;
        }
        let sample = &Sample { value: sample.value + 0.0, ..*sample };
        let VehicleState { missing, flips, .. } = &mut self.vehicles[sample.vehicle as usize];
        let (outputs, flips) = (&self.gates.outputs, self.explain.then_some(flips));
        let mut pulse = Pulse { missing, outputs, flips, sample, toggles };
        pulse.cross(signal, &mut held.passed);
        held.calm = signal.calm(held.passed);
        held.replace(sample);
        true
    }

    /// Lets a changed value flip atoms.
    fn change(
        &mut self,
        sample: &Sample,
        before: f64,
        latest: &mut Latest,
        toggles: &mut Vec<Toggle>,
    ) {
        let signal = &self.signals[sample.slot as usize];
        let vehicle = &mut self.vehicles[sample.vehicle as usize];
        let VehicleState { missing, computed, flips } = vehicle;
        let (outputs, flips) = (&self.gates.outputs, self.explain.then_some(flips));
        let mut pulse = Pulse { missing, outputs, flips, sample, toggles };
        if let Some(held) = latest.held_mut(sample.vehicle, sample.slot) {
            match (before.is_nan(), sample.value.is_nan()) {
                (false, false) => pulse.move_value(signal, before, &mut held.passed),
                (true, _) => {
                    held.passed = signal.passed(sample.value) as u32;
                    pulse.appear(signal, held.passed as usize);
                }
                (false, true) => {
                    pulse.disappear(signal, before, held.passed as usize);
                    held.passed = 0;
                }
            }
            held.calm = if sample.value.is_nan() { Calm::NEVER } else { signal.calm(held.passed) };
        }
        for &id in &signal.computed {
            let (atom, facts) = (&self.computed[id as usize], latest.of(sample.vehicle));
            let key = (sample.vehicle, id);
            pulse.recompute(atom, &mut computed[id as usize], facts, key, &mut self.exceeded);
        }
    }

    /// Reads what samples will touch, all of it at once, so that it is on its way from memory
    /// before they are taken in, one after the other. It changes nothing.
    pub(crate) fn look_ahead(&self, samples: &[Sample], latest: &Latest) {
        // First the facts, without a branch that waits for one of them.
        let held = |sample: &Sample| latest.held(sample.vehicle, sample.slot);
        let facts = samples.iter().filter_map(held).fold(0, |read, held| read ^ held.passed);
        std::hint::black_box(facts);
        let mut gates = 0;
        for sample in samples {
            let Some(held) = held(sample).filter(|held| !held.calm.contains(sample.value)) else {
                continue;
            };
            let Some(signal) = self.signals.get(sample.slot as usize) else { continue };
            let Some(gate) = signal.first_touched(held.passed, sample.value) else { continue };
            let Some(state) = self.vehicles.get(sample.vehicle as usize) else { continue };
            gates ^= state.missing.get(gate as usize).copied().unwrap_or_default();
        }
        std::hint::black_box(gates);
    }

    /// Lets every sample of a slot come to [`Self::apply`], or no more only those that may change
    /// a truth.
    pub fn attend(&mut self, slot: Slot, every_sample: bool) {
        if slot as usize >= self.signals.len() {
            self.signals.resize_with(slot as usize + 1, SignalIndex::default);
        }
        self.signals[slot as usize].every_sample = every_sample;
        self.stale.push(slot);
    }

    /// Whether the calm intervals say all that makes a difference: no condition changed since.
    #[inline]
    pub fn is_indexed(&self) -> bool {
        self.stale.is_empty()
    }

    /// The conditions that broke their limits in a vehicle since this was asked last.
    pub fn take_exceeded(&mut self) -> Vec<(Vehicle, Rule)> {
        let exceeded = std::mem::take(&mut self.exceeded);
        let of = |id: &u32| {
            let made = self.rules.iter().filter(|(_, made)| made.computed.contains(id));
            made.map(|((rule, _), _)| *rule).collect::<Vec<_>>()
        };
        exceeded
            .iter()
            .flat_map(|(vehicle, id)| of(id).into_iter().map(|rule| (*vehicle, rule)))
            .collect()
    }

    /// Whether a vehicle was seen.
    #[inline]
    pub fn is_admitted(&self, vehicle: Vehicle) -> bool {
        self.admitted.get(vehicle as usize).is_some_and(|admitted| *admitted)
    }

    /// Makes the state of a vehicle that is seen for the first time.
    pub fn admit(&mut self, vehicle: Vehicle, latest: &mut Latest, toggles: &mut Vec<Toggle>) {
        if !self.stale.is_empty() {
            self.reindex(latest);
        }
        let index = vehicle as usize;
        if self.is_admitted(vehicle) {
            return;
        }
        if index >= self.vehicles.len() {
            self.vehicles.resize_with(index + 1, VehicleState::default);
            self.admitted.resize(index + 1, false);
        }
        self.admitted[index] = true;
        let state = &mut self.vehicles[index];
        state.missing.clone_from(&self.gates.needs);
        state.computed = vec![None; self.computed.len()];
        let mut counters =
            Counters { missing: &mut state.missing, outputs: &self.gates.outputs, vehicle };
        counters.born_true(0..self.gates.needs.len() as Gate, &self.gates.needs, toggles);
        for signal in &self.signals {
            if let Some(known) = &signal.known {
                signal.negative(known).iter().for_each(|gate| counters.rise(*gate, toggles));
            }
        }
        for (id, atom) in self.computed.iter().enumerate() {
            if let Some(test) = &atom.test {
                let truth =
                    noted(test.truth(Facts::default()), (vehicle, id as u32), &mut self.exceeded);
                state.computed[id] = truth;
                atom.gates(truth).iter().for_each(|gate| counters.rise(*gate, toggles));
            }
        }
    }
}

impl Computed {
    /// The gates that are true under a truth of the atom.
    fn gates(&self, truth: Option<bool>) -> &[Gate] {
        match truth {
            Some(true) => &self.positive,
            Some(false) => &self.negative,
            None => &[],
        }
    }
}

fn probe(atom: &Atom) -> Option<(Slot, Probe)> {
    Some(match *atom {
        Atom::Above { slot, threshold, inclusive } => {
            (slot, Probe::Above { threshold: threshold + 0.0, inclusive })
        }
        Atom::Equals { slot, constant } => (slot, Probe::Equals { constant: constant + 0.0 }),
        Atom::Known { slot } => (slot, Probe::Known),
        Atom::Computed(_) => return None,
    })
}

fn root(rule: Rule, clause: Clause) -> u32 {
    rule * 2 + u32::from(clause == Clause::Until)
}

fn toggle(vehicle: Vehicle, root: u32) -> Toggle {
    let clause = if root.is_multiple_of(2) { Clause::When } else { Clause::Until };
    Toggle { vehicle, rule: root / 2, clause }
}

#[cfg(test)]
mod tests;
