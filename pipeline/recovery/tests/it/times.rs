//! How long recoveries take, and when that is too long.

use piccolo_recovery::{AlertKind, Criticality, Policy, SAMPLES_MAX, Thing};

use crate::support::{Bench, S, desired, model, name, package};

fn bench(policy: Policy) -> Bench {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    Bench::running(policy, wanted)
}

#[test]
fn recoveries_are_measured_from_detection_to_health() {
    let mut bench = bench(Policy::default());
    let thing = Thing::Model(name("a/m"));
    let times = |bench: &Bench| bench.recovery.times(&thing).cloned().unwrap();
    assert_eq!(times(&bench).count(), 0);
    assert_eq!((times(&bench).p50_us(), times(&bench).share_within()), (None, None));
    for seconds in [3, 61, 5, 4] {
        bench.dies("a/m", "n1");
        bench.run(seconds);
        bench.runs("a/m", "n1");
        bench.run(130);
    }
    let times = times(&bench);
    assert_eq!(times.count(), 4);
    assert_eq!(times.last_us(), Some(4 * S));
    assert_eq!(times.p50_us(), Some(4 * S));
    assert_eq!(times.max_us(), Some(61 * S));
    assert_eq!(times.share_within(), Some(0.75));
}

#[test]
fn the_median_is_that_of_the_last() {
    let mut policy = Policy::default();
    policy.ladders.medium.budget.recoveries = 1_000;
    let mut bench = bench(policy);
    for round in 0..SAMPLES_MAX + 10 {
        bench.dies("a/m", "n1");
        bench.run(if round < 10 { 20 } else { 2 });
        bench.runs("a/m", "n1");
        bench.run(120);
    }
    let times = bench.recovery.times(&Thing::Model(name("a/m"))).unwrap();
    assert_eq!(times.count() as usize, SAMPLES_MAX + 10);
    assert_eq!((times.p50_us(), times.max_us()), (Some(2 * S), Some(20 * S)));
}

#[test]
fn a_breach_is_told_while_it_lasts_and_once() {
    let mut bench = bench(Policy::default());
    bench.dies("a/m", "n1");
    bench.run(60);
    assert!(!bench.said().iter().any(|text| text.contains("objective")));
    bench.run(60);
    let breaches: Vec<_> = bench
        .alerts
        .iter()
        .filter(|alert| matches!(alert.kind, AlertKind::ObjectiveBreached { .. }))
        .collect();
    assert_eq!(breaches.len(), 1);
    assert_eq!(breaches[0].kind, AlertKind::ObjectiveBreached { objective_us: 60 * S });
    assert_eq!(breaches[0].at_us, 70 * S + 1);
}
