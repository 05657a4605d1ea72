//! A lane: one rule set that is in force, with who claims what in it.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use piccolo_operators::arbitrate::{Claim, Target};
use piccolo_operators::evaluate;
use piccolo_operators::ids::{Rule, Slot};
use piccolo_script::{ActionTemplate, Fact, Policy, Scenario};
use rustc_hash::FxHashMap;

use crate::decide::Deciders;
use crate::decision_id::Digest;
use crate::facts::Stage;
use crate::policy::Policies;

/// Which of the rule sets of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Its decisions are carried out.
    Active,
    /// Its decisions are made and shown, and nothing is done.
    Shadow,
}

impl Lane {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Active, Self::Shadow];

    /// The lane's number.
    pub(crate) fn number(self) -> evaluate::Lane {
        self as evaluate::Lane
    }
}

/// The state of a lane.
#[derive(Debug, Default)]
pub(crate) struct LaneState {
    /// The number of each scenario's revision in this lane.
    pub(crate) numbers: BTreeMap<Arc<str>, Rule>,
    pub(crate) policies: Policies,
    pub(crate) deciders: Deciders,
    /// Which rules of the lane do something with each target.
    interested: FxHashMap<Target, Interested>,
}

/// The rules that do something with a target.
#[derive(Debug, Default)]
struct Interested {
    /// Those that claim it while they are active.
    claimants: Vec<Rule>,
    /// Those that do not, and only do something to it when they end.
    enders: Vec<Rule>,
}

impl Interested {
    /// Whether it matters who has the target: somebody claims it, and another is interested.
    fn is_contested(&self) -> bool {
        !self.claimants.is_empty() && self.claimants.len() + self.enders.len() > 1
    }

    fn lists(&mut self) -> [&mut Vec<Rule>; 2] {
        [&mut self.claimants, &mut self.enders]
    }
}

impl LaneState {
    /// Whether nothing can come of it: no rule, and none that is on its way out.
    pub(crate) fn is_idle(&self) -> bool {
        self.numbers.is_empty() && self.interested.is_empty() && self.deciders.is_idle()
    }

    /// Notes that a rule claims a target, or with `claims` unset that it only does something to it
    /// when it ends; says whether from now on it matters who has the target.
    pub(crate) fn note(&mut self, target: Target, rule: Rule, claims: bool) -> bool {
        let interested = self.interested.entry(target).or_default();
        let [claimants, enders] = interested.lists();
        let list = if claims { claimants } else { enders };
        if list.contains(&rule) {
            return false;
        }
        list.push(rule);
        interested.is_contested()
    }

    /// Lets a rule be interested in what another is that it takes the place of: nobody else has to
    /// learn of that.
    pub(crate) fn hand_over(&mut self, old: Rule, claims: &Claims, new: Rule) {
        for target in claims.targets() {
            let Some(interested) = self.interested.get_mut(&target) else { continue };
            for list in interested.lists() {
                list.iter_mut().filter(|rule| **rule == old).for_each(|rule| *rule = new);
            }
        }
    }

    /// Takes back what [`Self::note`] noted.
    pub(crate) fn release(&mut self, target: Target, rule: Rule) {
        if let Some(interested) = self.interested.get_mut(&target) {
            interested.lists().into_iter().for_each(|list| list.retain(|known| *known != rule));
            if interested.claimants.is_empty() && interested.enders.is_empty() {
                self.interested.remove(&target);
            }
        }
    }

    /// The rules that claim a target.
    pub(crate) fn claimants(&self, target: Target) -> &[Rule] {
        self.interested.get(&target).map_or(&[], |interested| &interested.claimants)
    }

    /// Whether it has these very policies.
    pub(crate) fn has_policies(&self, policies: &[Arc<Policy>]) -> bool {
        self.policies.len() == policies.len()
            && self.policies.iter().zip(policies).all(|(a, b)| a.revision == b.revision)
    }
}

/// A rule of the engine: the scenario, and where its parts are found.
#[derive(Debug)]
pub(crate) struct LiveRule {
    pub(crate) scenario: Arc<Scenario>,
    /// What goes into the ids of its decisions: name and revision.
    pub(crate) digest: Digest,
    /// What it is, together with the scenarios that it asks about.
    pub(crate) identity: Arc<str>,
    /// The keys of the facts that are kept for its conditions.
    pub(crate) reads: Vec<Arc<str>>,
    /// The facts that come with each edge, in order.
    pub(crate) captures: Vec<Fact>,
    /// The slots of those facts.
    pub(crate) capture_slots: Vec<Slot>,
    /// The keys of those that are kept for it.
    pub(crate) captured: Vec<Arc<str>>,
    /// What it claims in each lane that it is in.
    pub(crate) lanes: [Option<Claims>; 2],
    /// Where its decisions come from.
    pub(crate) home: Stage,
}

/// The targets of a rule in one lane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// The targets that it claims while it is active, each once, in the order of its actions.
    pub(crate) all: Arc<[Target]>,
    /// The target of each action of `then`, where it has one that can collide.
    pub(crate) then: Vec<Option<Target>>,
    /// The target of each action of `finally`, where it has one that can collide.
    pub(crate) finally: Vec<Option<Target>>,
}

impl Claims {
    /// The targets that it claims, then those that it only does something to when it ends.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        self.all.iter().copied().chain(self.only_ended())
    }

    /// The targets that it does something to when it ends and does not claim.
    pub(crate) fn only_ended(&self) -> impl Iterator<Item = Target> {
        self.finally.iter().copied().flatten().filter(|target| !self.all.contains(target))
    }
}

impl LiveRule {
    /// The claim of the rule, the same on all its targets.
    pub(crate) fn claim(&self, rule: Rule) -> Claim {
        Claim {
            negated_priority: self.scenario.priority.saturating_neg(),
            scenario: Arc::clone(&self.scenario.name),
            rule,
        }
    }

    /// What it claims in a lane.
    pub(crate) fn claims(&self, lane: Lane) -> Option<&Claims> {
        self.lanes[lane as usize].as_ref()
    }

    /// Whether two revisions do the same, so that one can go on where the other was.
    pub(crate) fn does_the_same(&self, other: &Scenario) -> bool {
        self.scenario.deeds == other.deeds
    }
}

/// Numbers for what actions can collide on, different in each lane.
///
/// A number that no rule uses any more is given out again, so that rules may come and go for ever.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    used: FxHashMap<TargetKey, Used>,
    free: Vec<Target>,
}

/// A lane, and what an action claims there: class and name.
type TargetKey = (Lane, &'static str, Arc<str>);

/// A target with how many actions of rules name it.
#[derive(Debug)]
struct Used {
    target: Target,
    actions: usize,
}

impl Targets {
    /// What a scenario claims in a lane; [`Self::release`] takes it back.
    pub(crate) fn claims(&mut self, lane: Lane, scenario: &Scenario) -> Claims {
        let then = self.of(lane, &scenario.then);
        let mut all: Vec<Target> = Vec::new();
        for target in then.iter().copied().flatten() {
            if !all.contains(&target) {
                all.push(target);
            }
        }
        Claims { all: all.into(), then, finally: self.of(lane, &scenario.finally) }
    }

    /// A scenario claims nothing any more in a lane.
    pub(crate) fn release(&mut self, lane: Lane, scenario: &Scenario) {
        let actions = scenario.then.iter().chain(&scenario.finally);
        for (class, name) in actions.filter_map(ActionTemplate::claim) {
            let Entry::Occupied(mut used) = self.used.entry((lane, class, Arc::clone(name))) else {
                continue;
            };
            used.get_mut().actions -= 1;
            if used.get().actions == 0 {
                self.free.push(used.remove().target);
            }
        }
    }

    /// The target of each action, where it has one that can collide.
    fn of(&mut self, lane: Lane, actions: &[ActionTemplate]) -> Vec<Option<Target>> {
        let mut number = |(class, name): (&'static str, &Arc<str>)| {
            let next = self.used.len() as Target;
            let used = self.used.entry((lane, class, Arc::clone(name))).or_insert_with(|| Used {
                // Without a free number, those in use are exactly the first ones.
                target: self.free.pop().unwrap_or(next),
                actions: 0,
            });
            used.actions += 1;
            used.target
        };
        actions.iter().map(|action| action.claim().map(&mut number)).collect()
    }
}
