//! An engine whose rules came and went decides like one that had the last of them from the start.

use std::fmt::Write as _;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId};
use piccolo_engine::{Decision, Engine, EngineConfig, Sample};
use piccolo_script::RuleSet;

use crate::data::{catalogue, engine, rules};

const ROUNDS: u64 = 150;
const ROUND_US: u64 = 1_000_000;
const VEHICLES: u32 = 3;

/// Scenarios that collide on few targets; the names of those move on with the rounds, so that
/// their numbers are given out again.
fn random_set(rng: &mut fastrand::Rng, round: u64) -> String {
    let mut text = String::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        if rng.u8(..4) == 0 {
            continue;
        }
        let targets = [0, 1].map(|_| format!("p{}", round / 4 + rng.u64(..3)));
        let finally =
            if rng.bool() { format!("finally terminate({:?})", targets[1]) } else { String::new() };
        let _ = writeln!(
            text,
            "scenario {name:?} {{ when Vehicle.Speed > {}.0 priority {} \
             then [launch({:?}), restart({:?})] {finally} }}",
            rng.u8(1..9) * 10,
            rng.u8(..3),
            targets[0],
            targets[1],
        );
    }
    text
}

/// The world that both engines see: one signal of some vehicles.
struct World {
    catalogue: Arc<Catalogue>,
    speed: SignalId,
    speeds: Vec<f64>,
}

impl World {
    fn sample(&self, engine: &mut Engine, vehicle: u32, time_us: u64) -> Sample {
        let value = self.speeds[vehicle as usize].into();
        let vehicle = engine.vehicle(&format!("v{vehicle}")).unwrap();
        engine.sample(vehicle, self.speed, Some(&value), time_us, 0).unwrap()
    }

    /// An engine with rules that has seen the present values, and nothing else.
    fn fresh(&self, workers: usize, rules: &RuleSet, time_us: u64) -> Engine {
        let config = EngineConfig { workers, ..EngineConfig::default() };
        let mut fresh = engine(config, &self.catalogue, rules);
        let samples = (0..VEHICLES).map(|vehicle| self.sample(&mut fresh, vehicle, time_us));
        let samples = samples.collect::<Vec<_>>();
        fresh.step(time_us + 1, samples).unwrap();
        fresh
    }
}

#[test]
fn rules_that_were_leave_no_trace() {
    let catalogue = catalogue();
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let mut rng = fastrand::Rng::with_seed(crate::oracle::seed(91));
    for workers in [1, 2] {
        let mut world = World {
            catalogue: Arc::clone(&catalogue),
            speed,
            speeds: vec![0.0; VEHICLES as usize],
        };
        let mut lasting = world.fresh(workers, &rules("", &catalogue), 0);
        let (mut overruled, mut given_back) = (0, 0);
        for round in 1..=ROUNDS {
            let set = rules(&random_set(&mut rng, round), &catalogue);
            lasting.load(&set).unwrap();
            let begun_us = round * ROUND_US;
            lasting.step(begun_us + 1, Vec::new()).unwrap();
            let mut fresh = world.fresh(workers, &set, begun_us);
            for moment in 1..20 {
                let vehicle = rng.u32(..VEHICLES);
                world.speeds[vehicle as usize] = f64::from(rng.u8(..100));
                let time_us = begun_us + moment * 1_000;
                let [ours, theirs] = [&mut lasting, &mut fresh].map(|engine| {
                    let sample = world.sample(engine, vehicle, time_us);
                    engine.step(time_us + 1, vec![sample]).unwrap()
                });
                assert_eq!(ours, theirs, "round {round}, {workers} workers, {rng:?}");
                overruled += count(&ours, |decision| !decision.withheld.is_empty());
                given_back += count(&ours, |decision| {
                    decision.actions.iter().any(|action| action.scenario.is_some())
                });
            }
        }
        assert!(
            overruled > 500 && given_back > 300,
            "{overruled} overruled, {given_back} given back"
        );
    }
}

fn count(decisions: &[Decision], what: impl Fn(&Decision) -> bool) -> usize {
    decisions.iter().filter(|decision| what(decision)).count()
}
