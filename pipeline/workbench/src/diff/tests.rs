//! The difference of what matters alone equals that of everything, over random rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use fastrand::Rng;
use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Decision, DecisionChange, DecisionId, Engine};
use piccolo_recording::Sample;
use piccolo_script::RuleSet;

use super::{Diff, DiffOptions, Relevant, diff, signals_of};
use crate::drive::{Drive, DriveBuilder};
use crate::play::Player;

const SPEED: &str = "Vehicle.Speed";
const GEAR: &str = "Vehicle.Powertrain.Transmission.CurrentGear";
const BRAKE: &str = "Vehicle.Chassis.ParkingBrake.IsEngaged";
const ANGLE: &str = "Vehicle.Acceleration.Lateral";
const OPTIONS: DiffOptions = DiffOptions { move_within_us: 5, explain: false, full: false };
const FULL: DiffOptions = DiffOptions { full: true, ..OPTIONS };

/// Texts of scenarios and policies by name.
type Texts = BTreeMap<String, String>;

fn text(texts: &Texts) -> String {
    texts.values().fold(String::new(), |text, next| text + next.as_str() + "\n")
}

fn rules(texts: &Texts) -> RuleSet {
    let text = text(texts);
    let (rules, diagnostics) = RuleSet::parse("test.rhai", &text, &Catalogue::vss6());
    assert!(!diagnostics.iter().any(|found| found.is_error()), "{text}\n{diagnostics:#?}");
    rules
}

fn drive(rng: &mut Rng, name: &str, length: usize) -> Drive {
    let catalogue = Catalogue::vss6();
    let mut builder = DriveBuilder::new(name, Arc::clone(&catalogue));
    let mut time_us = rng.u64(1..50);
    for line in 1..=length as u32 {
        time_us += rng.u64(0..8);
        let (path, value) = match rng.u8(..4) {
            0 => (SPEED, Value::Float(f64::from(rng.u8(..5)))),
            1 => (GEAR, Value::Int(rng.i64(0..5))),
            2 => (BRAKE, Value::Bool(rng.bool())),
            _ => (ANGLE, Value::Float(f64::from(line))),
        };
        let signal = catalogue.find(path).unwrap();
        let value = (rng.u8(..20) > 0).then_some(value);
        builder.push(Sample { time_us, signal, value, line }).unwrap();
    }
    builder.finish()
}

fn atom(rng: &mut Rng) -> String {
    let order = [">", ">=", "<", "<="][rng.usize(..4)];
    match rng.u8(..6) {
        0 | 1 => format!("{SPEED} {order} {:?}", f64::from(rng.u8(..5))),
        2 => format!("{GEAR} {order} {}", rng.u8(..5)),
        3 => format!("avg({SPEED}, \"{}us\") {order} 2.0", rng.u8(1..20)),
        4 => format!("!known({GEAR})"),
        _ => BRAKE.to_owned(),
    }
}

fn condition(rng: &mut Rng, number: usize) -> String {
    let mut text = atom(rng);
    for _ in 0..rng.u8(..3) {
        let join = if rng.bool() { "&&" } else { "||" };
        let part = match rng.u8(..5) {
            0 if number > 0 => format!("scenario(\"s{}\").active", rng.usize(..number.min(2))),
            _ => atom(rng),
        };
        text = format!("({text} {join} {part})");
    }
    text
}

fn action(rng: &mut Rng, number: usize, targets: usize) -> String {
    let kind = ["launch", "pause", "terminate", "restart"][rng.usize(..4)];
    match rng.u8(..7) {
        0 => format!("notify(\"driver\", \"at \" + {SPEED})"),
        1 if number > 0 => "notify(\"driver\", \"it is \" + scenario(\"s0\").active)".to_owned(),
        2 => format!("network(\"n{}\", #{{ gear: {GEAR} }})", rng.usize(..targets)),
        _ => format!("{kind}(\"p{}\")", rng.usize(..targets)),
    }
}

fn scenario(rng: &mut Rng, number: usize, targets: usize) -> String {
    let mut text = format!("scenario \"s{number}\" {{ when {}", condition(rng, number));
    if rng.u8(..5) == 0 {
        let _ = write!(text, " until {}", atom(rng));
    }
    for clause in ["held", "cooldown"] {
        if rng.u8(..4) == 0 {
            let _ = write!(text, " {clause} \"{}us\"", rng.u8(1..12));
        }
    }
    let _ = write!(text, " priority {}", rng.u8(..3));
    let _ =
        write!(text, " then [{}, {}]", action(rng, number, targets), action(rng, number, targets));
    if rng.bool() {
        let _ = write!(text, " finally {}", action(rng, number, targets));
    }
    text + " }"
}

fn policy(rng: &mut Rng, number: usize, targets: usize) -> String {
    let kind = ["launch", "pause", "terminate", "any"][rng.usize(..4)];
    let target = rng.usize(..targets);
    let mut text = format!("policy \"c{number}\" {{ on {kind}(\"p{target}\")");
    if rng.bool() {
        let when = if rng.bool() { "scenario(\"s0\").active".to_owned() } else { atom(rng) };
        let _ = write!(text, " when {when}");
    }
    let verdict = match rng.u8(..3) {
        0 => format!("deny \"no {number}\""),
        1 => format!("change restart(\"p{}\")", rng.usize(..targets)),
        _ => "allow".to_owned(),
    };
    let _ = write!(text, " priority {} {verdict}", rng.u8(..3));
    text + " }"
}

/// A set of rules, and the same after one change.
fn pair(rng: &mut Rng) -> (RuleSet, RuleSet, (String, String)) {
    let (scenarios, targets) = (rng.usize(2..9), rng.usize(2..12));
    let mut texts = Texts::new();
    for number in 0..scenarios {
        texts.insert(format!("s{number}"), scenario(rng, number, targets));
    }
    for number in 0..rng.usize(..4) {
        texts.insert(format!("c{number}"), policy(rng, number, targets));
    }
    let (old, before) = (rules(&texts), text(&texts));
    match rng.u8(..6) {
        0 => {
            texts.insert("c0".to_owned(), policy(rng, 0, targets));
        }
        1 => {
            // Nobody asks about any but the first two.
            texts.remove(&format!("s{}", scenarios.max(3) - 1));
        }
        2 => {
            texts.insert(format!("s{scenarios}"), scenario(rng, scenarios, targets));
        }
        _ => {
            let number = rng.usize(..scenarios);
            texts.insert(format!("s{number}"), scenario(rng, number, targets));
        }
    }
    (old, rules(&texts), (before, text(&texts)))
}

fn compare(old: &RuleSet, new: &RuleSet, drives: &[Drive], options: DiffOptions) -> Diff {
    diff(old, new, drives, &Catalogue::vss6(), options).unwrap()
}

#[test]
fn what_matters_alone_gives_the_same_difference() {
    let seed = std::env::var("PICCOLO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(91);
    let mut rng = Rng::with_seed(seed);
    let (mut left_out, mut partly, mut kinds) = (0, 0, BTreeMap::new());
    for round in 0..400 {
        let (old, new, pair) = pair(&mut rng);
        let drives = [drive(&mut rng, "a", 60), drive(&mut rng, "b", 30)];
        let (reduced, full) =
            (compare(&old, &new, &drives, OPTIONS), compare(&old, &new, &drives, FULL));
        let place = format!("PICCOLO_SEED={seed}, round {round}");
        assert_eq!(reduced.changes, full.changes, "{place}\n{}\n--\n{}", pair.0, pair.1);
        assert!(reduced.samples <= full.samples, "{place}");
        let out = full.evaluated[0] - reduced.evaluated[0];
        left_out += out;
        partly += usize::from(out > 0 && !reduced.changes.is_empty());
        for change in &reduced.changes {
            *kinds.entry(change.what()).or_insert(0) += 1;
        }
    }
    assert!(left_out > 300 && partly > 60, "{left_out} left out, {partly} partly");
    assert!(kinds.len() == 4 && kinds.values().all(|count| *count > 50), "{kinds:?}");
}

/// What one set decides by itself, without what tells revisions apart.
fn alone(rules: &RuleSet, drives: &[Drive]) -> Vec<Decision> {
    let mut player = Player::new(drives, &Catalogue::vss6(), false).unwrap();
    player.engine.load(rules).unwrap();
    let mut all = Vec::new();
    let more = |_: &mut Engine, decisions: Vec<Decision>| {
        all.extend(decisions.into_iter().map(plain));
        true
    };
    player.play(&signals_of([rules]), None, more).unwrap();
    all
}

fn plain(decision: Decision) -> Decision {
    Decision { id: DecisionId::default(), revision: "".into(), why: None, ..decision }
}

#[test]
fn two_lanes_differ_as_two_engines_do() {
    let seed = std::env::var("PICCOLO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(92);
    let mut rng = Rng::with_seed(seed);
    let mut compared = 0;
    for round in 0..200 {
        let (old, new, texts) = pair(&mut rng);
        let drives = [drive(&mut rng, "a", 60)];
        let found = compare(&old, &new, &drives, OPTIONS).changes;
        let place = format!("PICCOLO_SEED={seed}, round {round}\n{}\n--\n{}", texts.0, texts.1);
        let (first, second) = (alone(&old, &drives), alone(&new, &drives));
        let only = |these: &[Decision], those: &[Decision]| -> Vec<Decision> {
            these.iter().filter(|decision| !those.contains(decision)).cloned().collect()
        };
        let side = |side: fn(&DecisionChange) -> Option<&Decision>| {
            let mut all: Vec<Decision> =
                found.iter().filter_map(side).cloned().map(plain).collect();
            all.sort_by_key(|decision| {
                (decision.time_us, decision.edge, Arc::clone(&decision.scenario))
            });
            all
        };
        assert_eq!(side(DecisionChange::from), only(&first, &second), "{place}");
        assert_eq!(side(DecisionChange::to), only(&second, &first), "{place}");
        compared += found.len();
    }
    assert!(compared > 400, "only {compared} changes");
}

#[test]
fn equal_sets_need_nothing() {
    let mut rng = Rng::with_seed(5);
    let (old, ..) = pair(&mut rng);
    let found = compare(&old, &old, &[drive(&mut rng, "a", 60)], OPTIONS);
    assert_eq!((found.changes.len(), found.evaluated, found.samples), (0, [0, 0], 0));
}

const BASE: [(&str, &str); 6] = [
    ("a", r#"scenario "a" { when Vehicle.Speed > 1.0 then launch("x") }"#),
    ("b", r#"scenario "b" { when scenario("a").active then launch("y") }"#),
    ("c", r#"scenario "c" { when Vehicle.Speed > 2.0 then [pause("y"), launch("z")] }"#),
    ("d", r#"scenario "d" { when Vehicle.Speed > 3.0 then pause("z") }"#),
    ("e", r#"scenario "e" { when Vehicle.Speed > 4.0 then launch("w") }"#),
    ("p", r#"policy "p" { on launch("w") when Vehicle.Speed > 9.0 deny "too fast" }"#),
];

/// Which scenarios matter where one text is another.
#[track_caller]
fn check(name: &str, text: &str, matter: &str) {
    let base: Texts =
        BASE.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let mut other = base.clone();
    other.insert(name.to_owned(), text.to_owned());
    let (old, new) = (rules(&base), rules(&other));
    let relevant = Relevant::of(&old, &new);
    let found: String =
        ["a", "b", "c", "d", "e"].into_iter().filter(|name| relevant.contains(name)).collect();
    assert_eq!(found, matter);
    assert_eq!(relevant.len(), matter.len());
}

#[test]
fn what_hangs_together_matters() {
    // Whoever asks about it, who shares a target with those, and who shares one with these.
    check("a", r#"scenario "a" { when Vehicle.Speed > 1.5 then launch("x") }"#, "abcd");
    check("e", r#"scenario "e" { when Vehicle.Speed > 5.0 then launch("w") }"#, "e");
    check("d", r#"scenario "d" { when Vehicle.Speed > 5.0 then pause("z") }"#, "abcd");
    check("p", r#"policy "p" { on launch("w") when Vehicle.Speed > 8.0 deny "too fast" }"#, "e");
    check("p", r#"policy "p" { on launch("x") when Vehicle.Speed > 8.0 deny "too fast" }"#, "ae");
    check("e", BASE[4].1, "");
}

/// Without a condition that asks about `a`, it did not say whether it is active.
#[test]
fn arguments_and_policies_alone_may_ask_about_a_scenario() {
    let catalogue = Catalogue::vss6();
    let mut builder = DriveBuilder::new("car", Arc::clone(&catalogue));
    for (line, (path, value)) in
        [(SPEED, Value::Float(1.0)), (BRAKE, Value::Bool(true))].into_iter().enumerate()
    {
        let (time_us, signal) = (10 * line as u64, catalogue.find(path).unwrap());
        builder.push(Sample { time_us, signal, value: Some(value), line: line as u32 }).unwrap();
    }
    let drives = [builder.finish()];
    let begun = |then: &str, policy: &str| {
        let texts = [
            format!("scenario \"a\" {{ when {SPEED} > 0.0 then launch(\"x\") }}"),
            format!("scenario \"b\" {{ when {BRAKE} then {then} }}"),
            policy.to_owned(),
        ];
        let texts = texts.into_iter().enumerate();
        let texts: Texts = texts.map(|(number, text)| (number.to_string(), text)).collect();
        let mut decisions = alone(&rules(&texts), &drives);
        assert_eq!(decisions.len(), 2);
        decisions.remove(1)
    };
    let told = begun("notify(\"driver\", \"it is \" + scenario(\"a\").active)", "");
    assert_eq!(told.actions[0].arguments.0[0].1, Value::from("it is true"));
    let policy = "policy \"p\" { on launch(\"y\") when scenario(\"a\").active deny \"taken\" }";
    let denied = begun("launch(\"y\")", policy);
    assert_eq!(denied.withheld[0].reason.as_deref(), Some("taken"));
}

#[test]
fn only_signals_that_are_read_are_streamed() {
    let texts: Texts =
        BASE.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let catalogue = Catalogue::vss6();
    assert_eq!(signals_of([&rules(&texts)]), [catalogue.find(SPEED).unwrap()]);
}

#[test]
fn a_longer_held_moves_and_another_action_changes() {
    let catalogue = Catalogue::vss6();
    let mut builder = DriveBuilder::new("car", Arc::clone(&catalogue));
    let signal = catalogue.find(SPEED).unwrap();
    for second in 0..20u64 {
        let value = Some(Value::Float(if second % 10 < 5 { 0.0 } else { 50.0 }));
        builder
            .push(Sample { time_us: second * 1_000_000, signal, value, line: second as u32 })
            .unwrap();
    }
    let drives = [builder.finish()];
    let rule = |held: &str, target: &str| {
        let text = format!(
            "scenario \"a\" {{ when {SPEED} > 10.0 held \"{held}\" then launch(\"{target}\") }}"
        );
        rules(&Texts::from([("a".to_owned(), text)]))
    };
    let options = DiffOptions { move_within_us: 2_000_000, ..OPTIONS };
    let lines = |old: &RuleSet, new: &RuleSet| -> Vec<String> {
        let found = compare(old, new, &drives, options);
        let time = |change: &DecisionChange| change.from().map(|from| from.time_us / 1_000);
        let line = |change: &DecisionChange| {
            format!("{} {:?} {}", change.what(), time(change), change.decision().time_us / 1_000)
        };
        found.changes.iter().map(line).collect()
    };
    let (short, long, other) = (rule("1s", "x"), rule("2s", "x"), rule("1s", "y"));
    assert_eq!(lines(&short, &long), ["moved Some(6000) 7000", "moved Some(16000) 17000"]);
    assert_eq!(lines(&short, &other), ["changed Some(6000) 6000", "changed Some(16000) 16000"]);
    let all = [6_000, 10_000, 16_000];
    let removed = all.map(|time| format!("removed Some({time}) {time}"));
    assert_eq!(lines(&short, &rule("6s", "x")), removed);
    let added = all.map(|time| format!("added None {time}"));
    assert_eq!(lines(&rule("6s", "x"), &short), added);
}
