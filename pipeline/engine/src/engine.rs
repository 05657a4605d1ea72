//! The engine: rules and samples in, decisions out.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_operators::ids::{Rule, Sample, Slot, Time, UNKNOWN, Vehicle};
use piccolo_script::{Fact, PlatformFact};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::cluster::Peers;
use crate::crew::Crew;
use crate::decision::{Decision, Quarantined};
use crate::encode::Names;
use crate::error::EngineError;
use crate::facts::Stage;
use crate::fleet::FleetState;
use crate::lane::{Lane, LaneState, LiveRule, Targets};
use crate::observe::{Lens, Observer, Shared};
use crate::policy::PolicyDefaults;
use crate::worker::{Findings, Order, Part};

/// How an engine is set up.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Worker threads; with 1 all work is done in the caller's thread.
    pub workers: usize,
    /// Whether decisions carry their reason. It costs memory for each atom of each vehicle.
    pub explain: bool,
    /// What is done with actions on which no policy says anything.
    pub defaults: PolicyDefaults,
}

impl Default for EngineConfig {
    /// One worker, no reasons, and everything allowed that no policy denies.
    fn default() -> Self {
        Self { workers: 1, explain: false, defaults: PolicyDefaults::allow_all() }
    }
}

/// What a load of rules changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChange {
    /// Names of new scenarios.
    pub added: Vec<Arc<str>>,
    /// Names of scenarios with another revision than before.
    pub replaced: Vec<Arc<str>>,
    /// Names of scenarios that are gone.
    pub removed: Vec<Arc<str>>,
    /// How many stayed as they were, with all their state.
    pub kept: usize,
}

/// A running dataflow over a set of rules.
///
/// It does no I/O and reads no clock: what comes out depends on nothing but
/// the samples, the rules, and the ticks at which rules were changed. It stays
/// in the thread that made it.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: EngineConfig,
    pub(crate) names: Names,
    pub(crate) targets: Targets,
    pub(crate) crew: Crew,
    pub(crate) lanes: [LaneState; 2],
    pub(crate) rules: FxHashMap<Rule, LiveRule>,
    pub(crate) next_rule: Rule,
    /// Changes of rules that the next step carries out.
    pub(crate) changes: Vec<Order>,
    /// Rules that leave a lane, or all, with that step.
    pub(crate) leaving: BTreeSet<(Rule, Option<Lane>)>,
    /// The rules that say in a slot whether they are active.
    pub(crate) announced: FxHashSet<(Rule, Slot)>,
    shadow: Vec<Decision>,
    quarantined: Vec<Quarantined>,
    pub(crate) observer: Option<Shared>,
    /// How many rules are about the fleet, and whether their dataflow runs.
    pub(crate) fleet_rules: usize,
    pub(crate) fleet_open: bool,
    pub(crate) fleet: FleetState,
    pub(crate) now_us: Time,
    pub(crate) late_samples: u64,
}

impl Engine {
    /// An engine without rules, at time zero.
    pub fn new(config: EngineConfig, catalogue: Arc<Catalogue>) -> Result<Self, EngineError> {
        let crew = Crew::new(config.workers, config.explain)?;
        Ok(Self::with(crew, config, catalogue))
    }

    /// An engine that counts the fleet together with those of other processes.
    ///
    /// # Errors
    /// Connections or threads that cannot be set up.
    pub fn in_cluster(
        config: EngineConfig,
        catalogue: Arc<Catalogue>,
        peers: Peers,
    ) -> Result<Self, EngineError> {
        let crew = Crew::in_cluster(config.workers, config.explain, peers)?;
        Ok(Self::with(crew, config, catalogue))
    }

    fn with(crew: Crew, config: EngineConfig, catalogue: Arc<Catalogue>) -> Self {
        Self {
            config,
            names: Names::new(catalogue),
            targets: Targets::default(),
            crew,
            lanes: Default::default(),
            rules: FxHashMap::default(),
            next_rule: 0,
            changes: Vec::new(),
            leaving: BTreeSet::new(),
            announced: FxHashSet::default(),
            shadow: Vec::new(),
            quarantined: Vec::new(),
            observer: None,
            fleet_rules: 0,
            fleet_open: false,
            fleet: FleetState::default(),
            now_us: 0,
            late_samples: 0,
        }
    }

    pub(crate) fn lane(&self, lane: Lane) -> &LaneState {
        &self.lanes[lane as usize]
    }

    pub(crate) fn lane_mut(&mut self, lane: Lane) -> &mut LaneState {
        &mut self.lanes[lane as usize]
    }

    /// Lets an observer see every scenario and policy that is loaded now; only with one worker.
    pub fn observe(&mut self, observer: Rc<RefCell<dyn Observer>>) -> Result<(), EngineError> {
        let shared = Shared(observer);
        let scenarios: Vec<_> =
            self.rules.iter().map(|(rule, live)| (*rule, Arc::clone(&live.scenario))).collect();
        for stage in Stage::ALL {
            let home = |rule| self.rules.get(&rule).map(|live| live.home) == Some(stage);
            let scenarios = scenarios.iter().filter(|(rule, _)| home(*rule)).cloned();
            self.names.at(stage);
            let lens = Lens::new(shared.clone(), &mut self.names, scenarios)?;
            self.crew.observe(stage, Box::new(lens))?;
        }
        self.observer = Some(shared);
        Ok(())
    }

    /// The number of a vehicle, a new one for a new name.
    pub fn vehicle(&mut self, name: &str) -> Result<Vehicle, EngineError> {
        self.names.vehicle(name)
    }

    /// A sample of a signal as the engine takes it; the value is of the catalogue's
    /// type, `None` makes the signal unavailable, and `origin` is where it comes
    /// from, such as a line number.
    pub fn sample(
        &mut self,
        vehicle: Vehicle,
        signal: SignalId,
        value: Option<&Value>,
        time_us: Time,
        origin: u32,
    ) -> Result<Sample, EngineError> {
        let slot = self.names.slot(signal)?;
        Ok(Sample { time_us, value: self.names.encode(signal, value)?, vehicle, slot, origin })
    }

    /// A value of a fact of the platform, such as `node("hpc").cpu`, as a sample; `None` makes it
    /// unavailable. What the engine says itself, whether a scenario is active, is not put in.
    pub fn platform_sample(
        &mut self,
        vehicle: Vehicle,
        fact: &Arc<PlatformFact>,
        value: Option<&Value>,
        time_us: Time,
        origin: u32,
    ) -> Result<Sample, EngineError> {
        let slot = self.names.platform_slot(fact);
        let value = match value {
            Some(value) => self.names.encode_fact(&Fact::Platform(Arc::clone(fact)), value)?,
            None => UNKNOWN,
        };
        Ok(Sample { time_us, value, vehicle, slot, origin })
    }

    /// The name of a vehicle.
    pub fn vehicle_name(&self, vehicle: Vehicle) -> Option<&Arc<str>> {
        self.names.vehicle_name(vehicle)
    }

    /// Takes samples in and lets time pass until just before `tick_us`.
    ///
    /// The promise of a tick: no later sample will be earlier than it. Samples
    /// at or after it are kept for later steps. Returned are all decisions
    /// before `tick_us` that were not returned before, in canonical order. A
    /// sample from before the last tick is dropped and counted
    /// ([`Self::late_samples`]).
    pub fn step(
        &mut self,
        tick_us: Time,
        mut samples: Vec<Sample>,
    ) -> Result<Vec<Decision>, EngineError> {
        if tick_us < self.now_us {
            return Err(EngineError::Backwards { tick_us, now_us: self.now_us });
        }
        if !samples.is_sorted_by_key(|sample| sample.time_us) {
            samples.sort_by_key(|sample| sample.time_us);
        }
        let late = samples.partition_point(|sample| sample.time_us < self.now_us);
        self.late_samples += late as u64;
        samples.drain(..late);
        let changed = tick_us > self.now_us && !self.changes.is_empty();
        let mut findings = if self.fleet_rules > 0 {
            self.step_fleet(tick_us, samples)?
        } else {
            let orders = self.orders(tick_us, samples);
            self.crew.step(orders, tick_us, Part::Whole)?
        };
        let quarantined = findings.iter_mut().flat_map(|one| one.quarantined.drain(..)).collect();
        let [decisions, shadow] = self.decide(findings)?;
        self.shadow.extend(shadow);
        self.note_quarantined(quarantined);
        if changed {
            self.forget_removed();
        }
        self.now_us = tick_us;
        Ok(decisions)
    }

    /// What the shadow has decided since this was asked last, in canonical order.
    ///
    /// It is kept until it is asked for: ask after each step.
    pub fn take_shadow_decisions(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.shadow)
    }

    /// The scenarios that were left out in a vehicle since this was asked last, since a script in
    /// their conditions broke its limits there; in order of time, vehicle and name.
    ///
    /// A scenario stays left out in that vehicle until another revision of it is loaded.
    pub fn take_quarantined(&mut self) -> Vec<Quarantined> {
        std::mem::take(&mut self.quarantined)
    }

    fn note_quarantined(&mut self, found: Vec<(Time, (Vehicle, Rule))>) {
        let of = |(time_us, (vehicle, rule)): (Time, (Vehicle, Rule))| {
            let scenario = &self.rules.get(&rule)?.scenario;
            Some(Quarantined {
                time_us,
                vehicle: Arc::clone(self.names.vehicle_name(vehicle)?),
                scenario: Arc::clone(&scenario.name),
                revision: Arc::clone(&scenario.revision),
            })
        };
        let mut new: Vec<Quarantined> = found.into_iter().filter_map(of).collect();
        new.sort();
        new.dedup();
        self.quarantined.extend(new);
    }

    /// A step with rules about the fleet: first the vehicles are counted, then those rules decide.
    fn step_fleet(
        &mut self,
        tick_us: Time,
        samples: Vec<Sample>,
    ) -> Result<Vec<Findings>, EngineError> {
        if tick_us > self.now_us && !std::mem::replace(&mut self.fleet_open, true) {
            self.changes.insert(0, Order::OpenFleet);
        }
        let orders = self.orders(tick_us, samples.clone());
        let counted = self.crew.step(orders, tick_us, Part::Count)?;
        let counts = counted.into_iter().flat_map(|one| one.counts).collect();
        let shared = self.fleet.take(counts, &self.names.facts.fleet, self.now_us);
        let dealt = self.crew.deal(samples).into_iter();
        let orders = dealt.map(|own| vec![Order::Samples(shared.clone()), Order::Samples(own)]);
        self.crew.step(orders.collect(), tick_us, Part::Finish)
    }

    /// Orders for each worker; changes of rules wait for a step in which time passes.
    fn orders(&self, tick_us: Time, samples: Vec<Sample>) -> Vec<Vec<Order>> {
        let changes: &[Order] = if tick_us > self.now_us { &self.changes } else { &[] };
        let dealt = self.crew.deal(samples);
        dealt
            .into_iter()
            .map(|samples| {
                let mut orders = changes.to_vec();
                if !samples.is_empty() {
                    orders.push(Order::Samples(samples));
                }
                orders
            })
            .collect()
    }

    /// Forgets the rules whose last edges are out, and what only they read.
    pub(crate) fn forget_removed(&mut self) {
        self.changes.clear();
        for (rule, lane) in std::mem::take(&mut self.leaving) {
            let lanes =
                Lane::ALL.into_iter().filter(|known| lane.is_none_or(|lane| lane == *known));
            for lane in lanes {
                self.forget_claims(lane, rule);
            }
            if lane.is_none()
                && let Some(live) = self.rules.remove(&rule)
            {
                self.names.release_all(&live.reads, &mut self.changes);
                self.names.release_all(&live.captured, &mut self.changes);
                self.forget_announced(rule);
                if live.home == Stage::Fleet {
                    self.fleet_rules -= 1;
                    self.fleet_open &= self.fleet_rules > 0;
                }
            }
        }
    }

    /// Forgets in which slots a rule said whether it is active: whoever asked is gone with it.
    fn forget_announced(&mut self, rule: Rule) {
        let slots: Vec<Slot> = self
            .announced
            .iter()
            .filter(|(known, _)| *known == rule)
            .map(|(_, slot)| *slot)
            .collect();
        self.announced.retain(|(known, _)| *known != rule);
        for slot in slots {
            self.names.forget_platform_slot(slot);
            self.changes.push(Order::Forget(Stage::Vehicle, slot));
            if self.fleet_rules > 0 {
                self.changes.push(Order::Forget(Stage::Fleet, slot));
            }
        }
    }

    fn forget_claims(&mut self, lane: Lane, rule: Rule) {
        let Some(live) = self.rules.get_mut(&rule) else { return };
        let Some(claims) = live.lanes[lane as usize].take() else { return };
        self.targets.release(lane, &live.scenario);
        for target in claims.targets() {
            self.lane_mut(lane).release(target, rule);
        }
    }

    /// The engine's present time: everything before it is decided.
    pub fn now_us(&self) -> Time {
        self.now_us
    }

    /// How many slots were ever given out, for signals and other facts; those that are free again
    /// are used before new ones.
    pub fn slots_used(&self) -> usize {
        self.names.slots_used()
    }

    /// How many samples came too late and were dropped.
    pub fn late_samples(&self) -> u64 {
        self.late_samples
    }

    /// Whether any rule is about the fleet, so that steps of a cluster wait for each other.
    pub fn is_about_the_fleet(&self) -> bool {
        self.fleet_rules > 0
    }

    /// How many scenarios are live.
    pub fn scenarios(&self) -> usize {
        self.lane(Lane::Active).numbers.len()
    }
}
