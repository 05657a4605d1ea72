//! Conditions as atoms with a boolean formula over them.

use std::collections::HashMap;
use std::sync::Arc;

use piccolo_catalogue::Value;

use crate::Facts;
use crate::expression::{Comparison, Expression, Kind, Type, fold, number};
use crate::fact::{Derived, Fact, Over};
use crate::script::Script;

/// A compiled condition.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The condition as text, in canonical spacing.
    pub text: Arc<str>,
    /// Its atoms, in the order of the text, each once.
    pub atoms: Vec<Atom>,
    /// The form over them, with every negation at an atom.
    pub formula: Formula,
    script: Script,
}

/// The least part of a condition that is true, false or unknown by itself.
#[derive(Clone, Debug)]
pub struct Atom {
    /// The atom as text, in canonical spacing.
    pub text: Arc<str>,
    /// What it tests.
    pub probe: Probe,
    /// The atom as an expression.
    pub expression: Expression,
}

/// What an atom tests, in the forms that an index can serve.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A numeric fact against a constant.
    Number {
        /// Which fact.
        fact: Fact,
        /// How it is compared.
        comparison: Comparison,
        /// The constant.
        constant: f64,
    },
    /// A boolean, text or list fact equals a constant.
    Equals {
        /// Which fact.
        fact: Fact,
        /// The constant.
        constant: Value,
    },
    /// The fact has a value.
    Known {
        /// Which fact.
        fact: Fact,
    },
    /// Anything else: the expression is evaluated when a fact that it reads changes.
    Computed {
        /// The facts that it reads, each once.
        reads: Vec<Fact>,
    },
}

/// A boolean form over atoms, with every negation at an atom.
#[derive(Clone, Debug, PartialEq)]
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

impl Condition {
    pub(crate) fn new(expression: &Expression, script: Script) -> Self {
        let mut atoms = Atoms::default();
        let formula = atoms.formula(expression, false);
        Self { text: expression.to_string().into(), atoms: atoms.all, formula, script }
    }

    /// The truth of an expression as a fact: itself, where it is a boolean fact already.
    pub(crate) fn truth(expression: &Expression) -> Fact {
        if let Kind::Fact(fact) = &expression.kind {
            return fact.clone();
        }
        let mut atoms = Atoms::default();
        let holds = atoms.formula(expression, false);
        let fails = atoms.formula(expression, true);
        let over = Over::Truth { atoms: atoms.all.into(), holds, fails };
        Derived::fact(expression.to_string(), over, Type::Bool)
    }

    /// Whether the condition holds, by its atoms and formula.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        self.formula.holds(&|atom| self.atoms[atom].expression.truth(facts))
    }

    /// The truth of the condition by Kleene's logic; `None` is unknown.
    pub fn truth_over(&self, facts: &dyn Facts) -> Option<bool> {
        self.formula.truth(&|atom| self.atoms[atom].expression.truth(facts))
    }

    /// Whether the condition holds, by rhai alone: the second evaluator.
    pub fn holds_by_rhai(&self, facts: &dyn Facts) -> bool {
        self.script.evaluate(facts) == Some(Value::Bool(true))
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

    /// The truth of the formula by Kleene's logic under the truth of its atoms.
    pub fn truth(&self, truth: &impl Fn(usize) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Literal { atom, negated } => truth(*atom).map(|truth| truth != *negated),
            Self::All(parts) => fold(parts.iter().map(|part| part.truth(truth)), false),
            Self::Any(parts) => fold(parts.iter().map(|part| part.truth(truth)), true),
        }
    }

    fn join(parts: impl Iterator<Item = Self>, all: bool) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Constant(value) if value == all => {}
                Self::Constant(value) => return Self::Constant(value),
                Self::All(inner) if all => kept.extend(inner),
                Self::Any(inner) if !all => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Constant(all),
            1 => kept.swap_remove(0),
            _ if all => Self::All(kept),
            _ => Self::Any(kept),
        }
    }
}

impl Atom {
    /// The facts that the atom reads, each once.
    pub fn reads(&self) -> Vec<Fact> {
        match &self.probe {
            Probe::Number { fact, .. } | Probe::Equals { fact, .. } | Probe::Known { fact } => {
                vec![fact.clone()]
            }
            Probe::Computed { reads } => reads.clone(),
        }
    }

    /// How far the values are from where the atom changes, in the unit of what
    /// is compared: positive while it holds, zero or negative while it does not.
    /// Only for comparisons that order numbers.
    pub fn margin(&self, facts: &dyn Facts) -> Option<f64> {
        let Kind::Compare(comparison, a, b) = &self.expression.kind else { return None };
        let (a, b) = (number(&a.evaluate(facts)?)?, number(&b.evaluate(facts)?)?);
        match comparison {
            Comparison::Greater | Comparison::GreaterOrEqual => Some(a - b),
            Comparison::Less | Comparison::LessOrEqual => Some(b - a),
            Comparison::Equal | Comparison::NotEqual => None,
        }
    }
}

/// The atoms of a condition while it is taken apart.
#[derive(Default)]
pub(crate) struct Atoms {
    pub(crate) all: Vec<Atom>,
    by_text: HashMap<Arc<str>, usize>,
}

impl Atoms {
    /// The formula of an expression or of its negation.
    pub(crate) fn formula(&mut self, expression: &Expression, negated: bool) -> Formula {
        match &expression.kind {
            Kind::Constant(Value::Bool(value)) => Formula::Constant(*value != negated),
            Kind::Not(inner) => self.formula(inner, !negated),
            Kind::All(parts) => {
                Formula::join(parts.iter().map(|part| self.formula(part, negated)), !negated)
            }
            Kind::Any(parts) => {
                Formula::join(parts.iter().map(|part| self.formula(part, negated)), negated)
            }
            Kind::OneOf(tested, items) if matches!(tested.kind, Kind::Fact(_)) => {
                let parts: Vec<Expression> =
                    items.iter().map(|item| equals(tested, item, expression)).collect();
                Formula::join(parts.iter().map(|part| self.formula(part, negated)), negated)
            }
            Kind::Compare(comparison, a, b) => match (&a.kind, &b.kind) {
                (Kind::Constant(a), Kind::Constant(b)) => {
                    let truth = comparison.compare(a, b).is_some_and(|truth| truth != negated);
                    Formula::Constant(truth)
                }
                (Kind::Fact(_), Kind::Constant(item)) if *comparison == Comparison::NotEqual => {
                    self.literal(&equals(a, item, expression), !negated)
                }
                _ => self.literal(expression, negated),
            },
            _ => self.literal(expression, negated),
        }
    }

    fn literal(&mut self, expression: &Expression, negated: bool) -> Formula {
        let text: Arc<str> = expression.to_string().into();
        let atom = match self.by_text.get(&text) {
            Some(atom) => *atom,
            None => {
                let probe = probe(expression);
                self.by_text.insert(Arc::clone(&text), self.all.len());
                self.all.push(Atom { text, probe, expression: expression.clone() });
                self.all.len() - 1
            }
        };
        Formula::Literal { atom, negated }
    }
}

fn equals(tested: &Expression, item: &Value, whole: &Expression) -> Expression {
    let constant =
        Expression { kind: Kind::Constant(item.clone()), kind_type: Type::Any, span: whole.span };
    let sides = (Box::new(tested.clone()), Box::new(constant));
    let kind = Kind::Compare(Comparison::Equal, sides.0, sides.1);
    Expression { kind, kind_type: Type::Bool, span: whole.span }
}

fn probe(expression: &Expression) -> Probe {
    let served = match &expression.kind {
        Kind::Fact(fact) => Some(Probe::Equals { fact: fact.clone(), constant: Value::Bool(true) }),
        Kind::Known(fact) => Some(Probe::Known { fact: fact.clone() }),
        Kind::Compare(comparison, a, b) => match (&a.kind, &b.kind) {
            (Kind::Fact(fact), Kind::Constant(constant)) => compare(fact, *comparison, constant),
            (Kind::Constant(constant), Kind::Fact(fact)) => {
                compare(fact, comparison.mirrored(), constant)
            }
            _ => None,
        },
        _ => None,
    };
    served.unwrap_or_else(|| {
        let mut reads = Vec::new();
        expression.reads(&mut reads);
        reads.sort_unstable();
        reads.dedup();
        Probe::Computed { reads }
    })
}

fn compare(fact: &Fact, comparison: Comparison, constant: &Value) -> Option<Probe> {
    let fact = fact.clone();
    if let Some(constant) = number(constant) {
        return Some(Probe::Number { fact, comparison, constant });
    }
    let constant = constant.clone();
    (comparison == Comparison::Equal).then_some(Probe::Equals { fact, constant })
}
