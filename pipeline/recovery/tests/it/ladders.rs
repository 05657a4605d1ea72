//! What is tried in which order, and what is not tried.

use piccolo_recovery::{Criticality, Outcome, Policy, Thing};
use piccolo_state::ContainerState;

use crate::support::{Bench, S, desired, model, name, optional, package};

/// Fails everything that is ordered for a time, and says what it was.
fn fail_all(bench: &mut Bench, model: &str, seconds: u64) -> Vec<String> {
    for _ in 0..seconds {
        let node = bench.recovery.placement(&name(model)).unwrap().to_owned();
        if bench.recovery.in_flight().next().is_some() {
            bench.outcome(Outcome::Failed);
        }
        bench.dies(model, &node);
        bench.run(1);
    }
    let said = bench.said();
    said.into_iter().filter(|text| !text.contains("objective")).collect()
}

#[test]
fn a_crash_loop_goes_up_the_ladder_and_ends() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1", "n2"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    let said = fail_all(&mut bench, "a/m", 600);
    assert_eq!(
        said,
        [
            "restart a/m@n1",
            "restart a/m@n1",
            "restart a/m@n1",
            "move a/m n1>n2",
            "move a/m n2>n1",
            "alert model a/m!gave-up",
            "give up model a/m",
        ]
    );
    assert!(bench.recovery.gave_up(&Thing::Model(name("a/m"))));
    // The same package applied anew is tried anew.
    let mut again = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1", "n2"]))]))]);
    again.packages.get_mut("a").unwrap().generation = 2;
    bench.recovery.desire(bench.now_us, again).unwrap();
    assert!(!bench.recovery.gave_up(&Thing::Model(name("a/m"))));
}

#[test]
fn keys_attempts_and_deadlines() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    fail_all(&mut bench, "a/m", 60);
    let tries: Vec<(u32, u64)> = bench
        .orders
        .iter()
        .map(|order| (order.attempt, order.deadline_us - order.issued_us))
        .collect();
    assert_eq!(tries, [(1, 30 * S), (2, 30 * S), (3, 30 * S), (3, 0)]);
    let keys: Vec<&str> = bench.orders.iter().map(|order| order.key.as_str()).collect();
    assert_eq!(keys, ["model a/m#1.1", "model a/m#1.2", "model a/m#1.3", "model a/m#5.give-up"]);
    // Backoff doubles from 5 s, and jitter takes at most a fifth off.
    let gaps: Vec<u64> = bench.orders.windows(2).map(|o| o[1].issued_us - o[0].issued_us).collect();
    assert!((4 * S..=6 * S).contains(&gaps[0]), "{gaps:?}");
    assert!((8 * S..=11 * S).contains(&gaps[1]), "{gaps:?}");
}

#[test]
fn one_thing_has_one_order_in_flight() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    bench.dies("a/m", "n1");
    bench.run(29);
    assert_eq!(bench.said(), ["restart a/m@n1"]);
    // No outcome, no effect: it counts as failed at its deadline.
    bench.run(1);
    assert_eq!(bench.said(), ["restart a/m@n1"]);
    // What is said to be done is believed only when it is seen.
    bench.outcome(Outcome::Done);
    assert_eq!(bench.recovery.in_flight().count(), 1);
    bench.runs("a/m", "n1");
    assert_eq!(bench.recovery.in_flight().count(), 0);
}

#[test]
fn tries_are_forgotten_when_it_is_calm() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    for (calm, attempt) in [(0, 1), (10, 2), (119, 3), (120, 1)] {
        bench.run(calm);
        bench.dies("a/m", "n1");
        // Longer than any backoff so far.
        bench.run(25);
        assert_eq!(bench.orders.last().unwrap().attempt, attempt, "{calm} s");
        bench.runs("a/m", "n1");
    }
    assert_eq!(bench.orders.len(), 4);
}

#[test]
fn an_optional_model_is_left_out_until_it_is_applied_anew() {
    let models = [("m", model(&["n1"])), ("x", optional(&["n2"]))];
    let mut bench =
        Bench::running(Policy::default(), desired(&[("a", package(Criticality::Low, &models))]));
    let said = fail_all(&mut bench, "a/x", 120);
    let restart = "restart a/x@n2";
    let left_out = ["alert package a!degraded", "degrade a -x"];
    assert_eq!(said[..5], [restart, restart, restart, left_out[0], left_out[1]]);
    // It is still there although the order failed: now it is one too many.
    assert_eq!(said[5], "stop a/x@n2");
    assert!(bench.recovery.is_reduced("a"));
    bench.leaves("a/x", "n2");
    bench.run(600);
    assert_eq!(bench.said(), [""; 0]);
    assert!(bench.recovery.is_reduced("a"));
    assert_eq!(bench.recovery.package("a"), Some(piccolo_state::PackageState::Running));
}

#[test]
fn more_critical_things_come_first() {
    let all = [Criticality::Low, Criticality::Safety, Criticality::Medium, Criticality::High];
    let packages: Vec<_> = ["a", "b", "c", "d"]
        .into_iter()
        .zip(all)
        .map(|(name, criticality)| (name, package(criticality, &[("m", model(&["n1"]))])))
        .collect();
    let mut bench = Bench::running(Policy::default(), desired(&packages));
    for package in ["a", "b", "c", "d"] {
        bench.recovery.observe(
            bench.now_us,
            piccolo_recovery::Observation::Instance {
                model: name(&format!("{package}/m")),
                node: "n1".to_owned(),
                revision: 1,
                containers: vec![ContainerState::Dead],
            },
        );
    }
    bench.probes("a/m", true, 1);
    let expected = ["restart b/m@n1", "restart d/m@n1", "restart c/m@n1", "restart a/m@n1"];
    assert_eq!(bench.said(), expected);
}
