//! The engine against the naive twin of the whole of it, over random worlds.
//!
//! One comparison is all decisions of one scenario in one vehicle of a world, with their actions.
//! `PICCOLO_COMPARISONS` says how many are made, and `PICCOLO_SEED` which world comes first.

#[path = "oracle/constructs.rs"]
mod constructs;
#[path = "oracle/course.rs"]
mod course;
#[path = "oracle/deeds.rs"]
mod deeds;
#[path = "oracle/facts.rs"]
mod facts;
#[path = "oracle/lines.rs"]
pub(crate) mod lines;
#[path = "oracle/mutants.rs"]
mod mutants;
#[path = "oracle/rules.rs"]
pub(crate) mod rules;
#[path = "oracle/shrink.rs"]
mod shrink;
#[path = "oracle/timeline.rs"]
mod timeline;
#[path = "oracle/twin.rs"]
mod twin;
#[path = "oracle/world.rs"]
pub(crate) mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use piccolo_catalogue::Catalogue;

use self::constructs::Coverage;
use self::lines::key;
use self::rules::SCENARIOS;
use self::twin::Twin;
use self::world::{Extent, Told, World};

/// How many comparisons are made unless told.
const COMPARISONS: u64 = 1_000_000;
/// How often each construct must matter in a million comparisons.
const LEAST: u64 = 200;
/// Worlds for all tests but the million.
pub(crate) const SMALL: Extent = Extent { vehicles: 3, samples: 40 };
/// The worlds of the million comparisons.
const LARGE: Extent = Extent { vehicles: 16, samples: 40 };

/// What comparisons came to.
#[derive(Clone, Debug, Default)]
struct Tally {
    compared: u64,
    full: u64,
    coverage: Coverage,
}

#[test]
fn the_engine_decides_what_its_twin_decides() {
    let wanted = variable("PICCOLO_COMPARISONS").unwrap_or(COMPARISONS * multiplier() as u64);
    let first = seed(1);
    let start = Instant::now();
    let (next, compared) = (AtomicU64::new(first), AtomicU64::new(0));
    let tally = std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || compare_until(wanted, &next, &compared);
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().fold(Tally::default(), |mut tally, thread| {
            let own = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            tally.add(&own);
            tally
        })
    });
    let Tally { compared, full, coverage } = &tally;
    println!(
        "{compared} comparisons in {} worlds from PICCOLO_SEED={first} on, {} % with a decision, in {:.1?}",
        next.into_inner() - first,
        100 * full / compared,
        start.elapsed()
    );
    for (construct, seen) in &coverage.seen {
        println!("{construct:?} {seen:?}");
    }
    assert!(*compared >= wanted && full * 2 > *compared, "{full} of {compared} had a decision");
    let least = LEAST * wanted / COMPARISONS;
    let lacking = coverage.lacking(least);
    assert!(lacking.is_empty(), "these mattered less than {least} times: {lacking:#?}");
}

/// Compares worlds until there were enough comparisons.
fn compare_until(wanted: u64, next: &AtomicU64, compared: &AtomicU64) -> Tally {
    let catalogue = Catalogue::vss6();
    let mut tally = Tally::default();
    while compared.load(Ordering::Relaxed) < wanted {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let own = compare(&World::new(seed, LARGE), &catalogue);
        compared.fetch_add(own.compared, Ordering::Relaxed);
        tally.add(&own);
    }
    tally
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.compared += other.compared;
        self.full += other.full;
        self.coverage.merge(&other.coverage);
    }
}

/// Compares all decisions of a world; a difference is shown as small as it can be made.
fn compare(world: &World, catalogue: &Arc<Catalogue>) -> Tally {
    let mut coverage = Coverage::default();
    let rules = world.rules(catalogue);
    let by_engine = world.by_engine(catalogue, &rules);
    let by_twin = Twin::new(world, catalogue, &rules, None).told(&mut coverage);
    if let Some(difference) = difference(&by_engine, &by_twin) {
        panic!("{}", shrink::report(world, catalogue, &difference));
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for text in world.steps.iter().flat_map(|step| step.load.iter().flatten()) {
        names.extend(text.strip_prefix("scenario \"").and_then(|rest| rest.split('"').next()));
    }
    assert!(names.len() <= SCENARIOS);
    let told: BTreeSet<(&str, &str)> = by_twin.lines.iter().map(|line| key(line)).collect();
    note_events(world, by_twin.late, &mut coverage);
    let compared = (names.len() * world.vehicles) as u64;
    Tally { compared, full: told.len() as u64, coverage }
}

/// The first difference between two runs; none where they are the same.
fn difference(a: &Told, b: &Told) -> Option<String> {
    if a.late != b.late {
        return Some(format!("{} samples were late, not {}", a.late, b.late));
    }
    if a == b {
        return None;
    }
    let of = |lines: &[String]| {
        let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in lines {
            by_key.entry(format!("{:?}", key(line))).or_default().push(line.clone());
        }
        by_key
    };
    let (ours, theirs) = (of(&a.lines), of(&b.lines));
    let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differs = keys.into_iter().find(|key| ours.get(*key) != theirs.get(*key));
    Some(match differs {
        Some(key) => format!("{key}: {:#?}\nnot {:#?}", ours.get(key), theirs.get(key)),
        None => format!("another order: {:#?}\nnot {:#?}", a.lines, b.lines),
    })
}

fn note_events(world: &World, late: u64, coverage: &mut Coverage) {
    let samples: Vec<_> = world.steps.iter().flat_map(|step| &step.samples).collect();
    let mut times: Vec<_> =
        samples.iter().map(|own| (own.vehicle, own.fact, own.time_us)).collect();
    times.sort_unstable();
    let largest = world.steps.iter().map(|step| step.samples.len()).max();
    let events = [
        ("several workers", world.workers > 1),
        ("one sample a step", largest == Some(1)),
        ("all samples in one step", largest == Some(samples.len())),
        ("late sample", late > 0),
        ("unavailable value", samples.iter().any(|sample| sample.value.is_none())),
        ("samples at one time", times.windows(2).any(|pair| pair[0] == pair[1])),
    ];
    events.into_iter().for_each(|(event, is_so)| coverage.note(("event", event), is_so));
}

pub(crate) fn seed(default: u64) -> u64 {
    variable("PICCOLO_SEED").unwrap_or(default)
}

/// How many times as much the nightly run compares.
pub(crate) fn multiplier() -> usize {
    variable("PICCOLO_CASES").map_or(1, |cases| cases as usize)
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
