//! What is covered: the conditions of rules, with what their atoms test.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_script::{
    Comparison, Condition, Fact, Formula, Policy, Probe, RuleSet, Scenario, Source, Span,
};
use serde::Serialize;

/// What kind of rule a condition belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// A scenario.
    Scenario,
    /// A policy.
    Policy,
}

/// Which condition of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clause {
    /// The condition to begin, or that a policy applies.
    When,
    /// The condition to end.
    Until,
}

/// One condition of one rule.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The kind of the rule.
    pub kind: RuleKind,
    /// The name of the rule.
    pub rule: Arc<str>,
    /// Which of its conditions.
    pub clause: Clause,
    /// The condition as text.
    pub condition: Arc<str>,
    /// Its atoms.
    pub atoms: Vec<SubjectAtom>,
    /// The formula over them.
    pub formula: Formula,
    /// The file that it comes from.
    pub source: Arc<Source>,
    /// The place of the rule's name there.
    pub span: Span,
}

/// One atom of a condition.
#[derive(Clone, Debug)]
pub struct SubjectAtom {
    /// The atom as text.
    pub text: Arc<str>,
    /// Its place in the file, where it stands first.
    pub span: Span,
    /// What it tests.
    pub test: Test,
}

/// What an atom tests of one fact, as far as it tells which truths go together.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// A number against a constant.
    Number {
        /// The fact as a rule writes it.
        fact: Arc<str>,
        /// The least and greatest value, where the fact is an integer.
        integer: Option<(i64, i64)>,
        /// How it is compared.
        comparison: Comparison,
        /// The constant.
        constant: f64,
    },
    /// Any other value equals a constant.
    Equals {
        /// The fact as a rule writes it.
        fact: Arc<str>,
        /// The constant.
        constant: Value,
    },
    /// The fact has a value.
    Known {
        /// The fact as a rule writes it.
        fact: Arc<str>,
    },
    /// Something else; it is taken to have any truth whatever the others have.
    Free,
}

impl Test {
    /// The fact that it is about, where it is about one.
    pub fn fact(&self) -> Option<&Arc<str>> {
        match self {
            Self::Number { fact, .. } | Self::Equals { fact, .. } | Self::Known { fact } => {
                Some(fact)
            }
            Self::Free => None,
        }
    }
}

impl Subject {
    /// The conditions of a scenario: `when`, and `until` where there is one.
    ///
    /// `catalogue` is the one that it was compiled with.
    pub fn of_scenario(scenario: &Scenario, catalogue: &Catalogue) -> Vec<Self> {
        let when = Some((Clause::When, &scenario.when));
        let until = scenario.until.as_ref().map(|until| (Clause::Until, until));
        let conditions = [when, until].into_iter().flatten();
        conditions
            .map(|(clause, condition)| Self {
                kind: RuleKind::Scenario,
                rule: Arc::clone(&scenario.name),
                clause,
                condition: Arc::clone(&condition.text),
                atoms: atoms(condition, catalogue),
                formula: condition.formula.clone(),
                source: Arc::clone(&scenario.source),
                span: scenario.span,
            })
            .collect()
    }

    /// The condition of a policy; none where it always applies.
    ///
    /// It is about whether the policy applies. One that denies or changes and cannot be judged
    /// denies, which is neither: such vectors are not to be noted.
    pub fn of_policy(policy: &Policy, catalogue: &Catalogue) -> Option<Self> {
        let condition = policy.when.as_ref()?;
        Some(Self {
            kind: RuleKind::Policy,
            rule: Arc::clone(&policy.name),
            clause: Clause::When,
            condition: Arc::clone(&condition.text),
            atoms: atoms(condition, catalogue),
            formula: condition.formula.clone(),
            source: Arc::clone(&policy.source),
            span: policy.span,
        })
    }

    /// All conditions of a rule set: those of its scenarios, then those of its policies.
    pub fn of_rules(rules: &RuleSet, catalogue: &Catalogue) -> Vec<Self> {
        let scenarios = rules.scenarios().flat_map(|one| Self::of_scenario(one, catalogue));
        let policies = rules.policies().filter_map(|one| Self::of_policy(one, catalogue));
        scenarios.chain(policies).collect()
    }

    /// Whether it is the same condition of the same rule, in whatever file.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.kind, &self.rule, self.clause, &self.condition)
            == (other.kind, &other.rule, other.clause, &other.condition)
    }
}

fn atoms(condition: &Condition, catalogue: &Catalogue) -> Vec<SubjectAtom> {
    let atoms = condition.atoms.iter();
    atoms
        .map(|atom| SubjectAtom {
            text: Arc::clone(&atom.text),
            span: atom.expression.span,
            test: test(&atom.probe, catalogue),
        })
        .collect()
}

fn test(probe: &Probe, catalogue: &Catalogue) -> Test {
    match probe {
        Probe::Number { fact, comparison, constant } => Test::Number {
            fact: fact.text().into(),
            integer: integer_range(fact, catalogue),
            comparison: *comparison,
            constant: *constant,
        },
        Probe::Equals { fact, constant } => {
            Test::Equals { fact: fact.text().into(), constant: constant.clone() }
        }
        Probe::Known { fact } => Test::Known { fact: fact.text().into() },
        Probe::Computed { .. } => Test::Free,
    }
}

/// The range of a signal of an integer type.
fn integer_range(fact: &Fact, catalogue: &Catalogue) -> Option<(i64, i64)> {
    let Fact::Signal(signal, _) = fact else { return None };
    catalogue.get(*signal)?.datatype.scalar.integer_range()
}
