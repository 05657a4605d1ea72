//! `difference`, run by differential dataflow, against its twin and by examples.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use differential_dataflow::input::Input;

use super::pairing::{RUN_ITEMS_MAX, pair};
use super::{Change, Item, difference, naive};
use crate::ids::{Time, Vehicle};
use crate::random::Random;

type Key = (Vehicle, u32, bool);

/// An item put into a side (0 or 1), or taken from it, at a time of the dataflow.
type Update = (usize, Key, Item, Time, isize);

const fn item(time_us: Time, payload: u64) -> Item {
    Item { time_us, payload }
}

#[test]
fn changes_at_every_time_equal_the_twin() {
    let mut random = Random::from_env(71);
    let (mut compared, mut kinds) = (0, [0; 4]);
    for round in 0..60 {
        let bound_us = [0, 1, 4, 10, 1_000][round % 5];
        let updates = updates(&mut random, 50);
        let found = run(updates.clone(), bound_us);
        let mut sides: [BTreeMap<Key, Vec<Item>>; 2] = Default::default();
        let mut held: BTreeMap<(Key, Change), isize> = BTreeMap::new();
        for now in 0..=updates.last().unwrap().3 {
            for (side, key, item, _, diff) in updates.iter().filter(|update| update.3 == now) {
                let items = sides[*side].entry(*key).or_default();
                if *diff > 0 { items.push(*item) } else { items.retain(|held| held != item) }
            }
            for (change, _, diff) in found.iter().filter(|found| found.1 == now) {
                *held.entry(*change).or_default() += diff;
            }
            held.retain(|_, count| *count != 0);
            let twin = expected(&sides, bound_us);
            let ours: Vec<(Key, Change)> = held.keys().copied().collect();
            assert_eq!(ours, twin, "{random:?} bound {bound_us} at {now}");
            assert!(held.values().all(|count| *count == 1), "{random:?} {held:?}");
            compared += usize::from(!ours.is_empty());
            ours.iter().for_each(|(_, change)| kinds[kind(change)] += 1);
        }
    }
    assert!(compared > 1_000, "only {compared} differences");
    assert!(kinds.iter().all(|count| *count > 500), "added, removed, changed, moved: {kinds:?}");
}

fn expected(sides: &[BTreeMap<Key, Vec<Item>>; 2], bound_us: Time) -> Vec<(Key, Change)> {
    let keys: BTreeSet<Key> = sides.iter().flat_map(|side| side.keys().copied()).collect();
    let items = |side: usize, key: &Key| sides[side].get(key).cloned().unwrap_or_default();
    let mut all: Vec<(Key, Change)> = Vec::new();
    for key in keys {
        let changes = naive::changes(&items(0, &key), &items(1, &key), bound_us);
        all.extend(changes.into_iter().map(|change| (key, change)));
    }
    all.sort_unstable();
    all
}

fn kind(change: &Change) -> usize {
    match change {
        Change::Added(_) => 0,
        Change::Removed(_) => 1,
        Change::Changed { .. } => 2,
        Change::Moved { .. } => 3,
    }
}

/// Items that mostly come to both sides, some late, some moved, some withdrawn.
fn updates(random: &mut Random, length: u64) -> Vec<Update> {
    let rng = &mut random.rng;
    let mut live: Vec<(usize, Key, Item)> = Vec::new();
    let mut updates = Vec::new();
    for now in 0..length {
        if rng.u8(..6) == 0 && !live.is_empty() {
            let (side, key, item) = live.swap_remove(rng.usize(..live.len()));
            updates.push((side, key, item, now, -1));
            continue;
        }
        let key = (rng.u32(..2), rng.u32(..2), rng.u8(..4) == 0);
        let first = item(now + rng.u64(..3), rng.u64(..3));
        let second = match rng.u8(..4) {
            0 => Some(first),
            1 => Some(item(first.time_us, rng.u64(..3))),
            2 => Some(item(first.time_us + rng.u64(..8), rng.u64(..3))),
            _ => None,
        };
        let swapped = rng.usize(..2);
        let sides = [(swapped, Some(first)), (1 - swapped, second)];
        for (side, item) in sides.into_iter().filter_map(|(side, item)| Some((side, item?))) {
            if !live.contains(&(side, key, item)) {
                live.push((side, key, item));
                updates.push((side, key, item, now, 1));
            }
        }
    }
    updates
}

fn run(updates: Vec<Update>, bound_us: Time) -> Vec<((Key, Change), Time, isize)> {
    timely::execute_directly(move |worker| {
        let found = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&found);
        let mut inputs = worker.dataflow(|scope| {
            let (first, a) = scope.new_collection::<(Key, Item), isize>();
            let (second, b) = scope.new_collection::<(Key, Item), isize>();
            difference(a, b, bound_us).inspect(move |(change, time, diff)| {
                sink.borrow_mut().push((*change, *time, *diff));
            });
            [first, second]
        });
        for (side, key, item, now, diff) in updates {
            inputs.iter_mut().for_each(|input| input.advance_to(now));
            inputs[side].update((key, item), diff);
        }
        inputs.into_iter().for_each(|input| input.close());
        while worker.step() {}
        found.take()
    })
}

/// Times of both sides, all of one payload, and the pairs and singles that they come to.
#[track_caller]
fn check(first: &[Time], second: &[Time], bound_us: Time, moved: &[(Time, Time)]) {
    let items = |times: &[Time]| times.iter().map(|time| item(*time, 0)).collect::<Vec<_>>();
    let mut changes = Vec::new();
    pair(&items(first), &items(second), bound_us, &mut changes);
    let found: Vec<(Time, Time)> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Moved { from, to } => Some((from.time_us, to.time_us)),
            _ => None,
        })
        .collect();
    assert_eq!(found, moved);
    let singles = changes.len() - found.len();
    assert_eq!(singles, first.len() + second.len() - 2 * found.len(), "{changes:?}");
}

#[test]
fn pairs_keep_the_order_and_move_least() {
    check(&[100], &[150], 50, &[(100, 150)]);
    check(&[100], &[151], 50, &[]);
    // A longer `held` shifts all beginnings: each goes with its own, not with the nearest.
    check(&[100, 200], &[250, 350], 200, &[(100, 250), (200, 350)]);
    // One of two is gone, and the other shifted a little.
    check(&[100, 200], &[201], 200, &[(200, 201)]);
    check(&[10], &[1, 11], 10, &[(10, 11)]);
    // Two equally good: the earliest is paired.
    check(&[10], &[9, 11], 10, &[(10, 9)]);
    check(&[9, 11], &[10], 10, &[(9, 10)]);
    check(&[], &[1, 2, 3], 10, &[]);
}

#[test]
fn a_long_run_is_cut_and_loses_nothing() {
    let times: Vec<Time> = (0..3 * RUN_ITEMS_MAX as u64).map(|index| index * 10).collect();
    let shifted: Vec<Time> = times.iter().map(|time| time + 1).collect();
    let pairs: Vec<(Time, Time)> = times.iter().copied().zip(shifted.iter().copied()).collect();
    check(&times, &shifted, 20, &pairs);
}
