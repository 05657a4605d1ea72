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
    /// How many rules of the lane claim each target.
    claimants: FxHashMap<Target, Vec<Rule>>,
}

impl LaneState {
    /// Whether nothing can come of it: no rule, and none that is on its way out.
    pub(crate) fn is_idle(&self) -> bool {
        self.numbers.is_empty() && self.claimants.is_empty() && self.deciders.is_idle()
    }

    /// Notes that a rule claims a target; says whether it is one more beside others.
    pub(crate) fn claim(&mut self, target: Target, rule: Rule) -> bool {
        let claimants = self.claimants.entry(target).or_default();
        if claimants.contains(&rule) {
            return false;
        }
        claimants.push(rule);
        claimants.len() > 1
    }

    /// Lets a rule claim what another claims that it takes the place of: nobody else has to
    /// learn of that.
    pub(crate) fn hand_over(&mut self, old: Rule, targets: &[Target], new: Rule) {
        for target in targets {
            let claimants = self.claimants.get_mut(target).into_iter().flatten();
            claimants.filter(|rule| **rule == old).for_each(|rule| *rule = new);
        }
    }

    /// Takes back what [`Self::claim`] noted.
    pub(crate) fn release(&mut self, target: Target, rule: Rule) {
        if let Some(claimants) = self.claimants.get_mut(&target) {
            claimants.retain(|known| *known != rule);
            if claimants.is_empty() {
                self.claimants.remove(&target);
            }
        }
    }

    /// The rules that claim a target.
    pub(crate) fn claimants(&self, target: Target) -> &[Rule] {
        self.claimants.get(&target).map_or(&[], Vec::as_slice)
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
