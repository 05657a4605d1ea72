//! From a snapshot to an engine that goes on.

use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::conditions::{Clause, Flip};
use piccolo_operators::cooldown::State;
use piccolo_operators::derived::{SavedDerived as KeptDerived, TRUTHS};
use piccolo_operators::ids::{Rule, Sample, Slot, UNKNOWN, Vehicle};
use piccolo_operators::latest::Fact;
use piccolo_operators::saved::{AtomPlace, SavedVehicle as KeptVehicle};

use rustc_hash::FxHashSet;

use super::tables::rules_of;
use super::value::Saved;
use super::{
    FactNumber, Owner, RuleNumber, SavedArguments, SavedFact, SavedRule, SavedStage, SavedValue,
    SavedVehicle, Snapshot, SnapshotError,
};
use crate::decide::ActionArguments;
use crate::encode::{Encoding, Names};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::{FactKind, Stage};
use crate::lane::Lane;
use crate::worker::{Findings, Order, Resume};

impl Engine {
    /// Goes on from a snapshot: a new engine in which its rules are loaded, both lanes and their
    /// policies, decides from then on what the one would that made it.
    ///
    /// # Errors
    /// The engine has been at work; its rules, policies or signals are others than those of the
    /// snapshot; it explains, and the snapshot has no reasons; the snapshot contradicts itself.
    /// After an error the engine is to be dropped.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), EngineError> {
        self.check_fits(snapshot)?;
        let here = self.here(snapshot)?;
        self.late_samples = snapshot.late_samples;
        if snapshot.now_us == 0 {
            let waiting = here.waiting(&mut self.names, snapshot)?;
            self.step(0, waiting)?;
            return Ok(());
        }
        let resumes = self.resumes(snapshot, &here)?;
        let mut findings = self.crew.resume(resumes)?;
        if findings.iter().any(|findings| findings.unknown) {
            return Err(SnapshotError::Unfit("what a rule or a derived fact has kept").into());
        }
        self.now_us = snapshot.now_us;
        self.forget_removed();
        let counts = findings.iter_mut().flat_map(|findings| findings.counts.drain(..)).collect();
        self.fleet.resume(counts, &here.shared(snapshot)?);
        self.resume_active(snapshot, &here, &findings)
    }

    fn check_fits(&self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        if self.now_us > 0 {
            return Err(SnapshotError::NotFresh { now_us: self.now_us });
        }
        if self.config.explain && !snapshot.explain {
            return Err(SnapshotError::NoReasons);
        }
        let here: Vec<SavedRule> =
            rules_of(&self.rules).into_iter().map(|(_, rule)| rule).collect();
        if let Some(what) = rules_differ(&snapshot.rules, &here) {
            return Err(SnapshotError::OtherRules(what));
        }
        for lane in Lane::ALL {
            if snapshot.policies[lane as usize] != self.policies_of(lane) {
                return Err(SnapshotError::OtherRules("there are other policies".to_owned()));
            }
        }
        Ok(())
    }

    /// The numbers that facts, rules and symbols of a snapshot have here.
    fn here(&mut self, snapshot: &Snapshot) -> Result<Here, EngineError> {
        let rules = rules_of(&self.rules).into_iter().map(|(rule, _)| rule).collect();
        let known = self.names.keyed_facts();
        let mut symbols = Vec::with_capacity(snapshot.symbols.len());
        for symbol in &snapshot.symbols {
            symbols.push(self.names.symbols.intern(&Value::from(symbol))?);
        }
        let mut facts = Vec::with_capacity(snapshot.facts.len());
        for fact in &snapshot.facts {
            facts.push(Place { slot: self.slot_of(fact)?, encoding: fact.encoding });
        }
        let saved: FxHashSet<Slot> = facts.iter().filter_map(|place| place.slot).collect();
        let missing = known
            .iter()
            .find(|known| known.kind == FactKind::Derived && !saved.contains(&known.slot));
        // Before anything happened nothing was derived.
        match missing.filter(|_| snapshot.now_us > 0) {
            Some(missing) => Err(SnapshotError::MissingFact(missing.key.clone()).into()),
            None => Ok(Here { facts, rules, symbols }),
        }
    }

    /// The slot of a fact; none for a derived one that no rule reads.
    fn slot_of(&mut self, fact: &SavedFact) -> Result<Option<Slot>, EngineError> {
        match fact.kind {
            FactKind::Signal => {
                let other = || SnapshotError::OtherFact(fact.key.clone());
                let signal = self.names.catalogue.find(&fact.key).ok_or_else(other)?;
                if self.names.encoding(signal) != Some(fact.encoding) {
                    return Err(other().into());
                }
                self.names.slot(signal).map(Some)
            }
            FactKind::Platform => {
                Ok(Some(self.names.keyed_platform_slot(&fact.key, fact.encoding)))
            }
            FactKind::Derived => Ok(self.names.keyed_derived_slot(&fact.key)),
        }
    }

    /// What each worker takes up again.
    fn resumes(&mut self, snapshot: &Snapshot, here: &Here) -> Result<Vec<Resume>, EngineError> {
        let fleet = self.fleet_rules > 0;
        let mut orders = std::mem::take(&mut self.changes);
        if fleet {
            self.fleet_open = true;
            orders.insert(0, Order::OpenFleet);
        }
        let waiting = self.crew.deal(here.waiting(&mut self.names, snapshot)?);
        let shared = here.shared(snapshot)?;
        let mut resumes: Vec<Resume> = waiting
            .into_iter()
            .map(|waiting| Resume {
                orders: orders.clone(),
                now_us: snapshot.now_us,
                fleet,
                waiting,
                shared: shared.clone(),
                ..Resume::default()
            })
            .collect();
        for saved in &snapshot.vehicles {
            let vehicle = self.names.vehicle(&saved.name)?;
            let index = self.crew.worker_of(vehicle);
            let Some(resume) = resumes.get_mut(index) else { continue };
            if saved.stages[Stage::Fleet as usize].is_some() && !fleet {
                return Err(SnapshotError::Unfit("a state for rules about the fleet").into());
            }
            for (stage, kept) in saved.stages.iter().zip(&mut resume.vehicles) {
                if let Some(stage) = stage {
                    kept.push(here.vehicle(vehicle, stage)?);
                }
            }
            for lane in Lane::ALL {
                for active in &saved.active[lane as usize] {
                    resume.active.push((vehicle, here.rule(active.rule)?, lane));
                }
            }
        }
        Ok(resumes)
    }

    /// Lets both lanes go on with the scenarios that are active.
    fn resume_active(
        &mut self,
        snapshot: &Snapshot,
        here: &Here,
        findings: &[Findings],
    ) -> Result<(), EngineError> {
        for lane in Lane::ALL {
            let mut deciders = std::mem::take(&mut self.lane_mut(lane).deciders);
            for saved in &snapshot.vehicles {
                let vehicle = self.names.vehicle(&saved.name)?;
                let decider = deciders.of(self.crew.worker_of(vehicle));
                for active in &saved.active[lane as usize] {
                    let rule = here.rule(active.rule)?;
                    let wanted = active.wanted.as_deref().map(wanted);
                    let live = self.rules.get(&rule);
                    if !live.is_some_and(|live| decider.resume(vehicle, rule, wanted, live, lane)) {
                        return Err(SnapshotError::Unfit("what an active scenario wants").into());
                    }
                }
            }
            for (worker, findings) in findings.iter().enumerate() {
                deciders.of(worker).resume_winners(&findings.winners);
            }
            self.lane_mut(lane).deciders = deciders;
        }
        Ok(())
    }
}

/// The arguments of the actions of an active scenario.
fn wanted(actions: &[Option<SavedArguments>]) -> Vec<Option<ActionArguments>> {
    let value = |(name, value): &(Arc<str>, Saved)| (Arc::clone(name), Value::from(value));
    let action = |arguments: &SavedArguments| arguments.iter().map(value).collect();
    actions.iter().map(|arguments| arguments.as_ref().map(action)).collect()
}

/// The first scenario that is not the same there and here.
fn rules_differ(there: &[SavedRule], here: &[SavedRule]) -> Option<String> {
    if there == here {
        return None;
    }
    let first = there.iter().find(|rule| !here.contains(rule));
    let Some(rule) = first.or_else(|| here.iter().find(|rule| !there.contains(rule))) else {
        return Some("they are in another order".to_owned());
    };
    let find = |rules: &[SavedRule]| rules.iter().find(|other| other.name == rule.name).cloned();
    let name = &rule.name;
    Some(match (find(there), find(here)) {
        (Some(there), Some(here)) if there.revision != here.revision => {
            format!(
                "scenario `{name}` has revision {} there and {} here",
                there.revision, here.revision
            )
        }
        (Some(_), Some(_)) => {
            format!("scenario `{name}` is in other lanes, or asks about other scenarios")
        }
        (Some(_), None) => format!("scenario `{name}` is not loaded"),
        _ => format!("scenario `{name}` is new"),
    })
}

/// Where a fact of the snapshot is here.
struct Place {
    slot: Option<Slot>,
    encoding: Encoding,
}

/// The numbers that facts, rules and symbols of a snapshot have here.
struct Here {
    facts: Vec<Place>,
    rules: Vec<Rule>,
    symbols: Vec<u32>,
}

impl Here {
    fn rule(&self, number: RuleNumber) -> Result<Rule, SnapshotError> {
        self.rules.get(number as usize).copied().ok_or(SnapshotError::Unfit("a rule's number"))
    }

    fn place(&self, number: FactNumber) -> Result<&Place, SnapshotError> {
        self.facts.get(number as usize).ok_or(SnapshotError::Unfit("a fact's number"))
    }

    /// A value of a fact as it is here.
    fn value(&self, place: &Place, value: f64) -> Result<f64, SnapshotError> {
        if place.encoding != Encoding::Symbol || value.is_nan() {
            return Ok(value);
        }
        let symbol = self.symbols.get(value as usize);
        symbol.map(|symbol| f64::from(*symbol)).ok_or(SnapshotError::Unfit("a text's number"))
    }

    /// What a sample brought, with its slot; none for a fact that no rule reads any more.
    fn fact(&self, saved: &SavedValue) -> Result<Option<(Slot, Fact)>, SnapshotError> {
        let place = self.place(saved.fact)?;
        let SavedValue { time_us, origin, .. } = *saved;
        let value = self.value(place, saved.value)?;
        Ok(place.slot.map(|slot| (slot, Fact { value, time_us, origin })))
    }

    /// The facts that all vehicles share.
    fn shared(&self, snapshot: &Snapshot) -> Result<Vec<(Slot, f64)>, SnapshotError> {
        let mut shared = Vec::new();
        for (fact, value) in &snapshot.fleet {
            shared.extend(self.place(*fact)?.slot.map(|slot| (slot, *value)));
        }
        Ok(shared)
    }

    /// The samples that wait, in order of time.
    fn waiting(&self, names: &mut Names, snapshot: &Snapshot) -> Result<Vec<Sample>, EngineError> {
        let mut waiting = Vec::new();
        for SavedVehicle { name, waiting: own, .. } in &snapshot.vehicles {
            let vehicle = names.vehicle(name)?;
            for saved in own {
                if let Some((slot, Fact { value, time_us, origin })) = self.fact(saved)? {
                    waiting.push(Sample { time_us, value, vehicle, slot, origin });
                }
            }
        }
        waiting.sort_by_key(|sample| sample.time_us);
        Ok(waiting)
    }

    fn vehicle(&self, vehicle: Vehicle, stage: &SavedStage) -> Result<KeptVehicle, SnapshotError> {
        let mut kept = KeptVehicle::new(vehicle);
        for saved in &stage.facts {
            kept.facts.extend(self.fact(saved)?);
        }
        for saved in &stage.derived {
            let Some(slot) = self.place(saved.fact)?.slot else { continue };
            let (mut state, due_us) = (saved.state.clone(), saved.due_us);
            if let Some(value) = state.source_value() {
                *value = match saved.source {
                    Some(source) => self.value(self.place(source)?, *value)?,
                    None => UNKNOWN,
                };
            }
            kept.derived.push(KeptDerived { slot, source: None, state, due_us });
        }
        for (rule, since_us) in &stage.held {
            kept.held.push((self.rule(*rule)?, *since_us));
        }
        for saved in &stage.rules {
            let state = State {
                active: saved.active,
                spent: saved.spent,
                rests_until_us: saved.rests_until_us,
            };
            kept.rules.push((self.rule(saved.rule)?, state));
        }
        for rule in &stage.quarantined {
            kept.quarantined.push(self.rule(*rule)?);
        }
        for saved in &stage.flips {
            let owner = match saved.owner {
                Owner::Rule(rule) => Some(self.rule(rule)?),
                Owner::Fact(fact) => self.place(fact)?.slot.map(|slot| TRUTHS + slot),
            };
            let clause = if saved.second { Clause::Until } else { Clause::When };
            if let Some((owner, (slot, fact))) = owner.zip(self.fact(&saved.by)?) {
                let Fact { value, time_us, origin } = fact;
                let place = AtomPlace { owner, clause, atom: saved.atom };
                kept.flips.push((place, Flip { slot, value, time_us, origin }));
            }
        }
        Ok(kept)
    }
}
