//! Whether a condition holds, at every microsecond of an epoch.

use piccolo_catalogue::Value;
use piccolo_script::{Atom, Comparison, Condition, Fact, Formula, Kind};

use super::{At, Twin};
use crate::oracle::constructs::{CONSTANT, Construct, Coverage, Seen, of_condition};
use crate::oracle::mutants::Mutant;

impl Twin<'_> {
    /// Whether a condition holds in a vehicle; never before it was seen. Its facts have lines.
    pub(super) fn levels(
        &self,
        epoch: usize,
        vehicle: usize,
        condition: &Condition,
        coverage: &mut Coverage,
    ) -> Vec<bool> {
        let (from_us, to_us) = (self.epochs[epoch].from_us, self.epochs[epoch].to_us);
        let start_us = from_us.max(self.first_us[vehicle]);
        let facts: Vec<Fact> = condition.atoms.iter().flat_map(|atom| atom.reads()).collect();
        let lines: Vec<usize> = facts
            .iter()
            .filter_map(|fact| self.epochs[epoch].lines.get(fact.text()))
            .copied()
            .collect();
        let mut watch = Watch::new(condition, vehicle);
        let mut levels = Vec::with_capacity((to_us - from_us) as usize);
        for now_us in from_us..to_us {
            let moved = lines.iter().any(|line| self.lines[*line][vehicle].moved(now_us));
            if now_us < start_us {
                levels.push(false);
            } else if now_us > start_us && !moved {
                levels.push(levels[levels.len() - 1]);
            } else {
                let at = At { epoch, vehicle, now_us };
                levels.push(self.level(at, condition, &mut watch));
            }
        }
        if let Formula::Constant(level) = condition.formula {
            coverage.note(CONSTANT, level);
        }
        watch.finish(coverage);
        levels
    }

    fn level(&self, at: At, condition: &Condition, watch: &mut Watch) -> bool {
        let facts = |fact: &Fact| -> Option<Value> { self.value(at, fact) };
        let truth = |atom: &Atom| match self.mutant {
            Some(Mutant::OrEqual) if is_equal(atom, &facts) => Some(true),
            _ => atom.expression.truth(&facts),
        };
        let truths: Vec<Option<bool>> = condition.atoms.iter().map(truth).collect();
        let unknown = (self.mutant == Some(Mutant::UnknownNegated)).then_some(false);
        let level = condition.formula.holds(&|atom| truths[atom].or(unknown));
        // What fails in a script of its own is unknown, and ends what rhai evaluates as a whole.
        if at.vehicle == 0 && self.mutant.is_none() && !condition.text.contains('…') {
            let by_rhai = condition.holds_by_rhai(&facts);
            assert_eq!(level, by_rhai, "both evaluators at {at:?}: {}", condition.text);
        }
        watch.see(condition, &truths, level);
        level
    }
}

/// Whether the sides of an atom with `>` are equal.
fn is_equal(atom: &Atom, facts: &impl Fn(&Fact) -> Option<Value>) -> bool {
    let Kind::Compare(Comparison::Greater, a, b) = &atom.expression.kind else { return false };
    let (a, b) = (a.evaluate(facts), b.evaluate(facts));
    a.zip(b).and_then(|(a, b)| Comparison::Equal.compare(&a, &b)) == Some(true)
}

/// Counts what the atoms of a condition were, and which of them decided.
struct Watch {
    constructs: Vec<Vec<Construct>>,
    seen: Vec<Seen>,
    level: bool,
}

impl Watch {
    /// One vehicle is enough to count.
    fn new(condition: &Condition, vehicle: usize) -> Self {
        let constructs = if vehicle == 0 { of_condition(condition) } else { Vec::new() };
        Self { seen: vec![Seen::default(); constructs.len()], constructs, level: false }
    }

    fn see(&mut self, condition: &Condition, truths: &[Option<bool>], level: bool) {
        let turned = std::mem::replace(&mut self.level, level) != level;
        for (atom, seen) in self.seen.iter_mut().enumerate() {
            match truths[atom] {
                Some(true) => seen.held += 1,
                Some(false) => seen.failed += 1,
                None => seen.unknown += 1,
            }
            if turned {
                let other = truths[atom].map(|truth| !truth);
                let without =
                    condition.formula.holds(&|at| if at == atom { other } else { truths[at] });
                seen.decided += u64::from(other.is_some() && without != level);
            }
        }
    }

    fn finish(self, coverage: &mut Coverage) {
        for (constructs, seen) in self.constructs.iter().zip(self.seen) {
            coverage.add(constructs, seen);
        }
    }
}
