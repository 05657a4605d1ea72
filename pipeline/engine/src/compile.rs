//! From compiled scenarios to what the operators run.

use std::sync::Arc;

use piccolo_catalogue::SignalId;
use piccolo_operators::arbitrate::{Claim, Target};
use piccolo_operators::condition::{Atom, Condition, Formula, Test};
use piccolo_operators::evaluate::RuleSpec;
use piccolo_operators::ids::{Rule, Slot};
use piccolo_operators::latest::Facts;
use piccolo_script as script;
use piccolo_script::{ActionTemplate, Comparison, Expression, Probe, Scenario};
use rustc_hash::FxHashMap;

use crate::encode::{Encoding, Names, Symbols};
use crate::error::EngineError;

/// A rule of the engine: the scenario, and where its parts are found.
#[derive(Debug)]
pub(crate) struct LiveRule {
    pub(crate) scenario: Arc<Scenario>,
    /// The signals whose facts come with each edge, in the order of [`RuleSpec::captures`].
    pub(crate) captures: Vec<SignalId>,
    /// The targets that it claims while it is active, each once.
    pub(crate) claims: Vec<Target>,
    /// The target of each action of `then`, where it has one that can collide.
    pub(crate) then_targets: Vec<Option<Target>>,
    /// The target of each action of `finally`, where it has one that can collide.
    pub(crate) finally_targets: Vec<Option<Target>>,
}

/// Numbers for what actions can collide on, and how many live rules claim each.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    numbers: FxHashMap<String, Target>,
    claimants: FxHashMap<Target, u32>,
}

impl Targets {
    /// The target of each action, where it has one that can collide.
    fn of(&mut self, actions: &[ActionTemplate]) -> Vec<Option<Target>> {
        actions.iter().map(|action| action.claim().map(|claim| self.number(claim))).collect()
    }

    fn number(&mut self, claim: String) -> Target {
        let next = self.numbers.len() as Target;
        *self.numbers.entry(claim).or_insert(next)
    }

    /// Counts a rule that claims a target; says whether it is not the only one.
    pub(crate) fn claim(&mut self, target: Target) -> bool {
        let claimants = self.claimants.entry(target).or_default();
        *claimants += 1;
        *claimants > 1
    }

    /// Takes back what [`Self::claim`] counted.
    pub(crate) fn release(&mut self, target: Target) {
        if let Some(claimants) = self.claimants.get_mut(&target) {
            *claimants = claimants.saturating_sub(1);
        }
    }
}

/// Compiles a scenario for the operators.
pub(crate) fn compile(
    scenario: &Arc<Scenario>,
    names: &mut Names,
    targets: &mut Targets,
    explain: bool,
) -> Result<(RuleSpec, LiveRule), EngineError> {
    let captures = captures(scenario, explain);
    let slots: Result<Vec<Slot>, EngineError> =
        captures.iter().map(|signal| names.slot(*signal)).collect();
    let until = scenario.until.as_ref().map(|until| condition(until, names)).transpose()?;
    let spec = RuleSpec {
        when: condition(&scenario.when, names)?,
        until,
        held_us: scenario.held_us,
        cooldown_us: scenario.cooldown_us,
        captures: slots?.into(),
    };
    let then_targets = targets.of(&scenario.then);
    let mut claims: Vec<Target> = then_targets.iter().copied().flatten().collect();
    claims.sort_unstable();
    claims.dedup();
    let live = LiveRule {
        scenario: Arc::clone(scenario),
        captures,
        claims,
        then_targets,
        finally_targets: targets.of(&scenario.finally),
    };
    Ok((spec, live))
}

impl LiveRule {
    /// The claim of the rule, the same on all its targets.
    pub(crate) fn claim(&self, rule: Rule) -> Claim {
        Claim {
            negated_priority: self.scenario.priority.saturating_neg(),
            scenario: self.scenario.name.to_string(),
            rule,
        }
    }
}

/// The signals that actions read, and with `explain` those of the conditions.
fn captures(scenario: &Scenario, explain: bool) -> Vec<SignalId> {
    let mut signals = Vec::new();
    for action in scenario.then.iter().chain(&scenario.finally) {
        for argument in &action.arguments {
            argument.expression.reads(&mut signals);
        }
    }
    if explain {
        for condition in std::iter::once(&scenario.when).chain(&scenario.until) {
            signals.extend(condition.atoms.iter().flat_map(script::Atom::reads));
        }
    }
    signals.sort_unstable();
    signals.dedup();
    signals
}

fn condition(condition: &script::Condition, names: &mut Names) -> Result<Condition, EngineError> {
    let mut atoms = Vec::new();
    let mut mirrored = Vec::new();
    for atom in &condition.atoms {
        let (compiled, negated) = self::atom(atom, names)?;
        atoms.push(compiled);
        mirrored.push(negated);
    }
    Ok(Condition { atoms, formula: formula(&condition.formula, &mirrored) })
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
        Probe::Number { signal, comparison, constant } => {
            let (slot, threshold) = (names.slot(*signal)?, *constant);
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
        Probe::Equals { signal, constant } => {
            let constant = names.encode(*signal, Some(constant))?;
            (Atom::Equals { slot: names.slot(*signal)?, constant }, false)
        }
        Probe::Known { signal } => (Atom::Known { slot: names.slot(*signal)? }, false),
        Probe::Computed { reads } => {
            (Atom::Computed(Arc::new(computed(atom, reads, names)?)), false)
        }
    })
}

fn computed(
    atom: &script::Atom,
    reads: &[SignalId],
    names: &mut Names,
) -> Result<ComputedTest, EngineError> {
    let slots: Result<Vec<Slot>, EngineError> =
        reads.iter().map(|signal| names.slot(*signal)).collect();
    let encodings = reads.iter().map(|signal| names.encoding(*signal)).collect();
    Ok(ComputedTest {
        signals: reads.to_vec(),
        slots: slots?,
        encodings,
        expression: atom.expression.clone(),
        symbols: Arc::clone(&names.symbols),
    })
}

/// An expression that is evaluated over decoded values.
#[derive(Debug)]
struct ComputedTest {
    signals: Vec<SignalId>,
    slots: Vec<Slot>,
    encodings: Vec<Option<Encoding>>,
    expression: Expression,
    symbols: Arc<Symbols>,
}

impl Test for ComputedTest {
    fn reads(&self) -> &[Slot] {
        &self.slots
    }

    fn truth(&self, facts: Facts<'_>) -> Option<bool> {
        self.expression.truth(&|signal: SignalId| {
            let index = self.signals.iter().position(|known| *known == signal)?;
            let number = facts.get(self.slots[index]).known()?;
            self.encodings[index]?.decode(number, &self.symbols)
        })
    }
}
