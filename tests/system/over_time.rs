//! The engine with functions over time, facts of the platform and scenarios that ask about each
//! other, against a twin that follows the definitions microsecond by microsecond.

use std::collections::HashMap;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Edge, EngineConfig, Sample};
use piccolo_operators::cooldown::{EdgeKind, Timing};
use piccolo_operators::derived::naive::{Past, sequence};
use piccolo_operators::ids::UNKNOWN;
use piccolo_operators::naive::edges_of_levels;
use piccolo_script::{Condition, Fact, Over, RuleSet, Scenario};

use crate::data::{engine, rules, run};
use crate::oracle::{multiplier, seed};
use crate::random_rules::{Event, asking_scenario, events};

const RULES: usize = 24;
const VEHICLES: usize = 8;
const SAMPLES: usize = 40;
const ROUNDS: usize = 60;

/// The value of a fact at each microsecond.
pub(crate) type Timeline = Arc<Vec<Option<Value>>>;

#[test]
fn functions_over_time_equal_their_definitions() {
    let seed = seed(51);
    let mut rng = fastrand::Rng::with_seed(seed);
    let catalogue = Catalogue::vss6();
    let (mut compared, mut full) = (0, 0);
    for round in 0..ROUNDS * multiplier() {
        let text: String = (0..RULES).map(|rule| asking_scenario(&mut rng, rule)).collect();
        let set = rules(&text, &catalogue);
        let histories: Vec<Vec<Event>> =
            (0..VEHICLES).map(|_| events(&mut rng, &catalogue, SAMPLES)).collect();
        let last = histories.iter().flatten().map(|(time_us, ..)| *time_us).max().unwrap();
        let config = EngineConfig { workers: 1 + round % 2, ..EngineConfig::default() };
        let decided = decide(config, &catalogue, &set, &histories, [1, 7, 1000][round % 3]);
        for (vehicle, history) in histories.iter().enumerate() {
            let mut twin = Twin::new(history, last + 1);
            for rule in 0..RULES {
                let scenario = set.scenario(&format!("r{rule:02}")).unwrap();
                let expected = twin.edges(scenario);
                let key = (vehicle, scenario.name.to_string());
                let found = decided.get(&key).cloned().unwrap_or_default();
                assert_eq!(
                    found, expected,
                    "PICCOLO_SEED={seed} round {round} {key:?}\n{text}\n{history:?}"
                );
                compared += 1;
                full += usize::from(!expected.is_empty());
            }
        }
    }
    println!("{compared} comparisons, {full} with an edge");
    assert!(full * 2 > compared, "only {full} of {compared} had an edge");
}

pub(crate) type Edges = Vec<(u64, Edge)>;

pub(crate) fn decide(
    config: EngineConfig,
    catalogue: &Arc<Catalogue>,
    rules: &RuleSet,
    histories: &[Vec<Event>],
    batch: usize,
) -> HashMap<(usize, String), Edges> {
    let mut engine = engine(config, catalogue, rules);
    let mut samples: Vec<Sample> = Vec::new();
    for (vehicle, history) in histories.iter().enumerate() {
        let vehicle = engine.vehicle(&format!("{vehicle}")).unwrap();
        for (time_us, signal, value) in history {
            samples.push(engine.sample(vehicle, *signal, value.as_ref(), *time_us, 0).unwrap());
        }
    }
    samples.sort_by_key(|sample| sample.time_us);
    let mut edges: HashMap<(usize, String), Edges> = HashMap::new();
    for decision in run(&mut engine, &samples, batch) {
        let key = (decision.vehicle.parse().unwrap(), decision.scenario.to_string());
        edges.entry(key).or_default().push((decision.time_us, decision.edge));
    }
    edges
}

/// One vehicle, by the definitions.
pub(crate) struct Twin<'a> {
    history: &'a [Event],
    horizon_us: u64,
    facts: HashMap<String, Timeline>,
}

impl<'a> Twin<'a> {
    pub(crate) fn new(history: &'a [Event], horizon_us: u64) -> Self {
        Self { history, horizon_us, facts: HashMap::new() }
    }

    /// The time of the vehicle's first sample.
    pub(crate) fn first_us(&self) -> u64 {
        self.history[0].0
    }

    /// Sets the timeline of a fact that does not come from this vehicle alone.
    pub(crate) fn set(&mut self, fact: &Fact, timeline: Timeline) {
        self.facts.insert(fact.text().to_owned(), timeline);
    }

    /// The edges of a scenario; from then on others can ask about it.
    pub(crate) fn edges(&mut self, scenario: &Scenario) -> Edges {
        let when = self.levels(&scenario.when);
        let until = scenario.until.as_ref().map(|until| self.levels(until)).unwrap_or_default();
        let timing = Timing {
            held_us: scenario.held_us,
            cooldown_us: scenario.cooldown_us,
            latched: scenario.until.is_some(),
        };
        let edges = edges_of_levels(&when, &until, &timing, self.horizon_us);
        let first_us = self.history[0].0;
        let active = (0..self.horizon_us).map(|now_us| {
            let last = edges.iter().rfind(|(time_us, _)| *time_us <= now_us);
            let active = last.is_some_and(|(_, kind)| *kind == EdgeKind::Begin);
            (now_us >= first_us).then_some(Value::Bool(active))
        });
        let name = format!("scenario({:?}).active", scenario.name);
        self.facts.insert(name, Arc::new(active.collect()));
        let edge = |kind| if kind == EdgeKind::Begin { Edge::Begin } else { Edge::End };
        edges.into_iter().map(|(time_us, kind)| (time_us, edge(kind))).collect()
    }

    /// The changes of a condition's level, from the vehicle's first sample on.
    fn levels(&mut self, condition: &Condition) -> Vec<(u64, bool)> {
        let mut facts: HashMap<Fact, Timeline> = HashMap::new();
        for fact in condition.atoms.iter().flat_map(|atom| atom.reads()) {
            let timeline = self.timeline(&fact);
            facts.insert(fact, timeline);
        }
        let mut levels: Vec<(u64, bool)> = Vec::new();
        for now_us in self.history[0].0..self.horizon_us {
            let level = condition.holds(&|fact: &Fact| facts[fact][now_us as usize].clone());
            let by_rhai = condition.holds_by_rhai(&|fact: &Fact| self.value(fact, now_us));
            assert_eq!(level, by_rhai, "both evaluators at {now_us}: {}", condition.text);
            if levels.last().is_none_or(|(_, last)| *last != level) {
                levels.push((now_us, level));
            }
        }
        levels
    }

    /// The value of a fact that has a timeline already.
    fn value(&self, fact: &Fact, now_us: u64) -> Option<Value> {
        if let Fact::Derived(derived) = fact
            && let Over::Age { of } = &derived.over
        {
            let past = self.past(of);
            let sampled_us = past.sampled_us[now_us as usize]?;
            let known = !past.values[now_us as usize].is_nan();
            return known.then(|| Value::Float((now_us - sampled_us) as f64 / 1e6));
        }
        self.facts.get(fact.text())?[now_us as usize].clone()
    }

    pub(crate) fn timeline(&mut self, fact: &Fact) -> Timeline {
        if let Some(known) = self.facts.get(fact.text()) {
            return Arc::clone(known);
        }
        let timeline: Timeline = match fact {
            Fact::Signal(..) => Arc::new(self.signal(fact)),
            Fact::Derived(derived) => Arc::new(self.derived(&derived.over)),
            other => panic!("{other} has no timeline yet"),
        };
        self.facts.insert(fact.text().to_owned(), Arc::clone(&timeline));
        timeline
    }

    fn signal(&self, fact: &Fact) -> Vec<Option<Value>> {
        let Fact::Signal(signal, _) = fact else { unreachable!() };
        let at = |now_us| {
            let mut samples = self.history.iter().filter(|(_, known, _)| known == signal);
            samples.rfind(|(time_us, ..)| *time_us <= now_us).and_then(|(.., value)| value.clone())
        };
        (0..self.horizon_us).map(at).collect()
    }

    /// The past of a fact as numbers; its timeline must be there.
    fn past(&self, fact: &Fact) -> Past {
        let number = |value: &Option<Value>| match value {
            Some(Value::Bool(value)) => f64::from(u8::from(*value)),
            Some(Value::Int(value)) => *value as f64,
            Some(Value::Float(value)) => *value,
            // Only equality counts for texts.
            Some(Value::Text(text)) => {
                text.bytes().map(f64::from).fold(0.0, |sum, byte| sum * 3.0 + byte)
            }
            _ => UNKNOWN,
        };
        let values = match self.facts.get(fact.text()) {
            Some(timeline) => timeline.iter().map(number).collect(),
            None => self.signal(fact).iter().map(number).collect(),
        };
        let sampled = |now_us: u64| {
            let Fact::Signal(signal, _) = fact else { return None };
            let mut samples = self.history.iter().filter(|(_, known, _)| known == signal);
            samples.rfind(|(time_us, ..)| *time_us <= now_us).map(|(time_us, ..)| *time_us)
        };
        Past { values, sampled_us: (0..self.horizon_us).map(sampled).collect() }
    }

    fn derived(&mut self, over: &Over) -> Vec<Option<Value>> {
        for source in over.reads() {
            self.timeline(&source);
        }
        let pasts: Vec<Past> = over.reads().iter().map(|source| self.past(source)).collect();
        let number = |value: f64| (!value.is_nan()).then_some(Value::Float(value));
        let flag = |value: bool| Some(Value::Bool(value));
        let at = |now_us: u64| -> Option<Value> {
            match over {
                Over::Truth { atoms, holds, fails } => {
                    let truth = |atom: usize| {
                        let atom: &piccolo_script::Atom = &atoms[atom];
                        atom.expression.truth(&|fact: &Fact| self.value(fact, now_us))
                    };
                    match (holds.holds(&truth), fails.holds(&truth)) {
                        (true, _) => flag(true),
                        (_, true) => flag(false),
                        _ => None,
                    }
                }
                Over::Average { window_us, .. } => number(pasts[0].average(*window_us, now_us)),
                Over::Least { window_us, .. } => number(pasts[0].extreme(*window_us, true, now_us)),
                Over::Greatest { window_us, .. } => {
                    number(pasts[0].extreme(*window_us, false, now_us))
                }
                Over::Slope { window_us, .. } => number(pasts[0].slope(*window_us, now_us)),
                Over::Changed { .. } => flag(pasts[0].changed(now_us)),
                Over::Rose { .. } => flag(pasts[0].turned(true, now_us)),
                Over::Fell { .. } => flag(pasts[0].turned(false, now_us)),
                Over::Count { window_us, .. } => number(pasts[0].count(*window_us, now_us)),
                Over::Within { window_us, .. } => flag(pasts[0].within(*window_us, now_us)),
                Over::Sequence { window_us, .. } => flag(sequence(&pasts, *window_us, now_us)),
                Over::Fresh { window_us, .. } => flag(pasts[0].fresh(*window_us, now_us)),
                Over::Older { limit_us, inclusive, .. } => {
                    let older = pasts[0].older(*limit_us, *inclusive, now_us);
                    (!older.is_nan()).then_some(Value::Bool(older != 0.0))
                }
                other => panic!("{other:?} is not of one vehicle"),
            }
        };
        let first_us = self.history[0].0;
        (0..self.horizon_us)
            .map(|now_us| (now_us >= first_us).then(|| at(now_us)).flatten())
            .collect()
    }
}
