//! Parts of conditions that never hold, always hold, or make no difference.

use super::space::{Space, View};
use crate::condition::{Atoms, Formula, Probe};
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Kind};
use crate::limits::PARTS_COMPARED_MAX;
use crate::lower::Lower;
use crate::source::Span;

const KNOWN: View = View { all_known: true, in_range: false, no_pulses: false };
const IN_RANGE: View = View { in_range: true, ..KNOWN };
/// Values may be absent, and anything that their datatype allows.
const ANY: View = View { all_known: false, ..KNOWN };

/// A condition as it is written, with the formula of each part.
struct Node {
    span: Span,
    formula: Formula,
    /// Whether all parts must hold, rather than one.
    all: bool,
    parts: Vec<Self>,
}

impl Node {
    fn of(expression: &Expression, negated: bool, atoms: &mut Atoms) -> Self {
        let formula = atoms.formula(expression, negated);
        let (all, parts) = match &expression.kind {
            Kind::Not(inner) => {
                let inner = Self::of(inner, !negated, atoms);
                return Self { span: expression.span, ..inner };
            }
            Kind::All(parts) => (!negated, parts.as_slice()),
            Kind::Any(parts) => (negated, parts.as_slice()),
            _ => (true, &[][..]),
        };
        let parts = parts.iter().map(|part| Self::of(part, negated, atoms)).collect();
        Self { span: expression.span, formula, all, parts }
    }
}

impl Lower<'_> {
    /// Says which parts of a condition never hold, always hold, or make no difference.
    pub(crate) fn check_condition(&mut self, expression: &Expression) {
        let mut atoms = Atoms::default();
        let node = Node::of(expression, false, &mut atoms);
        if let Formula::Constant(value) = node.formula {
            if !matches!(expression.kind, Kind::Constant(_)) {
                let always = if value { "always holds" } else { "can never hold" };
                let message = format!("the condition {always}");
                self.report(
                    Diagnostic::warning("PR0124", expression.span, message)
                        .label("does not depend on any signal"),
                );
            }
            return;
        }
        let asks_known = atoms.all.iter().any(|atom| matches!(atom.probe, Probe::Known { .. }));
        let space = Space::new(self.catalogue, &atoms.all);
        let mut found = Vec::new();
        let mut search = Search { space: &space, asks_known, beyond: false, found: &mut found };
        search.look(&node, "the condition");
        // A constant beyond its range was said to be so already.
        let told = self.diagnostics.iter().any(|other| {
            matches!(other.code, "PR0112" | "PR0123")
                && expression.span.start <= other.span.start
                && other.span.end <= expression.span.end
        });
        found.retain(|diagnostic| !(told && diagnostic.code == "PR0129"));
        found.into_iter().for_each(|diagnostic| self.report(diagnostic));
    }
}

struct Search<'s> {
    space: &'s Space<'s>,
    asks_known: bool,
    /// Whether what is around is decided by the ranges already.
    beyond: bool,
    found: &'s mut Vec<Diagnostic>,
}

impl Search<'_> {
    fn look(&mut self, node: &Node, what: &str) {
        if matches!(node.formula, Formula::Constant(_)) || self.is_decided(node, what) {
            return;
        }
        let before = self.found.len();
        let around = self.beyond;
        self.beyond |= self.is_decided_in_range(node, what);
        node.parts.iter().for_each(|part| self.look(part, "this part"));
        self.beyond = around;
        if self.found.len() == before {
            self.compare_parts(node);
        }
    }

    /// Whether a part never or always holds, which is said then.
    fn is_decided(&mut self, node: &Node, what: &str) -> bool {
        if self.space.is_always(&node.formula, false, ANY) {
            let diagnostic =
                Diagnostic::warning("PR0127", node.span, format!("{what} can never hold"));
            self.found.push(self.with_clash(node, diagnostic));
            return true;
        }
        if self.space.is_always(&node.formula, true, ANY) {
            let message = format!("{what} always holds");
            self.found.push(
                Diagnostic::warning("PR0128", node.span, message).label("whatever the values are"),
            );
            return true;
        }
        if !self.asks_known && self.space.is_always(&node.formula, true, KNOWN) {
            let message = format!("{what} always holds once its values are known");
            self.found.push(
                Diagnostic::warning("PR0128", node.span, message)
                    .label("whatever the values are")
                    .help("ask with `known(S)` whether there is a value, if that is meant"),
            );
            return true;
        }
        false
    }

    /// Whether a part is decided as long as values keep to the ranges that are expected.
    fn is_decided_in_range(&mut self, node: &Node, what: &str) -> bool {
        if self.beyond || self.asks_known {
            return false;
        }
        let never = self.space.is_always(&node.formula, false, IN_RANGE);
        if !never && !self.space.is_always(&node.formula, true, IN_RANGE) {
            return false;
        }
        let always = if never { "never holds" } else { "always holds" };
        let message = format!("{what} {always} while values keep to their ranges");
        self.found.push(
            Diagnostic::warning("PR0129", node.span, message)
                .label("decided by the least and greatest values, or the list of values"),
        );
        true
    }

    /// Names the two parts that exclude each other, if it is two.
    fn with_clash(&self, node: &Node, diagnostic: Diagnostic) -> Diagnostic {
        let clash = |a: &Node, b: &Node| {
            let both = Formula::All(vec![a.formula.clone(), b.formula.clone()]);
            self.space.is_always(&both, false, ANY)
        };
        for (index, part) in node.parts.iter().enumerate().take(PARTS_COMPARED_MAX) {
            for before in &node.parts[..index] {
                if node.all && clash(before, part) {
                    return diagnostic
                        .related(before.span, "while this holds")
                        .related(part.span, "this does not");
                }
            }
        }
        diagnostic
    }

    /// Says which parts could be left out.
    fn compare_parts(&mut self, node: &Node) {
        if node.parts.len() > PARTS_COMPARED_MAX {
            return;
        }
        let mut idle = vec![false; node.parts.len()];
        for later in 0..node.parts.len() {
            for before in 0..later {
                if idle[before] || idle[later] {
                    continue;
                }
                let order = [(later, before), (before, later)];
                let implied = order.into_iter().find(|(one, other)| {
                    self.makes_no_difference(node, *one, &[&node.parts[*other].formula])
                });
                if let Some((one, other)) = implied {
                    idle[one] = true;
                    self.no_difference(node, one, Some(other));
                }
            }
        }
        for one in 0..node.parts.len() {
            let others: Vec<&Formula> = (0..node.parts.len())
                .filter(|other| *other != one && !idle[*other])
                .map(|other| &node.parts[other].formula)
                .collect();
            if !idle[one] && others.len() > 1 && self.makes_no_difference(node, one, &others) {
                idle[one] = true;
                self.no_difference(node, one, None);
            }
        }
    }

    /// Whether all parts but one say the same without it.
    fn makes_no_difference(&self, node: &Node, one: usize, others: &[&Formula]) -> bool {
        let part = &node.parts[one].formula;
        let own = self.space.variables_of(&[part]);
        let theirs: Vec<&Formula> = others
            .iter()
            .copied()
            .filter(|other| {
                self.space.variables_of(&[other]).iter().any(|variable| own.contains(variable))
            })
            .collect();
        if theirs.is_empty() || matches!(part, Formula::Constant(_)) {
            return false;
        }
        if node.all {
            return self.space.follows(&theirs, part, ANY);
        }
        let any = Formula::Any(theirs.into_iter().cloned().collect());
        self.space.follows(&[part], &any, ANY)
    }

    fn no_difference(&mut self, node: &Node, one: usize, other: Option<usize>) {
        let diagnostic =
            Diagnostic::warning("PR0122", node.parts[one].span, "this part makes no difference")
                .label(if node.all {
                    "holds whenever the rest does"
                } else {
                    "the rest holds whenever it does"
                })
                .help("leave it out, or look for a wrong sign or constant");
        self.found.push(match other {
            Some(other) => diagnostic.related(node.parts[other].span, "because of this"),
            None => diagnostic,
        });
    }
}
