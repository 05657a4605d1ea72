//! Why a decision was made, and why it was not.

pub mod minimal;
mod why_not;

use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{AtomReason, Decision, DecisionId, Edge, EngineError, SampleReason, Why};
use piccolo_script::{Condition, Fact, RuleSet, Scenario};
use serde::Serialize;

use crate::diff::{Relevant, signals_of};
use crate::drive::Drive;
use crate::play::Player;
use minimal::Terms;

pub use why_not::{Answer, Asked, Missing, WhyNot, why_not};

/// Which decision is explained.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// The one with this id.
    Id(DecisionId),
    /// One of a scenario: the last at or before a time, or else the first.
    Scenario {
        /// The scenario's name.
        name: &'a str,
        /// The time.
        at_us: Option<u64>,
        /// The edge; without one, either.
        edge: Option<Edge>,
    },
}

/// Why a decision was made.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The decision, without the reason that the engine gives.
    pub decision: Decision,
    /// The clause that decided, as [`Why::clause`] says.
    pub clause: &'static str,
    /// The condition as it is written.
    pub condition: Arc<str>,
    /// Whether the condition held; an end without `until` comes where it does not.
    pub holds: bool,
    /// Since when it had held, where the rule asks for a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_since_us: Option<u64>,
    /// For how long it has to hold.
    pub held_us: u64,
    /// Until when the scenario does not begin again, for an end with a cooldown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_until_us: Option<u64>,
    /// The fewest atoms that were enough, in the order of the text.
    pub atoms: Vec<Ground>,
    /// How many atoms the condition has.
    pub atoms_count: usize,
    /// Whether no fewer atoms are enough for certain.
    pub least: bool,
}

/// An atom that a decision rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Ground {
    /// The atom with its values, its margin and the sample that flipped it.
    #[serde(flatten)]
    pub reason: AtomReason,
    /// For facts that are made from signals, the last sample of each of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made_from: Vec<SampleReason>,
}

/// Explains a decision; `None` where the rules made none like it.
///
/// # Errors
/// Those of the engine.
pub fn explain(
    rules: &RuleSet,
    drives: &[Drive],
    catalogue: &Arc<Catalogue>,
    which: Which<'_>,
) -> Result<Option<Explanation>, EngineError> {
    let rules = match which {
        Which::Id(_) => rules.clone(),
        Which::Scenario { name, .. } => needed_for(rules, name),
    };
    let mut player = Player::new(drives, catalogue, true)?;
    player.engine.load(&rules)?;
    let mut found: Option<Decision> = None;
    let end_us = match which {
        Which::Scenario { at_us, .. } => at_us.map(|at_us| at_us.saturating_add(1)),
        Which::Id(_) => None,
    };
    player.play(&signals_of([&rules]), end_us, |_, decisions| {
        let mut fitting = decisions.into_iter().filter(|decision| fits(decision, which));
        match end_us {
            Some(_) => found = fitting.last().or(found.take()),
            None => found = fitting.next(),
        }
        end_us.is_some() || found.is_none()
    })?;
    let Some(decision) = found else { return Ok(None) };
    let scenario = rules.scenario(&decision.scenario);
    let drive = drives.iter().find(|drive| *drive.name() == decision.vehicle);
    Ok(scenario.zip(drive).and_then(|(scenario, drive)| ground(decision, scenario, drive)))
}

/// The rules that are needed to decide one scenario: those that matter where it is taken away.
fn needed_for(rules: &RuleSet, name: &str) -> RuleSet {
    let relevant = Relevant::of(rules, &rules.clone().without(name));
    rules.clone().retain(|scenario| relevant.contains(&scenario.name))
}

fn fits(decision: &Decision, which: Which<'_>) -> bool {
    match which {
        Which::Id(id) => decision.id == id,
        Which::Scenario { name, edge, .. } => {
            *decision.scenario == *name && edge.is_none_or(|edge| edge == decision.edge)
        }
    }
}

fn ground(mut decision: Decision, scenario: &Scenario, drive: &Drive) -> Option<Explanation> {
    let why = decision.why.take()?;
    let condition = match (&scenario.until, why.clause) {
        (Some(until), "until") => until,
        _ => &scenario.when,
    };
    let (chosen, holds, least) = deciding(condition, &why);
    let atoms = chosen.into_iter().filter_map(|index| {
        let reason = why.atoms.get(index)?.clone();
        let reads = condition.atoms.get(index)?.reads();
        let made_from = made_from(&reads, drive, decision.time_us);
        Some(Ground { reason, made_from })
    });
    let rests = decision.edge == Edge::End && scenario.cooldown_us > 0;
    Some(Explanation {
        clause: why.clause,
        condition: Arc::clone(&why.condition),
        holds,
        held_since_us: why.held_since_us,
        held_us: scenario.held_us,
        rests_until_us: rests.then(|| decision.time_us.saturating_add(scenario.cooldown_us)),
        atoms: atoms.collect(),
        atoms_count: condition.atoms.len(),
        least,
        decision,
    })
}

/// The atoms that were enough for the condition to hold, or not to; whether it held; and whether
/// no fewer are enough.
fn deciding(condition: &Condition, why: &Why) -> (Vec<usize>, bool, bool) {
    let truth = |atom: usize| why.atoms.get(atom).and_then(|reason| reason.holds);
    let is = |(atom, negated): minimal::Literal| truth(atom) == Some(!negated);
    let holds = condition.formula.holds(&truth);
    let (terms, set) = if holds {
        let terms = Terms::of(&condition.formula);
        let set = terms.sufficient(&is);
        (terms, set)
    } else {
        let terms = Terms::against(&condition.formula);
        let set = terms.sufficient(&|literal| !is(literal));
        (terms, set)
    };
    let least = terms.exact && set.is_some();
    (set.unwrap_or_else(|| (0..why.atoms.len()).collect()), holds, least)
}

/// The last sample, at a time, of each signal that facts are made from.
fn made_from(facts: &[Fact], drive: &Drive, time_us: u64) -> Vec<SampleReason> {
    let derived = facts.iter().filter(|fact| matches!(fact, Fact::Derived(_)));
    let mut paths = Vec::new();
    derived.for_each(|fact| paths_under(fact, &mut paths));
    paths.sort_unstable();
    paths.dedup();
    let sample = |(signal, path): (_, Arc<str>)| {
        let sample = drive.at(signal, time_us)?;
        let (time_us, origin) = (sample.time_us, sample.line);
        Some(SampleReason { signal: path, value: sample.value, time_us, origin })
    };
    paths.into_iter().filter_map(sample).collect()
}

fn paths_under(fact: &Fact, paths: &mut Vec<(piccolo_catalogue::SignalId, Arc<str>)>) {
    match fact {
        Fact::Signal(signal, path) => paths.push((*signal, Arc::clone(path))),
        Fact::Derived(derived) => {
            derived.over.reads().iter().for_each(|source| paths_under(source, paths));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
