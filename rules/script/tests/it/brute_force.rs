//! What is said of random conditions, against looking at every value.

use std::collections::BTreeMap;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_script::{Condition, Diagnostic, Fact, RuleSet};

use crate::random::Random;
use crate::spans::cut;

const SPEED: &str = "Vehicle.Speed";
const GEAR: &str = "Vehicle.Powertrain.Transmission.CurrentGear";
const BRAKE: &str = "Vehicle.Chassis.ParkingBrake.IsEngaged";
const LIGHT: &str = "Vehicle.Body.Lights.Brake.IsActive";
/// Never unknown, and never below zero.
const COUNT: &str = "count(Vehicle.Speed > 1, \"1s\")";

type Row = Vec<(&'static str, Option<Value>)>;

/// Every combination of values that random conditions can tell apart.
fn rows() -> Vec<Row> {
    let known = |values: Vec<Value>| values.into_iter().map(Some).collect::<Vec<_>>();
    let quarters = (-9..=9).map(|value| Value::Float(f64::from(value) / 4.0)).collect();
    let with_unknown = |values: Vec<Value>| {
        let mut values = known(values);
        values.push(None);
        values
    };
    let axes: [(&str, Vec<Option<Value>>); 5] = [
        (SPEED, with_unknown(quarters)),
        (GEAR, with_unknown((-3..=3).map(Value::Int).collect())),
        (BRAKE, with_unknown(vec![Value::Bool(true), Value::Bool(false)])),
        (LIGHT, with_unknown(["ACTIVE", "INACTIVE", "ODD"].map(Value::from).to_vec())),
        (COUNT, known((0..=3).map(Value::Int).collect())),
    ];
    let mut rows: Vec<Row> = vec![Vec::new()];
    for (name, values) in axes {
        rows = rows
            .iter()
            .flat_map(|row| {
                values.iter().map(move |value| {
                    let mut row = row.clone();
                    row.push((name, value.clone()));
                    row
                })
            })
            .collect();
    }
    rows
}

/// The rows that differ in what a condition reads.
fn rows_of<'r>(condition: &Condition, rows: &'r [Row]) -> Vec<&'r Row> {
    let reads: Vec<String> = condition
        .atoms
        .iter()
        .flat_map(|atom| atom.reads())
        .map(|fact| fact.text().to_owned())
        .collect();
    let mut kept: BTreeMap<String, &Row> = BTreeMap::new();
    for row in rows {
        let read: Vec<&(&str, Option<Value>)> =
            row.iter().filter(|(name, _)| reads.iter().any(|read| read == name)).collect();
        kept.entry(format!("{read:?}")).or_insert(row);
    }
    kept.into_values().collect()
}

fn holds(condition: &Condition, row: &Row) -> bool {
    condition.holds(&|fact: &Fact| {
        row.iter().find(|(name, _)| *name == fact.text()).and_then(|(_, value)| value.clone())
    })
}

fn parse(condition: &str) -> (Condition, Vec<Diagnostic>) {
    let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
    let (rules, diagnostics) = RuleSet::parse("random.rhai", &text, &Catalogue::vss6());
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{condition} {diagnostics:#?}");
    (rules.scenario("s").unwrap().when.clone(), diagnostics)
}

fn leaf(random: &mut Random) -> String {
    let order = random.pick(&["<", "<=", ">", ">=", "==", "!="]);
    let half = format!("{:?}", random.number(-4..5) as f64 / 2.0);
    let whole = random.number(-2..3);
    match random.number(0..10) {
        0..=3 => format!("{SPEED} {order} {half}"),
        4 => format!("{half} {order} {GEAR}"),
        5 => format!("{GEAR} {order} {whole}"),
        6 => format!("{BRAKE}{}", random.pick(&["", " == false", " != true"])),
        7 => format!(
            "{LIGHT} {} \"{}\"",
            random.pick(&["==", "!="]),
            random.pick(&["ACTIVE", "INACTIVE"])
        ),
        8 => format!("known({SPEED})"),
        _ => format!("{COUNT} {order} {whole}"),
    }
}

fn condition(random: &mut Random, depth: u8) -> String {
    if depth == 0 {
        return leaf(random);
    }
    let mut part = || format!("({})", condition(random, depth - 1));
    let (a, b) = (part(), part());
    match random.number(0..6) {
        0 | 1 => format!("{a} && {b}"),
        2 | 3 => format!("{a} || {b}"),
        4 => format!("!{a}"),
        _ => leaf(random),
    }
}

#[test]
fn what_is_said_is_so_and_all_that_is_so_is_said() {
    let mut random = Random::new(7);
    let rows = rows();
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..random.cases(300) {
        let text = condition(&mut random, 2);
        let (when, diagnostics) = parse(&text);
        let rows = rows_of(&when, &rows);
        let truths: Vec<bool> = rows.iter().map(|row| holds(&when, row)).collect();
        let known: Vec<bool> = rows
            .iter()
            .filter(|row| row.iter().all(|(_, value)| value.is_some()))
            .map(|row| holds(&when, row))
            .collect();
        let of_whole = |code: &str| {
            diagnostics.iter().any(|found| {
                (found.code == code || found.code == "PR0124")
                    && found.message.starts_with("the condition")
            })
        };
        let (never, always) = (of_whole("PR0127"), of_whole("PR0128"));
        let seed = random.seed();
        let asks_known = text.contains("known(");
        let is_always =
            truths.iter().all(|truth| *truth) || (!asks_known && known.iter().all(|truth| *truth));
        if !diagnostics.iter().any(|found| found.code == "PR0124") {
            assert_eq!(never, truths.iter().all(|truth| !truth), "PICCOLO_SEED={seed} {text}");
            assert_eq!(always, is_always, "PICCOLO_SEED={seed} {text}");
        }
        for found in &diagnostics {
            *said.entry(found.code).or_default() += 1;
        }
        if let Some(idle) = diagnostics.iter().find(|found| found.code == "PR0122") {
            check_idle(&text, idle, &rows, &truths, seed);
        }
    }
    for code in ["PR0122", "PR0127", "PR0128"] {
        assert!(said.get(code).is_some_and(|times| *times > 10), "{code}: {said:?}");
    }
}

/// A part that makes no difference can be left out: as `true`, or as `false`.
fn check_idle(text: &str, idle: &Diagnostic, rows: &[&Row], truths: &[bool], seed: u64) {
    let start = "scenario \"s\" { when ".len();
    let span = (idle.span.start - start)..(idle.span.end - start);
    let part = cut(idle, idle.span);
    let is_same = ["true", "false"].into_iter().any(|constant| {
        let mut without = text.to_owned();
        without.replace_range(span.clone(), constant);
        let (without, _) = parse(&without);
        rows.iter().zip(truths).all(|(row, truth)| holds(&without, row) == *truth)
    });
    assert!(is_same, "PICCOLO_SEED={seed} {text}: {part}");
}
