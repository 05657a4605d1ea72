//! Rule sets that come into force, in either lane.

use std::sync::Arc;

use piccolo_operators::derived::Level;
use piccolo_operators::evaluate::RuleSpec;
use piccolo_operators::ids::{Rule, Slot};
use piccolo_script::{Fact, PlatformFact, Property, RuleSet, Scenario};
use rustc_hash::FxHashMap;

use crate::compile::compile;
use crate::engine::{Engine, RuleChange};
use crate::error::EngineError;
use crate::facts::{Identity, Stage};
use crate::identity::{asked_by_actions, identities};
use crate::lane::{Lane, LiveRule};
use crate::policy::Policies;
use crate::worker::{Order, Specs};

/// A rule that is compiled and not yet in force.
struct Fresh {
    live: LiveRule,
    level: Level,
    /// What the operators run, in each stage in which it is evaluated.
    specs: Specs,
}

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
        self.load_lane(Lane::Active, rules)
    }

    /// Makes `rules` the shadow of the engine's rules: what they decide is known by
    /// [`Self::take_shadow_decisions`], and nothing is done. A scenario that is the same in both
    /// is evaluated once. To promote a shadow, load it, then load an empty shadow.
    pub fn load_shadow(&mut self, rules: &RuleSet) -> Result<RuleChange, EngineError> {
        self.load_lane(Lane::Shadow, rules)
    }

    fn load_lane(&mut self, lane: Lane, rules: &RuleSet) -> Result<RuleChange, EngineError> {
        let identities = identities(rules)?;
        let before = self.look_at(identities.clone());
        let mut orders = Vec::new();
        // Everything that can fail comes first.
        let compiled = match self.compile_new(lane, rules, &identities, &mut orders) {
            Ok(compiled) => compiled,
            Err(error) => {
                self.look_at(before);
                return Err(error);
            }
        };
        let mut change = RuleChange { kept: rules.len() - compiled.len(), ..RuleChange::default() };
        self.depart(lane, &compiled);
        self.changes.append(&mut orders);
        self.remove_absent(lane, rules, &mut change);
        for (scenario, source) in compiled {
            let name = Arc::clone(&scenario.name);
            let replaced = self.put(lane, source);
            if replaced { change.replaced.push(name) } else { change.added.push(name) }
        }
        let policies = !self.lane(lane).has_policies(rules.policies());
        self.lane_mut(lane).policies = Policies::new(rules.policies());
        let asked = self.announce(lane, rules);
        self.recapture(lane, &change, policies || asked)?;
        Ok(change)
    }

    fn look_at(
        &mut self,
        identities: FxHashMap<Arc<str>, Identity>,
    ) -> FxHashMap<Arc<str>, Identity> {
        self.names.look_at(identities)
    }

    /// Compiles what is new in a lane; on an error everything is as before.
    fn compile_new(
        &mut self,
        lane: Lane,
        rules: &RuleSet,
        identities: &FxHashMap<Arc<str>, Identity>,
        orders: &mut Vec<Order>,
    ) -> Result<Vec<(Arc<Scenario>, Source)>, EngineError> {
        let mut compiled = Vec::new();
        for scenario in rules.scenarios() {
            let Some(identity) = identities.get(&scenario.name) else { continue };
            if self.find(lane, scenario, identity).is_some() {
                continue;
            }
            let other = Lane::ALL.into_iter().find_map(|lane| self.find(lane, scenario, identity));
            let source = match other {
                Some(rule) => Source::Other(rule),
                None => match self.fresh(scenario, identity, orders) {
                    Ok(fresh) => Source::Fresh(Box::new(fresh)),
                    Err(error) => {
                        self.take_back(compiled);
                        return Err(error);
                    }
                },
            };
            compiled.push((Arc::clone(scenario), source));
        }
        Ok(compiled)
    }

    /// Releases what was acquired for rules that do not come into force after all.
    fn take_back(&mut self, compiled: Vec<(Arc<Scenario>, Source)>) {
        let mut unused = Vec::new();
        for (_, source) in compiled {
            if let Source::Fresh(fresh) = source {
                self.names.release_all(&fresh.live.reads, &mut unused);
            }
        }
    }

    /// The rule of a lane that is exactly this scenario.
    fn find(&self, lane: Lane, scenario: &Scenario, identity: &Identity) -> Option<Rule> {
        let rule = self.lane(lane).numbers.get(&scenario.name)?;
        self.rules.get(rule).filter(|live| live.identity == identity.text).map(|_| *rule)
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
    fn depart(&mut self, lane: Lane, compiled: &[(Arc<Scenario>, Source)]) {
        for (scenario, source) in compiled {
            let old = self.lane(lane).numbers.get(&scenario.name).copied();
            if let (Some(old), Source::Fresh(fresh)) = (old, source)
                && self.goes_on(old, &fresh.live)
            {
                self.changes.push(Order::Depart(old));
            }
        }
    }

    fn remove_absent(&mut self, lane: Lane, rules: &RuleSet, change: &mut RuleChange) {
        let names: Vec<Arc<str>> = self.lane(lane).numbers.keys().cloned().collect();
        for name in names.into_iter().filter(|name| rules.scenario(name).is_none()) {
            if let Some(rule) = self.lane_mut(lane).numbers.remove(&name) {
                self.leave(lane, rule);
            }
            change.removed.push(name);
        }
    }

    /// Puts a rule in force in a lane; says whether it is in the place of another.
    fn put(&mut self, lane: Lane, source: Source) -> bool {
        let (rule, name) = match source {
            Source::Other(rule) => {
                let name = self.rules.get(&rule).map(|live| Arc::clone(&live.scenario.name));
                (rule, name.unwrap_or_default())
            }
            Source::Fresh(fresh) => {
                let name = Arc::clone(&fresh.live.scenario.name);
                (self.add(*fresh), name)
            }
        };
        let old = self.lane_mut(lane).numbers.insert(name, rule);
        let was_there =
            self.rules.get(&rule).is_some_and(|live| live.lanes.iter().any(Option::is_some));
        match old {
            Some(old) if !was_there && self.is_followed(old, rule) => {
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

    fn succeed(&mut self, old: Rule, new: Rule) {
        let when = |rule| self.rules.get(&rule).map(|live| &live.scenario.when.text);
        let same_when = when(old) == when(new);
        self.changes.push(Order::Succeed { old, new, same_when });
        self.leaving.push((old, None));
    }

    fn join(&mut self, lane: Lane, rule: Rule, tell: bool) {
        let Some(scenario) = self.rules.get(&rule).map(|live| Arc::clone(&live.scenario)) else {
            return;
        };
        let claims = self.targets.claims(lane, &scenario);
        let targets = Arc::clone(&claims.all);
        for target in targets.iter() {
            let state = self.lane_mut(lane);
            if state.claim(*target, rule) {
                let holders = state.decider.holders(*target).into();
                self.changes.push(Order::Contest { target: *target, holders });
            }
        }
        self.changes.push(Order::Join { rule, lane, targets, tell });
        if let Some(live) = self.rules.get_mut(&rule) {
            live.lanes[lane as usize] = Some(claims);
        }
        // It may have left the lane a moment ago.
        self.leaving.retain(|left| *left != (rule, Some(lane)));
    }

    /// Lets a lane listen to a rule no more; one that no lane listens to ends.
    fn leave(&mut self, lane: Lane, rule: Rule) {
        let lanes = self.rules.get(&rule).map(|live| {
            let leaving = |other: &Lane| self.leaving.contains(&(rule, Some(*other)));
            let present = |other: &&Lane| live.claims(**other).is_some() && !leaving(other);
            Lane::ALL.iter().filter(present).count()
        });
        if lanes == Some(1) {
            self.changes.push(Order::Remove(rule));
            self.leaving.push((rule, None));
        } else {
            self.changes.push(Order::Leave { rule, lane });
            self.leaving.push((rule, Some(lane)));
        }
    }

    /// Lets scenarios that others ask about say whether they are active.
    ///
    /// Returns whether actions or policies ask: what they read may have another slot now.
    fn announce(&mut self, lane: Lane, rules: &RuleSet) -> bool {
        let mut asked: Vec<Arc<str>> = Vec::new();
        asked_by_actions(rules).iter().for_each(|fact| fact.asks(&mut asked));
        let by_actions = !asked.is_empty();
        asked.extend(rules.scenarios().flat_map(|scenario| scenario.asks.iter().cloned()));
        asked.sort_unstable();
        asked.dedup();
        let Some(property) = Property::find("scenario", "active").map(Arc::new) else {
            return by_actions;
        };
        for name in asked {
            let fact = PlatformFact::new(Arc::clone(&name), Arc::clone(&property));
            let Some(rule) = self.lane(lane).numbers.get(&name).copied() else { continue };
            let slot = self.names.platform_slot(&fact);
            if self.announced.insert((rule, slot)) {
                self.changes.push(Order::Announce(rule, slot));
            }
        }
        by_actions
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
            let changed = change.added.iter().chain(&change.replaced);
            changed.filter_map(|name| state.numbers.get(name)).copied().collect()
        };
        if state.policies.len() > 0 {
            let neighbours: Vec<Rule> =
                rules.iter().flat_map(|rule| self.neighbours(lane, *rule)).collect();
            rules.extend(neighbours);
        }
        rules.sort_unstable();
        rules.dedup();
        rules.into_iter().try_for_each(|rule| self.recapture_rule(rule))
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
        let mut facts = Vec::new();
        for action in scenario.then.iter().chain(&scenario.finally) {
            action.arguments.iter().for_each(|argument| argument.expression.reads(&mut facts));
        }
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
            for other in self.neighbours(lane, rule) {
                let heir = self.rules.get(&other).map(|live| &live.scenario.then);
                heir.into_iter().flatten().for_each(|action| policies.reads(action, &mut facts));
            }
        }
        facts.sort_unstable();
        facts.dedup();
        facts
    }
}
