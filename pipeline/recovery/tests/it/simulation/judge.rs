//! What must hold, judged by the truth and by what was ordered; nothing here asks how it was decided.

use std::collections::{BTreeMap, BTreeSet};

use piccolo_recovery::{
    Action, Alert, AlertKind, Cause, Criticality, Desired, Ladder, ModelName, Observation, Order,
    Outcome, Policy, Recovery, Remedy, Thing,
};
use piccolo_state::NodeState;

use super::vehicle::Vehicle;
use super::world::World;
use crate::support::S;

/// Within this time the fault of a dependency is seen: two heartbeats or a probe are missing by then.
const SEEN_US: u64 = 7 * S / 2;

pub(crate) struct Judge {
    policy: Policy,
    criticalities: BTreeMap<String, Criticality>,
    orders: Vec<Order>,
    open: Vec<Order>,
    failed: BTreeSet<String>,
    done: BTreeSet<String>,
    told: BTreeSet<Thing>,
    down_since_us: BTreeMap<ModelName, u64>,
    /// What was rolled back from, since it was applied.
    rolled_back: BTreeMap<String, u64>,
    pub(crate) violations: Vec<String>,
}

impl Judge {
    pub(crate) fn new(world: &World) -> Self {
        let packages = world.desired.packages.iter();
        Self {
            policy: world.policy.clone(),
            criticalities: packages.map(|(name, p)| (name.clone(), p.criticality)).collect(),
            orders: Vec::new(),
            open: Vec::new(),
            failed: BTreeSet::new(),
            done: BTreeSet::new(),
            told: BTreeSet::new(),
            down_since_us: BTreeMap::new(),
            rolled_back: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    pub(crate) fn hears(&mut self, observation: &Observation) {
        if let Observation::Outcome { key, outcome } = observation {
            let keys = if *outcome == Outcome::Done { &mut self.done } else { &mut self.failed };
            keys.insert(key.clone());
        }
    }

    pub(crate) fn applied(&mut self, package: &str) {
        self.rolled_back.remove(package);
    }

    pub(crate) fn told(&mut self, alert: &Alert) {
        if alert.kind == AlertKind::GaveUp {
            self.told.insert(alert.thing.clone());
        }
    }

    /// Before each step: what is down, and which orders have had their effect.
    pub(crate) fn looks(
        &mut self,
        recovery: &Recovery,
        vehicle: &Vehicle,
        desired: &Desired,
        now_us: u64,
    ) {
        for (package, wanted) in &desired.packages {
            for model in wanted.models.keys() {
                let name = ModelName::new(package, model);
                if vehicle.is_well(recovery, desired, &name) {
                    self.down_since_us.remove(&name);
                } else {
                    self.down_since_us.entry(name).or_insert(now_us);
                }
            }
        }
        let (failed, done) = (&self.failed, &self.done);
        self.open.retain(|order| {
            let away = |node: &String| recovery.node(node) != Some(NodeState::Ready);
            let over = order.deadline_us <= now_us
                || target(order).is_some_and(away)
                || failed.contains(&order.key)
                || has_effect(order, recovery, vehicle, desired, done);
            !over
        });
    }

    pub(crate) fn ordered(
        &mut self,
        order: &Order,
        recovery: &Recovery,
        vehicle: &Vehicle,
        desired: &Desired,
    ) {
        if order.action == Action::GiveUp {
            self.check_end(order);
        } else {
            self.check_flight(order, recovery);
            self.check_backoff(order);
            self.check_budgets(order);
            self.open.push(order.clone());
        }
        self.check_dependencies(order, recovery, vehicle, desired);
        self.check_revision(order);
        self.orders.push(order.clone());
    }

    fn violates(&mut self, what: &str, order: &Order) {
        self.violations.push(format!("{what}: {order:?}"));
    }

    fn check_end(&mut self, order: &Order) {
        if !self.told.contains(&order.thing) {
            self.violates("silence", order);
        }
        // Nothing is given up before it was restarted as often as the ladder says.
        let rungs = self.ladder(&order.thing).rungs.iter();
        let restarts = rungs.filter(|rung| rung.remedy == Remedy::Restart).map(|rung| rung.tries);
        let lost = matches!(order.cause, Cause::NodeLost { .. });
        if !lost && order.attempt < restarts.sum() {
            self.violates("despair", order);
        }
    }

    fn check_flight(&mut self, order: &Order, recovery: &Recovery) {
        let away = |node: &String| recovery.node(node) != Some(NodeState::Ready);
        let lost = |other: &Order| target(other).is_some_and(away);
        let met = self.open.iter().find(|other| {
            let late = order.issued_us >= other.deadline_us || self.failed.contains(&other.key);
            touch(&order.thing, &other.thing) && !late && !lost(other)
        });
        if let Some(met) = met.cloned() {
            self.violates(&format!("flight: beside {met:?}"), order);
        }
    }

    fn check_backoff(&mut self, order: &Order) {
        let (climb, _) = order.key.rsplit_once('.').unwrap();
        let before = self.orders.iter().rev().find(|other| {
            other.key.rsplit_once('.').unwrap().0 == climb && other.action != Action::GiveUp
        });
        let Some(before) = before else { return };
        let backoff = self.ladder(&patient(order)).backoff;
        let times = u64::from(backoff.factor).saturating_pow(before.attempt - 1);
        let full_us = backoff.first_us.saturating_mul(times).min(backoff.cap_us);
        let least_us = full_us * u64::from(100 - backoff.jitter_percent) / 100;
        if order.attempt != before.attempt + 1 || order.issued_us < before.issued_us + least_us {
            self.violates("backoff", order);
        }
    }

    fn check_budgets(&mut self, order: &Order) {
        let budget = self.ladder(&order.thing).budget;
        let within = |window_us: u64, about: &dyn Fn(&Order) -> bool| {
            let mut orders = self.orders.iter().filter(|other| other.action != Action::GiveUp);
            let near = |other: &&Order| other.issued_us + window_us > order.issued_us;
            let count = orders.by_ref().filter(near).filter(|other| about(other)).count();
            count as u64 + 1
        };
        let own = within(budget.window_us, &|other| other.thing == order.thing);
        let vehicle = self.policy.vehicle;
        let all = within(vehicle.window_us, &|_| true);
        let safety = self.criticality(&patient(order)) == Criticality::Safety;
        let reserved = if safety { 0 } else { vehicle.reserved };
        if own > budget.recoveries.into() || all > u64::from(vehicle.recoveries - reserved) {
            self.violates("budget", order);
        }
    }

    /// Nothing is done to what suffers from something else that has been down for long enough to be
    /// seen.
    fn check_dependencies(
        &mut self,
        order: &Order,
        recovery: &Recovery,
        vehicle: &Vehicle,
        desired: &Desired,
    ) {
        let Thing::Model(name) = patient(order) else { return };
        let down = |need: &ModelName| {
            let since_us = self.down_since_us.get(need);
            // A placement that changed just now may have made it well.
            !vehicle.is_well(recovery, desired, need)
                && since_us.is_some_and(|since_us| since_us + SEEN_US <= order.issued_us)
        };
        let needs = &desired.packages[&name.package].models[&name.model].needs;
        if needs.iter().any(down) {
            self.violates("dependency", order);
        }
    }

    /// What was rolled back from is not started again.
    fn check_revision(&mut self, order: &Order) {
        let wrong = match &order.action {
            Action::RollBack { package, from, .. } => {
                self.rolled_back.insert(package.clone(), *from).is_some()
            }
            Action::Restart { model, revision, .. }
            | Action::Apply { model, revision, .. }
            | Action::Move { model, revision, .. } => {
                self.rolled_back.get(&model.package) == Some(revision)
            }
            _ => false,
        };
        if wrong {
            self.violates("revision", order);
        }
    }

    /// What is neither well nor excused.
    pub(crate) fn left(
        &self,
        recovery: &Recovery,
        vehicle: &Vehicle,
        desired: &Desired,
    ) -> Vec<String> {
        let mut left = Vec::new();
        for (package, wanted) in &desired.packages {
            let reduced = recovery.is_reduced(package);
            for (model, wanted) in &wanted.models {
                let name = ModelName::new(package, model);
                let in_force = !(reduced && wanted.optional);
                if in_force
                    && !vehicle.is_well(recovery, desired, &name)
                    && !self.is_excused(recovery, desired, &name)
                {
                    left.push(name.to_string());
                }
            }
        }
        for (model, node) in vehicle.instances.keys() {
            let package = desired.packages.get(&model.package);
            let wanted = package.and_then(|package| package.models.get(&model.model));
            let out = wanted.is_some_and(|w| w.optional && recovery.is_reduced(&model.package));
            let placed = recovery.placement(model) == Some(node) && !out;
            let thing = Thing::Instance(model.clone(), node.clone());
            let excused =
                self.gave_up(recovery, &thing) || self.is_excused(recovery, desired, model);
            if !placed && !excused {
                left.push(thing.to_string());
            }
        }
        left
    }

    pub(crate) fn excused(&self, recovery: &Recovery, desired: &Desired) -> u64 {
        let packages = desired.packages.iter();
        let names = packages.flat_map(|(package, wanted)| {
            wanted.models.keys().map(move |model| ModelName::new(package, model))
        });
        names.filter(|name| self.is_excused(recovery, desired, name)).count() as u64
    }

    /// Whether it was given up after all was tried, or needs what was.
    fn is_excused(&self, recovery: &Recovery, desired: &Desired, name: &ModelName) -> bool {
        let package = desired.packages.get(&name.package);
        let needs = package.and_then(|package| package.models.get(&name.model));
        let needs = needs.map(|model| model.needs.as_slice()).unwrap_or_default();
        let left_out = |need: &ModelName| {
            recovery.is_reduced(&need.package)
                && desired.packages[&need.package].models[&need.model].optional
        };
        self.gave_up(recovery, &Thing::Model(name.clone()))
            || needs.iter().any(|need| left_out(need) || self.is_excused(recovery, desired, need))
    }

    /// For want of a place nothing is given up for good.
    fn gave_up(&self, recovery: &Recovery, thing: &Thing) -> bool {
        let mut orders = self.orders.iter().rev();
        let last = orders.find(|order| order.thing == *thing && order.action == Action::GiveUp);
        let lost = last.is_some_and(|order| matches!(order.cause, Cause::NodeLost { .. }));
        recovery.gave_up(thing) && self.told.contains(thing) && !lost
    }

    fn criticality(&self, thing: &Thing) -> Criticality {
        let package = thing.package().and_then(|package| self.criticalities.get(package));
        package.copied().unwrap_or(Criticality::Low)
    }

    fn ladder(&self, thing: &Thing) -> &Ladder {
        self.policy.ladders.of(self.criticality(thing))
    }
}

/// For which thing it was ordered: an order about a package may be for one of its models, or for
/// another package's.
fn patient(order: &Order) -> Thing {
    order.key.split('#').next().unwrap().parse().unwrap()
}

fn target(order: &Order) -> Option<&String> {
    match &order.action {
        Action::Restart { node, .. }
        | Action::Apply { node, .. }
        | Action::Stop { node, .. }
        | Action::Move { to: node, .. } => Some(node),
        _ => None,
    }
}

fn touch(one: &Thing, other: &Thing) -> bool {
    let package = |thing: &Thing| matches!(thing, Thing::Package(_));
    one == other || (one.package() == other.package() && (package(one) || package(other)))
}

/// Whether what was ordered could have been seen.
fn has_effect(
    order: &Order,
    recovery: &Recovery,
    vehicle: &Vehicle,
    desired: &Desired,
    done: &BTreeSet<String>,
) -> bool {
    let runs = |model: &ModelName| {
        let known = desired.packages.contains_key(&model.package);
        !known || vehicle.runs(recovery, model)
    };
    match &order.action {
        Action::Restart { model, .. }
        | Action::Apply { model, .. }
        | Action::Move { model, .. } => runs(model),
        Action::Stop { model, node } => {
            !vehicle.instances.contains_key(&(model.clone(), node.clone()))
        }
        Action::Degrade { .. } | Action::Restore { .. } => done.contains(&order.key),
        Action::RollBack { package, .. } => {
            let models = desired.packages[package].models.iter();
            let reduced = recovery.is_reduced(package);
            let mut in_force = models.filter(|(_, model)| !(model.optional && reduced));
            in_force.all(|(model, _)| runs(&ModelName::new(package, model)))
        }
        Action::GiveUp => true,
    }
}
