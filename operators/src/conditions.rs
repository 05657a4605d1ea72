//! The truth of every condition in every vehicle, kept by counting.
//!
//! A sample touches only the atoms that its change of value flips, and each
//! flipped atom only the gates that count it. Memory: one byte for each
//! (vehicle, gate), that is one for each condition that is a plain conjunction,
//! and one for each computed atom of a vehicle.

mod flips;
mod gates;
mod index;
pub mod naive;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use flips::Flip;
use flips::{AtomKey, Flips};
use gates::{Gate, Gates, Hook, Output};
use index::{Leaf, Probe, SignalIndex};

use crate::condition::{Atom, Condition, Exceeded, Test};
use crate::ids::{Rule, Sample, Slot, Vehicle};
use crate::latest::{Facts, Latest};

/// Which condition of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The condition to begin.
    When,
    /// The condition to end, where the rule has one.
    Until,
}

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
    admitted: bool,
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

    /// Adds a condition; toggles it in each vehicle where it holds already.
    pub fn add(
        &mut self,
        (rule, clause): (Rule, Clause),
        condition: &Condition,
        latest: &Latest,
        toggles: &mut Vec<Toggle>,
    ) {
        let mut hooks = Vec::new();
        let gates = self.gates.build(&condition.formula, root(rule, clause), &mut hooks);
        let made = self.hang(condition, &hooks, gates);
        self.stale.extend_from_slice(&made.slots);
        for vehicle in 0..self.vehicles.len() as Vehicle {
            if self.vehicles[vehicle as usize].admitted {
                self.start(vehicle, condition, &hooks, &made, latest.of(vehicle), toggles);
            }
        }
        self.rules.insert((rule, clause), made);
    }

    /// Takes a condition away. It toggles nothing: the caller ends what held.
    pub fn remove(&mut self, rule: Rule, clause: Clause) {
        let Some(made) = self.rules.remove(&(rule, clause)) else { return };
        for &id in &made.computed {
            self.computed[id as usize] =
                Computed { test: None, positive: Vec::new(), negative: Vec::new() };
        }
        self.gates.retire(&made.gates);
        self.stale.extend_from_slice(&made.slots);
        // A computed atom is its condition's own, and the next one may lie where it lay.
        let (indexed, computed): (Vec<Atom>, Vec<Atom>) =
            made.atoms.into_iter().partition(|atom| probe(atom).is_some());
        computed.iter().for_each(|atom| self.forget_flip(atom));
        self.retired.atoms.extend(indexed);
        self.retired.computed.extend(made.computed);
        self.retired.gates.extend(made.gates);
        if self.retired.gates.len() * 2 > self.gates.needs.len() {
            self.sweep();
        }
    }

    /// Takes what was removed out of the signals that it hung on: one pass over each, however much
    /// was removed. Only then its numbers may be given out again.
    fn sweep(&mut self) {
        self.stale.sort_unstable();
        self.stale.dedup();
        for &slot in &self.stale {
            let signal = &mut self.signals[slot as usize];
            signal.leaves.retain(|leaf| self.gates.outputs[leaf.gate as usize] != Output::Free);
            signal.computed.retain(|id| self.computed[*id as usize].test.is_some());
        }
        self.gates.give_back(&mut self.retired.gates);
        self.free_computed.append(&mut self.retired.computed);
    }

    fn forget_flip(&mut self, atom: &Atom) {
        let key = AtomKey::of(atom);
        self.vehicles.iter_mut().for_each(|vehicle| vehicle.flips.forget(&key));
    }

    /// Whether a condition holds in a vehicle now.
    pub fn holds(&self, vehicle: Vehicle, rule: Rule, clause: Clause) -> bool {
        let root = self.rules.get(&(rule, clause)).map(|made| made.gates[0]);
        let state = self.vehicles.get(vehicle as usize);
        root.zip(state)
            .and_then(|(gate, state)| state.missing.get(gate as usize))
            .is_some_and(|missing| *missing <= 0)
    }

    /// The sample that last flipped an atom of a vehicle; only with `explain`.
    pub fn flip_of(&self, vehicle: Vehicle, atom: &Atom) -> Option<Flip> {
        self.vehicles.get(vehicle as usize)?.flips.get(&AtomKey::of(atom))
    }

    /// Takes a sample in, updates `latest` with it, and appends the conditions that it toggles.
    ///
    /// A condition may toggle more than once at one time; an even number of
    /// toggles is no change.
    pub fn apply(&mut self, sample: &Sample, latest: &mut Latest, toggles: &mut Vec<Toggle>) {
        self.admit(sample.vehicle, latest, toggles);
        let sample = Sample { value: sample.value + 0.0, ..*sample };
        let before = latest.update(&sample);
        if before == sample.value || (before.is_nan() && sample.value.is_nan()) {
            return;
        }
        let Some(signal) = self.signals.get(sample.slot as usize) else { return };
        let state = &mut self.vehicles[sample.vehicle as usize];
        let mut pulse = Pulse {
            missing: &mut state.missing,
            outputs: &self.gates.outputs,
            flips: self.explain.then_some(&mut state.flips),
            sample: &sample,
            toggles,
        };
        let passed = &mut latest.entry(sample.vehicle, sample.slot).passed;
        match (before.is_nan(), sample.value.is_nan()) {
            (false, false) => pulse.move_value(signal, before, passed),
            (true, _) => {
                *passed = signal.passed(sample.value) as u32;
                pulse.appear(signal, *passed as usize);
            }
            (false, true) => {
                pulse.disappear(signal, before, *passed as usize);
                *passed = 0;
            }
        }
        let facts = latest.of(sample.vehicle);
        for &id in &signal.computed {
            let atom = &self.computed[id as usize];
            let key = (sample.vehicle, id);
            pulse.recompute(atom, &mut state.computed[id as usize], facts, key, &mut self.exceeded);
        }
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
    pub fn is_admitted(&self, vehicle: Vehicle) -> bool {
        self.vehicles.get(vehicle as usize).is_some_and(|state| state.admitted)
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
        }
        let state = &mut self.vehicles[index];
        state.admitted = true;
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
                let truth = noted(test.truth(Facts(&[])), (vehicle, id as u32), &mut self.exceeded);
                state.computed[id] = truth;
                atom.gates(truth).iter().for_each(|gate| counters.rise(*gate, toggles));
            }
        }
    }

    /// Hangs the literals of a condition on their signals and computed atoms.
    fn hang(&mut self, condition: &Condition, hooks: &[Hook], gates: Vec<Gate>) -> Made {
        let atoms = if self.explain { condition.atoms.clone() } else { Vec::new() };
        let mut made = Made { gates, slots: Vec::new(), computed: Vec::new(), atoms };
        let mut ids = FxHashMap::default();
        for hook in hooks {
            let atom = &condition.atoms[hook.atom];
            made.slots.extend_from_slice(atom.reads());
            for &slot in atom.reads() {
                if slot as usize >= self.signals.len() {
                    self.signals.resize_with(slot as usize + 1, SignalIndex::default);
                }
            }
            if let Some((slot, probe)) = probe(atom) {
                let leaf = Leaf { probe, negated: hook.negated, gate: hook.gate };
                self.signals[slot as usize].leaves.push(leaf);
            } else if let Atom::Computed(test) = atom {
                let id = *ids.entry(hook.atom).or_insert_with(|| self.make_computed(test));
                let atom = &mut self.computed[id as usize];
                let side = if hook.negated { &mut atom.negative } else { &mut atom.positive };
                side.push(hook.gate);
            }
        }
        made.computed = ids.into_values().collect();
        made.computed.sort_unstable();
        made.slots.sort_unstable();
        made.slots.dedup();
        made
    }

    fn make_computed(&mut self, test: &Arc<dyn Test>) -> u32 {
        let computed =
            Computed { test: Some(Arc::clone(test)), positive: Vec::new(), negative: Vec::new() };
        let id = match self.free_computed.pop() {
            Some(id) => {
                self.computed[id as usize] = computed;
                id
            }
            None => {
                self.computed.push(computed);
                (self.computed.len() - 1) as u32
            }
        };
        for &slot in test.reads() {
            self.signals[slot as usize].computed.push(id);
        }
        id
    }

    /// Rebuilds the indexes of signals whose conditions changed, and where each vehicle stands in
    /// them: once for all changes since the last sample.
    fn reindex(&mut self, latest: &mut Latest) {
        self.sweep();
        for slot in std::mem::take(&mut self.stale) {
            let signal = &mut self.signals[slot as usize];
            signal.rebuild();
            for vehicle in 0..self.vehicles.len() as Vehicle {
                if latest.of(vehicle).get(slot).known().is_some() {
                    let fact = latest.entry(vehicle, slot);
                    fact.passed = signal.passed(fact.value) as u32;
                }
            }
        }
        for atom in std::mem::take(&mut self.retired.atoms) {
            if !self.is_indexed(&atom) {
                self.forget_flip(&atom);
            }
        }
    }

    /// Whether a condition has the atom, so that its flips are noted.
    fn is_indexed(&self, atom: &Atom) -> bool {
        probe(atom).is_some_and(|(slot, probe)| {
            self.signals.get(slot as usize).is_some_and(|signal| signal.has(&probe))
        })
    }

    /// Evaluates a new condition in a vehicle that is there already.
    fn start(
        &mut self,
        vehicle: Vehicle,
        condition: &Condition,
        hooks: &[Hook],
        made: &Made,
        facts: Facts<'_>,
        toggles: &mut Vec<Toggle>,
    ) {
        let state = &mut self.vehicles[vehicle as usize];
        state.missing.resize(self.gates.needs.len(), 1);
        state.computed.resize(self.computed.len(), None);
        for &gate in &made.gates {
            state.missing[gate as usize] = self.gates.needs[gate as usize];
        }
        for &id in &made.computed {
            let test = self.computed[id as usize].test.as_ref();
            let exceeded = &mut self.exceeded;
            state.computed[id as usize] =
                test.and_then(|test| noted(test.truth(facts), (vehicle, id), exceeded));
        }
        let mut counters =
            Counters { missing: &mut state.missing, outputs: &self.gates.outputs, vehicle };
        counters.born_true(made.gates.iter().copied(), &self.gates.needs, toggles);
        for hook in hooks {
            if condition.atoms[hook.atom].truth(facts) == Some(!hook.negated) {
                counters.rise(hook.gate, toggles);
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

/// The counters of one vehicle.
struct Counters<'a> {
    missing: &'a mut [i8],
    outputs: &'a [Output],
    vehicle: Vehicle,
}

impl Counters<'_> {
    /// A child of the gate became true.
    fn rise(&mut self, mut gate: Gate, toggles: &mut Vec<Toggle>) {
        loop {
            let missing = &mut self.missing[gate as usize];
            *missing -= 1;
            if *missing != 0 || !self.climb(&mut gate, toggles) {
                return;
            }
        }
    }

    /// A child of the gate stopped being true.
    fn fall(&mut self, mut gate: Gate, toggles: &mut Vec<Toggle>) {
        loop {
            let missing = &mut self.missing[gate as usize];
            *missing += 1;
            if *missing != 1 || !self.climb(&mut gate, toggles) {
                return;
            }
        }
    }

    /// Tells what hangs on gates that need no child.
    fn born_true(
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
    fn climb(&self, gate: &mut Gate, toggles: &mut Vec<Toggle>) -> bool {
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
struct Pulse<'a> {
    missing: &'a mut [i8],
    outputs: &'a [Output],
    flips: Option<&'a mut Flips>,
    sample: &'a Sample,
    toggles: &'a mut Vec<Toggle>,
}

impl Pulse<'_> {
    fn flip(&mut self, fallen: &[Gate], risen: &[Gate]) {
        let mut counters =
            Counters { missing: self.missing, outputs: self.outputs, vehicle: self.sample.vehicle };
        fallen.iter().for_each(|gate| counters.fall(*gate, self.toggles));
        risen.iter().for_each(|gate| counters.rise(*gate, self.toggles));
    }

    fn note(&mut self, key: impl FnOnce(Slot) -> AtomKey) {
        if let Some(flips) = &mut self.flips {
            flips.note(key(self.sample.slot), self.sample);
        }
    }

    fn move_value(&mut self, signal: &SignalIndex, before: f64, passed: &mut u32) {
        let value = self.sample.value;
        let mut at = *passed as usize;
        while let Some(entry) = signal.thresholds.get(at).filter(|entry| entry.passed_by(value)) {
            self.flip(signal.negative(entry), signal.positive(entry));
            self.note(|slot| AtomKey::above(slot, entry.point, entry.inclusive));
            at += 1;
        }
        while let Some(entry) = at.checked_sub(1).map(|below| &signal.thresholds[below]) {
            if entry.passed_by(value) {
                break;
            }
            self.flip(signal.positive(entry), signal.negative(entry));
            self.note(|slot| AtomKey::above(slot, entry.point, entry.inclusive));
            at -= 1;
        }
        *passed = at as u32;
        if signal.constants.is_empty() {
            return;
        }
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
    fn appear(&mut self, signal: &SignalIndex, passed: usize) {
        self.each_literal(signal, self.sample.value, passed, |pulse, gates| pulse.flip(&[], gates));
        if let Some(known) = &signal.known {
            self.flip(signal.negative(known), signal.positive(known));
            self.note(AtomKey::known);
        }
    }

    /// The signal became unavailable.
    fn disappear(&mut self, signal: &SignalIndex, before: f64, passed: usize) {
        self.each_literal(signal, before, passed, |pulse, gates| pulse.flip(gates, &[]));
        if let Some(known) = &signal.known {
            self.flip(signal.positive(known), signal.negative(known));
            self.note(AtomKey::known);
        }
    }

    /// Visits the gates that are true under a known value, atom by atom.
    fn each_literal(
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

    fn recompute(
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
fn noted(
    truth: Result<Option<bool>, Exceeded>,
    key: (Vehicle, u32),
    exceeded: &mut Vec<(Vehicle, u32)>,
) -> Option<bool> {
    truth.unwrap_or_else(|Exceeded| {
        exceeded.push(key);
        None
    })
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
