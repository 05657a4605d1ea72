//! Seeded randomness for the tests of this crate; a failure prints the seed.

use crate::condition::{Atom, Condition, Formula};
use crate::ids::{Sample, Slot, UNKNOWN};

/// A generator that prints as the seed to run again with.
pub(crate) struct Random {
    seed: u64,
    pub(crate) rng: fastrand::Rng,
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "run again with PICCOLO_SEED={}", self.seed)
    }
}

impl Random {
    /// The seed of the environment, or else the given one.
    pub(crate) fn from_env(default: u64) -> Self {
        let given = std::env::var("PICCOLO_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or(default);
        Self { seed, rng: fastrand::Rng::with_seed(seed) }
    }
}

/// Samples in order of time, several at one time, some unavailable, values that meet thresholds.
pub(crate) fn history(
    random: &mut Random,
    length: usize,
    vehicles: u32,
    slots: Slot,
) -> Vec<Sample> {
    let rng = &mut random.rng;
    let mut time_us = 0;
    (0..length)
        .map(|index| {
            time_us += if rng.u8(..3) == 0 { 0 } else { rng.u64(1..20) };
            let value = if rng.u8(..20) == 0 { UNKNOWN } else { f64::from(rng.i32(-4..5)) / 2.0 };
            Sample {
                time_us,
                value,
                vehicle: rng.u32(..vehicles),
                slot: rng.u32(..slots),
                origin: index as u32 + 1,
            }
        })
        .collect()
}

/// A condition of up to six atoms, with all forms of formulas.
pub(crate) fn condition(random: &mut Random, slots: Slot) -> Condition {
    let rng = &mut random.rng;
    let atoms: Vec<Atom> = (0..rng.usize(1..6))
        .map(|_| {
            let slot = rng.u32(..slots);
            let point = f64::from(rng.i32(-4..5)) / 2.0;
            match rng.u8(..8) {
                0..=3 => Atom::Above { slot, threshold: point, inclusive: rng.bool() },
                4 | 5 => Atom::Equals { slot, constant: point },
                6 => Atom::Known { slot },
                _ => {
                    Atom::Computed(std::sync::Arc::new(Less { reads: [slot, (slot + 1) % slots] }))
                }
            }
        })
        .collect();
    let formula = formula(rng, atoms.len(), 3);
    Condition { atoms, formula }
}

fn formula(rng: &mut fastrand::Rng, atoms: usize, depth: u8) -> Formula {
    let literal = |rng: &mut fastrand::Rng| Formula::Literal {
        atom: rng.usize(..atoms),
        negated: rng.bool(),
    };
    if depth == 0 {
        return literal(rng);
    }
    match rng.u8(..12) {
        0..=3 => literal(rng),
        4..=7 => {
            Formula::All((0..rng.usize(1..4)).map(|_| formula(rng, atoms, depth - 1)).collect())
        }
        8..=10 => {
            Formula::Any((0..rng.usize(1..4)).map(|_| formula(rng, atoms, depth - 1)).collect())
        }
        _ => Formula::Constant(rng.bool()),
    }
}

/// A computed test: the first signal is less than the second.
#[derive(Debug)]
struct Less {
    reads: [Slot; 2],
}

impl crate::condition::Test for Less {
    fn reads(&self) -> &[Slot] {
        &self.reads
    }

    fn truth(
        &self,
        facts: crate::latest::Facts<'_>,
    ) -> Result<Option<bool>, crate::condition::Exceeded> {
        let [a, b] = self.reads.map(|slot| facts.get(slot).known());
        Ok(a.zip(b).map(|(a, b)| a < b))
    }
}
