//! The state machines of the hot path, driven in order of event time.

mod changes;
mod fleet;
mod quarantine;
mod saved;
mod succession;
mod watch;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::fleet::Fleet;
use self::quarantine::Quarantine;
use self::succession::Departed;
use self::watch::Watch;
use super::{Cause, Edge, Input, RuleSpec};
use crate::conditions::{Clause, Conditions, Flip, Root, Toggle};
use crate::cooldown::{Cooldown, EdgeKind, Levels, Timing};
use crate::derived::{DerivedFacts, Function, Level, TRUTHS};
use crate::held::Held;
use crate::ids::{Rule, Sample, Slot, Time, UNKNOWN, Vehicle};
use crate::latest::{Fact, Facts, Latest};
use crate::observe::Observer;
use crate::tally::EVERY_VEHICLE;
use crate::timers::Key;

/// Samples whose facts are read together before they are taken in, where there are so many facts
/// that they lie far from the processor.
const LOOK_AHEAD: usize = 16;

/// Facts that a processor's inner caches hold.
const FACTS_NEAR: usize = 10_000;

/// Samples and rule changes in, edges out, in order of event time.
///
/// All samples of one time are taken in before anything is decided at that
/// time, and deadlines of that time come after them; so what comes out does
/// not depend on how the samples were batched. Derived facts and rules settle
/// once at each time, in order of level.
#[derive(Debug)]
pub struct Evaluator {
    latest: Latest,
    conditions: Conditions,
    derived: DerivedFacts,
    held: Held,
    cooldown: Cooldown,
    rules: FxHashMap<Rule, Live>,
    /// The slots that hold whether a rule is active.
    announced: Vec<(Slot, Rule)>,
    /// Samples at or after the present time, in order.
    waiting: Vec<Sample>,
    /// Edges that a change of the rules made at the present time, with the slots that they capture.
    removed: Vec<(Edge, Arc<[Slot]>)>,
    toggles: Vec<Toggle>,
    pending: Vec<Pending>,
    /// Room for those of `pending` that settle together.
    group: Vec<Pending>,
    inputs: Vec<Fact>,
    departed: FxHashMap<Rule, Vec<Departed>>,
    /// Since when the conditions of rules count as true that go on where others were at the present
    /// time, if they are.
    inherited: FxHashMap<Key, Time>,
    quarantine: Quarantine,
    fleet: Fleet,
    watch: Option<Watch>,
    now_us: Time,
    next_timer_us: Time,
    edges_made: u64,
    inputs_taken: u64,
    explain: bool,
}

/// A rule with the level at which it settles.
#[derive(Debug)]
struct Live {
    timing: Timing,
    level: Level,
    /// Whether it holds is seen there.
    when: Root,
    spec: Arc<RuleSpec>,
    captures: Arc<[Slot]>,
    /// The slot that holds whether it is active, where another rule asks for that.
    announces: Option<Slot>,
}

/// What has to settle at the present time; in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    level: Level,
    node: Node,
    vehicle: Vehicle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Derived(Slot),
    Rule(Rule),
}

impl Evaluator {
    /// No rules and no facts. With `explain`, edges carry the flips of their atoms.
    pub fn new(explain: bool) -> Self {
        Self {
            latest: Latest::default(),
            conditions: Conditions::new(explain),
            derived: DerivedFacts::default(),
            held: Held::default(),
            cooldown: Cooldown::default(),
            rules: FxHashMap::default(),
            announced: Vec::new(),
            waiting: Vec::new(),
            removed: Vec::new(),
            toggles: Vec::new(),
            pending: Vec::new(),
            group: Vec::new(),
            inputs: Vec::new(),
            departed: FxHashMap::default(),
            inherited: FxHashMap::default(),
            quarantine: Quarantine::default(),
            fleet: Fleet::default(),
            watch: None,
            now_us: 0,
            next_timer_us: Time::MAX,
            edges_made: 0,
            inputs_taken: 0,
            explain,
        }
    }

    /// Lets an observer see all rules from now on.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        let mut watch = Watch::new(observer);
        for (rule, live) in &self.rules {
            watch.add(*rule, &live.spec);
        }
        self.watch = Some(watch);
    }

    /// The facts of a vehicle at the present time.
    pub fn facts(&self, vehicle: Vehicle) -> Facts<'_> {
        self.latest.of(vehicle)
    }

    /// Takes an input in; what follows from it comes with [`Self::advance`].
    pub fn take(&mut self, input: Input) {
        self.inputs_taken += 1;
        match input {
            Input::Samples(samples) if self.waiting.is_empty() => self.waiting = samples,
            Input::Samples(samples) => {
                let sorted = self.waiting.last().zip(samples.first());
                let sorted = sorted.is_none_or(|(last, first)| last.time_us <= first.time_us);
                self.waiting.extend(samples);
                if !sorted {
                    self.waiting.sort_by_key(|sample| sample.time_us);
                }
            }
            Input::Add(rule, spec, level) => self.add(rule, spec, level),
            Input::Depart(rule) => self.depart(rule),
            Input::Succeed { old, new, likeness } => self.succeed(old, new, likeness),
            Input::Tell(rule, kind, lane) => self.tell(rule, kind, lane),
            Input::Count(slot) => self.count(slot),
            Input::Uncount(slot) => self.uncount(slot),
            Input::Capture(rule, captures) => self.capture(rule, captures),
            Input::Announce(rule, slot) => self.announce_from_now(rule, slot),
            Input::Remove(rule, lane) => self.remove(rule, lane),
            Input::Derive(spec, level) => self.derive(spec, level),
            Input::Forget(slot) => self.forget(slot),
            // The operator lets time pass, since edges come of it.
            Input::Tick(_) => {}
        }
    }

    /// Lets time pass until just before `tick_us` and appends the edges on the way.
    pub fn advance(&mut self, tick_us: Time, edges: &mut Vec<Edge>) {
        if tick_us <= self.now_us {
            return;
        }
        let before = edges.len();
        let ready = self.waiting.partition_point(|sample| sample.time_us < tick_us);
        let mut waiting = std::mem::take(&mut self.waiting);
        for samples in waiting[..ready].chunks(LOOK_AHEAD) {
            if self.latest.room() > FACTS_NEAR {
                self.conditions.look_ahead(samples, &self.latest);
            }
            let mut samples = samples;
            while let [sample, later @ ..] = self.pass_calm(samples) {
                self.take_in_time(sample, edges);
                samples = later;
            }
        }
        self.run_until(tick_us, edges);
        self.now_us = tick_us;
        waiting.drain(..ready);
        self.waiting = waiting;
        self.edges_made += (edges.len() - before) as u64;
    }

    /// Everything before this time is decided.
    pub fn now_us(&self) -> Time {
        self.now_us
    }

    /// How many edges were ever made.
    pub fn edges_made(&self) -> u64 {
        self.edges_made
    }

    /// Takes samples in that change nothing but their facts, and at most the counters of
    /// conditions, as long as nothing else is to do; the others.
    #[inline]
    fn pass_calm<'s>(&mut self, samples: &'s [Sample]) -> &'s [Sample] {
        if self.has_to_settle() || self.watch.is_some() || !self.conditions.is_indexed() {
            return samples;
        }
        let mut passed = 0;
        while let Some(sample) = samples.get(passed)
            && sample.time_us <= self.next_timer_us
            && self.toggles.is_empty()
            && let Some(held) = self.latest.held_mut(sample.vehicle, sample.slot)
        {
            if held.calm.contains(sample.value) {
                held.replace(sample);
            } else if !self.conditions.cross(sample, held, &mut self.toggles) {
                break;
            }
            passed += 1;
        }
        let (passed, later) = samples.split_at(passed);
        self.now_us = passed.last().map_or(self.now_us, |sample| sample.time_us);
        later
    }

    /// Takes a sample in, after all that comes before it.
    fn take_in_time(&mut self, sample: &Sample, edges: &mut Vec<Edge>) {
        if sample.time_us != self.now_us {
            if self.has_to_settle() || self.next_timer_us < sample.time_us {
                self.run_until(sample.time_us, edges);
            }
            self.now_us = sample.time_us;
        }
        self.take_sample(sample);
    }

    /// Whether something happened at the present time that is not decided yet.
    fn has_to_settle(&self) -> bool {
        !self.toggles.is_empty()
            || !self.pending.is_empty()
            || !self.removed.is_empty()
            || self.watch.as_ref().is_some_and(Watch::has_seen)
    }

    fn take_sample(&mut self, sample: &Sample) {
        if sample.vehicle == EVERY_VEHICLE {
            return self.put_everywhere(sample);
        }
        if !self.conditions.is_admitted(sample.vehicle) {
            self.welcome(sample.vehicle);
        }
        self.put(sample);
    }

    /// Takes a vehicle in: every derived fact gets a value, and no scenario is active yet.
    fn welcome(&mut self, vehicle: Vehicle) {
        self.conditions.admit(vehicle, &mut self.latest, &mut self.toggles);
        for slot in self.derived.slots() {
            if let Some((_, level)) = self.derived.spec(slot) {
                self.pending.push(Pending { level, node: Node::Derived(slot), vehicle });
            }
        }
        for (slot, _) in self.announced.clone() {
            self.put(&self.made(vehicle, slot, 0.0, 0));
        }
        self.welcome_into_fleet(vehicle);
    }

    /// Puts a value into a slot, a sample or what was made from some.
    fn put(&mut self, sample: &Sample) {
        for &slot in self.derived.readers_of(sample.slot) {
            if let Some((_, level)) = self.derived.spec(slot) {
                let vehicle = sample.vehicle;
                self.pending.push(Pending { level, node: Node::Derived(slot), vehicle });
            }
        }
        if let Some(watch) = &mut self.watch {
            watch.see(sample.vehicle, sample.slot);
        }
        self.fleet.see(sample, self.now_us, self.latest.of(sample.vehicle));
        self.conditions.apply(sample, &mut self.latest, &mut self.toggles);
    }

    /// A value that was made here, at the present time.
    fn made(&self, vehicle: Vehicle, slot: Slot, value: f64, origin: u32) -> Sample {
        Sample { time_us: self.now_us, value, vehicle, slot, origin }
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
        let before = edges.len();
        let changes = std::mem::take(&mut self.removed);
        self.take_due();
        self.take_toggles();
        self.quarantine(edges);
        while !self.pending.is_empty() {
            self.pending.sort_unstable();
            let first = self.pending[0];
            let end = self.pending.partition_point(|pending| {
                (pending.level, matches!(pending.node, Node::Rule(_)))
                    <= (first.level, matches!(first.node, Node::Rule(_)))
            });
            let mut group = std::mem::take(&mut self.group);
            group.extend(self.pending.drain(..end));
            for same in group.chunk_by(|a, b| a == b) {
                match same[0].node {
                    Node::Derived(slot) => self.settle_derived(same[0].vehicle, slot),
                    Node::Rule(rule) => {
                        self.settle_rule((same[0].vehicle, rule), same.len(), edges);
                    }
                }
            }
            group.clear();
            self.group = group;
            self.take_toggles();
            self.quarantine(edges);
        }
        self.inherited.clear();
        self.capture_facts(&mut edges[before..]);
        if !changes.is_empty() {
            let changes = changes.into_iter().map(|(edge, slots)| self.with_facts(edge, &slots));
            edges.splice(before..before, changes.collect::<Vec<_>>());
        }
        if let Some(watch) = &mut self.watch {
            watch.tell(
                self.now_us,
                &self.latest,
                &self.rules,
                &self.held,
                &self.cooldown,
                &self.conditions,
            );
        }
        self.next_timer_us = self.next_deadline();
    }

    fn next_deadline(&self) -> Time {
        let timers = [self.held.next_due(), self.cooldown.next_due(), self.derived.next_due()];
        timers.into_iter().flatten().min().unwrap_or(Time::MAX)
    }

    /// Notes what has a deadline at the present time.
    fn take_due(&mut self) {
        while let Some(key) = self.held.take_due(self.now_us) {
            self.touch(key);
        }
        while let Some(key) = self.cooldown.take_due(self.now_us) {
            self.touch(key);
        }
        while let Some((vehicle, slot)) = self.derived.take_due(self.now_us) {
            if let Some((_, level)) = self.derived.spec(slot) {
                self.pending.push(Pending { level, node: Node::Derived(slot), vehicle });
            }
        }
    }

    fn touch(&mut self, (vehicle, rule): Key) {
        if let Some(live) = self.rules.get(&rule) {
            self.pending.push(Pending { level: live.level, node: Node::Rule(rule), vehicle });
        }
    }

    /// Notes what reads conditions that changed, once for each change.
    fn take_toggles(&mut self) {
        let mut toggles = std::mem::take(&mut self.toggles);
        for Toggle { vehicle, rule, .. } in toggles.drain(..) {
            if rule < TRUTHS {
                self.touch((vehicle, rule));
            } else if let Some((_, level)) = self.derived.spec(rule - TRUTHS) {
                let node = Node::Derived(rule - TRUTHS);
                self.pending.push(Pending { level, node, vehicle });
            }
        }
        self.toggles = toggles;
    }

    fn settle_derived(&mut self, vehicle: Vehicle, slot: Slot) {
        let Some((spec, _)) = self.derived.spec(slot) else { return };
        let spec = Arc::clone(spec);
        let facts = self.latest.of(vehicle);
        let before = facts.get(slot);
        self.inputs.clear();
        self.inputs.extend(spec.reads.iter().map(|read| facts.get(*read)));
        let value = match &spec.function {
            Function::Truth(_) => Some(self.truth(vehicle, slot)),
            _ => self.derived.update(vehicle, slot, self.now_us, &self.inputs),
        };
        let Some(value) = value else { return };
        if value == before.value || (value.is_nan() && before.value.is_nan()) {
            return;
        }
        let latest = self.inputs.iter().max_by_key(|fact| (fact.time_us, fact.origin));
        let origin = latest.map_or(0, |fact| fact.origin);
        self.put(&self.made(vehicle, slot, value, origin));
    }

    fn truth(&self, vehicle: Vehicle, slot: Slot) -> f64 {
        let holds = |clause| self.conditions.holds(vehicle, TRUTHS + slot, clause);
        match (holds(Clause::When), holds(Clause::Until)) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => UNKNOWN,
        }
    }

    /// Decides about a rule that was touched so many times: for a plain one that is how often its
    /// condition changed, and an even number is no change.
    fn settle_rule(&mut self, key: Key, touched: usize, edges: &mut Vec<Edge>) {
        let (vehicle, rule) = key;
        let Some(live) = self.rules.get(&rule) else { return };
        if self.quarantine.holds(key) {
            return;
        }
        let timing = live.timing;
        let mut when = self.conditions.is_true(vehicle, live.when);
        if timing.held_us > 0 {
            match (when, self.held.since(key)) {
                (true, None) => {
                    let since_us = self.inherited.get(&key).copied().unwrap_or(self.now_us);
                    self.held.rise(key, since_us, timing.held_us);
                }
                (false, Some(_)) => self.held.fall(key),
                _ => {}
            }
            when = self.held.counts(key, self.now_us);
        }
        let kind = if timing.is_plain() {
            let edge = if when { EdgeKind::Begin } else { EdgeKind::End };
            if !when {
                self.cooldown.remove(key);
            }
            (touched % 2 == 1).then_some(edge)
        } else {
            let until = timing.latched && self.conditions.holds(vehicle, rule, Clause::Until);
            self.cooldown.settle(key, &timing, Levels { when, until }, self.now_us)
        };
        if let Some(kind) = kind {
            edges.extend(self.edge(key, kind));
            self.announce(key, kind == EdgeKind::Begin);
        }
    }

    /// Lets others see that a rule is active, or no more.
    fn announce(&mut self, (vehicle, rule): Key, active: bool) {
        if let Some(watch) = &mut self.watch {
            watch.see_rule(vehicle, rule);
        }
        if let Some(slot) = self.rules.get(&rule).and_then(|live| live.announces) {
            self.put(&self.made(vehicle, slot, f64::from(u8::from(active)), 0));
        }
    }

    /// An edge of a rule at the present time, which has no facts yet; none of one that is not there.
    fn edge(&self, key: Key, kind: EdgeKind) -> Option<Edge> {
        let live = self.rules.get(&key.1)?;
        let ended_by_until = kind == EdgeKind::End && live.timing.latched;
        let begins_held = kind == EdgeKind::Begin && live.timing.held_us > 0;
        Some(Edge {
            time_us: self.now_us,
            vehicle: key.0,
            rule: key.1,
            kind,
            cause: if ended_by_until { Cause::Until } else { Cause::When },
            held_since_us: self.held.since(key).filter(|_| begins_held),
            facts: Box::default(),
            flips: if self.explain {
                self.flips(key.0, live, ended_by_until)
            } else {
                Box::default()
            },
        })
    }

    /// What last flipped the atoms of the condition that decided.
    fn flips(&self, vehicle: Vehicle, live: &Live, by_until: bool) -> Box<[Option<Flip>]> {
        let until = live.spec.until.as_ref().filter(|_| by_until);
        let atoms = until.unwrap_or(&live.spec.when).atoms.iter();
        atoms.map(|atom| self.conditions.flip_of(vehicle, atom)).collect()
    }

    /// Gives edges the facts that their rules capture. Only when everything has settled is every
    /// fact what it is at this time, also those above the rule that reads them.
    fn capture_facts(&self, edges: &mut [Edge]) {
        for edge in edges {
            if let Some(live) = self.rules.get(&edge.rule) {
                let facts = self.latest.of(edge.vehicle);
                edge.facts = live.captures.iter().map(|slot| facts.get(*slot)).collect();
            }
        }
    }

    fn with_facts(&self, edge: Edge, slots: &[Slot]) -> Edge {
        let facts = self.latest.of(edge.vehicle);
        Edge { facts: slots.iter().map(|slot| facts.get(*slot)).collect(), ..edge }
    }
}
