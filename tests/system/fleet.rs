//! Rules about the fleet against a twin that looks at all vehicles microsecond by microsecond,
//! for any number of workers and any batches.

use std::collections::HashMap;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::EngineConfig;
use piccolo_script::{Fact, Over, RuleSet};

use crate::data::rules;
use crate::oracle::{multiplier, seed};
use crate::over_time::{Timeline, Twin, decide};
use crate::random_rules::{Event, asking_scenario, events, fleet_scenario};

const OWN: usize = 6;
const ABOUT_THE_FLEET: usize = 10;
const VEHICLES: usize = 5;
const SAMPLES: usize = 30;
const ROUNDS: usize = 80;

#[test]
fn counts_over_the_fleet_equal_a_look_at_all_vehicles() {
    let seed = seed(61);
    let mut rng = fastrand::Rng::with_seed(seed);
    let catalogue = Catalogue::vss6();
    let (mut compared, mut full) = (0, 0);
    for round in 0..ROUNDS * multiplier() {
        let own = (0..OWN).map(|rule| asking_scenario(&mut rng, rule)).collect::<String>();
        let text = (OWN..OWN + ABOUT_THE_FLEET)
            .fold(own, |text, rule| text + &*fleet_scenario(&mut rng, rule, OWN));
        let set = rules(&text, &catalogue);
        let histories: Vec<Vec<Event>> =
            (0..VEHICLES).map(|_| events(&mut rng, &catalogue, SAMPLES)).collect();
        let config = EngineConfig { workers: 1 + round % 3, ..EngineConfig::default() };
        let found = decide(config, &catalogue, &set, &histories, [1, 7, 1000][round % 3]);
        for ((vehicle, name), expected) in twin_edges(&set, &histories) {
            let ours = found.get(&(vehicle, name.clone())).cloned().unwrap_or_default();
            assert_eq!(
                ours, expected,
                "PICCOLO_SEED={seed} round {round} {vehicle} {name}\n{text}\n{histories:?}"
            );
            compared += 1;
            full += usize::from(!expected.is_empty());
        }
    }
    println!("{compared} comparisons, {full} with an edge");
    assert!(full * 3 > compared, "only {full} of {compared} had an edge");
}

type EdgesOf = HashMap<(usize, String), Vec<(u64, piccolo_engine::Edge)>>;

fn twin_edges(set: &RuleSet, histories: &[Vec<Event>]) -> EdgesOf {
    let last_us = histories.iter().flatten().map(|(time_us, ..)| *time_us).max().unwrap();
    let mut twins: Vec<Twin<'_>> =
        histories.iter().map(|history| Twin::new(history, last_us + 1)).collect();
    let mut edges = EdgesOf::new();
    let mut scenarios: Vec<_> = set.scenarios().collect();
    // Scenarios ask only about those before them, and those about the fleet come last.
    scenarios.sort_by_key(|scenario| scenario.name.clone());
    for scenario in scenarios {
        for fact in &scenario.facts {
            count(fact, &mut twins, last_us + 1);
        }
        for (vehicle, twin) in twins.iter_mut().enumerate() {
            edges.insert((vehicle, scenario.name.to_string()), twin.edges(scenario));
        }
    }
    edges
}

/// Gives every vehicle the timelines of the counts that a fact is made from.
fn count(fact: &Fact, twins: &mut [Twin<'_>], horizon_us: u64) {
    let Fact::Derived(derived) = fact else { return };
    let (of, share) = match &derived.over {
        Over::Vehicles { of } => (of, false),
        Over::Share { of } => (of, true),
        over => return over.reads().iter().for_each(|source| count(source, twins, horizon_us)),
    };
    let members: Vec<(u64, Timeline)> =
        twins.iter_mut().map(|twin| (twin.first_us(), twin.timeline(of))).collect();
    let at = |now_us: u64| {
        let seen: Vec<&Timeline> =
            members.iter().filter(|(first, _)| *first <= now_us).map(|(_, line)| line).collect();
        let holds =
            seen.iter().filter(|line| line[now_us as usize] == Some(Value::Bool(true))).count();
        (!seen.is_empty()).then(|| {
            if share {
                Value::Float(holds as f64 / seen.len() as f64)
            } else {
                Value::Int(holds as i64)
            }
        })
    };
    let line: Timeline = Arc::new((0..horizon_us).map(at).collect());
    twins.iter_mut().for_each(|twin| twin.set(fact, Arc::clone(&line)));
}
