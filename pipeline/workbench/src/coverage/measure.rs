//! Condition, branch and MC/DC coverage of one condition from the vectors that were seen.

pub mod naive;

use piccolo_script::Formula;

use super::{First, Seen, Vector};

/// What the vectors of one condition show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Branch coverage: where the condition was first seen to hold.
    pub holds: Option<First>,
    /// Branch coverage: where it was first seen not to hold, be it false or unknown.
    pub fails: Option<First>,
    /// Where it was first seen unknown, which is one way not to hold.
    pub unknown: Option<First>,
    /// What they show of each atom.
    pub atoms: Vec<AtomMeasure>,
}

/// What the vectors show of one atom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtomMeasure {
    /// Condition coverage: where it was first seen true.
    pub true_: Option<First>,
    /// Condition coverage: where it was first seen false.
    pub false_: Option<First>,
    /// Where it was first seen unknown, which covers nothing.
    pub unknown: Option<First>,
    /// Whether it was seen to decide while it was false, and while it was true.
    pub decided: [bool; 2],
    /// MC/DC: two vectors that show its independent effect.
    pub pair: Option<Pair>,
}

/// Two vectors that show that one atom by itself decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The one in which the atom is true.
    pub when_true: (Vector, First),
    /// The one in which it is false.
    pub when_false: (Vector, First),
    /// Whether the condition holds in the first of both; it does not in the other.
    pub holds_when_true: bool,
}

/// Measures condition, branch and masking MC/DC coverage.
///
/// Masking MC/DC as in Chilenski, "An Investigation of Three Forms of the Modified Condition
/// Decision Coverage (MCDC) Criterion", DOT/FAA/AR-01/18, 2001, which DO-178C admits: an atom
/// has shown its independent effect when two vectors were seen
///
/// - in which it is true and false,
/// - in which the condition holds and does not,
/// - in each of which it decides: with it turned, and all others as they are, the condition
///   comes out otherwise. So the others may differ between both as far as they are masked.
///
/// That an atom decides is the Boolean difference of the formula, so that an atom that stands
/// in the formula twice is one atom. Atoms have three truths: neither a literal nor its
/// negation is true while its atom is unknown, and a condition that is not true does not hold.
/// An unknown atom can mask others, as whatever is not true does, but is itself neither of
/// the two sides of its pair.
///
/// Of several vectors the one that was seen first counts. Work: vectors x atoms x the size of
/// the formula.
pub fn measure(formula: &Formula, atoms: usize, seen: &Seen) -> Measure {
    let atoms_measured = vec![AtomMeasure::default(); atoms];
    let mut measure = Measure { holds: None, fails: None, unknown: None, atoms: atoms_measured };
    let mut sides: Vec<Sides<'_>> = vec![Sides::default(); atoms];
    for (vector, first) in seen.iter() {
        let holds = formula.holds(&|atom| vector.truth(atom));
        earlier(if holds { &mut measure.holds } else { &mut measure.fails }, first);
        if !holds && !is_false(formula, vector) {
            earlier(&mut measure.unknown, first);
        }
        for (atom, (measured, sides)) in measure.atoms.iter_mut().zip(&mut sides).enumerate() {
            let truth = vector.truth(atom);
            earlier(measured.side(truth), first);
            let Some(truth) = truth else { continue };
            if decides(formula, atom, &|other| vector.truth(other)) {
                let side = &mut sides.0[usize::from(truth)][usize::from(holds)];
                *side = Some(side.map_or((first, vector), |known| known.min((first, vector))));
            }
        }
    }
    for (measured, sides) in measure.atoms.iter_mut().zip(&sides) {
        measured.decided = sides.0.map(|by_outcome| by_outcome.iter().any(Option::is_some));
        measured.pair = sides.pair();
    }
    measure
}

/// Whether an atom decides: the condition comes out otherwise with it true than with it false.
pub(super) fn decides(
    formula: &Formula,
    atom: usize,
    truth: &impl Fn(usize) -> Option<bool>,
) -> bool {
    let with = |value: bool| {
        formula.holds(&|other| if other == atom { Some(value) } else { truth(other) })
    };
    with(true) != with(false)
}

/// Whether the negation holds: every literal negated, `&&` and `||` exchanged.
fn is_false(formula: &Formula, vector: &Vector) -> bool {
    match formula {
        Formula::Constant(value) => !value,
        Formula::Literal { atom, negated } => vector.truth(*atom) == Some(*negated),
        Formula::All(parts) => parts.iter().any(|part| is_false(part, vector)),
        Formula::Any(parts) => parts.iter().all(|part| is_false(part, vector)),
    }
}

fn earlier(known: &mut Option<First>, first: First) {
    *known = Some(known.map_or(first, |known| known.min(first)));
}

impl AtomMeasure {
    fn side(&mut self, truth: Option<bool>) -> &mut Option<First> {
        match truth {
            Some(true) => &mut self.true_,
            Some(false) => &mut self.false_,
            None => &mut self.unknown,
        }
    }
}

/// The first vectors in which an atom decides, by its truth and whether the condition holds.
#[derive(Clone, Default)]
struct Sides<'a>([[Option<(First, &'a Vector)>; 2]; 2]);

impl Sides<'_> {
    /// Two vectors of opposite outcome; of two such pairs the one that is complete first.
    fn pair(&self) -> Option<Pair> {
        let pairs = [true, false].into_iter().filter_map(|holds_when_true| {
            let when_true = self.0[1][usize::from(holds_when_true)]?;
            let when_false = self.0[0][usize::from(!holds_when_true)]?;
            Some((when_true, when_false, holds_when_true))
        });
        let (when_true, when_false, holds_when_true) =
            pairs.min_by_key(|(a, b, _)| (a.0.max(b.0), a.0.min(b.0)))?;
        Some(Pair {
            when_true: (when_true.1.clone(), when_true.0),
            when_false: (when_false.1.clone(), when_false.0),
            holds_when_true,
        })
    }
}

#[cfg(test)]
mod tests;
