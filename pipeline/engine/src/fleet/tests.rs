//! Counts and shares of vehicles, through the dataflow that counts, against a look at each vehicle.

use piccolo_operators::ids::Vehicle;
use timely::communication::allocator::{Allocator, thread::Thread};

use super::*;
use crate::crew::worker_config;

const MEMBERS: Slot = 50;
const VEHICLES: Vehicle = 9;
const STEPS: u64 = 21_000;

/// For each truth one fact that counts and one that is the share.
fn facts() -> Vec<FleetFact> {
    let of = |member| {
        [false, true].map(|share| FleetFact {
            slot: 1_000 + member * 2 + Slot::from(share),
            member,
            share,
        })
    };
    (0..MEMBERS).flat_map(of).collect()
}

/// The twin: looks at every vehicle that was seen.
fn naive(fact: &FleetFact, holds: &[Option<Vec<bool>>]) -> Option<f64> {
    let seen: Vec<&Vec<bool>> = holds.iter().flatten().collect();
    let count = seen.iter().filter(|truths| truths[fact.member as usize]).count() as f64;
    let value = if fact.share { count / seen.len() as f64 } else { count };
    (!seen.is_empty()).then_some(value)
}

#[test]
fn a_million_counts_and_a_million_shares_equal_the_twin() {
    let mut worker = Worker::new(worker_config(), Allocator::Thread(Thread::default()), None);
    let place = Place { workers: 1, ..Place::default() };
    let mut flow = TallyFlow::build(&mut worker, &place);
    let mut state = FleetState::default();
    let mut rng = fastrand::Rng::with_seed(92);
    let facts = facts();
    let mut told: FxHashMap<Slot, f64> = FxHashMap::default();
    let mut holds: Vec<Option<Vec<bool>>> = vec![None; VEHICLES as usize];
    let (mut compared, mut between) = (0, 0);
    for now_us in 0..STEPS {
        let mut counts = Vec::new();
        let mut count = |slot, counted, rises| {
            let diff = if rises { 1 } else { -1 };
            counts.push(Count { time_us: now_us, group: (slot, counted), diff });
        };
        // A new vehicle now and then, and some truths that change in those that are there.
        let vehicle = rng.usize(..holds.len());
        if holds[vehicle].is_none() && rng.u8(..200) == 0 {
            holds[vehicle] = Some(vec![false; MEMBERS as usize]);
            (0..MEMBERS).for_each(|member| count(member, Counted::Seen, true));
        }
        for truths in holds.iter_mut().flatten() {
            let member = rng.usize(..truths.len());
            truths[member] = !truths[member];
            count(member as Slot, Counted::Holds, truths[member]);
        }
        let changes = flow.run(&mut worker, counts, now_us + 1, &place).unwrap();
        for sample in state.take(changes, &facts, now_us) {
            assert_eq!((sample.vehicle, sample.time_us), (EVERY_VEHICLE, now_us));
            told.insert(sample.slot, sample.value);
        }
        for fact in &facts {
            let expected = naive(fact, &holds);
            assert_eq!(told.get(&fact.slot).copied(), expected, "{fact:?} at {now_us}");
            compared += 1;
            between += u32::from(expected.is_some_and(|value| value > 0.0));
        }
    }
    assert!(compared >= 2_000_000 && between > 1_600_000, "{between} of {compared} say something");
}
