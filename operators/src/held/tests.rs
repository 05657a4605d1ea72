//! `held` against its twin.

use super::{Held, naive};
use crate::random::Random;

#[test]
fn a_level_counts_exactly_where_its_twin_says_so() {
    let mut random = Random::from_env(14);
    let (mut compared, mut counted) = (0, 0);
    for _ in 0..2_000 {
        let held_us = random.rng.u64(1..12);
        let mut changes = vec![(0, false)];
        let mut time_us = 0;
        for _ in 0..20 {
            time_us += random.rng.u64(1..15);
            let level = !changes.last().unwrap().1;
            changes.push((time_us, level));
        }
        let mut held = Held::default();
        let mut passed_on = Vec::new();
        for now_us in 0..time_us + 20 {
            let change = changes.iter().find(|(from, _)| *from == now_us);
            match change {
                Some((_, true)) => held.rise((0, 0), now_us, held_us),
                Some((_, false)) => held.fall((0, 0)),
                None => {}
            }
            while held.take_due(now_us).is_some() {
                passed_on.push(now_us);
            }
            let ours = held.counts((0, 0), now_us);
            assert_eq!(ours, naive::counts(&changes, held_us, now_us), "{random:?} at {now_us}");
            compared += 1;
            counted += usize::from(ours);
        }
        let rises: Vec<u64> = (1..time_us + 20)
            .filter(|now| naive::counts(&changes, held_us, *now))
            .filter(|now| !naive::counts(&changes, held_us, now - 1))
            .collect();
        assert_eq!(passed_on, rises, "{random:?}: it is told exactly when a level begins to count");
    }
    assert!(counted * 10 > compared, "{counted} of {compared} counted");
}

#[test]
fn a_level_that_falls_at_the_end_of_its_time_does_not_count() {
    let mut held = Held::default();
    held.rise((0, 0), 10, 5);
    held.fall((0, 0));
    assert_eq!(held.take_due(15), None);
    assert!(!held.counts((0, 0), 15));
}

#[test]
fn a_level_that_chatters_has_one_deadline() {
    let mut held = Held::default();
    for now_us in 0..10_000 {
        if now_us % 2 == 0 { held.rise((0, 0), now_us, 1_000_000) } else { held.fall((0, 0)) }
    }
    assert_eq!(held.timers.len(), 1);
    held.rise((0, 0), 10_000, 1_000_000);
    let due: Vec<u64> = (0..1_010_010).filter(|now_us| held.take_due(*now_us).is_some()).collect();
    assert_eq!(due, [1_010_000]);
}
