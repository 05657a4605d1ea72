//! From edges and the winners of targets to decisions with their actions.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_operators::arbitrate::{ClaimKey, Target, WinnerChange};
use piccolo_operators::cooldown::EdgeKind;
use piccolo_operators::evaluate::{Cause, Edge as RuleEdge};
use piccolo_operators::ids::{Rule, Vehicle};
use piccolo_script as script;
use piccolo_script::{ActionKind, ActionTemplate, Policy};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::decision::{Action, Arguments, Decision, Edge, Withheld};
use crate::decision_id::DecisionId;
use crate::encode::Names;
use crate::explain::EdgeFacts;
use crate::lane::{Lane, LiveRule};
use crate::policy::{Asked, Judged, Policies, PolicyDefaults};
use crate::worker::Findings;

mod apart;
mod deciders;
mod saved;

pub(crate) use apart::{Book, Decided, EDGES_APART_MIN, Job, merge};
pub(crate) use deciders::Deciders;
pub(crate) use saved::{ActionArguments, SavedWanted};

/// Who has which target, and what the active scenarios would do with theirs.
#[derive(Debug, Default)]
pub(crate) struct Decider {
    winners: FxHashMap<ClaimKey, Rule>,
    /// The active scenarios, with what they want of their targets.
    active: FxHashMap<(Vehicle, Rule), Wanted>,
    /// One more than the highest vehicle in which a scenario ever began.
    vehicles: Vehicle,
}

/// What an active scenario wants of the targets that it claims.
#[derive(Debug, Default)]
enum Wanted {
    /// Its actions, none of which has arguments: as the rule writes them.
    #[default]
    AsWritten,
    /// Its actions by target, as they were evaluated when it began; none for one that was withheld
    /// for want of a value.
    Evaluated(Vec<(Target, Option<(ActionKind, Action)>)>),
}

/// Told of a policy that is asked about an action of an edge, with the facts that it sees.
type PolicyWatcher<'a> = dyn Fn(&RuleEdge, &Arc<Policy>, &dyn script::Facts) + 'a;

/// What decisions are made with.
pub(crate) struct Context<'a> {
    pub(crate) names: &'a Names,
    pub(crate) rules: &'a FxHashMap<Rule, LiveRule>,
    pub(crate) explain: bool,
    pub(crate) lane: Lane,
    pub(crate) policies: &'a Policies,
    pub(crate) defaults: PolicyDefaults,
    /// Told of each policy that is asked about an action.
    pub(crate) seen: &'a PolicyWatcher<'a>,
}

impl Context<'_> {
    /// An edge with its rule, where the lane hears of it.
    fn hear<'e>(&'e self, edge: &'e RuleEdge) -> Option<EdgeFacts<'e>> {
        let told = match edge.cause {
            Cause::Lane(lane) => lane == self.lane.number(),
            _ => true,
        };
        let rule = self.rules.get(&edge.rule).filter(|_| told)?;
        rule.claims(self.lane)?;
        Some(EdgeFacts { names: self.names, rule, edge })
    }

    /// The canonical order of edges: time, vehicle name, those that a change of rules made first,
    /// ends before begins, scenario name.
    fn order(&self, a: &EdgeFacts<'_>, b: &EdgeFacts<'_>) -> Ordering {
        let vehicle = |heard: &EdgeFacts<'_>| self.names.vehicle_name(heard.edge.vehicle);
        let settled =
            |heard: &EdgeFacts<'_>| matches!(heard.edge.cause, Cause::When | Cause::Until);
        let same_time = || {
            vehicle(a)
                .cmp(&vehicle(b))
                .then(settled(a).cmp(&settled(b)))
                .then(a.edge.kind.cmp(&b.edge.kind))
                .then_with(|| a.rule.scenario.name.cmp(&b.rule.scenario.name))
                .then(a.edge.rule.cmp(&b.edge.rule))
        };
        a.edge.time_us.cmp(&b.edge.time_us).then_with(same_time)
    }
}

impl Decider {
    /// The decisions of a step, in canonical order.
    pub(crate) fn decide(&mut self, findings: &Findings, context: &Context<'_>) -> Vec<Decision> {
        let heard = findings.edges.iter().filter_map(|edge| context.hear(edge));
        let (changes, mut edges): (Vec<EdgeFacts<'_>>, Vec<EdgeFacts<'_>>) =
            heard.partition(|heard| is_change(heard.edge));
        // Rules change at the beginning of a step, so this comes before all else.
        let heirs = self.carry(&changes, context);
        let new: FxHashSet<(Vehicle, Rule)> =
            heirs.iter().map(|((vehicle, _), heir)| (*vehicle, *heir)).collect();
        let is_carried = |heard: &EdgeFacts<'_>| {
            let key = (heard.edge.vehicle, heard.edge.rule);
            heirs.contains_key(&key) || new.contains(&key)
        };
        edges.extend(changes.into_iter().filter(|heard| !is_carried(heard)));
        look_ahead(&edges);
        edges.sort_by(|a, b| context.order(a, b));
        let mut winners = findings.winners.as_slice();
        let mut decisions = Vec::with_capacity(edges.len());
        for moment in edges.chunk_by(|a, b| a.edge.time_us == b.edge.time_us) {
            let time_us = moment[0].edge.time_us;
            // A change of rules changes winners without an edge where a scenario goes on.
            let mut until = |at: &dyn Fn(&WinnerChange) -> bool| {
                let (now, later) = winners.split_at(winners.partition_point(at));
                winners = later;
                now
            };
            self.take_winners(until(&|change| change.time_us < time_us));
            let mut before = self.take_winners(until(&|change| change.time_us <= time_us));
            for ((vehicle, _), winner) in &mut before {
                // One that goes on in the place of another had what that one had.
                let heir = winner.and_then(|old| heirs.get(&(*vehicle, old)));
                *winner = heir.copied().or(*winner);
            }
            decisions.extend(moment.iter().map(|facts| self.decision(facts, &before, context)));
        }
        self.take_winners(winners);
        decisions
    }

    /// Moves what active scenarios claim to those that go on in their place; who goes on for whom.
    ///
    /// Either the operators say so, or a lane hears at once that one revision of a scenario is no
    /// more and another is, which does the same.
    fn carry(
        &mut self,
        changes: &[EdgeFacts<'_>],
        context: &Context<'_>,
    ) -> FxHashMap<(Vehicle, Rule), Rule> {
        let mut begins: FxHashMap<(Vehicle, &Arc<str>), Rule> = FxHashMap::default();
        for EdgeFacts { edge, rule, .. } in changes {
            if edge.kind == EdgeKind::Begin {
                begins.insert((edge.vehicle, &rule.scenario.name), edge.rule);
            }
        }
        let mut heirs = FxHashMap::default();
        for EdgeFacts { edge, rule: old, .. } in changes {
            if edge.kind != EdgeKind::End {
                continue;
            }
            let Some(heir) = begins.get(&(edge.vehicle, &old.scenario.name)) else { continue };
            let goes_on = |new: &LiveRule| new.does_the_same(&old.scenario);
            if context.rules.get(heir).is_some_and(goes_on) {
                let wanted = self.active.remove(&(edge.vehicle, edge.rule)).unwrap_or_default();
                self.active.insert((edge.vehicle, *heir), wanted);
                heirs.insert((edge.vehicle, edge.rule), *heir);
            }
        }
        heirs
    }

    /// Whether no scenario is active.
    pub(crate) fn is_idle(&self) -> bool {
        self.active.is_empty()
    }

    /// Which of the rules that claim a target are active, with their vehicles.
    pub(crate) fn holders(&self, claimants: &[Rule]) -> impl Iterator<Item = (Vehicle, Rule)> {
        claimants
            .iter()
            .flat_map(|rule| (0..self.vehicles).map(|vehicle| (vehicle, *rule)))
            .filter(|key| self.active.contains_key(key))
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
        let vehicle = context.names.named(edge.vehicle);
        let (kind, mut outcome) = match edge.kind {
            EdgeKind::Begin => (Edge::Begin, self.begin(facts, context)),
            EdgeKind::End => (Edge::End, self.end(facts, context)),
        };
        if kind == Edge::End {
            self.give_back(facts, before, context, &mut outcome);
        }
        Decision {
            id: DecisionId::new(vehicle.digest, facts.rule.digest, kind, edge.time_us),
            time_us: edge.time_us,
            vehicle: vehicle.name,
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
        let targets = facts.rule.claims(context.lane).map_or(&[][..], |claims| &claims.then);
        let mut outcome = Outcome::default();
        let then = &facts.rule.scenario.then;
        let as_written = then.iter().all(|template| template.arguments.is_empty());
        outcome.actions.reserve_exact(then.len());
        let mut evaluated = Vec::new();
        for (index, template) in then.iter().enumerate() {
            let target = targets.get(index).copied().flatten();
            let action = evaluate(template, facts, &context.names.catalogue);
            if let Some(target) = target.filter(|_| !as_written) {
                let wanted = action.as_ref().ok().map(|action| (template.kind, action.clone()));
                evaluated.push((target, wanted));
            }
            match action {
                Ok(action) => {
                    let winner = target.and_then(|target| self.winners.get(&(vehicle, target)));
                    let winner = winner.filter(|winner| **winner != rule);
                    outcome.add(template.kind, action, winner, facts, context);
                }
                Err(withheld) => outcome.withheld.push(withheld),
            }
        }
        let wanted = if as_written { Wanted::AsWritten } else { Wanted::Evaluated(evaluated) };
        self.active.insert((vehicle, rule), wanted);
        self.vehicles = self.vehicles.max(vehicle + 1);
        outcome
    }

    fn end(&mut self, facts: &EdgeFacts<'_>, context: &Context<'_>) -> Outcome {
        let vehicle = facts.edge.vehicle;
        self.active.remove(&(vehicle, facts.edge.rule));
        let targets = facts.rule.claims(context.lane).map_or(&[][..], |claims| &claims.finally);
        let mut outcome = Outcome::default();
        for (index, template) in facts.rule.scenario.finally.iter().enumerate() {
            let target = targets.get(index).copied().flatten();
            let winner = target.and_then(|target| self.winners.get(&(vehicle, target)));
            match evaluate(template, facts, &context.names.catalogue) {
                Ok(action) => outcome.add(template.kind, action, winner, facts, context),
                Err(withheld) => outcome.withheld.push(withheld),
            }
        }
        outcome
    }

    /// What scenarios that were active before do with the targets that an end gives them.
    fn give_back(
        &self,
        facts: &EdgeFacts<'_>,
        before: &BTreeMap<ClaimKey, Option<Rule>>,
        context: &Context<'_>,
        outcome: &mut Outcome,
    ) {
        let (vehicle, rule) = (facts.edge.vehicle, facts.edge.rule);
        let Some(claims) = facts.rule.claims(context.lane) else { return };
        for target in claims.all.iter() {
            let key = (vehicle, *target);
            let had_it = before.get(&key) == Some(&Some(rule));
            let Some(heir) = self.winners.get(&key).filter(|_| had_it) else { continue };
            let Some(wanted) = self.active.get(&(vehicle, *heir)) else { continue };
            let Some(heir) = context.rules.get(heir) else { continue };
            for (kind, action) in wanted.of(*target, heir, facts, context) {
                let scenario = Some(Arc::clone(&heir.scenario.name));
                outcome.add(kind, Action { scenario, ..action }, None, facts, context);
            }
        }
    }
}

impl Wanted {
    /// What an active rule wants of a target.
    fn of(
        &self,
        target: Target,
        rule: &LiveRule,
        facts: &EdgeFacts<'_>,
        context: &Context<'_>,
    ) -> Vec<(ActionKind, Action)> {
        match self {
            Self::Evaluated(actions) => {
                let own = actions.iter().filter(|(own, _)| *own == target);
                own.filter_map(|(_, wanted)| wanted.clone()).collect()
            }
            Self::AsWritten => {
                let targets = rule.claims(context.lane).map_or(&[][..], |claims| &claims.then);
                let own = rule.scenario.then.iter().zip(targets);
                own.filter(|(_, own)| **own == Some(target))
                    .filter_map(|(template, _)| {
                        let action = evaluate(template, facts, &context.names.catalogue);
                        action.ok().map(|action| (template.kind, action))
                    })
                    .collect()
            }
        }
    }
}

/// Reads what the decisions will be made of, all of it at once, so that it is on its way from
/// memory before they need it, one after the other. It changes nothing.
fn look_ahead(edges: &[EdgeFacts<'_>]) {
    let mut read = 0;
    for EdgeFacts { rule, edge, .. } in edges {
        let scenario = &rule.scenario;
        let actions = if edge.kind == EdgeKind::Begin { &scenario.then } else { &scenario.finally };
        let target = actions.first().map(|action| &action.target);
        let texts = [Some(&scenario.name), Some(&scenario.revision), target];
        let first = |text: &Arc<str>| text.as_bytes().first().copied();
        read ^= texts.into_iter().flatten().filter_map(first).fold(0, |a, b| a ^ b);
    }
    std::hint::black_box(read);
}

/// Whether a change of rules made an edge.
fn is_change(edge: &RuleEdge) -> bool {
    matches!(edge.cause, Cause::Carried | Cause::Lane(_) | Cause::Removed)
}

/// The actions of one edge, done and not done.
#[derive(Default)]
struct Outcome {
    actions: Vec<Action>,
    withheld: Vec<Withheld>,
}

impl Outcome {
    /// Takes an action in; `winner` is another scenario that has its target.
    fn add(
        &mut self,
        kind: ActionKind,
        action: Action,
        winner: Option<&Rule>,
        facts: &EdgeFacts<'_>,
        context: &Context<'_>,
    ) {
        if let Some(winner) = winner.and_then(|winner| context.rules.get(winner)) {
            let overruled_by = Some(Arc::clone(&winner.scenario.name));
            let withheld = Withheld::new(action.kind, &action.target);
            self.withheld.push(Withheld { overruled_by, ..withheld });
            return;
        }
        let asked = Asked {
            facts,
            scenario: action.scenario.as_ref().unwrap_or(&facts.rule.scenario.name),
            defaults: context.defaults,
            seen: &|policy, seen| (context.seen)(facts.edge, policy, seen),
        };
        match context.policies.judge(kind, &action, &asked) {
            Judged::Allowed => self.actions.push(action),
            Judged::Changed(changed) => self.actions.push(changed),
            Judged::Denied { by: denied_by, reason } => {
                let withheld = Withheld::new(action.kind, &action.target);
                self.withheld.push(Withheld { denied_by, reason: Some(reason), ..withheld });
            }
        }
    }
}

/// The action with its arguments evaluated; withheld where one has no value that fits.
pub(crate) fn evaluate(
    template: &ActionTemplate,
    facts: &dyn script::Facts,
    catalogue: &Catalogue,
) -> Result<Action, Withheld> {
    let mut arguments = Vec::with_capacity(template.arguments.len());
    for argument in &template.arguments {
        let value = argument.expression.evaluate(facts);
        let value = value.and_then(|value| fitting(template, value, catalogue));
        let value = value.ok_or_else(|| Withheld {
            no_value_for: Some(Arc::clone(&argument.name)),
            ..Withheld::new(template.kind.name(), &template.target)
        })?;
        arguments.push((Arc::clone(&argument.name), value));
    }
    Ok(Action {
        kind: template.kind.name(),
        target: Arc::clone(&template.target),
        arguments: Arguments(arguments),
        scenario: None,
        changed_by: None,
    })
}

/// What an actuator is set to has the actuator's type; other arguments are free.
fn fitting(template: &ActionTemplate, value: Value, catalogue: &Catalogue) -> Option<Value> {
    if template.kind != ActionKind::Actuate {
        return Some(value);
    }
    let signal = catalogue.get(catalogue.find(&template.target)?)?;
    signal.coerce(value).ok()
}
