//! Conditions that come and go.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::flips::AtomKey;
use super::gates::{Gate, Hook, Output};
use super::index::{Leaf, SignalIndex};
use super::pulse::{Counters, noted};
use super::{Clause, Computed, Conditions, Made, Root, Toggle, probe, root};
use crate::condition::{Atom, Condition, Test};
use crate::ids::{Rule, Vehicle};
use crate::latest::{Facts, Latest};

impl Conditions {
    /// Adds a condition, and says where its truth is found; toggles it in each vehicle where it
    /// holds already.
    pub fn add(
        &mut self,
        (rule, clause): (Rule, Clause),
        condition: &Condition,
        latest: &Latest,
        toggles: &mut Vec<Toggle>,
    ) -> Root {
        let mut hooks = Vec::new();
        let gates = self.gates.build(&condition.formula, root(rule, clause), &mut hooks);
        let made = self.hang(condition, &hooks, gates);
        self.stale.extend_from_slice(&made.slots);
        for vehicle in 0..self.vehicles.len() as Vehicle {
            if self.is_admitted(vehicle) {
                self.start(vehicle, condition, &hooks, &made, latest.of(vehicle), toggles);
            }
        }
        let root = Root(made.gates[0]);
        self.rules.insert((rule, clause), made);
        root
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
    pub(super) fn reindex(&mut self, latest: &mut Latest) {
        self.sweep();
        for slot in std::mem::take(&mut self.stale) {
            let signal = &mut self.signals[slot as usize];
            signal.rebuild();
            for vehicle in 0..self.vehicles.len() as Vehicle {
                if let Some(held) = latest.held_mut(vehicle, slot)
                    && !held.value.is_nan()
                {
                    held.passed = signal.passed(held.value) as u32;
                    held.calm = signal.calm(held.passed);
                }
            }
        }
        for atom in std::mem::take(&mut self.retired.atoms) {
            if !self.has_indexed(&atom) {
                self.forget_flip(&atom);
            }
        }
    }

    /// Whether a condition has the atom, so that its flips are noted.
    fn has_indexed(&self, atom: &Atom) -> bool {
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
