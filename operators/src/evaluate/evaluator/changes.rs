//! Rules and derived facts that come, change and go.

use std::sync::Arc;

use super::{Evaluator, Live, Node, Pending};
use crate::conditions::Clause;
use crate::cooldown::EdgeKind;
use crate::derived::{DerivedSpec, Function, Level, TRUTHS};
use crate::evaluate::{Cause, Edge, RuleSpec, Settles};
use crate::ids::{Rule, Slot};

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
                self.conditions.add((owner, clause), condition, &mut self.latest, toggles);
            }
        }
        self.derived.add(spec, level);
        for vehicle in 0..self.latest.vehicles() {
            if self.conditions.is_admitted(vehicle) {
                self.pending.push(Pending { level, node: Node::Derived(slot), vehicle });
            }
        }
    }

    /// Takes a derived fact away that nothing reads any more.
    pub(super) fn forget(&mut self, slot: Slot) {
        let Some(spec) = self.derived.remove(slot) else { return };
        if let Function::Truth(_) = spec.function {
            self.conditions.remove(TRUTHS + slot, Clause::When, &mut self.latest);
            self.conditions.remove(TRUTHS + slot, Clause::Until, &mut self.latest);
            self.toggles.retain(|toggle| toggle.rule != TRUTHS + slot);
        }
        self.pending.retain(|pending| pending.node != Node::Derived(slot));
        self.latest.forget(slot);
    }

    /// Sets the level at which a derived fact or a rule settles.
    pub(super) fn set_level(&mut self, of: Settles, level: Level) {
        match of {
            Settles::Derived(slot) => self.derived.set_level(slot, level),
            Settles::Rule(rule) => {
                if let Some(live) = self.rules.get_mut(&rule) {
                    live.level = level;
                }
            }
        }
    }

    pub(super) fn add(&mut self, rule: Rule, spec: Arc<RuleSpec>, level: Level) {
        let clauses = [(Clause::When, Some(&spec.when)), (Clause::Until, spec.until.as_ref())];
        for (clause, condition) in clauses {
            if let Some(condition) = condition {
                let key = (rule, clause);
                self.conditions.add(key, condition, &mut self.latest, &mut self.toggles);
            }
        }
        if let Some(slot) = spec.announces {
            self.announced.push((slot, rule));
            for vehicle in 0..self.latest.vehicles() {
                if self.conditions.is_admitted(vehicle) {
                    self.put(&self.made(vehicle, slot, 0.0, 0));
                }
            }
        }
        if let Some(watch) = &mut self.watch {
            watch.add(rule, &spec);
        }
        self.rules.insert(rule, Live { spec, level });
    }

    /// Ends a rule where it is active and forgets it.
    pub(super) fn remove(&mut self, rule: Rule) {
        let Some(Live { spec, .. }) = self.rules.remove(&rule) else { return };
        let plain = spec.timing().is_plain();
        for vehicle in 0..self.latest.vehicles() {
            let key = (vehicle, rule);
            let when = self.conditions.holds(vehicle, rule, Clause::When);
            let toggled = self.toggles.iter().filter(|toggle| (toggle.vehicle, toggle.rule) == key);
            let was_active = when ^ (toggled.count() % 2 == 1);
            self.held.fall(key);
            let active = self.cooldown.remove(key);
            if active || (plain && was_active) {
                let edge = self.edge(key, &spec, EdgeKind::End);
                self.removed.push(Edge { cause: Cause::Removed, flips: Box::default(), ..edge });
            }
        }
        self.toggles.retain(|toggle| toggle.rule != rule);
        self.pending.retain(|pending| pending.node != Node::Rule(rule));
        self.announced.retain(|(_, owner)| *owner != rule);
        if let Some(watch) = &mut self.watch {
            watch.remove(rule);
        }
        self.conditions.remove(rule, Clause::When, &mut self.latest);
        self.conditions.remove(rule, Clause::Until, &mut self.latest);
    }
}
