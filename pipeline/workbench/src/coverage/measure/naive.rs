//! The twin of `measure`: looks at every pair of vectors, by the structure of the formula.

use piccolo_script::Formula;

use crate::coverage::Vector;

/// What the vectors of a condition show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The condition held, and did not hold.
    pub outcomes: (bool, bool),
    /// The condition was unknown.
    pub unknown: bool,
    /// What they show of each atom.
    pub atoms: Vec<ShownAtom>,
}

/// What the vectors show of one atom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownAtom {
    /// It was true, and was false.
    pub truths: (bool, bool),
    /// It decided while it was true, and while it was false.
    pub decided: (bool, bool),
    /// It has an independence pair.
    pub pair: bool,
}

/// What the vectors show; the work grows with the square of their number.
pub fn shown(formula: &Formula, atoms: usize, vectors: &[Vector]) -> Shown {
    let holds: Vec<bool> = vectors.iter().map(|vector| value(formula, vector)).collect();
    let atom = |atom: usize| {
        let seen = |truth: bool| vectors.iter().any(|vector| vector.truth(atom) == Some(truth));
        let pair = vectors.iter().enumerate().any(|(a, left)| {
            vectors.iter().enumerate().any(|(b, right)| {
                left.truth(atom) == Some(true)
                    && right.truth(atom) == Some(false)
                    && holds[a] != holds[b]
                    && value(formula, &turned(left, atom)) != holds[a]
                    && value(formula, &turned(right, atom)) != holds[b]
            })
        });
        let decided = |truth: bool| {
            vectors.iter().zip(&holds).any(|(vector, holds)| {
                let turned = value(formula, &turned(vector, atom));
                vector.truth(atom) == Some(truth) && turned != *holds
            })
        };
        let truths = (seen(true), seen(false));
        ShownAtom { truths, decided: (decided(true), decided(false)), pair }
    };
    let outcomes = (holds.contains(&true), holds.contains(&false));
    let unknown = vectors.iter().any(|vector| kleene(formula, vector).is_none());
    Shown { outcomes, unknown, atoms: (0..atoms).map(atom).collect() }
}

/// The vector with an atom that is true made false, and the other way round.
fn turned(vector: &Vector, atom: usize) -> Vector {
    let turn = |(index, truth): (usize, Option<bool>)| {
        if index == atom { truth.map(|truth| !truth) } else { truth }
    };
    vector.truths().enumerate().map(turn).collect()
}

fn value(formula: &Formula, vector: &Vector) -> bool {
    match formula {
        Formula::Constant(value) => *value,
        Formula::Literal { atom, negated: false } => vector.truth(*atom) == Some(true),
        Formula::Literal { atom, negated: true } => vector.truth(*atom) == Some(false),
        Formula::All(parts) => parts.iter().filter(|part| !value(part, vector)).count() == 0,
        Formula::Any(parts) => parts.iter().filter(|part| value(part, vector)).count() > 0,
    }
}

/// Kleene's logic by numbers: false is 0, unknown 1, true 2; `&&` is the least, `||` the greatest.
fn kleene(formula: &Formula, vector: &Vector) -> Option<bool> {
    fn level(formula: &Formula, vector: &Vector) -> u8 {
        let levels = |parts: &[Formula]| -> Vec<u8> {
            parts.iter().map(|part| level(part, vector)).collect()
        };
        match formula {
            Formula::Constant(value) => 2 * u8::from(*value),
            Formula::Literal { atom, negated } => match vector.truth(*atom) {
                Some(truth) => 2 * u8::from(truth != *negated),
                None => 1,
            },
            Formula::All(parts) => levels(parts).into_iter().min().unwrap_or(2),
            Formula::Any(parts) => levels(parts).into_iter().max().unwrap_or(0),
        }
    }
    match level(formula, vector) {
        0 => Some(false),
        1 => None,
        _ => Some(true),
    }
}
