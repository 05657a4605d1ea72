//! Both evaluators on random conditions over random facts.

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_script::{Fact, RuleSet};

const NUMBERS: [&str; 3] = [
    "Vehicle.Speed",
    "Vehicle.Powertrain.Transmission.CurrentGear",
    "Vehicle.Chassis.SteeringWheel.Angle",
];
const BOOLS: [&str; 2] =
    ["Vehicle.Chassis.ParkingBrake.IsEngaged", "Vehicle.ADAS.CruiseControl.IsActive"];
const TEXT: &str = "Vehicle.Body.Lights.Brake.IsActive";
const TEXTS: [&str; 3] = ["INACTIVE", "ACTIVE", "ADAPTIVE"];

#[test]
fn atoms_and_rhai_agree() {
    let seed = std::env::var("PICCOLO_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(21);
    let mut rng = fastrand::Rng::with_seed(seed);
    let catalogue = Catalogue::vss6();
    let (mut compared, mut held) = (0, 0);
    for _ in 0..1_500 {
        let condition = boolean(&mut rng, 3);
        let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
        let (rules, diagnostics) = RuleSet::parse("random.rhai", &text, &catalogue);
        assert!(
            !diagnostics.iter().any(|found| found.is_error()),
            "{seed} {condition} {diagnostics:#?}"
        );
        let when = &rules.scenario("s").unwrap().when;
        for _ in 0..40 {
            let facts = facts(&mut rng, &catalogue);
            let facts = |fact: &Fact| {
                let Fact::Signal(signal, _) = fact else { return None };
                facts.iter().find(|(id, _)| id == signal).and_then(|(_, value)| value.clone())
            };
            let by_rhai = when.holds_by_rhai(&facts);
            assert_eq!(when.holds(&facts), by_rhai, "PICCOLO_SEED={seed} {condition}\n{when:#?}");
            compared += 1;
            held += usize::from(by_rhai);
        }
    }
    assert!(held * 5 > compared && held * 5 < compared * 4, "{held} of {compared} held");
}

/// A million comparisons over conditions of one function: 200 conditions over 5,000 facts.
#[track_caller]
fn a_million(seed: u64, condition: impl Fn(&mut fastrand::Rng) -> String) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let catalogue = Catalogue::vss6();
    let values: Vec<_> = (0..5_000).map(|_| facts(&mut rng, &catalogue)).collect();
    let (mut compared, mut held) = (0, 0);
    for _ in 0..200 {
        let condition = condition(&mut rng);
        let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
        let (rules, diagnostics) = RuleSet::parse("random.rhai", &text, &catalogue);
        let when = rules.scenario("s").map(|scenario| &scenario.when);
        let when = when.unwrap_or_else(|| panic!("{condition} {diagnostics:#?}"));
        for facts in &values {
            let facts = |fact: &Fact| {
                let Fact::Signal(signal, _) = fact else { return None };
                facts.iter().find(|(id, _)| id == signal).and_then(|(_, value)| value.clone())
            };
            let by_rhai = when.holds_by_rhai(&facts);
            assert_eq!(when.holds(&facts), by_rhai, "seed {seed} {condition}");
            compared += 1;
            held += usize::from(by_rhai);
        }
    }
    assert!(compared >= 1_000_000 && held * 20 > compared, "{held} of {compared} held");
}

fn order(rng: &mut fastrand::Rng) -> &'static str {
    ["<", "<=", ">", ">="][rng.usize(..4)]
}

#[test]
fn abs_a_million_times() {
    a_million(22, |rng| format!("abs({}) {} {}", number(rng, 1), order(rng), constant(rng)));
}

#[test]
fn min_and_max_a_million_times_each() {
    for (seed, name) in [(23, "min"), (24, "max")] {
        a_million(seed, |rng| {
            let (a, b) = (NUMBERS[rng.usize(..3)], number(rng, 1));
            format!("{name}({a}, {b}) {} {}", order(rng), constant(rng))
        });
    }
}

#[test]
fn known_a_million_times() {
    a_million(25, |rng| {
        let (a, b) = (NUMBERS[rng.usize(..3)], BOOLS[rng.usize(..2)]);
        format!("known({a}) == known({b}) || {a} > {}", constant(rng))
    });
}

#[test]
fn membership_a_million_times() {
    a_million(26, |rng| {
        let low = rng.i64(-3..2);
        let (signal, high) = (NUMBERS[rng.usize(..3)], low + rng.i64(1..4));
        match rng.u8(..3) {
            0 => format!("{signal} in [{}, {}, {}]", constant(rng), constant(rng), constant(rng)),
            1 => format!("{signal} in {low}..{high}"),
            _ => format!("{signal} in {low}..={high}"),
        }
    });
}

fn facts(rng: &mut fastrand::Rng, catalogue: &Catalogue) -> Vec<(SignalId, Option<Value>)> {
    let mut facts = Vec::new();
    let mut put =
        |path: &str, value: Option<Value>| facts.push((catalogue.find(path).unwrap(), value));
    for (index, path) in NUMBERS.into_iter().enumerate() {
        let value = rng.i64(-3..4);
        let value = if index == 0 { Value::Float(value as f64 / 2.0) } else { Value::Int(value) };
        put(path, (rng.u8(..6) > 0).then_some(value));
    }
    for path in BOOLS {
        put(path, (rng.u8(..6) > 0).then_some(Value::Bool(rng.bool())));
    }
    put(TEXT, (rng.u8(..6) > 0).then_some(Value::from(TEXTS[rng.usize(..3)])));
    facts
}

pub(crate) fn boolean(rng: &mut fastrand::Rng, depth: u8) -> String {
    if depth == 0 {
        return leaf(rng);
    }
    match rng.u8(..9) {
        0 | 1 => leaf(rng),
        2..=4 => format!("({} && {})", boolean(rng, depth - 1), boolean(rng, depth - 1)),
        5 | 6 => format!("({} || {})", boolean(rng, depth - 1), boolean(rng, depth - 1)),
        7 => format!("!({})", boolean(rng, depth - 1)),
        _ => format!("(({}) == ({}))", boolean(rng, depth - 1), boolean(rng, depth - 1)),
    }
}

fn leaf(rng: &mut fastrand::Rng) -> String {
    let order = ["<", "<=", ">", ">=", "==", "!="][rng.usize(..6)];
    match rng.u8(..12) {
        0..=2 => format!("{} {order} {}", NUMBERS[rng.usize(..3)], constant(rng)),
        3 => format!("{} {order} {}", constant(rng), NUMBERS[rng.usize(..3)]),
        4 | 5 => format!("{} {order} {}", number(rng, 2), number(rng, 2)),
        6 => BOOLS[rng.usize(..2)].to_owned(),
        7 => format!("{} {} {}", BOOLS[rng.usize(..2)], ["==", "!="][rng.usize(..2)], rng.bool()),
        8 => format!("{TEXT} {order} {:?}", TEXTS[rng.usize(..3)]),
        9 => format!("{TEXT} in [{:?}, {:?}]", TEXTS[rng.usize(..3)], TEXTS[rng.usize(..3)]),
        10 => format!("known({})", NUMBERS[rng.usize(..3)]),
        _ => format!("{} in [{}, {}]", NUMBERS[rng.usize(..3)], constant(rng), constant(rng)),
    }
}

fn constant(rng: &mut fastrand::Rng) -> String {
    let value = rng.i64(-3..4);
    if rng.bool() { value.to_string() } else { format!("{:?}", value as f64 / 2.0) }
}

fn number(rng: &mut fastrand::Rng, depth: u8) -> String {
    if depth == 0 || rng.u8(..3) == 0 {
        return if rng.bool() { NUMBERS[rng.usize(..3)].to_owned() } else { constant(rng) };
    }
    match rng.u8(..8) {
        0..=4 => {
            let operator = ["+", "-", "*", "/", "%"][rng.usize(..5)];
            format!("({} {operator} {})", number(rng, depth - 1), number(rng, depth - 1))
        }
        5 => format!("-({})", number(rng, depth - 1)),
        6 => format!("abs({})", number(rng, depth - 1)),
        _ => format!(
            "{}({}, {})",
            ["min", "max"][rng.usize(..2)],
            number(rng, depth - 1),
            number(rng, depth - 1)
        ),
    }
}
