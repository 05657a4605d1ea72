//! Random vehicles with random faults, under judges that know the truth.
//!
//! A world is made from a seed: `PICCOLO_SEED=… cargo nextest run` runs it again.

#[path = "simulation/judge.rs"]
mod judge;
#[path = "simulation/mutants.rs"]
mod mutants;
#[path = "simulation/run.rs"]
mod run;
#[path = "simulation/vehicle.rs"]
mod vehicle;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;

use run::{Mode, Run, simulate};

use crate::support::S;

/// How many worlds are simulated, from seed 0 on.
const WORLDS: u64 = 400;

/// What must have been ordered or told in these worlds, each at least this often.
const SEEN_MIN: u64 = 5;
const SEEN: [&str; 17] = [
    "restart",
    "apply",
    "move",
    "stop",
    "degrade",
    "restore",
    "roll back",
    "give up",
    "node-lost",
    "node-flapping",
    "gave-up",
    "objective-breached",
    "budget-exhausted",
    "degraded",
    "restored",
    "rolled-back",
    "no-good-revision",
];

fn seeds() -> std::ops::Range<u64> {
    let given = std::env::var("PICCOLO_SEED").ok().and_then(|text| text.parse().ok());
    given.map_or(0..WORLDS, |seed| seed..seed + 1)
}

#[track_caller]
fn same(one: &Run, other: &Run, what: &str, seed: u64) {
    let pairs = one.log.iter().zip(&other.log);
    for (place, (one, other)) in pairs.enumerate() {
        assert_eq!(one, other, "PICCOLO_SEED={seed}: {what} changes line {place}");
    }
    assert_eq!(one.log.len(), other.log.len(), "PICCOLO_SEED={seed}: {what}");
}

#[test]
fn nothing_is_done_that_must_not_be_and_all_becomes_well() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut slowest_us = (0, 0);
    let (mut models, mut excused, mut recoveries) = (0, 0, 0);
    for seed in seeds() {
        let run = simulate(seed, Mode::default());
        assert_eq!(run.violations, [""; 0], "PICCOLO_SEED={seed}");
        for word in run.words() {
            *seen.entry(word).or_default() += 1;
        }
        slowest_us = slowest_us.max((run.took_us, run.bound_us));
        (models, excused, recoveries) =
            (models + run.models, excused + run.excused, recoveries + run.recoveries);
    }
    println!("slowest: all well after {} s of {} s", slowest_us.0 / S, slowest_us.1 / S);
    println!("{models} models, {excused} excused, {recoveries} recoveries; {seen:?}");
    if seeds().count() > 1 {
        for word in SEEN {
            let count = seen.get(word).copied().unwrap_or_default();
            assert!(count >= SEEN_MIN, "{word} only {count} times");
        }
        assert!(excused * 5 < models, "{excused} of {models} models need not become well");
        assert!(recoveries > models, "only {recoveries} recoveries");
    }
}

#[test]
fn the_same_faults_give_the_same_orders() {
    let mut lines = 0;
    for seed in seeds().take(20) {
        let one = simulate(seed, Mode::default());
        same(&one, &simulate(seed, Mode::default()), "another run", seed);
        lines += one.log.len();
    }
    assert!(seeds().count() == 1 || lines > 200, "only {lines} orders and alerts");
}

#[test]
fn a_caller_that_crashes_changes_nothing() {
    let mut crashes = 0;
    for seed in seeds().take(60) {
        let crashing = simulate(seed, Mode { crashes: true, ..Mode::default() });
        crashes += crashing.crashes;
        same(&simulate(seed, Mode::default()), &crashing, "a crash", seed);
    }
    assert!(crashes > 100 || seeds().count() == 1, "only {crashes} crashes");
}

/// Nothing waits for a time that `next_due_us` does not say: a caller that comes more often is told
/// no more.
#[test]
fn a_caller_that_comes_more_often_changes_nothing() {
    for seed in seeds().take(60) {
        let eager = simulate(seed, Mode { eager: true, ..Mode::default() });
        same(&simulate(seed, Mode::default()), &eager, "an eager caller", seed);
    }
}

/// What makes a difference is due at once, and nothing else is.
#[test]
fn a_caller_that_comes_only_when_it_must_misses_nothing() {
    for seed in seeds().take(60) {
        let lazy = simulate(seed, Mode { lazy: true, ..Mode::default() });
        same(&simulate(seed, Mode::default()), &lazy, "a lazy caller", seed);
    }
}
