//! `conditions` against its twin, over random conditions, samples and changes of rules.

use super::{Clause, Conditions, naive};
use crate::condition::{Atom, Condition, Formula};
use crate::ids::{Sample, UNKNOWN};
use crate::latest::Latest;
use crate::random::{Random, condition, history};

const VEHICLES: u32 = 3;
const SLOTS: u32 = 4;

#[test]
fn every_condition_holds_exactly_where_its_twin_says_so() {
    let mut random = Random::from_env(12);
    let (mut compared, mut held) = (0, 0);
    for _ in 0..300 {
        let samples = history(&mut random, 40, VEHICLES, SLOTS);
        let rules: Vec<Condition> = (0..12).map(|_| condition(&mut random, SLOTS)).collect();
        let mut conditions = Conditions::new(random.rng.bool());
        let mut latest = Latest::default();
        let mut live: Vec<Option<usize>> = Vec::new();
        let mut toggles = Vec::new();
        for (index, sample) in samples.iter().enumerate() {
            change_rules(&mut random, &mut conditions, &mut latest, &rules, &mut live);
            conditions.apply(sample, &mut latest, &mut toggles);
            for (rule, source) in live.iter().enumerate() {
                let Some(source) = source else { continue };
                for vehicle in 0..VEHICLES {
                    let seen = &samples[..=index];
                    let twin = naive::holds(seen, &rules[*source], vehicle, sample.time_us);
                    let ours = conditions.holds(vehicle, rule as u32, Clause::When);
                    assert_eq!(ours, twin, "{random:?} {:?} {seen:?}", rules[*source]);
                    compared += 1;
                    held += usize::from(twin);
                }
            }
        }
    }
    assert!(held * 10 > compared, "{held} of {compared} held: too few to say anything");
}

/// Adds or removes a rule now and then, so that indexes are rebuilt under live vehicles.
fn change_rules(
    random: &mut Random,
    conditions: &mut Conditions,
    latest: &mut Latest,
    rules: &[Condition],
    live: &mut Vec<Option<usize>>,
) {
    if live.len() < rules.len() && random.rng.u8(..2) == 0 {
        let rule = live.len() as u32;
        conditions.add((rule, Clause::When), &rules[live.len()], latest, &mut Vec::new());
        live.push(Some(live.len()));
    }
    if !live.is_empty() && random.rng.u8(..10) == 0 {
        let rule = random.rng.usize(..live.len());
        conditions.remove(rule as u32, Clause::When);
        live[rule] = None;
    }
}

#[test]
fn toggles_are_the_changes_of_truth() {
    let mut random = Random::from_env(13);
    let mut changes = 0;
    for _ in 0..200 {
        let samples = history(&mut random, 50, VEHICLES, SLOTS);
        let rule = condition(&mut random, SLOTS);
        let mut conditions = Conditions::new(false);
        let mut latest = Latest::default();
        conditions.add((0, Clause::When), &rule, &mut latest, &mut Vec::new());
        for sample in &samples {
            let before = conditions.holds(sample.vehicle, 0, Clause::When);
            let mut toggles = Vec::new();
            conditions.apply(sample, &mut latest, &mut toggles);
            let after = conditions.holds(sample.vehicle, 0, Clause::When);
            assert_eq!(toggles.len() % 2 == 1, before != after, "{random:?}");
            changes += usize::from(before != after);
        }
    }
    assert!(changes > 500, "only {changes} changes");
}

#[test]
fn a_formula_with_many_children_is_split() {
    for (all, expected) in [(true, [false, true]), (false, [true, true])] {
        let atoms: Vec<Atom> = (0..1000)
            .map(|at| Atom::Above { slot: 0, threshold: f64::from(at), inclusive: true })
            .collect();
        let literals =
            (0..1000).map(|atom| Formula::Literal { atom, negated: false }).collect::<Vec<_>>();
        let formula = if all { Formula::All(literals) } else { Formula::Any(literals) };
        let mut conditions = Conditions::new(false);
        let mut latest = Latest::default();
        let mut toggles = Vec::new();
        conditions.add((0, Clause::When), &Condition { atoms, formula }, &mut latest, &mut toggles);
        for (value, holds) in [500.0, 999.0].into_iter().zip(expected) {
            let sample = Sample { time_us: 1, value, vehicle: 0, slot: 0, origin: 0 };
            conditions.apply(&sample, &mut latest, &mut toggles);
            assert_eq!(conditions.holds(0, 0, Clause::When), holds, "all {all} at {value}");
        }
        let gone = Sample { time_us: 2, value: UNKNOWN, vehicle: 0, slot: 0, origin: 0 };
        conditions.apply(&gone, &mut latest, &mut toggles);
        assert!(!conditions.holds(0, 0, Clause::When));
    }
}

#[test]
fn the_flip_of_an_atom_is_the_sample_that_changed_it() {
    let atom = Atom::Above { slot: 0, threshold: 50.0, inclusive: false };
    let rule = Condition {
        atoms: vec![atom.clone()],
        formula: Formula::Literal { atom: 0, negated: false },
    };
    let mut conditions = Conditions::new(true);
    let mut latest = Latest::default();
    conditions.add((0, Clause::When), &rule, &mut latest, &mut Vec::new());
    let mut flips = Vec::new();
    for (origin, value) in [10.0, 60.0, 70.0, 40.0, 45.0, UNKNOWN].into_iter().enumerate() {
        let sample = Sample {
            time_us: 10 * origin as u64,
            value,
            vehicle: 0,
            slot: 0,
            origin: origin as u32,
        };
        conditions.apply(&sample, &mut latest, &mut Vec::new());
        flips.push(conditions.flip_of(0, &atom).map(|flip| flip.origin));
    }
    assert_eq!(flips, [Some(0), Some(1), Some(1), Some(3), Some(3), Some(5)]);
}

#[test]
fn a_rule_that_comes_again_does_not_explain_itself_by_what_an_earlier_one_saw() {
    let atom = Atom::Above { slot: 0, threshold: 50.0, inclusive: false };
    let rule = Condition {
        atoms: vec![atom.clone()],
        formula: Formula::Literal { atom: 0, negated: false },
    };
    let mut conditions = Conditions::new(true);
    let mut latest = Latest::default();
    let mut toggles = Vec::new();
    let speed = |value: f64, origin: u32| Sample { time_us: 1, value, vehicle: 0, slot: 0, origin };
    conditions.add((0, Clause::When), &rule, &mut latest, &mut toggles);
    conditions.add((1, Clause::When), &rule, &mut latest, &mut toggles);
    conditions.apply(&speed(60.0, 1), &mut latest, &mut toggles);
    conditions.remove(0, Clause::When);
    assert_eq!(conditions.flip_of(0, &atom).map(|flip| flip.origin), Some(1), "one still has it");
    conditions.remove(1, Clause::When);
    conditions.apply(&speed(40.0, 2), &mut latest, &mut toggles);
    conditions.apply(&speed(70.0, 3), &mut latest, &mut toggles);
    conditions.add((2, Clause::When), &rule, &mut latest, &mut toggles);
    assert_eq!(conditions.flip_of(0, &atom), None, "the flip by sample 3 went unseen");
}
