//! Backoff and budgets in figures.

use piccolo_recovery::{Backoff, Criticality, Policy};

use crate::support::{Bench, S, desired, model, package};

#[test]
fn backoff_grows_to_its_cap_and_jitter_only_takes_off() {
    let backoff = Backoff { first_us: 10 * S, factor: 2, cap_us: 300 * S, jitter_percent: 0 };
    let cases = [(0, 10), (1, 10), (2, 20), (3, 40), (5, 160), (6, 300), (u32::MAX, 300)];
    for (attempt, seconds) in cases {
        assert_eq!(backoff.after_us(attempt, "x"), seconds * S, "{attempt}");
    }
    let jittered = Backoff { jitter_percent: 20, ..backoff };
    let times: Vec<u64> =
        (0..1_000).map(|number| jittered.after_us(1, &number.to_string())).collect();
    assert!(times.iter().all(|time| (8 * S..=10 * S).contains(time)));
    assert!(times.iter().any(|time| *time < 8_100_000));
    assert!(times.iter().any(|time| *time > 9_900_000));
    // The same key, the same time: whatever version of this, wherever it runs.
    assert_eq!(jittered.after_us(1, "model a/m#1.1"), jittered.after_us(1, "model a/m#1.1"));
    let largest = Backoff { first_us: u64::MAX, factor: u32::MAX, cap_us: u64::MAX, ..jittered };
    assert!(largest.after_us(u32::MAX, "x") >= u64::MAX / 5 * 4);
}

#[test]
fn a_thing_waits_for_its_budget() {
    let mut policy = Policy::default();
    policy.ladders.medium.budget.recoveries = 2;
    policy.detection.calm_us = 0;
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(policy, wanted);
    for _ in 0..2 {
        bench.dies("a/m", "n1");
        bench.runs("a/m", "n1");
        bench.run(10);
    }
    assert_eq!(bench.said(), ["restart a/m@n1", "restart a/m@n1"]);
    bench.dies("a/m", "n1");
    // The first of both was 20 s ago; a window has 600 s.
    bench.run(579);
    assert_eq!(
        bench.said(),
        ["alert model a/m!budget-exhausted", "alert model a/m!objective-breached"]
    );
    bench.run(1);
    assert_eq!(bench.said(), ["restart a/m@n1"]);
}

#[test]
fn a_storm_leaves_something_for_safety() {
    let mut policy = Policy::default();
    policy.vehicle.recoveries = 5;
    policy.vehicle.reserved = 2;
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut packages: Vec<_> = names
        .into_iter()
        .map(|name| (name, package(Criticality::Low, &[("m", model(&["n1"]))])))
        .collect();
    packages.push(("s", package(Criticality::Safety, &[("m", model(&["n2"]))])));
    let mut bench = Bench::running(policy, desired(&packages));
    for name in names {
        bench.dies(&format!("{name}/m"), "n1");
    }
    let orders = |bench: &Bench| bench.orders.len();
    assert_eq!(orders(&bench), 3);
    bench.dies("s/m", "n2");
    assert_eq!(bench.said().last().map(String::as_str), Some("restart s/m@n2"));
    bench.runs("s/m", "n2");
    for name in names {
        bench.runs(&format!("{name}/m"), "n1");
    }
    assert_eq!(orders(&bench), 4);
}
