//! `possible` against all values of all signals, and by examples.

use std::collections::BTreeSet;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_script::{Condition, Fact, RuleSet, Scenario};

use super::{COMBINATIONS_MAX, Possible, Reason, Verdict, possible};
use crate::coverage::measure::naive::shown;
use crate::coverage::{Subject, Test, Vector};

const FLOAT: &str = "Vehicle.Speed";
const INT: &str = "Vehicle.Powertrain.Transmission.CurrentGear";
const UNSIGNED: &str = "Vehicle.Chassis.Accelerator.PedalPosition";
const BOOL: &str = "Vehicle.Chassis.ParkingBrake.IsEngaged";
const TEXT: &str = "Vehicle.Body.Lights.Brake.IsActive";
const TEXTS: [&str; 3] = ["INACTIVE", "ACTIVE", "ADAPTIVE"];

fn compile(condition: &str) -> (Scenario, Subject) {
    let catalogue = Catalogue::vss6();
    let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
    let (rules, diagnostics) = RuleSet::parse("test.rhai", &text, &catalogue);
    let scenario = rules.scenario("s").unwrap_or_else(|| panic!("{condition} {diagnostics:#?}"));
    let subject = Subject::of_scenario(scenario, &catalogue).remove(0);
    (Scenario::clone(scenario), subject)
}

/// All values that tell apart what a random condition tests, and unknown.
fn values(path: &str) -> Vec<Option<Value>> {
    let halves = (-7..8).map(|quarter| f64::from(quarter) / 4.0);
    let known: Vec<Value> = match path {
        FLOAT => halves.map(Value::Float).collect(),
        INT => (-3..4).chain([-128, 127]).map(Value::Int).collect(),
        UNSIGNED => (0..4).chain([255]).map(Value::Int).collect(),
        BOOL => [true, false].map(Value::Bool).into(),
        _ => TEXTS.into_iter().chain(["another"]).map(Value::from).collect(),
    };
    known.into_iter().map(Some).chain([None]).collect()
}

/// The vectors that all combinations of values give, by the atoms' own evaluation.
fn every_vector(condition: &Condition) -> BTreeSet<Vector> {
    let mut reads: Vec<&str> = [FLOAT, INT, UNSIGNED, BOOL, TEXT].into();
    reads.retain(|path| condition.text.contains(path));
    let names = reads.clone();
    let mut facts: Vec<Vec<Option<Value>>> = vec![Vec::new()];
    for path in reads {
        let known = facts;
        facts = values(path)
            .into_iter()
            .flat_map(|value| {
                known.iter().map(move |facts| [facts.clone(), vec![value.clone()]].concat())
            })
            .collect();
    }
    let vector = |values: &Vec<Option<Value>>| -> Vector {
        let facts = |fact: &Fact| {
            let at = names.iter().position(|name| *name == fact.text())?;
            values[at].clone()
        };
        condition.atoms.iter().map(|atom| atom.expression.truth(&facts)).collect()
    };
    facts.iter().map(vector).collect()
}

fn leaf(rng: &mut fastrand::Rng) -> String {
    let order = ["<", "<=", ">", ">=", "==", "!="][rng.usize(..6)];
    let number = [FLOAT, INT, UNSIGNED][rng.usize(..3)];
    let half = f64::from(rng.i32(-2..3)) / 2.0;
    match rng.u8(..10) {
        0..=5 => format!("{number} {order} {half:?}"),
        6 => format!("{TEXT} in [{:?}, {:?}]", TEXTS[rng.usize(..3)], TEXTS[rng.usize(..3)]),
        7 => format!("{TEXT} == {:?}", TEXTS[rng.usize(..3)]),
        8 => format!("known({})", [FLOAT, BOOL][rng.usize(..2)]),
        _ => BOOL.to_owned(),
    }
}

fn random(rng: &mut fastrand::Rng, depth: u8) -> String {
    match rng.u8(..6) {
        _ if depth == 0 => leaf(rng),
        0 => leaf(rng),
        1 | 2 => format!("({} && {})", random(rng, depth - 1), random(rng, depth - 1)),
        3 | 4 => format!("({} || {})", random(rng, depth - 1), random(rng, depth - 1)),
        _ => format!("!({})", random(rng, depth - 1)),
    }
}

#[test]
fn what_is_possible_is_what_all_values_show() {
    let seed = std::env::var("PICCOLO_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(83);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut compared, mut impossible) = (0, 0);
    while compared < 3_000 {
        let text = random(&mut rng, 2);
        let (scenario, subject) = compile(&text);
        let vectors = every_vector(&scenario.when);
        let vectors: Vec<Vector> = vectors.into_iter().collect();
        let twin = shown(&subject.formula, subject.atoms.len(), &vectors);
        let ours = possible(&subject);
        let yes = |verdict: &Verdict| *verdict == Verdict::Possible;
        assert_eq!(
            (yes(&ours.holds), yes(&ours.fails)),
            twin.outcomes,
            "PICCOLO_SEED={seed} {text}"
        );
        for (atom, (ours, twin)) in ours.atoms.iter().zip(&twin.atoms).enumerate() {
            let ours = ((yes(&ours.true_), yes(&ours.false_)), yes(&ours.independence));
            let atom = &subject.atoms[atom];
            assert_eq!(ours, (twin.truths, twin.pair), "PICCOLO_SEED={seed} {text} {}", atom.text);
            assert_ne!(atom.test, Test::Free, "{text}");
            compared += 1;
            impossible += usize::from(!twin.pair);
        }
    }
    assert!(impossible > 300 && impossible * 2 < compared, "{impossible} of {compared}");
}

fn independence(condition: &str) -> Vec<(String, String)> {
    let (_, subject) = compile(condition);
    let Possible { atoms, .. } = possible(&subject);
    let named = subject.atoms.iter().zip(atoms);
    let told = named.filter_map(|(atom, possible)| match possible.independence {
        Verdict::Impossible(reason) => Some((atom.text.to_string(), reason.to_string())),
        _ => None,
    });
    told.collect()
}

#[track_caller]
fn check(condition: &str, expected: &[(&str, &str)]) {
    let found = independence(condition);
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(found, expected, "{condition}");
}

#[test]
fn reasons_by_example() {
    let coupled = "whenever it is false, others decide; the same is read by `Vehicle.Speed > 2.0`";
    check("Vehicle.Speed > 1.0 && Vehicle.Speed > 2.0", &[("Vehicle.Speed > 1.0", coupled)]);
    check("Vehicle.Speed > 1.0 && Vehicle.Speed < 2.0", &[]);
    check(&format!("{TEXT} in [\"ACTIVE\", \"INACTIVE\"]"), &[]);
    // No integer lies between both.
    let gears = format!("{INT} > 1 && {INT} < 2");
    assert_eq!(
        possible(&compile(&gears).1).holds,
        Verdict::Impossible(Reason::NoOutcome { holds: true })
    );
    check(
        &format!("{UNSIGNED} >= 0 && {BOOL}"),
        &[(&format!("{UNSIGNED} >= 0"), "no value makes it false")],
    );
    // Facts that have nothing to do with each other, and what is computed, are not coupled.
    check("Vehicle.Speed > 1.0 && Vehicle.Speed * 2.0 > 4.0", &[]);
}

#[test]
fn too_many_combinations_are_left_undecided() {
    let of = |count: usize| {
        let atom = |index: usize| format!("Vehicle.Speed * {index}.0 > 4.0");
        let atoms: Vec<String> = (0..count).map(atom).collect();
        possible(&compile(&atoms.join(" && ")).1)
    };
    let check = |count: usize, expected: &Verdict| {
        let possible = of(count);
        assert_eq!((&possible.holds, &possible.fails), (expected, expected), "{count}");
        assert_eq!(possible.atoms.len(), count);
        for atom in possible.atoms {
            assert_eq!((&atom.true_, &atom.false_), (&Verdict::Possible, &Verdict::Possible));
            assert_eq!(atom.independence, *expected, "{count}");
        }
    };
    check(COMBINATIONS_MAX.ilog2() as usize, &Verdict::Possible);
    check(COMBINATIONS_MAX.ilog2() as usize + 1, &Verdict::Undecided);
}
