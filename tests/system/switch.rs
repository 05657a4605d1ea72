//! A rule set of a thousand rules is switched for another while samples flow.

use std::time::{Duration, Instant};

use piccolo_engine::{Decision, Engine, EngineConfig, Lane, PreparedRules, Sample};

use crate::data::{catalogue, engine, rules};

const RULES: usize = 1_000;
const VEHICLES: u32 = 10;
/// A hundred samples each millisecond are 100,000 a second.
const TICKS: u64 = 400;
const SAMPLES_A_TICK: usize = 100;
const SWITCH_AT: [u64; 2] = [150, 300];

/// Rules over three signals; the second set has other thresholds in half of them, and other
/// actions in a tenth.
fn set(second: bool) -> String {
    let rule = |index: usize| {
        let moved = if second && index.is_multiple_of(2) { 0.5 } else { 0.0 };
        let action = if second && index.is_multiple_of(10) { "restart" } else { "launch" };
        let threshold = (index % 100) as f64 + moved;
        let held = if index.is_multiple_of(7) { " held \"5ms\"" } else { "" };
        format!(
            "scenario \"r{index:04}\" {{ when Vehicle.Speed > {threshold:?} && \
             avg(Vehicle.Acceleration.Longitudinal, \"20ms\") < {:?}{held} then {action}(\"p{index}\") }}\n",
            (index % 17) as f64 - 8.0
        )
    };
    (0..RULES).map(rule).collect()
}

/// The samples of each tick; values walk.
fn ticks(engine: &mut Engine) -> Vec<Vec<Sample>> {
    let catalogue = catalogue();
    let signals = ["Vehicle.Speed", "Vehicle.Acceleration.Longitudinal"];
    let signals = signals.map(|path| catalogue.find(path).unwrap());
    let mut rng = fastrand::Rng::with_seed(crate::oracle::seed(81));
    let mut values = vec![[50.0, 0.0]; VEHICLES as usize];
    let vehicles: Vec<u32> =
        (0..VEHICLES).map(|vehicle| engine.vehicle(&format!("v{vehicle}")).unwrap()).collect();
    let mut sample = |time_us: u64| {
        let (vehicle, signal) = (rng.usize(..values.len()), rng.usize(..2));
        let value = &mut values[vehicle][signal];
        let limits = [(0.0, 120.0), (-9.0, 9.0)][signal];
        *value = (*value + rng.f64() * 4.0 - 2.0).clamp(limits.0, limits.1);
        let value = Some(&(*value).into());
        engine.sample(vehicles[vehicle], signals[signal], value, time_us, 0).unwrap()
    };
    (0..TICKS)
        .map(|tick| (0..SAMPLES_A_TICK as u64).map(|at| sample(tick * 1_000 + at * 10)).collect())
        .collect()
}

/// Runs all ticks with both switches; the decisions, and how long each step took.
fn run(batch: usize) -> (Vec<Decision>, Vec<Duration>) {
    let catalogue = catalogue();
    let sets = [false, true].map(|second| rules(&set(second), &catalogue));
    let mut engine = engine(EngineConfig::default(), &catalogue, &sets[0]);
    // As in the server, where another thread prepares what the engine's thread loads.
    let sets = sets.map(|rules| PreparedRules::new(&rules).unwrap());
    let ticks = ticks(&mut engine);
    let (mut decisions, mut took) = (Vec::new(), Vec::new());
    for (tick, samples) in ticks.into_iter().enumerate() {
        let tick = tick as u64;
        let started = Instant::now();
        if let Some(switch) = SWITCH_AT.iter().position(|at| *at == tick) {
            let change = engine.load_prepared(Lane::Active, &sets[(switch + 1) % 2]).unwrap();
            assert_eq!((change.replaced.len(), change.kept), (RULES / 2, RULES / 2));
            println!("loaded in {:.1?}", started.elapsed());
        }
        let parts = samples.len().div_ceil(batch);
        for (part, chunk) in samples.chunks(batch).enumerate() {
            let end_us = (tick + 1) * 1_000;
            let next_us = samples.get((part + 1) * batch).map_or(end_us, |next| next.time_us);
            let until_us = if part + 1 == parts { end_us } else { next_us };
            decisions.extend(engine.step(until_us, chunk.to_vec()).unwrap());
        }
        took.push(started.elapsed());
    }
    (decisions, took)
}

#[test]
fn a_thousand_rules_are_switched_while_samples_flow() {
    let (live, took) = run(SAMPLES_A_TICK);
    let (offline, _) = run(1);
    assert_eq!(live.len(), offline.len());
    assert!(live == offline, "the same decisions, one sample a step or a hundred");
    let mut ids: Vec<_> = live.iter().map(|decision| &decision.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), live.len(), "no decision comes twice");
    let of_switch = |at: &u64| took[*at as usize];
    let slowest = SWITCH_AT.iter().map(of_switch).max().unwrap();
    let mut others = took.clone();
    others.sort_unstable();
    println!(
        "{} decisions; the step with the switch took {slowest:.1?}, the median one {:.1?}",
        live.len(),
        others[others.len() / 2]
    );
    assert!(live.len() > 10_000, "only {} decisions", live.len());
}
