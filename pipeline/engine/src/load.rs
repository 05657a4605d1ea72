//! Rule sets that come into force, in either lane.

use std::sync::Arc;

use piccolo_operators::derived::Level;
use piccolo_operators::evaluate::{Likeness, RuleSpec};
use piccolo_operators::ids::{Rule, Slot};
use piccolo_script::{Fact, PlatformFact, Property, RuleSet, Scenario};

use crate::compile::compile;
use crate::decision_id::Digest;
use crate::engine::{Engine, RuleChange};
use crate::error::EngineError;
use crate::facts::{Identity, Stage};
use crate::lane::{Lane, LiveRule};
use crate::policy::Policies;
use crate::prepared::PreparedRules;
use crate::worker::{Order, Specs};

/// A rule that is compiled and not yet in force.
struct Fresh {
    live: LiveRule,
    level: Level,
    /// What the operators run, in each stage in which it is evaluated.
    specs: Specs,
}

/// A scenario with what identifies it.
type Named = (Arc<Scenario>, Identity);

/// Where a scenario of the new set comes from.
enum Source {
    /// It is in the other lane already.
    Other(Rule),
    Fresh(Box<Fresh>),
}

impl Engine {
    /// Makes `rules` the rules of the engine, from its present time on.
    ///
    /// The set is taken as a whole or not at all. Scenarios whose revision is the same stay as
    /// they are, with all their state, and so do all facts that are still read. A scenario with
    /// another revision that does the same goes on where the old one was: where it is active and
    /// the new one would not end, it stays active, and it rests and waits as far as it did. One
    /// that does something else ends, and the new one decides anew.
    pub fn load(&mut self, rules: &RuleSet) -> Result<RuleChange, EngineError> {
        self.load_prepared(Lane::Active, &PreparedRules::new(rules)?)
    }

    /// Makes `rules` the shadow of the engine's rules: what they decide is known by
    /// [`Self::take_shadow_decisions`], and nothing is done. A scenario that is the same in both
    /// is evaluated once. To promote a shadow, load it, then load an empty shadow.
    pub fn load_shadow(&mut self, rules: &RuleSet) -> Result<RuleChange, EngineError> {
        self.load_prepared(Lane::Shadow, &PreparedRules::new(rules)?)
    }

    /// Like [`Self::load`], or for the shadow [`Self::load_shadow`], with rules that were prepared
    /// before.
    pub fn load_prepared(
        &mut self,
        lane: Lane,
        rules: &PreparedRules,
    ) -> Result<RuleChange, EngineError> {
        let before = self.names.look_at(Arc::clone(&rules.asked.identities));
        let (new, absent) = self.news(lane, rules);
        let mut change =
            RuleChange { kept: rules.scenarios.len() - new.len(), ..RuleChange::default() };
        let mut orders = Vec::new();
        // Everything that can fail comes first.
        let sources = match self.compile_all(&new, &mut orders) {
            Ok(sources) => sources,
            Err(error) => {
                self.names.look_at(before);
                return Err(error);
            }
        };
        let policies = !self.lane(lane).has_policies(&rules.policies);
        if policies {
            self.lane_mut(lane).policies = Policies::new(&rules.policies);
        }
        self.depart(lane, &sources);
        self.changes.append(&mut orders);
        if policies {
            // What they do when they leave is judged by the new policies.
            let replaced = new.iter().map(|(scenario, _)| &scenario.name);
            self.recapture_all(self.rules_of(lane, absent.iter().chain(replaced)))?;
        }
        self.remove_absent(lane, absent, &mut change);
        for ((scenario, _), source) in new.into_iter().zip(sources) {
            let name = Arc::clone(&scenario.name);
            let replaced = self.put(lane, &name, source);
            if replaced { change.replaced.push(name) } else { change.added.push(name) }
        }
        self.announce(lane, &rules.asked.names);
        self.recapture(lane, &change, policies || rules.asked.by_actions)?;
        Ok(change)
    }

    /// The scenarios that a lane does not have as they are, and the names of those that it has and
    /// the rules have not: both are in the order of names, so one walk finds them.
    fn news<'a>(&self, lane: Lane, rules: &'a PreparedRules) -> (Vec<&'a Named>, Vec<Arc<str>>) {
        let (mut new, mut absent) = (Vec::new(), Vec::new());
        let mut known = self.lane(lane).numbers.iter().peekable();
        for named @ (scenario, identity) in &rules.scenarios {
            while let Some((name, _)) = known.next_if(|(name, _)| **name < scenario.name) {
                absent.push(Arc::clone(name));
            }
            let same = known.next_if(|(name, _)| **name == scenario.name);
            if !same.is_some_and(|(_, rule)| self.is_same(*rule, identity)) {
                new.push(named);
            }
        }
        absent.extend(known.map(|(name, _)| Arc::clone(name)));
        (new, absent)
    }

    /// Compiles what is new in a lane; on an error everything is as before.
    fn compile_all(
        &mut self,
        new: &[&Named],
        orders: &mut Vec<Order>,
    ) -> Result<Vec<Source>, EngineError> {
        let mut sources = Vec::with_capacity(new.len());
        for (scenario, identity) in new {
            let source = match self.find(scenario, identity) {
                Some(rule) => Source::Other(rule),
                None => match self.fresh(scenario, identity, orders) {
                    Ok(fresh) => Source::Fresh(Box::new(fresh)),
                    Err(error) => {
                        self.take_back(sources);
                        return Err(error);
                    }
                },
            };
            sources.push(source);
        }
        Ok(sources)
    }

    /// Releases what was acquired for rules that do not come into force after all.
    fn take_back(&mut self, sources: Vec<Source>) {
        let mut unused = Vec::new();
        for source in sources {
            if let Source::Fresh(fresh) = source {
                self.names.release_all(&fresh.live.reads, &mut unused);
            }
        }
    }

    /// The rule of either lane that is exactly this scenario.
    fn find(&self, scenario: &Scenario, identity: &Identity) -> Option<Rule> {
        let numbers = Lane::ALL
            .into_iter()
            .filter_map(|lane| self.lane(lane).numbers.get(&scenario.name).copied());
        numbers.into_iter().find(|rule| self.is_same(*rule, identity))
    }

    fn is_same(&self, rule: Rule, identity: &Identity) -> bool {
        self.rules.get(&rule).is_some_and(|live| live.identity == identity.text)
    }

    fn fresh(
        &mut self,
        scenario: &Arc<Scenario>,
        identity: &Identity,
        orders: &mut Vec<Order>,
    ) -> Result<Fresh, EngineError> {
        let mut reads = Vec::new();
        let mut specs = Specs::default();
        for stage in identity.stages() {
            match self.spec_at(stage, scenario, orders) {
                Ok((keys, spec)) => {
                    reads.extend(keys);
                    specs[stage as usize] = Some(spec);
                }
                Err(error) => {
                    self.names.release_all(&reads, orders);
                    return Err(error);
                }
            }
        }
        let live = LiveRule {
            scenario: Arc::clone(scenario),
            digest: Digest::of(&[&scenario.name, &scenario.revision]),
            identity: Arc::clone(&identity.text),
            reads,
            captures: Vec::new(),
            capture_slots: Vec::new(),
            captured: Vec::new(),
            lanes: [None, None],
            home: identity.home,
        };
        Ok(Fresh { live, level: identity.level, specs })
    }

    /// Compiles a scenario for a stage, with the keys of the facts that are kept for it.
    fn spec_at(
        &mut self,
        stage: Stage,
        scenario: &Scenario,
        orders: &mut Vec<Order>,
    ) -> Result<(Vec<Arc<str>>, Arc<RuleSpec>), EngineError> {
        self.names.at(stage);
        let reads = self.names.acquire_all(&scenario.facts, orders)?;
        match compile(scenario, &mut self.names) {
            Ok(spec) => Ok((reads, Arc::new(spec))),
            Err(error) => {
                self.names.release_all(&reads, orders);
                Err(error)
            }
        }
    }

    /// Notes how far the rules are in whose place others will go on.
    fn depart(&mut self, lane: Lane, sources: &[Source]) {
        for source in sources {
            let Source::Fresh(fresh) = source else { continue };
            let old = self.lane(lane).numbers.get(&fresh.live.scenario.name).copied();
            if let Some(old) = old.filter(|old| self.goes_on(*old, &fresh.live)) {
                self.changes.push(Order::Depart(old));
            }
        }
    }

    fn remove_absent(&mut self, lane: Lane, absent: Vec<Arc<str>>, change: &mut RuleChange) {
        for name in &absent {
            if let Some(rule) = self.lane_mut(lane).numbers.remove(name) {
                self.leave(lane, rule);
            }
        }
        change.removed = absent;
    }

    /// Puts a rule in force in a lane; says whether it is in the place of another.
    fn put(&mut self, lane: Lane, name: &Arc<str>, source: Source) -> bool {
        let rule = match source {
            Source::Other(rule) => rule,
            Source::Fresh(fresh) => self.add(*fresh),
        };
        let old = self.lane_mut(lane).numbers.insert(Arc::clone(name), rule);
        let was_there =
            self.rules.get(&rule).is_some_and(|live| live.lanes.iter().any(Option::is_some));
        match old {
            Some(old) if !was_there && self.is_followed(old, rule) => {
                self.hand_over(lane, old, rule);
                self.join(lane, rule, false);
                self.succeed(old, rule);
            }
            old => {
                if let Some(old) = old {
                    self.leave(lane, old);
                }
                self.join(lane, rule, was_there);
            }
        }
        old.is_some()
    }

    fn add(&mut self, fresh: Fresh) -> Rule {
        let rule = self.next_rule;
        self.next_rule += 1;
        self.changes.push(Order::Add {
            rule,
            specs: fresh.specs,
            home: fresh.live.home,
            level: fresh.level,
            claim: fresh.live.claim(rule),
        });
        self.fleet_rules += usize::from(fresh.live.home == Stage::Fleet);
        self.rules.insert(rule, fresh.live);
        rule
    }

    /// Whether a new rule can go on where an old one was, which nobody else listens to.
    fn goes_on(&self, old: Rule, new: &LiveRule) -> bool {
        let Some(old) = self.rules.get(&old) else { return false };
        old.lanes.iter().filter(|lane| lane.is_some()).count() == 1
            && old.home == new.home
            && old.does_the_same(&new.scenario)
    }

    fn is_followed(&self, old: Rule, new: Rule) -> bool {
        self.rules.get(&new).is_some_and(|new| self.goes_on(old, new))
    }

    fn hand_over(&mut self, lane: Lane, old: Rule, new: Rule) {
        let claims = self.rules.get(&old).and_then(|live| live.claims(lane)).cloned();
        if let Some(claims) = claims {
            self.lane_mut(lane).hand_over(old, &claims, new);
        }
    }

    fn succeed(&mut self, old: Rule, new: Rule) {
        let scenario = |rule| self.rules.get(&rule).map(|live| &live.scenario);
        let likeness = match (scenario(old), scenario(new)) {
            (Some(old), Some(new)) if old.revision == new.revision => Likeness::Revision,
            (Some(old), Some(new)) if old.when.text == new.when.text => Likeness::When,
            _ => Likeness::Action,
        };
        self.changes.push(Order::Succeed { old, new, likeness });
        self.leaving.insert((old, None));
    }

    fn join(&mut self, lane: Lane, rule: Rule, tell: bool) {
        let Some(live) = self.rules.get(&rule) else { return };
        let claims = match live.claims(lane) {
            // It left the lane a moment ago.
            Some(claims) => claims.clone(),
            None => self.targets.claims(lane, &live.scenario),
        };
        let claimed = claims.all.iter().map(|target| (*target, true));
        for (target, claims) in claimed.chain(claims.only_ended().map(|target| (target, false))) {
            let state = self.lane_mut(lane);
            if state.note(target, rule, claims) {
                let holders = state.deciders.holders(state.claimants(target)).into();
                self.changes.push(Order::Contest { target, holders });
            }
        }
        let targets = Arc::clone(&claims.all);
        self.changes.push(Order::Join { rule, lane, targets, tell });
        if let Some(live) = self.rules.get_mut(&rule) {
            live.lanes[lane as usize] = Some(claims);
        }
        self.leaving.remove(&(rule, Some(lane)));
    }

    /// Lets a lane listen to a rule no more; one that no lane listens to ends.
    fn leave(&mut self, lane: Lane, rule: Rule) {
        let lanes = self.rules.get(&rule).map(|live| {
            let leaving = |other: &Lane| self.leaving.contains(&(rule, Some(*other)));
            let present = |other: &&Lane| live.claims(**other).is_some() && !leaving(other);
            Lane::ALL.iter().filter(present).count()
        });
        if lanes == Some(1) {
            let other_left =
                Lane::ALL.iter().any(|other| self.leaving.contains(&(rule, Some(*other))));
            self.changes.push(Order::Remove(rule, other_left.then_some(lane)));
            self.leaving.insert((rule, None));
        } else {
            self.changes.push(Order::Leave { rule, lane });
            self.leaving.insert((rule, Some(lane)));
        }
    }

    /// Lets scenarios that others ask about say whether they are active.
    fn announce(&mut self, lane: Lane, asked: &[Arc<str>]) {
        let Some(property) = Property::find("scenario", "active").map(Arc::new) else { return };
        for name in asked {
            let fact = PlatformFact::new(Arc::clone(name), Arc::clone(&property));
            let Some(rule) = self.lane(lane).numbers.get(name).copied() else { continue };
            let slot = self.names.platform_slot(&fact);
            if self.announced.insert((rule, slot)) {
                self.changes.push(Order::Announce(rule, slot));
            }
        }
    }

    /// Determines anew which facts come with the edges of rules.
    fn recapture(
        &mut self,
        lane: Lane,
        change: &RuleChange,
        policies: bool,
    ) -> Result<(), EngineError> {
        let state = self.lane(lane);
        let mut rules: Vec<Rule> = if policies {
            state.numbers.values().copied().collect()
        } else {
            self.rules_of(lane, change.added.iter().chain(&change.replaced))
        };
        if state.policies.len() > 0 {
            // Those whose neighbours leave need less than before.
            let leaving = self.leaving.iter().map(|(rule, _)| rule);
            let neighbours: Vec<Rule> =
                rules.iter().chain(leaving).flat_map(|rule| self.neighbours(lane, *rule)).collect();
            rules.extend(neighbours);
        }
        // What leaves has captured what its last edges need.
        rules.retain(|rule| !self.leaving.contains(&(*rule, None)));
        self.recapture_all(rules)
    }

    fn recapture_all(&mut self, mut rules: Vec<Rule>) -> Result<(), EngineError> {
        rules.sort_unstable();
        rules.dedup();
        rules.into_iter().try_for_each(|rule| self.recapture_rule(rule))
    }

    /// The rules of a lane with these names.
    fn rules_of<'n>(&self, lane: Lane, names: impl Iterator<Item = &'n Arc<str>>) -> Vec<Rule> {
        let numbers = &self.lane(lane).numbers;
        names.filter_map(|name| numbers.get(name)).copied().collect()
    }

    /// Whether a rule is on its way out of a lane, or altogether.
    fn is_leaving(&self, lane: Lane, rule: Rule) -> bool {
        [None, Some(lane)].into_iter().any(|which| self.leaving.contains(&(rule, which)))
    }

    /// The rules that claim a target that this one claims.
    fn neighbours(&self, lane: Lane, rule: Rule) -> Vec<Rule> {
        let claims = self.rules.get(&rule).and_then(|live| live.claims(lane));
        let targets = claims.map_or(&[][..], |claims| &claims.all);
        let state = self.lane(lane);
        targets.iter().flat_map(|target| state.claimants(*target)).copied().collect()
    }

    fn recapture_rule(&mut self, rule: Rule) -> Result<(), EngineError> {
        let captures = self.captures(rule);
        let had_none = self.rules.get(&rule).is_none_or(|live| live.captures.is_empty());
        if captures.is_empty() && had_none {
            return Ok(());
        }
        self.names.at(self.rules.get(&rule).map(|live| live.home).unwrap_or_default());
        let mut orders = Vec::new();
        let captured = self.names.acquire_all(&captures, &mut orders)?;
        let slots: Result<Vec<Slot>, EngineError> =
            captures.iter().map(|fact| self.names.fact_slot(fact)).collect();
        let slots = slots?;
        let Some(live) = self.rules.get_mut(&rule) else { return Ok(()) };
        live.captures = captures;
        live.capture_slots.clone_from(&slots);
        let before = std::mem::replace(&mut live.captured, captured);
        self.changes.append(&mut orders);
        self.changes.push(Order::Capture(rule, slots.into()));
        self.names.release_all(&before, &mut self.changes);
        Ok(())
    }

    /// What actions and the policies that guard them read, and to explain, what conditions read.
    fn captures(&self, rule: Rule) -> Vec<Fact> {
        let Some(live) = self.rules.get(&rule) else { return Vec::new() };
        let scenario = &live.scenario;
        let mut facts = scenario.argument_facts.clone();
        if self.config.explain {
            facts.extend(scenario.facts.iter().cloned());
        }
        for lane in Lane::ALL.into_iter().filter(|lane| live.claims(*lane).is_some()) {
            let policies = &self.lane(lane).policies;
            if policies.len() == 0 {
                continue;
            }
            for action in scenario.then.iter().chain(&scenario.finally) {
                policies.reads(action, &mut facts);
            }
            // An end may give a target back to another rule, whose action is judged then.
            let stays = |other: &Rule| !self.is_leaving(lane, *other);
            for other in self.neighbours(lane, rule).into_iter().filter(stays) {
                let heir = self.rules.get(&other).map(|live| &live.scenario.then);
                heir.into_iter().flatten().for_each(|action| policies.reads(action, &mut facts));
            }
        }
        facts.sort_unstable();
        facts.dedup();
        facts
    }
}
