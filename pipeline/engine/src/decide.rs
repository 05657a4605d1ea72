//! From edges and the winners of targets to decisions with their actions.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::arbitrate::{ClaimKey, Target};
use piccolo_operators::cooldown::EdgeKind;
use piccolo_operators::evaluate::Edge as RuleEdge;
use piccolo_operators::ids::{Rule, Vehicle};
use piccolo_script::{ActionKind, ActionTemplate};
use rustc_hash::FxHashMap;

use crate::compile::LiveRule;
use crate::decision::{Action, Arguments, Decision, Edge, Withheld};
use crate::encode::Names;
use crate::explain::EdgeFacts;
use crate::worker::{Findings, WinnerChange};

/// Who has which target, and what the active scenarios would do with theirs.
#[derive(Debug, Default)]
pub(crate) struct Decider {
    winners: FxHashMap<ClaimKey, Rule>,
    /// The actions of active scenarios on targets that can collide, as they were evaluated;
    /// none for an action that was withheld for want of a value.
    active: FxHashMap<(Vehicle, Rule), Claimed>,
}

/// What an active scenario claims, with the action that it wants there.
type Claimed = Vec<(Target, Option<Action>)>;

/// What decisions are made with.
pub(crate) struct Context<'a> {
    pub(crate) names: &'a Names,
    pub(crate) rules: &'a FxHashMap<Rule, LiveRule>,
    pub(crate) explain: bool,
}

impl Context<'_> {
    /// The canonical order of edges at one time: vehicle name, ends before begins, scenario name.
    fn order(&self, a: &RuleEdge, b: &RuleEdge) -> Ordering {
        let vehicle = |edge: &RuleEdge| self.names.vehicle_name(edge.vehicle);
        let scenario = |edge: &RuleEdge| self.rules.get(&edge.rule).map(|rule| &rule.scenario.name);
        vehicle(a)
            .cmp(&vehicle(b))
            .then(a.kind.cmp(&b.kind))
            .then_with(|| scenario(a).cmp(&scenario(b)))
            .then(a.rule.cmp(&b.rule))
    }
}

impl Decider {
    /// The decisions of a step, in canonical order.
    pub(crate) fn decide(
        &mut self,
        mut findings: Findings,
        context: &Context<'_>,
    ) -> Vec<Decision> {
        findings.edges.sort_by(|a, b| a.time_us.cmp(&b.time_us).then_with(|| context.order(a, b)));
        findings.winners.sort_by_key(|change| (change.time_us, change.diff));
        let mut winners = findings.winners.as_slice();
        let mut decisions = Vec::with_capacity(findings.edges.len());
        for moment in findings.edges.chunk_by(|a, b| a.time_us == b.time_us) {
            let time_us = moment[0].time_us;
            let (now, later) =
                winners.split_at(winners.partition_point(|change| change.time_us <= time_us));
            winners = later;
            let before = self.take_winners(now);
            for edge in moment {
                if let Some(rule) = context.rules.get(&edge.rule) {
                    let facts = EdgeFacts { names: context.names, rule, edge };
                    decisions.push(self.decision(&facts, &before, context));
                }
            }
        }
        self.take_winners(winners);
        decisions
    }

    /// The active rules that claim a target, with their vehicles, in order.
    pub(crate) fn holders(&self, target: Target) -> Vec<(Vehicle, Rule)> {
        let claims = |claimed: &[(Target, Option<Action>)]| {
            claimed.iter().any(|(claimed, _)| *claimed == target)
        };
        let mut holders: Vec<(Vehicle, Rule)> = self
            .active
            .iter()
            .filter(|(_, claimed)| claims(claimed))
            .map(|(key, _)| *key)
            .collect();
        holders.sort_unstable();
        holders
    }

    /// Takes changed winners in; who had those targets before.
    fn take_winners(&mut self, changes: &[WinnerChange]) -> BTreeMap<ClaimKey, Option<Rule>> {
        let before: BTreeMap<ClaimKey, Option<Rule>> = changes
            .iter()
            .map(|change| (change.key, self.winners.get(&change.key).copied()))
            .collect();
        for change in changes {
            if change.diff > 0 {
                self.winners.insert(change.key, change.rule);
            } else if self.winners.get(&change.key) == Some(&change.rule) {
                self.winners.remove(&change.key);
            }
        }
        before
    }

    fn decision(
        &mut self,
        facts: &EdgeFacts<'_>,
        before: &BTreeMap<ClaimKey, Option<Rule>>,
        context: &Context<'_>,
    ) -> Decision {
        let (edge, scenario) = (facts.edge, &facts.rule.scenario);
        let vehicle = context.names.vehicle_name(edge.vehicle).cloned().unwrap_or_default();
        let (kind, mut outcome) = match edge.kind {
            EdgeKind::Begin => (Edge::Begin, self.begin(facts, context)),
            EdgeKind::End => (Edge::End, self.end(facts, context)),
        };
        if kind == Edge::End {
            outcome.actions.extend(self.given_back(facts, before, context));
        }
        Decision {
            id: decision_id(&vehicle, &scenario.name, &scenario.revision, kind, edge.time_us),
            time_us: edge.time_us,
            vehicle,
            scenario: Arc::clone(&scenario.name),
            revision: Arc::clone(&scenario.revision),
            edge: kind,
            actions: outcome.actions,
            withheld: outcome.withheld,
            why: context.explain.then(|| Arc::new(facts.why())),
        }
    }

    fn begin(&mut self, facts: &EdgeFacts<'_>, context: &Context<'_>) -> Outcome {
        let (vehicle, rule) = (facts.edge.vehicle, facts.edge.rule);
        let mut outcome = Outcome::default();
        let mut claimed = Vec::new();
        for (index, template) in facts.rule.scenario.then.iter().enumerate() {
            let target = facts.rule.then_targets.get(index).copied().flatten();
            let action = evaluate(template, facts);
            if let Some(target) = target {
                claimed.push((target, action.as_ref().ok().cloned()));
            }
            let winner = target.and_then(|target| self.winners.get(&(vehicle, target)));
            match action {
                Ok(action) => {
                    outcome.add(action, winner.filter(|winner| **winner != rule), context);
                }
                Err(withheld) => outcome.withheld.push(withheld),
            }
        }
        if !claimed.is_empty() {
            self.active.insert((vehicle, rule), claimed);
        }
        outcome
    }

    fn end(&mut self, facts: &EdgeFacts<'_>, context: &Context<'_>) -> Outcome {
        let vehicle = facts.edge.vehicle;
        self.active.remove(&(vehicle, facts.edge.rule));
        let mut outcome = Outcome::default();
        for (index, template) in facts.rule.scenario.finally.iter().enumerate() {
            let target = facts.rule.finally_targets.get(index).copied().flatten();
            let winner = target.and_then(|target| self.winners.get(&(vehicle, target)));
            match evaluate(template, facts) {
                Ok(action) => outcome.add(action, winner, context),
                Err(withheld) => outcome.withheld.push(withheld),
            }
        }
        outcome
    }

    /// What scenarios that were active before do with the targets that an end gives them.
    fn given_back(
        &self,
        facts: &EdgeFacts<'_>,
        before: &BTreeMap<ClaimKey, Option<Rule>>,
        context: &Context<'_>,
    ) -> Vec<Action> {
        let (vehicle, rule) = (facts.edge.vehicle, facts.edge.rule);
        let mut actions = Vec::new();
        for target in &facts.rule.claims {
            let key = (vehicle, *target);
            let had_it = before.get(&key) == Some(&Some(rule));
            let Some(heir) = self.winners.get(&key).filter(|_| had_it) else { continue };
            let Some(claimed) = self.active.get(&(vehicle, *heir)) else { continue };
            let scenario = context.rules.get(heir).map(|rule| Arc::clone(&rule.scenario.name));
            let of_target = claimed.iter().filter(|(claimed, _)| claimed == target);
            actions.extend(of_target.filter_map(|(_, action)| {
                let action = action.clone()?;
                Some(Action { scenario: scenario.clone(), ..action })
            }));
        }
        actions
    }
}

/// The actions of one edge, done and not done.
#[derive(Default)]
struct Outcome {
    actions: Vec<Action>,
    withheld: Vec<Withheld>,
}

impl Outcome {
    /// Takes an action in; `winner` is another scenario that has its target.
    fn add(&mut self, action: Action, winner: Option<&Rule>, context: &Context<'_>) {
        match winner.and_then(|winner| context.rules.get(winner)) {
            None => self.actions.push(action),
            Some(winner) => self.withheld.push(Withheld {
                kind: action.kind,
                target: action.target,
                overruled_by: Some(Arc::clone(&winner.scenario.name)),
                no_value_for: None,
            }),
        }
    }
}

/// The action with its arguments evaluated; withheld where one has no value that fits.
fn evaluate(template: &ActionTemplate, facts: &EdgeFacts<'_>) -> Result<Action, Withheld> {
    let mut arguments = Vec::with_capacity(template.arguments.len());
    for argument in &template.arguments {
        let value = argument.expression.evaluate(facts);
        let value = value.and_then(|value| fitting(template, value, facts));
        let value = value.ok_or_else(|| Withheld {
            kind: template.kind.name(),
            target: Arc::clone(&template.target),
            overruled_by: None,
            no_value_for: Some(Arc::clone(&argument.name)),
        })?;
        arguments.push((Arc::clone(&argument.name), value));
    }
    Ok(Action {
        kind: template.kind.name(),
        target: Arc::clone(&template.target),
        arguments: Arguments(arguments),
        scenario: None,
    })
}

/// What an actuator is set to has the actuator's type; other arguments are free.
fn fitting(template: &ActionTemplate, value: Value, facts: &EdgeFacts<'_>) -> Option<Value> {
    if template.kind != ActionKind::Actuate {
        return Some(value);
    }
    let catalogue = &facts.names.catalogue;
    let signal = catalogue.get(catalogue.find(&template.target)?)?;
    signal.coerce(value).ok()
}

fn decision_id(
    vehicle: &str,
    scenario: &str,
    revision: &str,
    edge: Edge,
    time_us: u64,
) -> Arc<str> {
    let edge = match edge {
        Edge::Begin => "begin",
        Edge::End => "end",
    };
    let mut hasher = blake3::Hasher::new();
    for part in [vehicle, scenario, revision, edge] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&time_us.to_le_bytes());
    hasher.finalize().to_hex().as_str()[..32].into()
}
