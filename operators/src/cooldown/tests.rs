//! `cooldown` against its twin, and the cases that its documentation promises.

use super::{Cooldown, EdgeKind, Levels, Timing, naive};
use crate::ids::Time;
use crate::random::Random;

/// The edges of one rule whose levels change at the given times.
fn run(timing: &Timing, changes: &[(Time, Levels)], horizon_us: Time) -> Vec<(Time, EdgeKind)> {
    let mut cooldown = Cooldown::default();
    let mut edges = Vec::new();
    let mut levels = Levels { when: false, until: false };
    for now_us in 0..horizon_us {
        let change = changes.iter().rfind(|(at, _)| *at == now_us);
        let mut touched = change.is_some();
        levels = change.map_or(levels, |(_, levels)| *levels);
        while cooldown.take_due(now_us).is_some() {
            touched = true;
        }
        if touched {
            let edge = cooldown.settle((0, 0), timing, levels, now_us);
            edges.extend(edge.map(|kind| (now_us, kind)));
        }
    }
    edges
}

#[test]
fn edges_equal_those_of_the_twin() {
    let mut random = Random::from_env(15);
    let mut edges_seen = 0;
    for _ in 0..3_000 {
        let rng = &mut random.rng;
        let latched = rng.bool();
        let timing = Timing { held_us: 0, cooldown_us: rng.u64(0..20), latched };
        let mut time_us = 0;
        let changes: Vec<(Time, Levels)> = (0..20)
            .map(|_| {
                time_us += rng.u64(1..9);
                (time_us, Levels { when: rng.bool(), until: latched && rng.bool() })
            })
            .collect();
        let horizon = time_us + 40;
        let every_moment: Vec<(Time, Levels)> = (0..horizon)
            .map(|now| {
                let last = changes.iter().rfind(|(at, _)| *at <= now);
                (now, last.map_or(Levels { when: false, until: false }, |(_, levels)| *levels))
            })
            .collect();
        let ours = run(&timing, &changes, horizon);
        assert_eq!(ours, naive::edges(&timing, &every_moment), "{random:?} {timing:?} {changes:?}");
        edges_seen += ours.len();
    }
    assert!(edges_seen > 10_000, "only {edges_seen} edges");
}

/// `levels` is a list of `(time, when, until)`, `expected` of `(time, begin)`.
fn check(timing: Timing, levels: &[(Time, bool, bool)], expected: &[(Time, bool)]) {
    let changes: Vec<(Time, Levels)> =
        levels.iter().map(|&(at, when, until)| (at, Levels { when, until })).collect();
    let edges: Vec<(Time, bool)> = run(&timing, &changes, 200)
        .into_iter()
        .map(|(at, kind)| (at, kind == EdgeKind::Begin))
        .collect();
    assert_eq!(edges, expected, "{timing:?} {levels:?}");
}

#[test]
fn cases() {
    let plain = Timing::default();
    let rests = Timing { cooldown_us: 10, ..plain };
    let latched = Timing { latched: true, ..plain };
    check(plain, &[(1, true, false), (5, false, false)], &[(1, true), (5, false)]);
    // What rises while the rule rests begins when the rest is over, if it still holds.
    check(
        rests,
        &[(1, true, false), (5, false, false), (7, true, false)],
        &[(1, true), (5, false), (15, true)],
    );
    check(
        rests,
        &[(1, true, false), (5, false, false), (7, true, false), (9, false, false)],
        &[(1, true), (5, false)],
    );
    // A latched rule outlasts its condition, and needs it to fall before it begins again.
    check(
        latched,
        &[(1, true, false), (5, false, false), (8, false, true)],
        &[(1, true), (8, false)],
    );
    check(
        latched,
        &[(1, true, false), (5, true, true), (8, true, false)],
        &[(1, true), (5, false)],
    );
    // Where both hold, it does not begin; it begins once `until` lets it.
    check(latched, &[(1, true, true), (5, true, false)], &[(5, true)]);
}
