//! Two rule sets in one engine: what the shadow decides, and what happens when it is promoted.

use piccolo_engine::EngineConfig;

use crate::data::{catalogue, engine, rules};
use crate::over_time::{Edges, decide};
use crate::random_rules::{asking_scenario, events};
use crate::rule_changes::line;

/// A change of the rules before a second's sample.
enum Change {
    None,
    Shadow(&'static str),
    Promote(&'static str),
}

const A: &str =
    r#"scenario "a" { when Vehicle.Speed > 10.0 then launch("x") finally terminate("x") }"#;
const A2: &str =
    r#"scenario "a" { when Vehicle.Speed > 30.0 then launch("x") finally terminate("x") }"#;
const OTHER: &str = r#"scenario "a" { when Vehicle.Speed > 30.0 then restart("x") }
    scenario "b" { when Vehicle.Speed > 20.0 then notify("driver", "fast") }"#;

/// What both lanes decide, from speeds one a second; A is active from the start.
#[track_caller]
fn check(steps: &[(Change, f64)], active: &[&str], shadow: &[&str]) {
    let catalogue = catalogue();
    for workers in [1, 2] {
        let config = EngineConfig { workers, ..EngineConfig::default() };
        let mut engine = engine(config, &catalogue, &rules(A, &catalogue));
        let vehicle = engine.vehicle("car").unwrap();
        let speed = catalogue.find("Vehicle.Speed").unwrap();
        let (mut acted, mut shown) = (Vec::new(), Vec::new());
        for (second, (change, value)) in steps.iter().enumerate() {
            match change {
                Change::None => {}
                Change::Shadow(text) => {
                    engine.load_shadow(&rules(text, &catalogue)).unwrap();
                }
                Change::Promote(text) => {
                    engine.load(&rules(text, &catalogue)).unwrap();
                    engine.load_shadow(&rules("", &catalogue)).unwrap();
                }
            }
            let time_us = second as u64 * 1_000_000;
            let sample = engine.sample(vehicle, speed, Some(&(*value).into()), time_us, 0).unwrap();
            acted.extend(engine.step(time_us + 1, vec![sample]).unwrap().iter().map(line));
            acted.extend(engine.step(time_us + 1_000_000, Vec::new()).unwrap().iter().map(line));
            shown.extend(engine.take_shadow_decisions().iter().map(line));
        }
        assert_eq!(acted, active, "{workers} workers, active");
        assert_eq!(shown, shadow, "{workers} workers, shadow");
    }
}

#[test]
fn a_shadow_decides_and_does_not_act() {
    check(
        &[(Change::Shadow(A2), 15.0), (Change::None, 35.0), (Change::None, 5.0)],
        &["0 begin a launch(x)", "2 end a terminate(x)"],
        &["1 begin a launch(x)", "2 end a terminate(x)"],
    );
}

#[test]
fn a_shadow_that_is_the_same_shows_the_same_from_then_on() {
    check(
        &[(Change::None, 15.0), (Change::Shadow(A), 15.0), (Change::None, 5.0)],
        &["0 begin a launch(x)", "2 end a terminate(x)"],
        &["1 begin a launch(x)", "2 end a terminate(x)"],
    );
}

#[test]
fn what_is_active_in_both_stays_active_when_the_shadow_is_promoted() {
    check(
        &[
            (Change::Shadow(A2), 15.0),
            (Change::None, 35.0),
            (Change::Promote(A2), 36.0),
            (Change::None, 5.0),
        ],
        &["0 begin a launch(x)", "3 end a terminate(x)"],
        &["1 begin a launch(x)", "2 end a terminate(x)"],
    );
}

#[test]
fn what_was_only_active_in_the_shadow_begins_and_what_the_shadow_denies_ends() {
    check(
        &[(Change::Shadow(OTHER), 25.0), (Change::Promote(OTHER), 25.0), (Change::None, 35.0)],
        &[
            "0 begin a launch(x)",
            "1 end a terminate(x)",
            "1 begin b notify(driver)",
            "2 begin a restart(x)",
        ],
        &["0 begin b notify(driver)", "1 end b"],
    );
}

#[test]
fn both_lanes_decide_as_if_each_were_alone() {
    let mut rng = fastrand::Rng::with_seed(crate::oracle::seed(71));
    let catalogue = catalogue();
    let mut compared = 0;
    for _ in 0..20 {
        let a: Vec<String> = (0..12).map(|rule| asking_scenario(&mut rng, rule)).collect();
        let mut b = a.clone();
        for rule in [3, 7, 11] {
            b[rule] = asking_scenario(&mut rng, rule);
        }
        let (a, b) = (rules(&a.concat(), &catalogue), rules(&b.concat(), &catalogue));
        let histories = vec![events(&mut rng, &catalogue, 60), events(&mut rng, &catalogue, 60)];
        let alone = decide(EngineConfig::default(), &catalogue, &b, &histories, 7);
        let mut engine = engine(EngineConfig::default(), &catalogue, &a);
        engine.load_shadow(&b).unwrap();
        let mut samples = Vec::new();
        for (vehicle, history) in histories.iter().enumerate() {
            let vehicle = engine.vehicle(&vehicle.to_string()).unwrap();
            for (time_us, signal, value) in history {
                let value = value.as_ref();
                samples.push(engine.sample(vehicle, *signal, value, *time_us, 0).unwrap());
            }
        }
        samples.sort_by_key(|sample| sample.time_us);
        let end_us = samples.last().unwrap().time_us + 1;
        engine.step(end_us, samples).unwrap();
        let shadow = engine.take_shadow_decisions();
        for ((vehicle, name), edges) in alone {
            let own = shadow.iter().filter(|decision| {
                (&*decision.vehicle, &*decision.scenario) == (vehicle.to_string().as_str(), &*name)
            });
            let own: Edges = own.map(|decision| (decision.time_us, decision.edge)).collect();
            assert_eq!(own, edges, "{name} in {vehicle}");
            compared += edges.len();
        }
    }
    assert!(compared > 300, "only {compared} edges");
}
