//! `tally`, run by differential dataflow, against its twin.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::input::Input;

use super::{Count, Counted, Group, naive, tally};
use crate::random::Random;

/// How many counts are compared.
const COMPARISONS: usize = 1_000_000;

#[test]
fn every_count_at_every_time_equals_the_twin() {
    let mut random = Random::from_env(18);
    let (mut compared, mut telling) = (0, 0);
    while compared < COMPARISONS {
        let history = history(&mut random);
        let rows = run(&history);
        for now_us in 0..=history.last().map_or(0, |count| count.time_us) {
            for group in (0..3).flat_map(|slot| [(slot, Counted::Holds), (slot, Counted::Seen)]) {
                let twin = naive::count(&history, group, now_us);
                let expected = (twin != 0).then_some((twin, 1));
                assert_eq!(row(&rows, group, now_us), expected, "{random:?} {group:?} at {now_us}");
                compared += 1;
                telling += usize::from(twin != 0);
            }
        }
    }
    assert!(telling * 2 > compared, "only {telling} of {compared} counts");
}

/// Vehicles that come into groups and leave them.
fn history(random: &mut Random) -> Vec<Count> {
    let mut inside: Vec<Group> = Vec::new();
    (0..120_u64)
        .map(|index| {
            let time_us = index / 3;
            if !inside.is_empty() && random.rng.u8(..5) < 2 {
                let group = inside.swap_remove(random.rng.usize(..inside.len()));
                return Count { time_us, group, diff: -1 };
            }
            let counted = if random.rng.bool() { Counted::Holds } else { Counted::Seen };
            let group = (random.rng.u32(..3), counted);
            inside.push(group);
            Count { time_us, group, diff: 1 }
        })
        .collect()
}

/// The row of a group at a time, with how often it is there.
fn row(rows: &[Row], group: Group, now_us: u64) -> Option<(isize, isize)> {
    let mut ours: BTreeMap<isize, isize> = BTreeMap::new();
    for ((known, count), time_us, diff) in rows {
        if *known == group && *time_us <= now_us {
            *ours.entry(*count).or_default() += diff;
        }
    }
    ours.retain(|_, diff| *diff != 0);
    assert!(ours.len() < 2, "{group:?} has several counts at {now_us}: {ours:?}");
    ours.into_iter().next()
}

type Row = ((Group, isize), u64, isize);

fn run(history: &[Count]) -> Vec<Row> {
    let history = history.to_vec();
    timely::execute_directly(move |worker| {
        let rows = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&rows);
        let mut input = worker.dataflow(|scope| {
            let (input, groups) = scope.new_collection();
            tally(groups).inspect(move |row| sink.borrow_mut().push(*row));
            input
        });
        for count in history {
            input.advance_to(count.time_us);
            input.update(count.group, count.diff);
        }
        input.close();
        while worker.step() {}
        rows.take()
    })
}
