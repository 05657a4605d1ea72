//! A million comparisons of the engine with its naive twin.
//!
//! The twin knows nothing of atoms, counters or timers: at each time of a
//! vehicle it evaluates each condition over the values at that time, and
//! applies the definitions of held, until and cooldown to the whole history.
//! One comparison is all edges of one rule in one vehicle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_engine::{Edge, EngineConfig, Sample};
use piccolo_operators::cooldown::{EdgeKind, Timing};
use piccolo_operators::naive::edges_of_levels;
use piccolo_script::{Condition, Fact, RuleSet, Scenario};

use crate::data::{engine, rules, run};
use crate::random_rules::{Event, events, scenario};

const RULES: usize = 100;
const VEHICLES: usize = 100;
const SAMPLES: usize = 60;
const ROUNDS: usize = 100;

type Edges = Vec<(u64, Edge)>;

/// What a comparison of many rules in many vehicles came to.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    full: usize,
    different: Vec<String>,
}

#[test]
fn a_million_comparisons_with_the_twin() {
    let seed = seed(31);
    let mut rng = fastrand::Rng::with_seed(seed);
    let start = Instant::now();
    let mut tally = Tally::default();
    for round in 0..ROUNDS * multiplier() {
        let text: String = (0..RULES).map(|rule| scenario(&mut rng, &format!("r{rule}"))).collect();
        let batch = [1, 7, 100, 100_000][round % 4];
        compare(&mut rng, &text, &text, batch, &mut tally);
        assert!(tally.different.is_empty(), "PICCOLO_SEED={seed}: {}", tally.different[0]);
    }
    let share = 100 * tally.full / tally.compared;
    println!("{} comparisons, {share} % with an edge, in {:.1?}", tally.compared, start.elapsed());
    assert!(tally.compared >= 1_000_000);
    assert!(share >= 80, "only {share} % of the comparisons had an edge");
}

#[test]
fn a_planted_mutant_is_caught() {
    let mut rng = fastrand::Rng::with_seed(seed(32));
    let text: String = (0..RULES).map(|rule| scenario(&mut rng, &format!("r{rule}"))).collect();
    let mutant = text.replacen(" > ", " >= ", 1);
    assert_ne!(text, mutant);
    let mut tally = Tally::default();
    compare(&mut rng, &mutant, &text, 100, &mut tally);
    assert!(!tally.different.is_empty(), "`>` for `>=` in one of {RULES} rules went unseen");
}

/// Runs one rule text in the engine and another in the twin, over the same random samples.
fn compare(rng: &mut fastrand::Rng, ours: &str, theirs: &str, batch: usize, tally: &mut Tally) {
    let catalogue = Catalogue::vss6();
    let twin = rules(theirs, &catalogue);
    let histories: Vec<Vec<Event>> =
        (0..VEHICLES).map(|_| events(rng, &catalogue, SAMPLES)).collect();
    let horizon_us =
        1 + histories.iter().flatten().map(|(time_us, ..)| *time_us).max().unwrap_or_default();
    let decided = decide(&catalogue, &rules(ours, &catalogue), &histories, batch);
    for (vehicle, history) in histories.iter().enumerate() {
        let moments = moments(history);
        for scenario in twin.scenarios() {
            let expected = twin_edges(scenario, &moments, horizon_us);
            let key = (format!("v{vehicle}"), scenario.name.to_string());
            let found = decided.get(&key).cloned().unwrap_or_default();
            if found != expected {
                let text = format!("{key:?} {:?}: {found:?}, not {expected:?}", scenario.when.text);
                tally.different.push(text);
            }
            tally.compared += 1;
            tally.full += usize::from(!expected.is_empty());
        }
    }
}

/// The edges of each rule in each vehicle, by the engine.
fn decide(
    catalogue: &Arc<Catalogue>,
    rules: &RuleSet,
    histories: &[Vec<Event>],
    batch: usize,
) -> BTreeMap<(String, String), Edges> {
    let mut engine = engine(EngineConfig::default(), catalogue, rules);
    let mut samples: Vec<Sample> = Vec::new();
    for (vehicle, history) in histories.iter().enumerate() {
        let vehicle = engine.vehicle(&format!("v{vehicle}")).unwrap();
        for (time_us, signal, value) in history {
            samples.push(engine.sample(vehicle, *signal, value.as_ref(), *time_us, 0).unwrap());
        }
    }
    samples.sort_by_key(|sample| sample.time_us);
    let mut edges: BTreeMap<(String, String), Edges> = BTreeMap::new();
    for decision in run(&mut engine, &samples, batch) {
        let key = (decision.vehicle.to_string(), decision.scenario.to_string());
        edges.entry(key).or_default().push((decision.time_us, decision.edge));
    }
    edges
}

type Facts = Vec<(SignalId, Option<Value>)>;

/// The values of all signals after each time of a history.
fn moments(history: &[Event]) -> Vec<(u64, Facts)> {
    let mut moments: Vec<(u64, Facts)> = Vec::new();
    for group in history.chunk_by(|a, b| a.0 == b.0) {
        let mut facts = moments.last().map(|(_, facts)| facts.clone()).unwrap_or_default();
        for (_, signal, value) in group {
            facts.retain(|(known, _)| known != signal);
            facts.push((*signal, value.clone()));
        }
        moments.push((group[0].0, facts));
    }
    moments
}

/// The edges of a rule in a vehicle, by the definitions.
fn twin_edges(scenario: &Scenario, moments: &[(u64, Facts)], horizon_us: u64) -> Edges {
    let level = |condition: &Condition| -> Vec<(u64, bool)> {
        moments.iter().map(|(time_us, facts)| (*time_us, holds(condition, facts))).collect()
    };
    let when = level(&scenario.when);
    let until = scenario.until.as_ref().map(level).unwrap_or_default();
    let timing = Timing {
        held_us: scenario.held_us,
        cooldown_us: scenario.cooldown_us,
        latched: scenario.until.is_some(),
    };
    let kind = |kind| if kind == EdgeKind::Begin { Edge::Begin } else { Edge::End };
    let edges = edges_of_levels(&when, &until, &timing, horizon_us);
    edges.into_iter().map(|(time_us, edge)| (time_us, kind(edge))).collect()
}

fn holds(condition: &Condition, facts: &Facts) -> bool {
    condition.holds(&|fact: &Fact| {
        let Fact::Signal(signal, _) = fact else { return None };
        facts.iter().find(|(known, _)| known == signal).and_then(|(_, value)| value.clone())
    })
}

pub(crate) fn seed(default: u64) -> u64 {
    std::env::var("PICCOLO_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How many times as much the nightly run compares.
pub(crate) fn multiplier() -> usize {
    std::env::var("PICCOLO_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
