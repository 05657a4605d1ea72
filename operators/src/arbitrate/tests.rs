//! The arbiter against its twins: a sort of all claims, and differential dataflow.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::input::Input;

use super::differential::arbitrate;
use super::naive::{Change, winner};
use super::{Arbiter, Claim, ClaimChange, ClaimKey, WinnerChange};
use crate::ids::{Rule, Time};
use crate::random::Random;

/// Who has which target, as changes in order of time.
type Winners = BTreeMap<(Time, ClaimKey), Vec<(Rule, isize)>>;

#[test]
fn the_winner_of_every_target_at_every_time_equals_the_twin() {
    let mut random = Random::from_env(16);
    let mut compared = 0;
    for _ in 0..20 {
        let changes = claims(&mut random, 200);
        let mut arbiter = Arbiter::default();
        for moment in changes.chunk_by(|a, b| a.2 == b.2) {
            arbiter.take(taken(moment), &mut Vec::new());
            for vehicle in 0..2 {
                for target in 0..4 {
                    let key = (vehicle, target);
                    let twin = winner(&changes, key, moment[0].2).map(|claim| claim.rule);
                    assert_eq!(arbiter.winner(key), twin, "{random:?} {key:?} at {}", moment[0].2);
                    compared += usize::from(twin.is_some());
                }
            }
        }
    }
    assert!(compared > 5_000, "only {compared} winners");
}

#[test]
fn changes_of_winners_equal_those_of_differential_dataflow() {
    let mut random = Random::from_env(26);
    let mut compared = 0;
    for batch in [1, 7, 400] {
        let changes = claims(&mut random, 3_000);
        let mut arbiter = Arbiter::default();
        let mut found = Vec::new();
        let moments: Vec<&[Change]> = changes.chunk_by(|a, b| a.2 == b.2).collect();
        for several in moments.chunks(batch) {
            arbiter.take(several.iter().flat_map(|moment| taken(moment)).collect(), &mut found);
        }
        let ours = in_order(found);
        assert_eq!(ours, in_order(differential(changes)), "{random:?} batch {batch}");
        compared += ours.len();
    }
    assert!(compared > 3_000, "only {compared} changes");
}

fn in_order(changes: Vec<WinnerChange>) -> Winners {
    let mut winners = Winners::new();
    for WinnerChange { time_us, key, rule, diff } in changes {
        winners.entry((time_us, key)).or_default().push((rule, diff));
    }
    winners.values_mut().for_each(|changes| changes.sort_unstable());
    winners
}

fn taken(changes: &[Change]) -> Vec<ClaimChange> {
    let of = |(key, claim, time_us, diff): &Change| ClaimChange {
        time_us: *time_us,
        key: *key,
        claim: claim.clone(),
        diff: *diff,
    };
    changes.iter().map(of).collect()
}

/// Claims that come and go, never twice at once.
fn claims(random: &mut Random, length: usize) -> Vec<Change> {
    let rng = &mut random.rng;
    let mut live: Vec<(ClaimKey, Claim)> = Vec::new();
    (0..length as u64)
        .map(|index| {
            if !live.is_empty() && rng.bool() {
                let (key, claim) = live.swap_remove(rng.usize(..live.len()));
                return (key, claim, index / 2, -1);
            }
            let claim = Claim {
                negated_priority: rng.i64(-2..2),
                scenario: format!("s{}", rng.u8(..5)).into(),
                rule: index as u32,
            };
            let key = (rng.u32(..2), rng.u32(..4));
            live.push((key, claim.clone()));
            (key, claim, index / 2, 1)
        })
        .collect()
}

fn differential(changes: Vec<Change>) -> Vec<WinnerChange> {
    timely::execute_directly(move |worker| {
        let updates = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&updates);
        let mut input = worker.dataflow(|scope| {
            let (input, claims) = scope.new_collection::<(ClaimKey, Claim), isize>();
            arbitrate(claims).inspect(move |((key, claim), time_us, diff)| {
                let (time_us, key, rule, diff) = (*time_us, *key, claim.rule, *diff);
                sink.borrow_mut().push(WinnerChange { time_us, key, rule, diff });
            });
            input
        });
        for (key, claim, time_us, diff) in changes {
            input.advance_to(time_us);
            input.update((key, claim), diff);
        }
        input.close();
        while worker.step() {}
        updates.take()
    })
}
