//! What a condition is to the operators: atoms, and a formula over them.

use std::fmt;
use std::sync::Arc;

use crate::ids::Slot;
use crate::latest::Facts;

/// The least test that a condition is made of; true, false, or unknown while a signal it reads is.
#[derive(Clone)]
pub enum Atom {
    /// The value is above the threshold, or equal to it where `inclusive`.
    Above {
        /// Which signal.
        slot: Slot,
        /// The threshold, in the signal's unit.
        threshold: f64,
        /// Whether the threshold itself passes.
        inclusive: bool,
    },
    /// The value equals the constant.
    Equals {
        /// Which signal.
        slot: Slot,
        /// The constant.
        constant: f64,
    },
    /// The signal has a value. Never unknown.
    Known {
        /// Which signal.
        slot: Slot,
    },
    /// Anything else over a fixed set of signals.
    Computed(Arc<dyn Test>),
}

/// A test that an index cannot help: evaluated when a signal that it reads changes.
pub trait Test: fmt::Debug + Send + Sync {
    /// The signals that it reads, each once.
    fn reads(&self) -> &[Slot];

    /// Its truth over the facts of one vehicle; `None` is unknown. Must depend on nothing else.
    ///
    /// # Errors
    /// The test broke the limits of an evaluation; it counts as unknown.
    fn truth(&self, facts: Facts<'_>) -> Result<Option<bool>, Exceeded>;
}

/// A test broke the limits of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded;

impl fmt::Debug for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above { slot, threshold, inclusive } => {
                write!(f, "s{slot} {} {threshold}", if *inclusive { ">=" } else { ">" })
            }
            Self::Equals { slot, constant } => write!(f, "s{slot} == {constant}"),
            Self::Known { slot } => write!(f, "known(s{slot})"),
            Self::Computed(test) => write!(f, "{test:?}"),
        }
    }
}

impl Atom {
    /// The signals that the atom reads.
    pub fn reads(&self) -> &[Slot] {
        match self {
            Self::Above { slot, .. } | Self::Equals { slot, .. } | Self::Known { slot } => {
                std::slice::from_ref(slot)
            }
            Self::Computed(test) => test.reads(),
        }
    }

    /// The atom's truth over the facts of one vehicle; `None` is unknown.
    pub fn truth(&self, facts: Facts<'_>) -> Option<bool> {
        match self {
            Self::Above { slot, threshold, inclusive } => facts
                .get(*slot)
                .known()
                .map(|value| value > *threshold || (*inclusive && value == *threshold)),
            Self::Equals { slot, constant } => {
                facts.get(*slot).known().map(|value| value == *constant)
            }
            Self::Known { slot } => Some(facts.get(*slot).known().is_some()),
            Self::Computed(test) => test.truth(facts).unwrap_or(None),
        }
    }
}

/// A boolean form over the atoms of a condition, with every negation at an atom.
///
/// In that form three-valued logic needs no third value: the formula is true
/// exactly if it is true with every unknown literal taken as false.
#[derive(Clone, Debug)]
pub enum Formula {
    /// Always, or never.
    Constant(bool),
    /// An atom, or its negation; neither is true while the atom is unknown.
    Literal {
        /// The position of the atom in [`Condition::atoms`].
        atom: usize,
        /// Whether it is negated.
        negated: bool,
    },
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
}

/// A condition of a rule.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The atoms, in the order of the text.
    pub atoms: Vec<Atom>,
    /// The form over them.
    pub formula: Formula,
}

impl Condition {
    /// The condition that always holds.
    pub fn always() -> Self {
        Self { atoms: Vec::new(), formula: Formula::Constant(true) }
    }

    /// Whether the condition holds over the facts of one vehicle, from scratch.
    pub fn holds(&self, facts: Facts<'_>) -> bool {
        self.formula.holds(&|atom| self.atoms[atom].truth(facts))
    }
}

impl Formula {
    /// Whether the formula is true under the truth of its atoms.
    pub fn holds(&self, truth: &impl Fn(usize) -> Option<bool>) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Literal { atom, negated } => truth(*atom) == Some(!negated),
            Self::All(parts) => parts.iter().all(|part| part.holds(truth)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(truth)),
        }
    }
}
