//! From an engine to a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use piccolo_operators::conditions::Clause;
use piccolo_operators::derived::{SavedDerived as KeptDerived, TRUTHS};
use piccolo_operators::ids::{Sample, Slot, Vehicle};
use piccolo_operators::saved::SavedVehicle as KeptVehicle;
use rustc_hash::FxHashSet;

use super::tables::Tables;
use super::value::Saved;
use super::{
    Owner, SavedActive, SavedDerived, SavedFlip, SavedStage, SavedState, SavedVehicle, Snapshot,
    SnapshotError,
};
use crate::decide::SavedWanted;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::lane::Lane;
use crate::worker::{Findings, Order};

impl Engine {
    /// The state of the engine at its present time. It changes nothing: an engine that goes on
    /// from the snapshot decides what this one will, byte for byte, with any number of workers.
    ///
    /// Take what the shadow decided and what was left out before: they are not in it.
    ///
    /// # Errors
    /// Rules were loaded since the last step in which time passed; a worker is gone.
    pub fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        let gone = self.slots_to_forget().ok_or(SnapshotError::Unsettled)?;
        let mut tables = Tables::new(&self.names, &self.rules, &gone);
        let mut findings = Findings::default();
        self.crew.save(&tables.owners())?.into_iter().for_each(|other| findings.add(other));
        let vehicles = self.saved_vehicles(findings, &mut tables);
        let told = self.fleet.told().filter_map(|(slot, value)| Some((tables.fact(slot)?, value)));
        let mut fleet: Vec<_> = told.collect();
        fleet.sort_by_key(|(fact, _)| *fact);
        Ok(Snapshot {
            now_us: self.now_us,
            late_samples: self.late_samples,
            explain: self.config.explain,
            policies: Lane::ALL.map(|lane| self.policies_of(lane)),
            rules: tables.rules,
            facts: tables.facts,
            symbols: tables.symbols,
            fleet,
            vehicles,
        })
    }

    /// The slots that the next step forgets; none where it changes more than that.
    fn slots_to_forget(&self) -> Option<FxHashSet<Slot>> {
        if self.now_us == 0 {
            // Nothing has happened yet, so it does not matter what is in force.
            return Some(FxHashSet::default());
        }
        let mut slots = FxHashSet::default();
        for order in &self.changes {
            match order {
                Order::Forget(_, slot) => slots.extend([*slot]),
                Order::Uncount(_) => {}
                _ => return None,
            }
        }
        Some(slots)
    }

    /// Name and revision of each policy of a lane.
    pub(super) fn policies_of(&self, lane: Lane) -> Vec<(Arc<str>, Arc<str>)> {
        let policies = self.lane(lane).policies.iter();
        policies.map(|policy| (Arc::clone(&policy.name), Arc::clone(&policy.revision))).collect()
    }

    /// All vehicles that anything is known of, by name.
    fn saved_vehicles(&self, findings: Findings, tables: &mut Tables) -> Vec<SavedVehicle> {
        let mut all: BTreeMap<&Arc<str>, Kept> = BTreeMap::new();
        let name = |vehicle: Vehicle| self.names.vehicle_name(vehicle);
        let Findings { saved: [own, fleet], waiting, .. } = findings;
        let stages = [Some(own), self.fleet_open.then_some(fleet)];
        for (stage, vehicles) in stages.into_iter().enumerate() {
            for vehicle in vehicles.into_iter().flatten() {
                if let Some(name) = name(vehicle.vehicle) {
                    all.entry(name).or_default().stages[stage] = Some(vehicle);
                }
            }
        }
        for sample in waiting {
            name(sample.vehicle)
                .into_iter()
                .for_each(|name| all.entry(name).or_default().waiting.push(sample));
        }
        for lane in Lane::ALL {
            for (vehicle, rule, wanted) in self.lane(lane).deciders.active() {
                if let Some((name, rule)) = name(vehicle).zip(tables.rule(rule)) {
                    all.entry(name).or_default().active[lane as usize].push((rule, wanted));
                }
            }
        }
        all.into_iter().map(|(name, kept)| kept.saved(name, tables)).collect()
    }
}

/// What the parts of an engine keep of one vehicle.
#[derive(Default)]
struct Kept {
    stages: [Option<KeptVehicle>; 2],
    waiting: Vec<Sample>,
    active: [Vec<(u32, SavedWanted)>; 2],
}

impl Kept {
    fn saved(self, name: &Arc<str>, tables: &mut Tables) -> SavedVehicle {
        let waiting = self.waiting.iter().filter_map(|sample| {
            tables.saved(sample.slot, sample.value, sample.time_us, sample.origin)
        });
        let waiting = waiting.collect();
        let active = self.active.map(|mut active| {
            active.sort_by_key(|(rule, _)| *rule);
            active.into_iter().map(|(rule, wanted)| saved_active(rule, wanted)).collect()
        });
        let stages = self.stages.map(|vehicle| vehicle.map(|vehicle| stage(vehicle, tables)));
        SavedVehicle { name: Arc::clone(name), stages, active, waiting }
    }
}

fn saved_active(rule: u32, wanted: SavedWanted) -> SavedActive {
    let value = |(name, value): &(Arc<str>, _)| (Arc::clone(name), Saved::from(value));
    let action = |arguments: Vec<_>| arguments.iter().map(value).collect();
    let wanted =
        wanted.map(|actions| actions.into_iter().map(|arguments| arguments.map(action)).collect());
    SavedActive { rule, wanted }
}

/// A vehicle in one stage, all in the order of the snapshot.
fn stage(kept: KeptVehicle, tables: &mut Tables) -> SavedStage {
    let mut stage = SavedStage::default();
    let mut facts = kept.facts;
    facts.sort_by_key(|(slot, _)| tables.fact(*slot));
    for (slot, fact) in facts {
        stage.facts.extend(tables.saved(slot, fact.value, fact.time_us, fact.origin));
    }
    let mut derived = kept.derived;
    derived.sort_by_key(|derived| tables.fact(derived.slot));
    stage.derived = derived.into_iter().filter_map(|kept| saved_derived(kept, tables)).collect();
    let rule = |rule| tables.rule(rule);
    stage.held =
        kept.held.iter().filter_map(|(held, since_us)| Some((rule(*held)?, *since_us))).collect();
    stage.held.sort_unstable();
    let state = |(number, state): &(u32, piccolo_operators::cooldown::State)| {
        let (active, spent, rests_until_us) = (state.active, state.spent, state.rests_until_us);
        Some(SavedState { rule: rule(*number)?, active, spent, rests_until_us })
    };
    stage.rules = kept.rules.iter().filter_map(state).collect();
    stage.rules.sort_by_key(|state| state.rule);
    stage.quarantined = kept.quarantined.iter().filter_map(|number| rule(*number)).collect();
    stage.quarantined.sort_unstable();
    for (place, flip) in kept.flips {
        let owner = match place.owner.checked_sub(TRUTHS) {
            None => tables.rule(place.owner).map(Owner::Rule),
            Some(slot) => tables.fact(slot).map(Owner::Fact),
        };
        let by = tables.saved(flip.slot, flip.value, flip.time_us, flip.origin);
        let second = place.clause == Clause::Until;
        stage.flips.extend(owner.zip(by).map(|(owner, by)| SavedFlip {
            owner,
            second,
            atom: place.atom,
            by,
        }));
    }
    stage
}

fn saved_derived(mut kept: KeptDerived, tables: &mut Tables) -> Option<SavedDerived> {
    let fact = tables.fact(kept.slot)?;
    let source = kept.source.and_then(|source| tables.fact(source));
    if let (Some(value), Some(source)) = (kept.state.source_value(), source) {
        *value = tables.value(source, *value);
    }
    Some(SavedDerived { fact, source, state: kept.state, due_us: kept.due_us })
}
