//! A random world: vehicles whose samples come in steps, some of them late, under rules that come,
//! change and go; and what the engine decides there.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Engine, EngineConfig, PolicyDefaults};
use piccolo_script::{ActionKind, PlatformFact, RuleSet};

use super::facts;
use super::lines::decision_line;
use super::rules::{Author, Draft, SCENARIOS, Scope};

/// For how long after the last sample time goes on: longer than any window, `held` or `cooldown`.
const TAIL_US: u64 = 45;
/// How often the rules change in a world in which they do.
const CHANGES_MAX: usize = 3;
/// Rules change after this: longer than anything is held.
const CHANGES_FROM_US: u64 = 12;
const POLICIES_MAX: usize = 4;

/// Everything that happens, in order.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// What it was made from.
    pub(crate) seed: u64,
    pub(crate) workers: usize,
    pub(crate) vehicles: usize,
    /// Whether what no policy allows is denied, but for launches.
    pub(crate) strict: bool,
    pub(crate) steps: Vec<Step>,
}

/// What is handed to the engine at once.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The rules from then on, where they change.
    pub(crate) load: Option<Vec<String>>,
    pub(crate) samples: Vec<Sample>,
    /// No later sample should be earlier than this.
    pub(crate) tick_us: u64,
}

/// A value of a fact.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) time_us: u64,
    pub(crate) vehicle: usize,
    pub(crate) fact: usize,
    pub(crate) value: Option<Value>,
}

/// What is decided in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// A line for each decision, in canonical order.
    pub(crate) lines: Vec<String>,
    /// How many samples were dropped.
    pub(crate) late: u64,
}

/// How large worlds are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) vehicles: usize,
    /// Of each vehicle.
    pub(crate) samples: usize,
}

/// The name of a vehicle.
pub(crate) fn vehicle_name(vehicle: usize) -> String {
    format!("v{vehicle:02}")
}

impl World {
    /// The world of a seed.
    pub(crate) fn new(seed: u64, extent: Extent) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let changing = seed % 2 == 1;
        let scope = match seed % 8 {
            0 | 2 | 4 | 6 => Scope::All,
            7 => Scope::Counting,
            _ => Scope::Vehicle,
        };
        // Threads that wait for each other at every step cost a hundred times as much.
        let workers = if rng.u8(..16) > 0 { 1 } else { rng.usize(2..4) };
        let least = usize::from(workers > 1 && rng.u8(..8) > 0);
        let batch = [1, 7, 1000, usize::MAX][rng.usize(least..4)];
        let samples = samples(&mut rng, extent);
        let mut steps = steps(&mut rng, samples, batch);
        let mut set = first_set(&mut rng, scope);
        steps[0].load = Some(set.texts());
        let last = steps.len();
        let mut changes: Vec<usize> = match changing {
            true => (0..rng.usize(1..=CHANGES_MAX)).map(|_| rng.usize(0..last)).collect(),
            false => Vec::new(),
        };
        changes.sort_unstable();
        let mut changed_us = CHANGES_FROM_US;
        for step in changes.into_iter().filter(|step| *step > 0) {
            let now_us = steps[step - 1].tick_us;
            if now_us > changed_us {
                set.change(&mut rng, scope);
                steps[step].load = Some(set.texts());
                changed_us = now_us;
            }
        }
        let strict = rng.u8(..4) == 0;
        Self { seed, workers, vehicles: extent.vehicles, strict, steps }
    }

    /// What is done with actions of which no policy says anything.
    pub(crate) fn defaults(&self) -> PolicyDefaults {
        match self.strict {
            true => PolicyDefaults::default().allow(ActionKind::Launch),
            false => PolicyDefaults::allow_all(),
        }
    }

    /// The rules of each step that changes them.
    pub(crate) fn rules(&self, catalogue: &Catalogue) -> Vec<RuleSet> {
        self.steps.iter().flat_map(|step| &step.load).map(|texts| parse(texts, catalogue)).collect()
    }

    /// What the engine decides with these rules.
    pub(crate) fn by_engine(&self, catalogue: &Arc<Catalogue>, rules: &[RuleSet]) -> Told {
        let (mut lines, mut late) = (Vec::new(), 0);
        let mut rules = rules.iter();
        self.play(catalogue, |engine, step, samples| {
            if step.load.is_some() {
                engine.load(rules.next().unwrap()).unwrap();
            }
            let decisions = engine.step(step.tick_us, samples).unwrap();
            lines.extend(decisions.iter().map(decision_line));
            late = engine.late_samples();
        });
        Told { lines, late }
    }

    /// Hands each step with its samples to an engine.
    pub(crate) fn play(
        &self,
        catalogue: &Arc<Catalogue>,
        mut take: impl FnMut(&mut Engine, &Step, Vec<piccolo_engine::Sample>),
    ) {
        let defaults = self.defaults();
        let config = EngineConfig { workers: self.workers, defaults, ..EngineConfig::default() };
        let mut engine = Engine::new(config, Arc::clone(catalogue)).unwrap();
        for step in &self.steps {
            let samples = step.samples.iter();
            let samples = samples.map(|sample| sample.encode(&mut engine, catalogue, 0)).collect();
            take(&mut engine, step, samples);
        }
    }
}

impl Sample {
    /// The sample as an engine takes it.
    pub(crate) fn encode(
        &self,
        engine: &mut Engine,
        catalogue: &Catalogue,
        origin: u32,
    ) -> piccolo_engine::Sample {
        let (value, text) = (self.value.as_ref(), facts::text(self.fact));
        let vehicle = engine.vehicle(&vehicle_name(self.vehicle)).unwrap();
        let sample = match PlatformFact::parse(text) {
            Some(fact) => {
                engine.platform_sample(vehicle, &Arc::new(fact), value, self.time_us, origin)
            }
            None => {
                let signal = catalogue.find(text).unwrap();
                engine.sample(vehicle, signal, value, self.time_us, origin)
            }
        };
        sample.unwrap()
    }
}

/// The rules of texts; a random one that is no rule is left out.
pub(crate) fn parse(texts: &[String], catalogue: &Catalogue) -> RuleSet {
    RuleSet::parse("random.rhai", &texts.concat(), catalogue).0
}

/// Samples of all vehicles in order of time, several at one time.
pub(crate) fn samples(rng: &mut fastrand::Rng, extent: Extent) -> Vec<Sample> {
    let mut samples = Vec::new();
    for vehicle in 0..extent.vehicles {
        let mut time_us = rng.u64(..12);
        for _ in 0..extent.samples {
            time_us += if rng.u8(..3) > 0 { rng.u64(1..8) } else { 0 };
            let fact = facts::pick(rng);
            samples.push(Sample { time_us, vehicle, fact, value: facts::value(rng, fact) });
        }
    }
    samples.sort_by_key(|sample| sample.time_us);
    samples
}

/// Deals samples to steps, some of them later than their place.
fn steps(rng: &mut fastrand::Rng, samples: Vec<Sample>, batch: usize) -> Vec<Step> {
    let disorder = if rng.bool() { rng.usize(1..30) } else { 0 };
    let patience_us = rng.u64(..6);
    let mut delivered: Vec<(usize, Sample)> = samples
        .into_iter()
        .enumerate()
        .map(|(index, sample)| {
            let delay = if rng.u8(..8) == 0 { rng.usize(..=disorder) } else { 0 };
            (index + delay, sample)
        })
        .collect();
    delivered.sort_by_key(|(place, _)| *place);
    let (mut tick_us, mut seen_us) = (0, 0);
    let mut steps: Vec<Step> = Vec::new();
    for chunk in delivered.chunks(batch.min(delivered.len())) {
        let samples: Vec<Sample> = chunk.iter().map(|(_, sample)| sample.clone()).collect();
        seen_us = samples.iter().map(|sample| sample.time_us).fold(seen_us, u64::max);
        tick_us = tick_us.max(seen_us.saturating_sub(patience_us));
        steps.push(Step { load: None, samples, tick_us });
    }
    for after_us in [10, TAIL_US] {
        steps.push(Step { load: None, samples: Vec::new(), tick_us: seen_us + after_us });
    }
    steps
}

/// The rules that are in force.
struct Drafts {
    scenarios: Vec<Option<Draft>>,
    policies: Vec<String>,
}

fn first_set(rng: &mut fastrand::Rng, scope: Scope) -> Drafts {
    let policies = rng.usize(..=POLICIES_MAX);
    let mut author = Author::new(rng, scope);
    let scenarios = (0..SCENARIOS).map(|number| Some(author.scenario(number))).collect();
    let policies = (0..policies).map(|number| author.policy(number)).collect();
    Drafts { scenarios, policies }
}

impl Drafts {
    fn texts(&self) -> Vec<String> {
        let scenarios = self.scenarios.iter().flatten().map(Draft::text);
        scenarios.chain(self.policies.iter().cloned()).collect()
    }

    /// Some scenarios go, some come, some ask for something else, some do something else.
    fn change(&mut self, rng: &mut fastrand::Rng, scope: Scope) {
        let mut author = Author::new(rng, scope);
        for number in 0..SCENARIOS {
            let choice = author.rng.u8(..12);
            let slot = &mut self.scenarios[number];
            match (choice, slot) {
                (0, slot) => *slot = None,
                (1 | 2, Some(draft)) => draft.conditions = author.conditions(number),
                (3, Some(draft)) => draft.deeds = author.deeds(number),
                (4, Some(draft)) => draft.timing = author.timing(),
                (0..=5, slot @ None) => *slot = Some(author.scenario(number)),
                _ => {}
            }
        }
        if author.rng.u8(..4) == 0 && !self.policies.is_empty() {
            let number = author.rng.usize(..self.policies.len());
            self.policies[number] = author.policy(number);
        }
    }
}
