//! From compiled conditions to what the operators run.

use std::cell::Cell;
use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::condition::{Atom, Condition, Exceeded, Formula, Test};
use piccolo_operators::evaluate::RuleSpec;
use piccolo_operators::ids::Slot;
use piccolo_operators::latest::Facts;
use piccolo_script as script;
use piccolo_script::{Comparison, Expression, Fact, Limit, Probe, Scenario};

use crate::encode::{Encoding, Names, Symbols};
use crate::error::EngineError;

/// Compiles a scenario whose facts are kept for the operators; it captures nothing yet.
pub(crate) fn compile(scenario: &Scenario, names: &mut Names) -> Result<RuleSpec, EngineError> {
    let until = scenario.until.as_ref().map(|until| condition(until, names)).transpose()?;
    Ok(RuleSpec {
        when: condition(&scenario.when, names)?,
        until,
        held_us: scenario.held_us,
        cooldown_us: scenario.cooldown_us,
        captures: Arc::default(),
    })
}

fn condition(condition: &script::Condition, names: &mut Names) -> Result<Condition, EngineError> {
    let (atoms, mirrored) = atoms(&condition.atoms, names)?;
    Ok(Condition { atoms, formula: formula(&condition.formula, &mirrored) })
}

/// The conditions under which an expression is true, and under which it is false.
pub(crate) fn truth(
    written: &[script::Atom],
    holds: &script::Formula,
    fails: &script::Formula,
    names: &mut Names,
) -> Result<(Condition, Condition), EngineError> {
    let (atoms, mirrored) = atoms(written, names)?;
    let of = |form| Condition { atoms: atoms.clone(), formula: formula(form, &mirrored) };
    Ok((of(holds), of(fails)))
}

/// The atoms as the operators test them, and which of them are the negation of what is written.
fn atoms(
    written: &[script::Atom],
    names: &mut Names,
) -> Result<(Vec<Atom>, Vec<bool>), EngineError> {
    let pairs: Result<Vec<(Atom, bool)>, EngineError> =
        written.iter().map(|written| atom(written, names)).collect();
    Ok(pairs?.into_iter().unzip())
}

/// The formula over compiled atoms, some of which are the negation of the written ones.
fn formula(written: &script::Formula, mirrored: &[bool]) -> Formula {
    let parts =
        |parts: &[script::Formula]| parts.iter().map(|part| formula(part, mirrored)).collect();
    match written {
        script::Formula::Constant(value) => Formula::Constant(*value),
        script::Formula::Literal { atom, negated } => {
            Formula::Literal { atom: *atom, negated: negated ^ mirrored[*atom] }
        }
        script::Formula::All(all) => Formula::All(parts(all)),
        script::Formula::Any(any) => Formula::Any(parts(any)),
    }
}

/// The atom as the operators test it, and whether that is the negation of what is written.
fn atom(atom: &script::Atom, names: &mut Names) -> Result<(Atom, bool), EngineError> {
    Ok(match &atom.probe {
        Probe::Number { fact, comparison, constant } => {
            let (slot, threshold) = (names.fact_slot(fact)?, *constant);
            let above = |inclusive| Atom::Above { slot, threshold, inclusive };
            match comparison {
                Comparison::Greater => (above(false), false),
                Comparison::GreaterOrEqual => (above(true), false),
                Comparison::Less => (above(true), true),
                Comparison::LessOrEqual => (above(false), true),
                Comparison::Equal => (Atom::Equals { slot, constant: threshold }, false),
                Comparison::NotEqual => (Atom::Equals { slot, constant: threshold }, true),
            }
        }
        Probe::Equals { fact, constant } => {
            let constant = names.encode_fact(fact, constant)?;
            (Atom::Equals { slot: names.fact_slot(fact)?, constant }, false)
        }
        Probe::Known { fact } => (Atom::Known { slot: names.fact_slot(fact)? }, false),
        Probe::Computed { reads } => {
            (Atom::Computed(Arc::new(computed(atom, reads, names)?)), false)
        }
    })
}

fn computed(
    atom: &script::Atom,
    reads: &[Fact],
    names: &mut Names,
) -> Result<ComputedTest, EngineError> {
    let slots: Result<Vec<Slot>, EngineError> =
        reads.iter().map(|fact| names.fact_slot(fact)).collect();
    let encodings = reads.iter().map(|fact| names.encoding_of(fact)).collect();
    Ok(ComputedTest {
        facts: reads.to_vec(),
        slots: slots?,
        encodings,
        expression: atom.expression.clone(),
        symbols: Arc::clone(&names.symbols),
    })
}

/// An expression that is evaluated over decoded values.
#[derive(Debug)]
struct ComputedTest {
    facts: Vec<Fact>,
    slots: Vec<Slot>,
    encodings: Vec<Option<Encoding>>,
    expression: Expression,
    symbols: Arc<Symbols>,
}

impl Test for ComputedTest {
    fn reads(&self) -> &[Slot] {
        &self.slots
    }

    fn truth(&self, facts: Facts<'_>) -> Result<Option<bool>, Exceeded> {
        let decoded = Decoded { test: self, facts, exceeded: Cell::new(false) };
        let truth = self.expression.truth(&decoded);
        if decoded.exceeded.get() { Err(Exceeded) } else { Ok(truth) }
    }
}

/// The facts that a test reads, as values.
struct Decoded<'a> {
    test: &'a ComputedTest,
    facts: Facts<'a>,
    exceeded: Cell<bool>,
}

impl script::Facts for Decoded<'_> {
    fn value(&self, fact: &Fact) -> Option<Value> {
        let index = self.test.facts.iter().position(|known| known == fact)?;
        let number = self.facts.get(self.test.slots[index]).known()?;
        self.test.encodings[index]?.decode(number, &self.test.symbols)
    }

    fn exceeded(&self, _: &str, _: Limit) {
        self.exceeded.set(true);
    }
}
