//! What comes of edges, by the definitions: who has which target, what policies say, and decisions.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_engine::{Action, Arguments, Decision, DecisionId, Edge, Withheld};
use piccolo_script::{
    ActionField, ActionKind, ActionTemplate, Fact, PlatformFact, Policy, Scenario, Verdict,
};

use super::constructs::{Coverage, Seen, of_argument, of_condition, of_verdict};
use super::lines::{REASONS, decision_line};
use super::mutants::Mutant;
use super::twin::{At, Twin};
use super::world::vehicle_name;

/// A scenario begins or ends in a vehicle.
#[derive(Clone, Debug)]
pub(crate) struct TwinEdge {
    pub(crate) time_us: u64,
    pub(crate) epoch: usize,
    /// Whether a change of the rules made it.
    pub(crate) is_change: bool,
    pub(crate) edge: Edge,
    pub(crate) scenario: Arc<Scenario>,
    /// Tells scenarios of one name from each other.
    pub(crate) course: usize,
}

/// An active scenario, with what it wanted of its targets when it began.
#[derive(Clone, Debug)]
struct Active {
    scenario: Arc<Scenario>,
    wanted: Vec<(ActionKind, Option<Action>)>,
}

type Claim<'s> = (&'static str, &'s Arc<str>);

/// The decisions on the edges of all vehicles, in canonical order, a line each.
pub(crate) fn decisions(
    twin: &Twin<'_>,
    edges: Vec<Vec<TwinEdge>>,
    coverage: &mut Coverage,
) -> Vec<String> {
    let mut all: Vec<((u64, usize, usize), Decision)> = Vec::new();
    for (vehicle, mut own) in edges.into_iter().enumerate() {
        own.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut actors = Actors { twin, vehicle, active: BTreeMap::new(), coverage };
        for moment in own.chunk_by(|a, b| a.time_us == b.time_us) {
            for (index, decision) in actors.moment(moment).into_iter().enumerate() {
                all.push(((decision.time_us, vehicle, index), decision));
            }
        }
    }
    all.sort_by_key(|(place, _)| *place);
    all.iter().map(|(_, decision)| decision_line(decision)).collect()
}

fn order(edge: &TwinEdge) -> (u64, bool, bool, &Arc<str>) {
    (edge.time_us, !edge.is_change, edge.edge == Edge::Begin, &edge.scenario.name)
}

/// The scenarios that are active in a vehicle.
struct Actors<'a, 'w> {
    twin: &'a Twin<'w>,
    vehicle: usize,
    active: BTreeMap<usize, Active>,
    coverage: &'a mut Coverage,
}

/// Who wants an action, and where and when.
struct Asking<'a> {
    at: At,
    policies: Vec<&'a Arc<Policy>>,
    scenario: &'a Arc<str>,
}

impl Actors<'_, '_> {
    /// The decisions of everything that begins and ends at one time.
    fn moment(&mut self, edges: &[TwinEdge]) -> Vec<Decision> {
        let before = self.active.clone();
        let mut after = before.clone();
        for edge in edges {
            match edge.edge {
                Edge::End => drop(after.remove(&edge.course)),
                Edge::Begin => {
                    let scenario = Arc::clone(&edge.scenario);
                    after.insert(edge.course, Active { scenario, wanted: Vec::new() });
                }
            }
        }
        edges.iter().map(|edge| self.decision(edge, &before, &after)).collect()
    }

    fn decision(
        &mut self,
        edge: &TwinEdge,
        before: &BTreeMap<usize, Active>,
        after: &BTreeMap<usize, Active>,
    ) -> Decision {
        let scenario = &edge.scenario;
        let mut decision = Decision {
            id: DecisionId::default(),
            time_us: edge.time_us,
            vehicle: vehicle_name(self.vehicle).into(),
            scenario: Arc::clone(&scenario.name),
            revision: Arc::clone(&scenario.revision),
            edge: edge.edge,
            actions: Vec::new(),
            withheld: Vec::new(),
            why: None,
        };
        let at = self.at(edge);
        let is_end = edge.edge == Edge::End;
        let templates = if is_end { &scenario.finally } else { &scenario.then };
        let mut wanted = Vec::new();
        for template in templates {
            let action = self.evaluated(template, at);
            wanted.push((template.kind, action.clone().ok()));
            let winner = template.claim().and_then(|claim| self.winner(after, claim));
            let winner = winner.filter(|(course, _)| is_end || **course != edge.course);
            match (action, winner) {
                (Err(withheld), _) => decision.withheld.push(withheld),
                (Ok(action), Some((_, winner))) => {
                    self.coverage.note(("event", "overruled"), true);
                    let overruled_by = Some(Arc::clone(&winner.scenario.name));
                    let withheld = withheld(action.kind, &action.target);
                    decision.withheld.push(Withheld { overruled_by, ..withheld });
                }
                (Ok(action), None) => {
                    self.judge(edge, &scenario.name, template.kind, action, &mut decision);
                }
            }
            if is_end {
                self.coverage.note(("clause", "finally"), !decision.actions.is_empty());
            }
        }
        match is_end {
            true => {
                self.active.remove(&edge.course);
                self.give_back(edge, before, after, &mut decision);
            }
            false => {
                let scenario = Arc::clone(scenario);
                self.active.insert(edge.course, Active { scenario, wanted });
            }
        }
        decision
    }

    /// Where facts are looked at for an edge.
    fn at(&self, edge: &TwinEdge) -> At {
        At { epoch: edge.epoch, vehicle: self.vehicle, now_us: edge.time_us }
    }

    /// The active scenario that has a target.
    fn winner<'s>(
        &mut self,
        active: &'s BTreeMap<usize, Active>,
        claim: Claim<'_>,
    ) -> Option<(&'s usize, &'s Active)> {
        let claims = |(_, own): &(&usize, &Active)| {
            own.scenario.then.iter().any(|action| action.claim() == Some(claim))
        };
        let wanting: Vec<(&usize, &Active)> = active.iter().filter(claims).collect();
        let by_priority = |own: &&(&usize, &Active)| Reverse(own.1.scenario.priority);
        let first = wanting.iter().min_by_key(|own| (by_priority(own), &own.1.scenario.name));
        let by_name = wanting.iter().min_by_key(|own| &own.1.scenario.name);
        if wanting.len() > 1 {
            let by_priority = first.map(|own| own.0) != by_name.map(|own| own.0);
            self.coverage.note(("clause", "priority"), by_priority);
        }
        if self.twin.mutant == Some(Mutant::TieReversed) {
            let last =
                wanting.iter().min_by_key(|own| (by_priority(own), Reverse(&own.1.scenario.name)));
            return last.copied();
        }
        first.copied()
    }

    /// What scenarios that go on do with the targets that an end gives them.
    fn give_back(
        &mut self,
        edge: &TwinEdge,
        before: &BTreeMap<usize, Active>,
        after: &BTreeMap<usize, Active>,
        decision: &mut Decision,
    ) {
        let mut claims: Vec<Claim<'_>> = Vec::new();
        for claim in edge.scenario.then.iter().filter_map(ActionTemplate::claim) {
            if !claims.contains(&claim) {
                claims.push(claim);
            }
        }
        for claim in claims {
            let had = self.winner(before, claim).is_some_and(|(course, _)| *course == edge.course);
            let Some((heir, _)) = self.winner(after, claim).filter(|_| had) else { continue };
            let Some(heir) = self.active.get(heir).cloned() else { continue };
            for (template, (kind, wanted)) in heir.scenario.then.iter().zip(&heir.wanted) {
                let Some(action) = wanted.clone().filter(|_| template.claim() == Some(claim))
                else {
                    continue;
                };
                self.coverage.note(("event", "given back"), true);
                let scenario = Some(Arc::clone(&heir.scenario.name));
                let action = Action { scenario, ..action };
                self.judge(edge, &heir.scenario.name, *kind, action, decision);
            }
        }
    }

    fn evaluated(&mut self, template: &ActionTemplate, at: At) -> Result<Action, Withheld> {
        let facts = |fact: &Fact| self.twin.value(at, fact);
        let mut arguments = Vec::new();
        for argument in &template.arguments {
            let value = argument.expression.evaluate(&facts);
            let seen = Seen { decided: 1, unknown: value.is_none().into(), ..Seen::default() };
            self.coverage.add(&of_argument(&argument.expression), seen);
            let fits = |value: Value| self.fitting(template, value);
            let Some(value) = value.and_then(fits) else {
                self.coverage.note(("event", "no value"), true);
                let no_value_for = Some(Arc::clone(&argument.name));
                let withheld = withheld(template.kind.name(), &template.target);
                return Err(Withheld { no_value_for, ..withheld });
            };
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

    /// What an actuator is set to has its type.
    fn fitting(&self, template: &ActionTemplate, value: Value) -> Option<Value> {
        if template.kind != ActionKind::Actuate {
            return Some(value);
        }
        let catalogue = self.twin.catalogue;
        catalogue.get(catalogue.find(&template.target)?)?.coerce(value).ok()
    }

    /// Adds an action to a decision as policies let it, which judge what they changed once more.
    fn judge(
        &mut self,
        edge: &TwinEdge,
        scenario: &Arc<str>,
        kind: ActionKind,
        action: Action,
        decision: &mut Decision,
    ) {
        let policies = self.twin.epochs[edge.epoch].rules.policies().collect();
        let asking = Asking { at: self.at(edge), policies, scenario };
        let verdict = match self.says(kind, &action, &asking) {
            Says::Change(by, kind, changed) => {
                let changed = Action { changed_by: Some(by), ..changed };
                match self.says(kind, &changed, &asking) {
                    Says::Change(_, _, again) if again.is_same_deed(&changed) => Ok(changed),
                    Says::Change(by, ..) => {
                        self.coverage.note(("event", "changed twice"), true);
                        Err((Some(by), REASONS[2].into()))
                    }
                    Says::Allow => Ok(changed),
                    Says::Deny(by, reason) => Err((by, reason)),
                }
            }
            Says::Allow => Ok(action.clone()),
            Says::Deny(by, reason) => Err((by, reason)),
        };
        self.coverage.note(("action", action.kind), verdict.is_ok());
        match verdict {
            Ok(action) => decision.actions.push(action),
            Err((denied_by, reason)) => {
                let reason: Option<Arc<str>> = Some(reason);
                let withheld = withheld(action.kind, &action.target);
                decision.withheld.push(Withheld { denied_by, reason, ..withheld });
            }
        }
    }

    /// What the policies say of an action, the highest priority first, then deny, change, allow,
    /// then the earlier name.
    fn says(&mut self, kind: ActionKind, action: &Action, asking: &Asking<'_>) -> Says {
        let mut said = Vec::new();
        for policy in asking.policies.iter().filter(|own| own.guards(kind, &action.target)) {
            if let Some(says) = self.policy_says(policy, kind, action, asking) {
                let rank = match (&says, self.twin.mutant) {
                    (Says::Deny(..), Some(Mutant::ChangeBeforeDeny)) => 1,
                    (Says::Deny(..), _) => 2,
                    (Says::Change(..), Some(Mutant::ChangeBeforeDeny)) => 2,
                    (Says::Change(..), _) => 1,
                    (Says::Allow, _) => 0,
                };
                said.push(((policy.priority, rank, Reverse(&policy.name)), *policy, says));
            }
        }
        said.sort_by(|a, b| b.0.cmp(&a.0));
        for (index, (_, policy, _)) in said.iter().enumerate() {
            self.coverage.note(of_verdict(policy), index == 0);
        }
        match said.into_iter().next() {
            Some((.., says)) => says,
            None if self.twin.world.defaults().allows(kind) => Says::Allow,
            None => {
                self.coverage.note(("event", "denied by default"), true);
                Says::Deny(None, REASONS[1].into())
            }
        }
    }

    fn policy_says(
        &mut self,
        policy: &Policy,
        kind: ActionKind,
        action: &Action,
        asking: &Asking<'_>,
    ) -> Option<Says> {
        let facts = |fact: &Fact| match fact {
            Fact::Action(field) => of_action(*field, kind, action, asking.scenario),
            fact => self.twin.value(asking.at, &resolved(fact, kind, &action.target)?),
        };
        let mut applies = Some(true);
        let mut seen = Vec::new();
        if let Some(when) = &policy.when {
            let truths: Vec<Option<bool>> =
                when.atoms.iter().map(|atom| atom.expression.truth(&facts)).collect();
            applies = when.formula.truth(&|atom| truths[atom]);
            for (constructs, truth) in of_condition(when).into_iter().zip(truths) {
                let [held, failed, unknown] =
                    [Some(true), Some(false), None].map(|is| u64::from(is == truth));
                seen.push((constructs, Seen { held, failed, unknown, decided: held }));
            }
        }
        let by = || Arc::clone(&policy.name);
        let says = match (applies, &policy.verdict) {
            (Some(false), _) | (None, Verdict::Allow) => None,
            (None, _) if self.twin.mutant == Some(Mutant::UnknownAllowed) => None,
            (None, _) => Some(Says::Deny(Some(by()), REASONS[0].into())),
            (Some(true), Verdict::Allow) => Some(Says::Allow),
            (Some(true), Verdict::Deny(reason)) => {
                let reason = reason.evaluate(&facts).map(|reason| reason.to_string());
                Some(Says::Deny(Some(by()), reason.unwrap_or_else(|| REASONS[4].to_owned()).into()))
            }
            (Some(true), Verdict::Change(template)) => Some(match self.changed(template, &facts) {
                Some(action) => Says::Change(by(), template.kind, action),
                None => Says::Deny(Some(by()), REASONS[3].into()),
            }),
        };
        if applies.is_none() && says.is_some() {
            self.coverage.note(("event", "cannot be judged"), true);
        }
        seen.iter().for_each(|(constructs, seen)| self.coverage.add(constructs, *seen));
        says
    }

    /// What a policy would have done instead.
    fn changed(
        &self,
        template: &ActionTemplate,
        facts: &impl Fn(&Fact) -> Option<Value>,
    ) -> Option<Action> {
        let value = |own: &piccolo_script::Argument| {
            let value = own.expression.evaluate(facts)?;
            Some((Arc::clone(&own.name), self.fitting(template, value)?))
        };
        let arguments: Option<Vec<(Arc<str>, Value)>> =
            template.arguments.iter().map(value).collect();
        Some(Action {
            kind: template.kind.name(),
            target: Arc::clone(&template.target),
            arguments: Arguments(arguments?),
            scenario: None,
            changed_by: None,
        })
    }
}

/// What a policy says.
enum Says {
    Allow,
    Change(Arc<str>, ActionKind, Action),
    Deny(Option<Arc<str>>, Arc<str>),
}

fn withheld(kind: &'static str, target: &Arc<str>) -> Withheld {
    Withheld {
        kind,
        target: Arc::clone(target),
        overruled_by: None,
        no_value_for: None,
        denied_by: None,
        reason: None,
    }
}

fn of_action(
    field: ActionField,
    kind: ActionKind,
    action: &Action,
    scenario: &Arc<str>,
) -> Option<Value> {
    match field {
        ActionField::Kind => Some(kind.name().into()),
        ActionField::Target => Some(Value::Text(Arc::clone(&action.target))),
        ActionField::Node => node(kind, &action.target).map(Value::from),
        ActionField::Scenario | ActionField::Subject => Some(Value::Text(Arc::clone(scenario))),
    }
}

/// The node that an action names.
fn node(kind: ActionKind, target: &str) -> Option<&str> {
    let (node, _) = target.split_once('/')?;
    (kind == ActionKind::Unit).then_some(node)
}

/// What a fact of a policy is for an action: a resource of the action, or itself.
pub(crate) fn resolved(fact: &Fact, kind: ActionKind, target: &str) -> Option<Fact> {
    let Fact::Resource(property) = fact else {
        return (!matches!(fact, Fact::Action(_))).then(|| fact.clone());
    };
    let name = match property.object {
        "node" => node(kind, target)?,
        "package" if kind.is_about_packages() => target,
        _ => return None,
    };
    Some(Fact::Platform(Arc::new(PlatformFact::new(name.into(), Arc::clone(property)))))
}
