//! Rules and derived facts that come, change and go.

use std::sync::Arc;

use super::{Evaluator, Live, Node, Pending};
use crate::conditions::Clause;
use crate::cooldown::EdgeKind;
use crate::derived::{DerivedSpec, Function, Level, TRUTHS};
use crate::evaluate::{Cause, Edge, Lane, RuleSpec};
use crate::ids::{Rule, Slot};
use crate::timers::Key;

impl Evaluator {
    /// Adds a derived fact; it gets its value in each vehicle at the present time.
    pub(super) fn derive(&mut self, spec: Arc<DerivedSpec>, level: Level) {
        let slot = spec.slot;
        if let Function::Truth(conditions) = &spec.function {
            let owner = TRUTHS + slot;
            for (clause, condition) in
                [(Clause::When, &conditions.0), (Clause::Until, &conditions.1)]
            {
                let toggles = &mut self.toggles;
                self.conditions.add((owner, clause), condition, &self.latest, toggles);
            }
        }
        self.derived.add(Arc::clone(&spec), level);
        spec.reads.iter().for_each(|read| self.attend(*read));
        for vehicle in 0..self.latest.vehicles() {
            if self.conditions.is_admitted(vehicle) {
                self.pending.push(Pending { level, node: Node::Derived(slot), vehicle });
            }
        }
    }

    /// Takes a fact away that nothing reads any more.
    pub(super) fn forget(&mut self, slot: Slot) {
        let Some(spec) = self.derived.remove(slot) else { return self.forget_value(slot) };
        spec.reads.iter().for_each(|read| self.attend(*read));
        if matches!(spec.function, Function::Truth(_)) {
            self.conditions.remove(TRUTHS + slot, Clause::When);
            self.conditions.remove(TRUTHS + slot, Clause::Until);
            self.toggles.retain(|toggle| toggle.rule != TRUTHS + slot);
        }
        self.pending.retain(|pending| pending.node != Node::Derived(slot));
        self.forget_value(slot);
    }

    fn forget_value(&mut self, slot: Slot) {
        self.forget_shared(slot);
        self.latest.forget(slot);
    }

    /// Sees to it that every sample of a slot is looked at where someone reads each.
    pub(super) fn attend(&mut self, slot: Slot) {
        let is_read = !self.derived.readers_of(slot).is_empty() || self.fleet.counts(slot);
        self.conditions.attend(slot, is_read);
    }

    pub(super) fn add(&mut self, rule: Rule, spec: Arc<RuleSpec>, level: Level) {
        let mut add = |clause, condition| {
            self.conditions.add((rule, clause), condition, &self.latest, &mut self.toggles)
        };
        let when = add(Clause::When, &spec.when);
        if let Some(until) = &spec.until {
            add(Clause::Until, until);
        }
        if let Some(watch) = &mut self.watch {
            watch.add(rule, &spec);
        }
        let captures = Arc::clone(&spec.captures);
        let timing = spec.timing();
        self.rules.insert(rule, Live { timing, level, when, spec, captures, announces: None });
    }

    pub(super) fn capture(&mut self, rule: Rule, captures: Arc<[Slot]>) {
        if let Some(live) = self.rules.get_mut(&rule) {
            live.captures = captures;
        }
    }

    /// Keeps in a slot whether a rule is active, in every vehicle that is there and will be.
    pub(super) fn announce_from_now(&mut self, rule: Rule, slot: Slot) {
        if let Some(live) = self.rules.get_mut(&rule) {
            live.announces = Some(slot);
            self.announced.push((slot, rule));
        }
        for vehicle in 0..self.latest.vehicles() {
            if self.conditions.is_admitted(vehicle) {
                let active = self.is_active((vehicle, rule));
                self.put(&self.made(vehicle, slot, f64::from(u8::from(active)), 0));
            }
        }
    }

    /// Whether a rule is active, as of what has settled.
    pub(super) fn is_active(&self, key: Key) -> bool {
        let Some(live) = self.rules.get(&key.1) else { return false };
        if self.quarantine.holds(key) {
            return false;
        }
        if !live.timing.is_plain() {
            return self.cooldown.is_active(key);
        }
        let toggled = self.toggles.iter().filter(|toggle| (toggle.vehicle, toggle.rule) == key);
        let unsettled = self
            .pending
            .iter()
            .filter(|pending| (pending.vehicle, pending.node) == (key.0, Node::Rule(key.1)));
        let changes = toggled.count() + unsettled.count();
        self.conditions.holds(key.0, key.1, Clause::When) ^ (changes % 2 == 1)
    }

    /// Tells a lane of the vehicles in which a rule is active.
    pub(super) fn tell(&mut self, rule: Rule, kind: EdgeKind, lane: Lane) {
        for vehicle in 0..self.latest.vehicles() {
            if self.is_active((vehicle, rule))
                && let Some(edge) = self.edge((vehicle, rule), kind)
            {
                let flips =
                    if kind == EdgeKind::Begin { edge.flips.clone() } else { Box::default() };
                self.push_change(Edge { cause: Cause::Lane(lane), flips, ..edge });
            }
        }
    }

    /// Ends a rule where it is active and forgets it.
    pub(super) fn remove(&mut self, rule: Rule, lane: Option<Lane>) {
        let cause = lane.map_or(Cause::Removed, Cause::Lane);
        for vehicle in 0..self.latest.vehicles() {
            let key = (vehicle, rule);
            let active = self.is_active(key);
            self.held.fall(key);
            self.cooldown.remove(key);
            if active && let Some(edge) = self.edge(key, EdgeKind::End) {
                self.push_change(Edge { cause, flips: Box::default(), ..edge });
            }
        }
        self.forget_rule(rule);
    }

    /// Notes an edge that a change of the rules makes; it gets the facts of this time.
    pub(super) fn push_change(&mut self, edge: Edge) {
        let captures = self.rules.get(&edge.rule).map(|live| Arc::clone(&live.captures));
        self.removed.push((edge, captures.unwrap_or_default()));
    }

    /// Forgets a rule that has ended everywhere.
    pub(super) fn forget_rule(&mut self, rule: Rule) {
        self.rules.remove(&rule);
        self.quarantine.forget(rule);
        self.announced.retain(|(_, owner)| *owner != rule);
        if let Some(watch) = &mut self.watch {
            watch.remove(rule);
        }
        self.conditions.remove(rule, Clause::When);
        self.conditions.remove(rule, Clause::Until);
    }
}
