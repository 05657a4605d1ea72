//! Two rule sets in one engine: what the shadow decides, and what happens when it is promoted.

use piccolo_catalogue::Catalogue;
use piccolo_engine::EngineConfig;

use crate::data::{catalogue, engine, rules};
use crate::oracle::SMALL;
use crate::oracle::lines::decision_line;
use crate::oracle::world::World;
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
    let catalogue = Catalogue::vss6();
    let mut compared = 0;
    // Even seeds make worlds whose rules stay.
    for seed in (0..60).step_by(2) {
        let mut world = World::new(seed, SMALL);
        let a = world.rules(&catalogue);
        let other = World::new(seed + 2, SMALL);
        let new = other.steps[0].load.as_ref().unwrap();
        let texts = world.steps[0].load.as_mut().unwrap();
        for rule in [3, 7, 11] {
            texts[rule].clone_from(&new[rule]);
        }
        let b = world.rules(&catalogue);
        let alone = world.by_engine(&catalogue, &b);
        let mut shadow = Vec::new();
        world.play(&catalogue, |engine, step, samples| {
            if step.load.is_some() {
                engine.load(&a[0]).unwrap();
                engine.load_shadow(&b[0]).unwrap();
            }
            engine.step(step.tick_us, samples).unwrap();
            shadow.extend(engine.take_shadow_decisions().iter().map(decision_line));
        });
        assert_eq!(shadow, alone.lines, "world {seed}");
        compared += shadow.len();
    }
    assert!(compared > 1_000, "only {compared} decisions");
}
