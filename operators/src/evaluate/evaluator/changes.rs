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
        self.derived.add(spec, level);
        for vehicle in 0..self.latest.vehicles() {
            if self.conditions.is_admitted(vehicle) {
                self.pending.push(Pending { level, node: Node::Derived(slot), vehicle });
            }
        }
    }

    /// Takes a fact away that nothing reads any more.
    pub(super) fn forget(&mut self, slot: Slot) {
        let spec = self.derived.remove(slot);
        if spec.is_some_and(|spec| matches!(spec.function, Function::Truth(_))) {
            self.conditions.remove(TRUTHS + slot, Clause::When);
            self.conditions.remove(TRUTHS + slot, Clause::Until);
            self.toggles.retain(|toggle| toggle.rule != TRUTHS + slot);
        }
        self.pending.retain(|pending| pending.node != Node::Derived(slot));
        self.forget_shared(slot);
        self.latest.forget(slot);
    }

    pub(super) fn add(&mut self, rule: Rule, spec: Arc<RuleSpec>, level: Level) {
        let clauses = [(Clause::When, Some(&spec.when)), (Clause::Until, spec.until.as_ref())];
        for (clause, condition) in clauses {
            if let Some(condition) = condition {
                let key = (rule, clause);
                self.conditions.add(key, condition, &self.latest, &mut self.toggles);
            }
        }
        if let Some(watch) = &mut self.watch {
            watch.add(rule, &spec);
        }
        let captures = Arc::clone(&spec.captures);
        self.rules.insert(rule, Live { spec, level, captures, announces: None });
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
        if !live.spec.timing().is_plain() {
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
        let Some(spec) = self.rules.get(&rule).map(|live| Arc::clone(&live.spec)) else { return };
        for vehicle in 0..self.latest.vehicles() {
            if self.is_active((vehicle, rule)) {
                let edge = self.edge((vehicle, rule), &spec, kind);
                let flips =
                    if kind == EdgeKind::Begin { edge.flips.clone() } else { Box::default() };
                self.push_change(Edge { cause: Cause::Lane(lane), flips, ..edge });
            }
        }
    }

    /// Ends a rule where it is active and forgets it.
    pub(super) fn remove(&mut self, rule: Rule) {
        let Some(spec) = self.rules.get(&rule).map(|live| Arc::clone(&live.spec)) else { return };
        for vehicle in 0..self.latest.vehicles() {
            let key = (vehicle, rule);
            let active = self.is_active(key);
            self.held.fall(key);
            self.cooldown.remove(key);
            if active {
                let edge = self.edge(key, &spec, EdgeKind::End);
                self.push_change(Edge { cause: Cause::Removed, flips: Box::default(), ..edge });
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
