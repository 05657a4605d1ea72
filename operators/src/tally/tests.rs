//! `tally`, run by differential dataflow, against its twin.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::input::Input;

use super::{Count, Counted, Group, naive, tally};
use crate::random::Random;

#[test]
fn every_count_at_every_time_equals_the_twin() {
    let mut random = Random::from_env(18);
    let mut inside: Vec<Group> = Vec::new();
    let history: Vec<Count> = (0..600_u64)
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
        .collect();
    let rows = run(&history);
    let mut compared = 0;
    for now_us in 0..200 {
        for group in
            [0, 1, 2].into_iter().flat_map(|slot| [(slot, Counted::Holds), (slot, Counted::Seen)])
        {
            let mut ours: BTreeMap<isize, isize> = BTreeMap::new();
            for ((known, count), time_us, diff) in &rows {
                if *known == group && *time_us <= now_us {
                    *ours.entry(*count).or_default() += diff;
                }
            }
            ours.retain(|_, diff| *diff != 0);
            let twin = naive::count(&history, group, now_us);
            let expected = (twin != 0).then_some((twin, 1));
            assert_eq!(ours.into_iter().next(), expected, "{random:?} {group:?} at {now_us}");
            compared += usize::from(twin != 0);
        }
    }
    assert!(compared > 900, "only {compared} counts");
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
