//! Percentiles, and what counts as wrong.

use std::time::Instant;

use super::*;
use crate::commands::bench::server::subscribers::Heard;

fn edge(time_us: u64) -> Edge {
    Edge { time_us, vehicle: 1, rule: 2, begins: true }
}

/// `missed`: by the first subscriber, and by all.
fn check(expected: &[u64], heard: &[Option<u64>], missed: (u64, u64), wrong: u64) {
    let expected: Vec<Edge> = expected.iter().map(|time_us| edge(*time_us)).collect();
    let first: Vec<Heard> =
        heard.iter().map(|time_us| (Instant::now(), time_us.map(edge))).collect();
    let hearing = Hearing { first, first_missed: missed.0, missed: missed.1, others_wrong: 0 };
    let mut verdict = Verdict::default();
    verdict.add(&expected, &hearing);
    assert_eq!((verdict.decisions, verdict.wrong), (expected.len(), wrong), "{hearing:?}");
    assert_eq!(verdict.missed, missed.1);
    assert_eq!(verdict.is_well(), wrong == 0 && missed.1 == 0);
}

#[test]
fn what_is_lost_strange_or_twice_is_wrong() {
    check(&[], &[], (0, 0), 0);
    check(&[1, 2], &[Some(1), Some(2)], (0, 0), 0);
    check(&[1, 2], &[Some(2)], (0, 0), 1);
    check(&[1], &[Some(1), Some(2)], (0, 0), 1);
    check(&[1], &[Some(2)], (0, 0), 2);
    check(&[1], &[Some(1), Some(1)], (0, 0), 1);
    check(&[1], &[Some(1), None], (0, 0), 1);
    check(&[1], &[Some(1)], (0, 3), 0);
    check(&[1, 2, 3], &[Some(3)], (2, 2), 0);
    check(&[1, 2, 3], &[Some(3)], (1, 1), 1);
    check(&[1], &[Some(1)], (2, 2), 2);
}

#[test]
fn percentiles_are_taken_from_all_times() {
    let times = Times::new((0..=1_000).rev().map(Duration::from_nanos).collect());
    let Times { p50_ns, p99_ns, p99_9_ns, max_ns } = times;
    assert_eq!([p50_ns, p99_ns, p99_9_ns, max_ns], [500, 990, 999, 1_000]);
    assert_eq!(Times::new(Vec::new()).max_ns, 0);
}
