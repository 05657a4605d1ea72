//! The state machines of the hot path, driven in order of event time.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Cause, Edge, Input, RuleSpec};
use crate::conditions::{Clause, Conditions, Toggle};
use crate::cooldown::{Cooldown, EdgeKind, Levels};
use crate::held::Held;
use crate::ids::{Rule, Sample, Time};
use crate::latest::{Facts, Latest};
use crate::timers::Key;

/// Samples and rule changes in, edges out, in order of event time.
///
/// All samples of one time are taken in before anything is decided at that
/// time, and deadlines of that time come after them; so what comes out does
/// not depend on how the samples were batched.
#[derive(Debug)]
pub struct Evaluator {
    latest: Latest,
    conditions: Conditions,
    held: Held,
    cooldown: Cooldown,
    rules: FxHashMap<Rule, Arc<RuleSpec>>,
    /// Samples at or after the present time, in order.
    waiting: Vec<Sample>,
    /// The ends of rules that were taken away at the present time.
    removed: Vec<Edge>,
    toggles: Vec<Toggle>,
    touched: Vec<Key>,
    now_us: Time,
    next_timer_us: Time,
    explain: bool,
}

impl Evaluator {
    /// No rules and no facts. With `explain`, edges carry the flips of their atoms.
    pub fn new(explain: bool) -> Self {
        Self {
            latest: Latest::default(),
            conditions: Conditions::new(explain),
            held: Held::default(),
            cooldown: Cooldown::default(),
            rules: FxHashMap::default(),
            waiting: Vec::new(),
            removed: Vec::new(),
            toggles: Vec::new(),
            touched: Vec::new(),
            now_us: 0,
            next_timer_us: Time::MAX,
            explain,
        }
    }

    /// The facts of a vehicle at the present time.
    pub fn facts(&self, vehicle: u32) -> Facts<'_> {
        self.latest.of(vehicle)
    }

    /// Takes an input in; what follows from it comes with [`Self::advance`].
    pub fn take(&mut self, input: Input) {
        match input {
            Input::Samples(samples) if self.waiting.is_empty() => self.waiting = samples,
            Input::Samples(samples) => self.waiting.extend(samples),
            Input::Add(rule, spec) => self.add(rule, spec),
            Input::Remove(rule) => self.remove(rule),
        }
    }

    /// Lets time pass until just before `tick_us` and appends the edges on the way.
    pub fn advance(&mut self, tick_us: Time, edges: &mut Vec<Edge>) {
        if tick_us <= self.now_us {
            return;
        }
        let ready = self.waiting.partition_point(|sample| sample.time_us < tick_us);
        let mut waiting = std::mem::take(&mut self.waiting);
        for sample in &waiting[..ready] {
            if sample.time_us != self.now_us {
                if self.is_due(sample.time_us) {
                    self.run_until(sample.time_us, edges);
                }
                self.now_us = sample.time_us;
            }
            self.conditions.apply(sample, &mut self.latest, &mut self.toggles);
        }
        self.run_until(tick_us, edges);
        self.now_us = tick_us;
        waiting.drain(..ready);
        self.waiting = waiting;
    }

    fn is_due(&self, time_us: Time) -> bool {
        !self.toggles.is_empty() || self.next_timer_us < time_us || !self.removed.is_empty()
    }

    /// Decides what happened at the present time and at every deadline before `time_us`.
    fn run_until(&mut self, time_us: Time, edges: &mut Vec<Edge>) {
        self.settle(edges);
        while self.next_timer_us < time_us {
            self.now_us = self.next_timer_us;
            self.settle(edges);
        }
    }

    /// Decides what happened at the present time.
    fn settle(&mut self, edges: &mut Vec<Edge>) {
        edges.append(&mut self.removed);
        self.take_toggles();
        while let Some(key) = self.held.take_due(self.now_us) {
            self.touched.push(key);
        }
        while let Some(key) = self.cooldown.take_due(self.now_us) {
            self.touched.push(key);
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for key in touched.drain(..) {
            self.settle_rule(key, edges);
        }
        self.touched = touched;
        let timers = [self.held.next_due(), self.cooldown.next_due()];
        self.next_timer_us = timers.into_iter().flatten().min().unwrap_or(Time::MAX);
    }

    /// Passes changed conditions to `held` and notes their rules; an even number of toggles is none.
    fn take_toggles(&mut self) {
        let mut toggles = std::mem::take(&mut self.toggles);
        toggles.sort_unstable();
        for group in toggles.chunk_by(|a, b| a == b).filter(|group| group.len() % 2 == 1) {
            let Toggle { vehicle, rule, clause } = group[0];
            let Some(spec) = self.rules.get(&rule) else { continue };
            let key = (vehicle, rule);
            if clause == Clause::When && spec.held_us > 0 {
                if self.conditions.holds(vehicle, rule, clause) {
                    self.held.rise(key, self.now_us, spec.held_us);
                } else {
                    self.held.fall(key);
                }
            }
            self.touched.push(key);
        }
        toggles.clear();
        self.toggles = toggles;
    }

    fn settle_rule(&mut self, key: Key, edges: &mut Vec<Edge>) {
        let (vehicle, rule) = key;
        let Some(spec) = self.rules.get(&rule).map(Arc::clone) else { return };
        let timing = spec.timing();
        let holds = |clause| self.conditions.holds(vehicle, rule, clause);
        let when =
            if spec.held_us > 0 { self.held.counts(key, self.now_us) } else { holds(Clause::When) };
        let kind = if timing.is_plain() {
            Some(if when { EdgeKind::Begin } else { EdgeKind::End })
        } else {
            let levels = Levels { when, until: timing.latched && holds(Clause::Until) };
            self.cooldown.settle(key, &timing, levels, self.now_us)
        };
        if let Some(kind) = kind {
            edges.push(self.edge(key, &spec, kind));
        }
    }

    fn edge(&self, key: Key, spec: &RuleSpec, kind: EdgeKind) -> Edge {
        let ended_by_until = kind == EdgeKind::End && spec.until.is_some();
        let (cause, condition) = match &spec.until {
            Some(until) if ended_by_until => (Cause::Until, until),
            _ => (Cause::When, &spec.when),
        };
        let facts = self.latest.of(key.0);
        let flips = if self.explain { condition.atoms.as_slice() } else { &[] };
        let begins_held = kind == EdgeKind::Begin && spec.held_us > 0;
        Edge {
            time_us: self.now_us,
            vehicle: key.0,
            rule: key.1,
            kind,
            cause,
            held_since_us: self.held.since(key).filter(|_| begins_held),
            facts: spec.captures.iter().map(|slot| facts.get(*slot)).collect(),
            flips: flips.iter().map(|atom| self.conditions.flip_of(key.0, atom)).collect(),
        }
    }

    fn add(&mut self, rule: Rule, spec: Arc<RuleSpec>) {
        let clauses = [(Clause::When, Some(&spec.when)), (Clause::Until, spec.until.as_ref())];
        for (clause, condition) in clauses {
            if let Some(condition) = condition {
                let key = (rule, clause);
                self.conditions.add(key, condition, &mut self.latest, &mut self.toggles);
            }
        }
        self.rules.insert(rule, spec);
    }

    /// Ends a rule where it is active and forgets it.
    fn remove(&mut self, rule: Rule) {
        let Some(spec) = self.rules.remove(&rule) else { return };
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
        self.conditions.remove(rule, Clause::When, &mut self.latest);
        self.conditions.remove(rule, Clause::Until, &mut self.latest);
    }
}
