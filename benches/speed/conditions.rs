//! The operators' core alone: many rules over many signals of many vehicles.

use criterion::{BenchmarkId, Criterion, Throughput};
use piccolo_operators::condition::{Atom, Condition, Formula};
use piccolo_operators::conditions::{Clause, Conditions};
use piccolo_operators::ids::{Rule, Sample, Slot};
use piccolo_operators::latest::Latest;

const VEHICLES: u32 = 100;
/// Signals of each kind: numbers first, then enums, then booleans.
const KIND: Slot = 100;
const ENUM_VALUES: u32 = 4;
const SAMPLES: usize = 100_000;
const SEED: u64 = 7;

pub(crate) fn bench(criterion: &mut Criterion) {
    let samples = samples();
    let mut group = criterion.benchmark_group("conditions");
    group.throughput(Throughput::Elements(SAMPLES as u64));
    for rules in [100, 1_000, 10_000] {
        let (mut conditions, mut latest) = (Conditions::new(false), Latest::default());
        let mut toggles = Vec::new();
        let mut rng = fastrand::Rng::with_seed(SEED);
        for rule in 0..rules as Rule {
            let condition = condition(&mut rng);
            conditions.add((rule, Clause::When), &condition, &latest, &mut toggles);
        }
        // Every vehicle is known, and every signal has a value, when the clock starts.
        samples.iter().for_each(|sample| conditions.apply(sample, &mut latest, &mut toggles));
        assert!(!toggles.is_empty(), "no condition ever changes");
        group.bench_function(BenchmarkId::new("rules", rules), |bencher| {
            bencher.iter(|| {
                toggles.clear();
                for sample in &samples {
                    conditions.apply(sample, &mut latest, &mut toggles);
                }
                toggles.len()
            });
        });
    }
    group.finish();
}

/// `number > threshold && enum == K && !bool`.
fn condition(rng: &mut fastrand::Rng) -> Condition {
    let threshold = f64::from(rng.i32(0..400)) / 4.0;
    let atoms = vec![
        Atom::Above { slot: rng.u32(..KIND), threshold, inclusive: false },
        Atom::Equals { slot: KIND + rng.u32(..KIND), constant: f64::from(rng.u32(..ENUM_VALUES)) },
        Atom::Equals { slot: 2 * KIND + rng.u32(..KIND), constant: 1.0 },
    ];
    let literals = (0..3).map(|atom| Formula::Literal { atom, negated: atom == 2 });
    Condition { formula: Formula::All(literals.collect()), atoms }
}

/// Random signals of random vehicles: numbers walk by up to 5 within 0 to 100 in
/// quarters, the others take any of their values.
fn samples() -> Vec<Sample> {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut walks = vec![50.0; (VEHICLES * KIND) as usize];
    (0..SAMPLES)
        .map(|index| {
            let (vehicle, slot) = (rng.u32(..VEHICLES), rng.u32(..3 * KIND));
            let value = match slot / KIND {
                0 => {
                    let walk: &mut f64 = &mut walks[(vehicle * KIND + slot) as usize];
                    *walk = (*walk + f64::from(rng.i32(-20..=20)) / 4.0).clamp(0.0, 100.0);
                    *walk
                }
                1 => f64::from(rng.u32(..ENUM_VALUES)),
                _ => f64::from(rng.u32(..2)),
            };
            Sample { time_us: index as u64, value, vehicle, slot, origin: index as u32 }
        })
        .collect()
}
