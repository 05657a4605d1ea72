//! The engine: rules and samples in, decisions out.

use std::collections::BTreeMap;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_operators::evaluate::RuleSpec;
use piccolo_operators::ids::{Rule, Sample, Time, Vehicle};
use piccolo_script::RuleSet;
use rustc_hash::FxHashMap;

use crate::compile::{LiveRule, Targets, compile};
use crate::crew::Crew;
use crate::decide::{Context, Decider};
use crate::decision::Decision;
use crate::encode::Names;
use crate::error::EngineError;
use crate::worker::Order;

/// How an engine is set up.
#[derive(Clone, Copy, Debug)]
pub struct EngineConfig {
    /// Worker threads; with 1 all work is done in the caller's thread.
    pub workers: usize,
    /// Whether decisions carry their reason. It costs memory for each atom of each vehicle.
    pub explain: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { workers: 1, explain: false }
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
    config: EngineConfig,
    names: Names,
    targets: Targets,
    crew: Crew,
    decider: Decider,
    /// The number of each scenario's live revision.
    numbers: BTreeMap<Arc<str>, Rule>,
    rules: FxHashMap<Rule, LiveRule>,
    next_rule: Rule,
    /// Changes of rules that the next step carries out.
    changes: Vec<Order>,
    now_us: Time,
    late_samples: u64,
}

impl Engine {
    /// An engine without rules, at time zero.
    pub fn new(config: EngineConfig, catalogue: Arc<Catalogue>) -> Result<Self, EngineError> {
        Ok(Self {
            config,
            names: Names::new(catalogue),
            targets: Targets::default(),
            crew: Crew::new(config.workers, config.explain)?,
            decider: Decider::default(),
            numbers: BTreeMap::new(),
            rules: FxHashMap::default(),
            next_rule: 0,
            changes: Vec::new(),
            now_us: 0,
            late_samples: 0,
        })
    }

    /// Makes `rules` the rules of the engine, from its present time on.
    ///
    /// Scenarios whose revision is the same stay as they are, with all their
    /// state. Those that are gone or replaced end where they are active; new
    /// ones begin where their condition holds on the values that are known.
    pub fn load(&mut self, rules: &RuleSet) -> Result<RuleChange, EngineError> {
        // Everything that can fail comes first, so that a load is taken as a whole or not at all.
        let mut compiled = Vec::new();
        for scenario in rules.scenarios() {
            if self.revision(&scenario.name) != Some(&*scenario.revision) {
                let explain = self.config.explain;
                compiled.push(compile(scenario, &mut self.names, &mut self.targets, explain)?);
            }
        }
        let mut change = RuleChange { kept: rules.len() - compiled.len(), ..RuleChange::default() };
        let names: Vec<Arc<str>> = self.numbers.keys().cloned().collect();
        for name in names.into_iter().filter(|name| rules.scenario(name).is_none()) {
            self.remove(&name);
            change.removed.push(name);
        }
        for (spec, live) in compiled {
            let name = Arc::clone(&live.scenario.name);
            let replaced = self.remove(&name);
            self.add(spec, live);
            if replaced { change.replaced.push(name) } else { change.added.push(name) }
        }
        Ok(change)
    }

    /// The live revision of a scenario.
    fn revision(&self, name: &str) -> Option<&str> {
        let rule = self.rules.get(self.numbers.get(name)?)?;
        Some(&rule.scenario.revision)
    }

    fn add(&mut self, spec: RuleSpec, live: LiveRule) {
        let rule = self.next_rule;
        self.next_rule += 1;
        for target in live.claims.iter().filter(|target| self.targets.claim(**target)) {
            let holders = self.decider.holders(*target).into();
            self.changes.push(Order::Contest { target: *target, holders });
        }
        self.changes.push(Order::Add {
            rule,
            spec: Arc::new(spec),
            claim: live.claim(rule),
            targets: live.claims.clone().into(),
        });
        self.numbers.insert(Arc::clone(&live.scenario.name), rule);
        self.rules.insert(rule, live);
    }

    /// Takes a scenario away; says whether there was one.
    fn remove(&mut self, name: &str) -> bool {
        let removed = self.numbers.remove(name);
        self.changes.extend(removed.map(Order::Remove));
        removed.is_some()
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
        let orders = self.orders(tick_us, samples);
        let changed = tick_us > self.now_us && !self.changes.is_empty();
        let findings = self.crew.step(orders, tick_us)?;
        let context =
            Context { names: &self.names, rules: &self.rules, explain: self.config.explain };
        let decisions = self.decider.decide(findings, &context);
        if changed {
            self.forget_removed();
        }
        self.now_us = tick_us;
        Ok(decisions)
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

    /// Drops the rules whose last edges are out.
    fn forget_removed(&mut self) {
        for change in self.changes.drain(..) {
            if let Order::Remove(rule) = change
                && let Some(live) = self.rules.remove(&rule)
            {
                live.claims.iter().for_each(|target| self.targets.release(*target));
            }
        }
    }

    /// The engine's present time: everything before it is decided.
    pub fn now_us(&self) -> Time {
        self.now_us
    }

    /// How many samples came too late and were dropped.
    pub fn late_samples(&self) -> u64 {
        self.late_samples
    }

    /// How many scenarios are live.
    pub fn scenarios(&self) -> usize {
        self.numbers.len()
    }
}
