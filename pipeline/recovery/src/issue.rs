//! Gives orders out: the most critical first, as far as locks, backoff and budgets allow.

use std::cmp::Reverse;

use crate::choose::Choice;
use crate::flight::Flight;
use crate::recovery::Reduced;
use crate::track::GaveUp;
use crate::turn::Turn;
use crate::{Action, AlertKind, Cause, Criticality, Order, Recovery, Remedy, Thing};

/// Something that is to be recovered now.
struct Patient {
    thing: Thing,
    cause: Cause,
}

impl Recovery {
    pub(crate) fn issue(&mut self, turn: &mut Turn) {
        let mut patients = self.patients(turn);
        patients.sort_by_key(|patient| {
            let climb = self.tracks.get(&patient.thing).and_then(|track| track.climb.as_ref());
            let due_us = climb.map(|climb| climb.due_us);
            let last = patient.cause == Cause::RoomAgain;
            let criticality = Reverse(self.criticality(&patient.thing));
            (last, criticality, due_us, patient.thing.clone())
        });
        for patient in patients {
            match self.choice(&patient) {
                Choice::Hold => {}
                Choice::Nothing(why) => self.give_up(turn, &patient, why),
                Choice::Do(remedy, thing, action) => {
                    if !self.is_locked(&thing) && self.affords(turn, &patient, &thing) {
                        self.order(turn, &patient, remedy, thing, action);
                    }
                }
            }
        }
    }

    /// All for which an order is due, and none is in flight.
    fn patients(&self, turn: &mut Turn) -> Vec<Patient> {
        let mut patients = Vec::new();
        for (thing, track) in &self.tracks {
            let (Some(episode), Some(climb)) = (&track.episode, &track.climb) else { continue };
            let cause = match thing {
                Thing::Model(name) => self.confirmed(turn, name),
                Thing::Package(name) if !self.is_failed(name) => None,
                Thing::Package(_) | Thing::Instance(..) => Some(episode.cause.clone()),
                Thing::Node(_) => None,
            };
            let Some(cause) = cause else { continue };
            if climb.gave_up.is_none() && !self.is_locked(thing) && turn.passed(climb.due_us) {
                patients.push(Patient { thing: thing.clone(), cause });
            }
        }
        for (name, package) in &self.packages {
            let thing = Thing::Package(name.clone());
            let Some(reduced) = package.reduced.filter(|reduced| reduced.for_room) else {
                continue;
            };
            let calm_us = self.policy.detection.calm_us;
            if !self.is_locked(&thing) && turn.passed(reduced.since_us.saturating_add(calm_us)) {
                patients.push(Patient { thing, cause: Cause::RoomAgain });
            }
        }
        patients
    }

    /// Whether an update did not become well, and nothing was done about it yet.
    fn is_failed(&self, package: &str) -> bool {
        let trial = self.packages.get(package).and_then(|package| package.trial);
        trial.is_some_and(|trial| trial.failed)
    }

    fn choice(&self, patient: &Patient) -> Choice {
        let Patient { thing, cause } = patient;
        let climb = self.tracks.get(thing).and_then(|track| track.climb.as_ref());
        match (thing, climb) {
            (Thing::Package(name), _) if *cause == Cause::RoomAgain => {
                self.places_again(name).map_or(Choice::Hold, |with| {
                    let action = Action::Restore { package: name.clone(), with };
                    Choice::Do(Remedy::Degrade, thing.clone(), action)
                })
            }
            (Thing::Package(name), _) => self.choose_back(name),
            (Thing::Model(name), Some(climb)) => self.choose(name, climb, cause),
            (Thing::Instance(..), Some(climb)) => self.choose_stop(thing, climb),
            _ => Choice::Hold,
        }
    }

    /// Whether the budgets of a thing and of the vehicle have one more; told once where not.
    fn affords(&mut self, turn: &mut Turn, patient: &Patient, thing: &Thing) -> bool {
        let budget = self.ladder(thing).budget;
        let vehicle = &self.policy.vehicle;
        let reserved = match self.criticality(&patient.thing) {
            Criticality::Safety => 0,
            _ => vehicle.reserved,
        };
        let most = vehicle.recoveries.saturating_sub(reserved);
        let all_us = self.spent.free_at_us(most, vehicle.window_us);
        let track = self.tracks.entry(thing.clone()).or_default();
        let own_us = track.spent.free_at_us(budget.recoveries, budget.window_us);
        let until_us = own_us.max(all_us);
        if turn.passed(until_us) {
            return true;
        }
        let track = self.tracks.entry(patient.thing.clone()).or_default();
        if !track.told {
            track.told = true;
            let number = self.number();
            let kind = AlertKind::BudgetExhausted { until_us };
            turn.tell(&patient.thing, kind, number, Some(&patient.cause));
        }
        false
    }

    fn order(
        &mut self,
        turn: &mut Turn,
        patient: &Patient,
        remedy: Remedy,
        thing: Thing,
        action: Action,
    ) {
        let budget = self.ladder(&thing).budget;
        let deadline_us = match action {
            Action::RollBack { .. } => self.policy.detection.package_updating_us,
            _ => self.ladder(&thing).deadline_us,
        };
        let (key, attempt) = self.try_next(patient, remedy);
        self.spent.spend(turn.now_us, self.policy.vehicle.recoveries);
        let track = self.tracks.entry(thing.clone()).or_default();
        track.spent.spend(turn.now_us, budget.recoveries);
        self.commit(turn, &action, &patient.cause);
        let order = Order {
            key,
            thing: thing.clone(),
            action,
            cause: patient.cause.clone(),
            attempt,
            issued_us: turn.now_us,
            deadline_us: turn.now_us.saturating_add(deadline_us),
        };
        turn.step.orders.push(order.clone());
        self.flights.insert(thing, Flight { order, outcome: None, reported: false });
    }

    /// The key and the number of the next try; when the one after it is due is noted.
    fn try_next(&mut self, patient: &Patient, remedy: Remedy) -> (String, u32) {
        let thing = &patient.thing;
        let backoff = self.ladder(thing).backoff;
        let number = self.number();
        let now_us = self.now_us;
        let track = self.tracks.entry(thing.clone()).or_default();
        track.told = false;
        let Some(climb) = track.climb.as_mut().filter(|_| patient.cause != Cause::RoomAgain) else {
            return (format!("{thing}#{number}.1"), 1);
        };
        climb.attempt = climb.attempt.saturating_add(1);
        *climb.tries.entry(remedy).or_default() += 1;
        let key = format!("{thing}#{}.{}", climb.number, climb.attempt);
        climb.due_us = now_us.saturating_add(backoff.after_us(climb.attempt, &key));
        (key, climb.attempt)
    }

    /// What is in force once an order was given, whatever comes of it.
    fn commit(&mut self, turn: &mut Turn, action: &Action, cause: &Cause) {
        let now_us = self.now_us;
        match action {
            Action::Move { model, to, .. } => {
                self.place(&model.package, &model.model, to);
                let updating_us = self.policy.detection.package_updating_us;
                let package = self.packages.get_mut(&model.package);
                if let Some(trial) = package.and_then(|package| package.trial.as_mut()) {
                    // It is not the revision's fault that it has to begin again elsewhere.
                    trial.deadline_us = now_us.saturating_add(updating_us);
                }
            }
            Action::Degrade { package, .. } => {
                let for_room = matches!(cause, Cause::NodeLost { .. });
                if let Some(track) = self.packages.get_mut(package) {
                    track.reduced = Some(Reduced { since_us: now_us, for_room });
                }
                self.tell_package(turn, package, AlertKind::Degraded, cause);
            }
            Action::Restore { package, with } => {
                for (model, node) in with {
                    self.place(package, model, node);
                }
                if let Some(track) = self.packages.get_mut(package) {
                    track.reduced = None;
                }
                self.tell_package(turn, package, AlertKind::Restored, cause);
            }
            Action::RollBack { package, from, to } => {
                if let Some(track) = self.packages.get_mut(package) {
                    track.revision = *to;
                    track.rolled_back = true;
                    track.trial = None;
                    track.well_since_us = None;
                    track.good.retain(|revision| revision != from);
                }
                let kind = AlertKind::RolledBack { from: *from, to: *to };
                self.tell_package(turn, package, kind, cause);
            }
            Action::Restart { .. }
            | Action::Apply { .. }
            | Action::Stop { .. }
            | Action::GiveUp => {}
        }
    }

    fn place(&mut self, package: &str, model: &str, node: &str) {
        let name = crate::ModelName::new(package, model);
        if let Some(track) = self.models.get_mut(&name) {
            node.clone_into(&mut track.node);
        }
    }

    fn tell_package(&mut self, turn: &mut Turn, package: &str, kind: AlertKind, cause: &Cause) {
        let number = self.number();
        turn.tell(&Thing::Package(package.to_owned()), kind, number, Some(cause));
    }

    /// Nothing more is tried, and it is told. A package whose update cannot be taken back leaves it
    /// to its models.
    fn give_up(&mut self, turn: &mut Turn, patient: &Patient, why: GaveUp) {
        let thing = &patient.thing;
        if let Thing::Package(name) = thing {
            if let Some(track) = self.packages.get_mut(name) {
                track.trial = None;
            }
            self.tell_package(turn, name, AlertKind::NoGoodRevision, &patient.cause);
        }
        let number = self.number();
        let Some(climb) = self.tracks.get_mut(thing).and_then(|track| track.climb.as_mut()) else {
            return;
        };
        climb.gave_up = Some(why);
        if matches!(thing, Thing::Package(_)) {
            return;
        }
        let key = format!("{thing}#{number}.give-up");
        let attempt = climb.attempt;
        turn.tell(thing, AlertKind::GaveUp, number, Some(&patient.cause));
        turn.step.orders.push(Order {
            key,
            thing: thing.clone(),
            action: Action::GiveUp,
            cause: patient.cause.clone(),
            attempt,
            issued_us: turn.now_us,
            deadline_us: turn.now_us,
        });
    }
}
