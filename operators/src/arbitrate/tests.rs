//! `arbitrate`, run by differential dataflow, against its twin.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::input::Input;

use super::naive::{Change, winner};
use super::{Claim, ClaimKey, arbitrate};
use crate::random::Random;

#[test]
fn the_winner_of_every_target_at_every_time_equals_the_twin() {
    let mut random = Random::from_env(16);
    let changes = claims(&mut random, 400);
    let updates = run(changes.clone());
    let mut winners: BTreeMap<ClaimKey, Vec<(Claim, isize)>> = BTreeMap::new();
    let mut compared = 0;
    for now_us in 0..=changes.last().unwrap().2 {
        for (key, claim, _, diff) in updates.iter().filter(|update| update.2 == now_us) {
            winners.entry(*key).or_default().push((claim.clone(), *diff));
        }
        for vehicle in 0..2 {
            for target in 0..4 {
                let key = (vehicle, target);
                let mut ours: BTreeMap<Claim, isize> = BTreeMap::new();
                for (claim, diff) in winners.get(&key).into_iter().flatten() {
                    *ours.entry(claim.clone()).or_default() += diff;
                }
                ours.retain(|_, count| *count != 0);
                let ours: Vec<Claim> = ours.into_keys().collect();
                let twin: Vec<Claim> = winner(&changes, key, now_us).into_iter().collect();
                assert_eq!(ours, twin, "{random:?} {key:?} at {now_us}");
                compared += ours.len();
            }
        }
    }
    assert!(compared > 400, "only {compared} winners");
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

fn run(changes: Vec<Change>) -> Vec<Change> {
    timely::execute_directly(move |worker| {
        let updates = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&updates);
        let mut input = worker.dataflow(|scope| {
            let (input, claims) = scope.new_collection::<(ClaimKey, Claim), isize>();
            arbitrate(claims).inspect(move |((key, claim), time, diff)| {
                sink.borrow_mut().push((*key, claim.clone(), *time, *diff));
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
