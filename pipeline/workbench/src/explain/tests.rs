//! Explanations of small drives, sample by sample.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::Edge;
use piccolo_recording::Sample;
use piccolo_script::RuleSet;

use super::{Answer, Asked, Explanation, Missing, Which, WhyNot, explain, why_not};
use crate::drive::{Drive, DriveBuilder};

const SECOND: u64 = 1_000_000;
const RULES: &str = r#"
scenario "fast" {
    when Vehicle.Speed > 50.0 held "2s" cooldown "4s"
    then [launch("x"), notify("driver", "fast")]
}
scenario "either" {
    when (Vehicle.Speed > 10.0 && Vehicle.Powertrain.Transmission.CurrentGear > 1)
        || avg(Vehicle.Speed, "3s") > 20.0
    then notify("driver", "either")
}
scenario "both" {
    when Vehicle.Speed > 100.0 && Vehicle.Powertrain.Transmission.CurrentGear > 8
    then notify("driver", "both")
}
scenario "once" {
    when Vehicle.Speed > 30.0 until Vehicle.Powertrain.Transmission.CurrentGear == 1
    then pause("y")
}
policy "quiet" { on notify("driver") deny "the driver sleeps" }
"#;

/// A drive of one speed a second, in first gear at 4 s and in third at 6 s.
fn drive() -> Drive {
    let catalogue = Catalogue::vss6();
    let mut builder = DriveBuilder::new("car", Arc::clone(&catalogue));
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let gear = catalogue.find("Vehicle.Powertrain.Transmission.CurrentGear").unwrap();
    let speeds = [0.0, 60.0, 40.0, 80.0, 80.0, 80.0, 45.0, 90.0, 90.0, 90.0, 0.0];
    for (second, value) in speeds.into_iter().enumerate() {
        let (time_us, line) = (second as u64 * SECOND, second as u32 + 1);
        let mut push = |signal, value: Value, line| {
            builder.push(Sample { time_us, signal, value: Some(value), line }).unwrap();
        };
        push(speed, Value::Float(value), line);
        match second {
            4 => push(gear, Value::Int(1), 100),
            6 => push(gear, Value::Int(3), 101),
            _ => {}
        }
    }
    builder.finish()
}

fn rules() -> RuleSet {
    let (rules, diagnostics) = RuleSet::parse("test.rhai", RULES, &Catalogue::vss6());
    assert!(!diagnostics.iter().any(|found| found.is_error()), "{diagnostics:#?}");
    rules
}

fn why(name: &str, at_us: Option<u64>, edge: Option<Edge>) -> Option<Explanation> {
    let which = Which::Scenario { name, at_us, edge };
    explain(&rules(), &[drive()], &Catalogue::vss6(), which).unwrap()
}

fn not(name: &str, asked: Asked) -> WhyNot {
    let found = why_not(&rules(), &[drive()], &Catalogue::vss6(), name, asked).unwrap().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

fn text(missing: &[Missing]) -> Vec<String> {
    let line = |missing: &Missing| {
        let lines: Vec<u32> = missing.samples.iter().map(|sample| sample.origin).collect();
        format!("{} {:?} {:?} {lines:?}", missing.atom, missing.holds, missing.margin)
    };
    missing.iter().map(line).collect()
}

#[test]
fn a_decision_rests_on_the_fewest_atoms() {
    let found = why("either", None, None).unwrap();
    // The conjunction needs two atoms, and the gear is unknown: the average is enough.
    assert_eq!((found.decision.time_us / SECOND, found.atoms_count), (1, 3));
    assert_eq!(found.atoms.len(), 1);
    let ground = &found.atoms[0];
    assert_eq!(&*ground.reason.atom, "avg(Vehicle.Speed, \"3s\") > 20.0");
    let lines: Vec<u32> = ground.made_from.iter().map(|sample| sample.origin).collect();
    assert_eq!(lines, [2]);
    assert!(found.least && found.holds);
    assert_eq!(found.decision.withheld[0].denied_by.as_deref(), Some("quiet"));
}

#[test]
fn held_and_cooldown_are_said() {
    let begin = why("fast", None, None).unwrap();
    assert_eq!((begin.decision.time_us, begin.held_since_us), (5 * SECOND, Some(3 * SECOND)));
    let flip = begin.atoms[0].reason.flipped_by.as_ref().unwrap();
    assert_eq!(
        (flip.origin, flip.time_us, begin.atoms[0].reason.margin),
        (4, 3 * SECOND, Some(30.0))
    );
    let end = why("fast", Some(9 * SECOND), Some(Edge::End)).unwrap();
    assert_eq!((end.decision.time_us, end.holds), (6 * SECOND, false));
    assert_eq!(end.rests_until_us, Some(10 * SECOND));
    let by_id = Which::Id(end.decision.id);
    let same = explain(&rules(), &[drive()], &Catalogue::vss6(), by_id).unwrap().unwrap();
    assert_eq!(same.decision, end.decision);
}

#[test]
fn what_was_not_decided_has_no_reason() {
    assert!(why("fast", Some(4 * SECOND), None).is_none());
    assert!(why("both", None, None).is_none());
    assert!(why("nobody", None, None).is_none());
    let none = why_not(&rules(), &[drive()], &Catalogue::vss6(), "nobody", Asked::Nearest);
    assert!(none.unwrap().is_none());
}

#[test]
fn each_obstacle_has_its_answer() {
    let at = |name, time_us| not(name, Asked::At(time_us)).answer;
    let waiting = at("fast", 4 * SECOND);
    assert!(
        matches!(waiting, Answer::Waiting { since_us, left_us, for_us: None, .. }
            if since_us == 3 * SECOND && left_us == SECOND),
        "{waiting:?}"
    );
    let active = at("fast", 5 * SECOND);
    let Answer::Active { began: Some(began) } = active else { panic!("{active:?}") };
    assert_eq!(began.withheld[0].denied_by.as_deref(), Some("quiet"));
    let resting = at("fast", 9 * SECOND + 1);
    assert!(
        matches!(resting, Answer::Resting { until_us } if until_us == 10 * SECOND),
        "{resting:?}"
    );
    let failing = at("fast", 2 * SECOND);
    let Answer::Failing { missing, others, .. } = failing else { panic!("{failing:?}") };
    assert_eq!(text(&missing), ["Vehicle.Speed > 50.0 Some(false) Some(10.0) [3]"]);
    assert!(others.is_empty());
    let once = at("once", 5 * SECOND);
    assert!(matches!(once, Answer::Until), "{once:?}");
    let spent = at("once", 7 * SECOND);
    assert!(matches!(spent, Answer::Spent), "{spent:?}");
    let mut late = DriveBuilder::new("car", Catalogue::vss6());
    let lateral = Catalogue::vss6().find("Vehicle.Acceleration.Lateral").unwrap();
    let value = Some(Value::Float(0.0));
    late.push(Sample { time_us: 5, signal: lateral, value, line: 1 }).unwrap();
    let asked = Asked::At(9);
    let found = why_not(&rules(), &[late.finish()], &Catalogue::vss6(), "both", asked);
    let answer = found.unwrap().unwrap().remove(0).answer;
    assert!(matches!(answer, Answer::NothingKnown), "{answer:?}");
}

#[test]
fn all_that_failed_is_said_and_the_least_that_would_do() {
    let failing = not("either", Asked::At(SECOND)).answer;
    let Answer::Failing { missing, others, least, .. } = failing else { panic!("{failing:?}") };
    // The speed is there already: one of the gear and the average is missing, and the gear is
    // unknown, which is a distance of 1; the average of 0 and nothing else is as far.
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing.len() + others.len(), 2);
    assert!(least);
}

#[test]
fn the_nearest_time_is_the_one_that_misses_least() {
    // Two literals are missing while the gear is unknown or low and the speed too small: the
    // speed never exceeds 100, so the highest speed with a known gear is the nearest.
    let found = not("both", Asked::Nearest);
    assert_eq!(found.time_us, 7 * SECOND);
    let Answer::Failing { missing, distance, .. } = found.answer else { panic!() };
    assert_eq!(missing.len(), 2);
    assert!((distance - (0.1 + 5.0 / 8.0)).abs() < 1e-9, "{distance}");
}

#[test]
fn a_hold_that_was_too_short_is_nearer_than_what_never_held() {
    let found = not("fast", Asked::Nearest);
    // From 1 s to 2 s; what held from 3 s on led to a begin, and from 7 s on it rested.
    let Answer::Resting { until_us } = found.answer else { panic!("{found:?}") };
    assert_eq!((found.time_us, until_us), (10 * SECOND, 10 * SECOND));
    let short = RULES.replace("cooldown \"4s\"", "").replace("held \"2s\"", "held \"5s\"");
    let (rules, _) = RuleSet::parse("test.rhai", &short, &Catalogue::vss6());
    let found = why_not(&rules, &[drive()], &Catalogue::vss6(), "fast", Asked::Nearest);
    let found = found.unwrap().unwrap().remove(0);
    let Answer::Waiting { since_us, for_us, left_us, broken_by } = found.answer else { panic!() };
    // Both stretches last three seconds; the earlier counts.
    assert_eq!((since_us, for_us, left_us), (3 * SECOND, Some(3 * SECOND), 2 * SECOND));
    assert_eq!(text(&broken_by), ["Vehicle.Speed > 50.0 Some(false) Some(5.0) [7]"]);
}
