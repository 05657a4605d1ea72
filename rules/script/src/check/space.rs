//! The values that a condition can tell apart, and what holds over all of them.
//!
//! The constants that a fact is compared with cut its values into cells: each constant,
//! each gap between two, and unknown. A formula has one truth within a cell of all its
//! facts, so looking at each cell once decides exactly whether it can hold. Atoms of other
//! forms may be true, false or unknown by themselves, which can only hide a finding.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use piccolo_catalogue::{Catalogue, Value};

use super::values::samples;
use crate::condition::{Atom, Formula, Probe};
use crate::expression::Kind;
use crate::fact::{Fact, Over};
use crate::limits::{CELLS_MAX, REASONING_WORK_MAX};

/// What facts are taken to be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct View {
    /// Whether every fact has a value.
    pub(crate) all_known: bool,
    /// Whether values keep to the ranges that the catalogue expects.
    pub(crate) in_range: bool,
    /// Whether facts that are true for one microsecond only are false.
    pub(crate) no_pulses: bool,
}

/// The truth of each atom of a variable in one cell.
type Cell = Vec<(usize, Option<bool>)>;

/// The cells of each variable in each view that was asked for.
type Axes = BTreeMap<(usize, View), Rc<[Cell]>>;

/// The atoms of one or more conditions with the cells of what they read.
pub(crate) struct Space<'a> {
    catalogue: &'a Catalogue,
    atoms: &'a [Atom],
    /// For each atom, the variable that decides it: atoms of one fact share one.
    variables: Vec<usize>,
    /// The atoms of each variable.
    members: Vec<Vec<usize>>,
    /// The cells of variables that were asked for.
    axes: RefCell<Axes>,
    /// How often the truth of an atom may still be looked at.
    work_left: std::cell::Cell<usize>,
}

impl<'a> Space<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue, atoms: &'a [Atom]) -> Self {
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut variables = Vec::new();
        for (index, atom) in atoms.iter().enumerate() {
            let name = served(atom).map_or(&*atom.text, Fact::text);
            let variable = *by_name.entry(name).or_insert_with(|| {
                members.push(Vec::new());
                members.len() - 1
            });
            members[variable].push(index);
            variables.push(variable);
        }
        let work_left = std::cell::Cell::new(REASONING_WORK_MAX);
        Self { catalogue, atoms, variables, members, axes: RefCell::default(), work_left }
    }

    /// Whether the formula has that truth in every cell; `false` also where that was too much
    /// to find out.
    pub(crate) fn is_always(&self, formula: &Formula, truth: bool, view: View) -> bool {
        match formula {
            Formula::Constant(value) => *value == truth,
            Formula::Literal { .. } => self.look(&[formula], true, truth, view),
            Formula::All(parts) if truth => {
                parts.iter().all(|part| self.is_always(part, true, view))
            }
            Formula::Any(parts) if !truth => {
                parts.iter().all(|part| self.is_always(part, false, view))
            }
            Formula::All(parts) => self.groups(parts).iter().any(|group| match group.as_slice() {
                [only] => self.is_always(only, false, view),
                group => self.look(group, true, false, view),
            }),
            Formula::Any(parts) => self.groups(parts).iter().any(|group| match group.as_slice() {
                [only] => self.is_always(only, true, view),
                group => self.look(group, false, true, view),
            }),
        }
    }

    /// Whether `then` holds in every cell in which all of `parts` hold.
    pub(crate) fn follows(&self, parts: &[&Formula], then: &Formula, view: View) -> bool {
        let mut formulas: Vec<&Formula> = parts.to_vec();
        formulas.push(then);
        self.each_cell(&formulas, view, |truth| {
            !parts.iter().all(|part| part.holds(&truth)) || then.holds(&truth)
        })
    }

    /// The parts in groups that have no variable in common, so that each is free of the others.
    fn groups<'f>(&self, parts: &'f [Formula]) -> Vec<Vec<&'f Formula>> {
        let mut groups: Vec<(Vec<usize>, Vec<&Formula>)> = Vec::new();
        for part in parts {
            let mut merged = (self.variables_of(&[part]), vec![part]);
            let mut rest = Vec::new();
            for group in groups {
                if group.0.iter().any(|variable| merged.0.contains(variable)) {
                    merged.0.extend(group.0);
                    merged.1.extend(group.1);
                } else {
                    rest.push(group);
                }
            }
            rest.push(merged);
            groups = rest;
        }
        groups.into_iter().map(|(_, parts)| parts).collect()
    }

    /// The variables that formulas read, each once.
    pub(crate) fn variables_of(&self, formulas: &[&Formula]) -> Vec<usize> {
        let mut found = Vec::new();
        formulas.iter().for_each(|formula| self.add_variables(formula, &mut found));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn add_variables(&self, formula: &Formula, found: &mut Vec<usize>) {
        match formula {
            Formula::Constant(_) => {}
            Formula::Literal { atom, .. } => found.push(self.variables[*atom]),
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().for_each(|part| self.add_variables(part, found));
            }
        }
    }

    /// Whether all (any) of the parts together have that truth in every cell.
    fn look(&self, parts: &[&Formula], all: bool, truth: bool, view: View) -> bool {
        self.each_cell(parts, view, |atom| {
            let holds = if all {
                parts.iter().all(|part| part.holds(&atom))
            } else {
                parts.iter().any(|part| part.holds(&atom))
            };
            holds == truth
        })
    }

    /// Whether something is so in every cell of what formulas read; `false` where there are
    /// more than [`CELLS_MAX`].
    fn each_cell(
        &self,
        formulas: &[&Formula],
        view: View,
        is_so: impl Fn(&dyn Fn(usize) -> Option<bool>) -> bool,
    ) -> bool {
        let mut axes: Vec<Rc<[Cell]>> = Vec::new();
        let (mut cells, mut atoms) = (1_usize, 0_usize);
        for variable in self.variables_of(formulas) {
            let Some(axis) = self.axis(variable, view) else { return false };
            cells = cells.saturating_mul(axis.len());
            atoms += self.members[variable].len();
            if cells > CELLS_MAX || axis.is_empty() {
                return false;
            }
            axes.push(axis);
        }
        if !self.may_work(cells * atoms) {
            return false;
        }
        let mut truths: Vec<Option<bool>> = vec![None; self.atoms.len()];
        (0..cells).all(|cell| {
            let mut rest = cell;
            for axis in &axes {
                for (atom, truth) in &axis[rest % axis.len()] {
                    truths[*atom] = *truth;
                }
                rest /= axis.len();
            }
            is_so(&|atom| truths[atom])
        })
    }

    /// Whether so much more work is allowed.
    fn may_work(&self, work: usize) -> bool {
        let left = self.work_left.get().checked_sub(work);
        self.work_left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// The cells of a variable; `None` where they are too many to look at.
    fn axis(&self, variable: usize, view: View) -> Option<Rc<[Cell]>> {
        if let Some(axis) = self.axes.borrow().get(&(variable, view)) {
            return Some(Rc::clone(axis));
        }
        let members = self.members[variable].len();
        // Each constant is a cell and has one beside it; integers have some more.
        if !self.may_work(4 * members * members) {
            return None;
        }
        let axis: Rc<[Cell]> = self.cells(variable, view).into();
        self.axes.borrow_mut().insert((variable, view), Rc::clone(&axis));
        Some(axis)
    }

    /// The cells of a variable.
    fn cells(&self, variable: usize, view: View) -> Vec<Cell> {
        let members = &self.members[variable];
        let Some(fact) = members.first().and_then(|atom| served(&self.atoms[*atom])) else {
            // Nothing is known of these: each may be anything.
            let truths = [Some(true), Some(false), None];
            let some = truths.iter().filter(|truth| truth.is_some() || !view.all_known);
            return some
                .map(|truth| members.iter().map(|atom| (*atom, *truth)).collect())
                .collect();
        };
        let constants: Vec<Value> =
            members.iter().filter_map(|atom| constant(&self.atoms[*atom]).cloned()).collect();
        let mut values: Vec<Option<Value>> =
            samples(fact, &constants, self.catalogue, view.in_range)
                .into_iter()
                .map(Some)
                .collect();
        if view.no_pulses && is_pulse(fact) {
            values = vec![Some(Value::Bool(false))];
        }
        if !view.all_known && may_be_unknown(fact) {
            values.push(None);
        }
        let truths = |value: &Option<Value>| {
            let truth = |atom: usize| self.atoms[atom].expression.truth(&|_: &Fact| value.clone());
            members.iter().map(|atom| (*atom, truth(*atom))).collect()
        };
        values.iter().map(truths).collect()
    }
}

/// The fact whose value alone decides an atom.
fn served(atom: &Atom) -> Option<&Fact> {
    match &atom.probe {
        Probe::Number { fact, .. } | Probe::Equals { fact, .. } | Probe::Known { fact } => {
            Some(fact)
        }
        Probe::Computed { .. } => None,
    }
}

/// The constant that an atom compares its fact with.
fn constant(atom: &Atom) -> Option<&Value> {
    let Kind::Compare(_, a, b) = &atom.expression.kind else { return None };
    match (&a.kind, &b.kind) {
        (Kind::Constant(constant), _) | (_, Kind::Constant(constant)) => Some(constant),
        _ => None,
    }
}

/// Whether a fact can be without a value; what was not seen did not happen.
fn may_be_unknown(fact: &Fact) -> bool {
    let Fact::Derived(derived) = fact else { return true };
    !matches!(
        derived.over,
        Over::Changed { .. }
            | Over::Rose { .. }
            | Over::Fell { .. }
            | Over::Count { .. }
            | Over::Within { .. }
            | Over::Sequence { .. }
            | Over::Fresh { .. }
            | Over::Vehicles { .. }
            | Over::Share { .. }
    )
}

/// Whether a fact is true for one microsecond at a time.
pub(crate) fn is_pulse(fact: &Fact) -> bool {
    let Fact::Derived(derived) = fact else { return false };
    matches!(
        derived.over,
        Over::Changed { .. } | Over::Rose { .. } | Over::Fell { .. } | Over::Sequence { .. }
    )
}
