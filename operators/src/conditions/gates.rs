//! Conditions as a network of counting gates.
//!
//! A gate is true once enough of its children are. All of n needs n, any of n
//! needs one; each vehicle keeps one signed byte a gate, how many are still
//! missing, so that a flipped child costs one addition and one comparison.

use crate::condition::Formula;

/// The number of a gate, dense; freed numbers are used again.
pub(super) type Gate = u32;

/// Children of one gate; larger formulas are split, so that the count fits a byte.
const GATE_CHILDREN_MAX: usize = 100;

/// What hangs on a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Nothing: the number is free, or retired.
    Free,
    /// Another gate counts it.
    Gate(Gate),
    /// It is the root of the condition with this number.
    Root(u32),
}

/// A literal of a formula and the gate that counts it.
pub(super) struct Hook {
    pub(super) atom: usize,
    pub(super) negated: bool,
    pub(super) gate: Gate,
}

/// The gates of all conditions.
#[derive(Debug, Default)]
pub(super) struct Gates {
    pub(super) outputs: Vec<Output>,
    /// How many children a gate needs.
    pub(super) needs: Vec<i8>,
    free: Vec<Gate>,
}

impl Gates {
    /// Builds the gates of a formula; returns them, root first, and fills `hooks`.
    pub(super) fn build(
        &mut self,
        formula: &Formula,
        root: u32,
        hooks: &mut Vec<Hook>,
    ) -> Vec<Gate> {
        let mut made = Vec::new();
        let gate = self.make(Output::Root(root), 1, &mut made);
        self.fill(gate, formula, hooks, &mut made);
        made
    }

    /// Takes what hangs on the gates of a removed condition away; their numbers are still taken.
    pub(super) fn retire(&mut self, gates: &[Gate]) {
        for &gate in gates {
            self.outputs[gate as usize] = Output::Free;
        }
    }

    /// Takes the numbers of retired gates back.
    pub(super) fn give_back(&mut self, gates: &mut Vec<Gate>) {
        self.free.append(gates);
    }

    fn make(&mut self, output: Output, needs: i8, made: &mut Vec<Gate>) -> Gate {
        let gate = match self.free.pop() {
            Some(gate) => {
                self.outputs[gate as usize] = output;
                self.needs[gate as usize] = needs;
                gate
            }
            None => {
                self.outputs.push(output);
                self.needs.push(needs);
                (self.outputs.len() - 1) as Gate
            }
        };
        made.push(gate);
        gate
    }

    /// Makes `gate` count the parts of `formula`.
    fn fill(&mut self, gate: Gate, formula: &Formula, hooks: &mut Vec<Hook>, made: &mut Vec<Gate>) {
        match formula {
            Formula::Constant(value) => self.needs[gate as usize] = i8::from(!value),
            Formula::Literal { atom, negated } => {
                self.needs[gate as usize] = 1;
                hooks.push(Hook { atom: *atom, negated: *negated, gate });
            }
            Formula::All(parts) => self.fill_many(gate, parts, true, hooks, made),
            Formula::Any(parts) => self.fill_many(gate, parts, false, hooks, made),
        }
    }

    fn fill_many(
        &mut self,
        gate: Gate,
        parts: &[Formula],
        all: bool,
        hooks: &mut Vec<Hook>,
        made: &mut Vec<Gate>,
    ) {
        if parts.len() > GATE_CHILDREN_MAX {
            let groups = parts.chunks(parts.len().div_ceil(GATE_CHILDREN_MAX));
            self.needs[gate as usize] = if all { groups.len() as i8 } else { 1 };
            for group in groups {
                let child = self.make(Output::Gate(gate), 1, made);
                self.fill_many(child, group, all, hooks, made);
            }
            return;
        }
        self.needs[gate as usize] = if all { parts.len() as i8 } else { 1 };
        for part in parts {
            match part {
                Formula::Literal { atom, negated } => {
                    hooks.push(Hook { atom: *atom, negated: *negated, gate });
                }
                other => {
                    let child = self.make(Output::Gate(gate), 1, made);
                    self.fill(child, other, hooks, made);
                }
            }
        }
    }
}
