//! Random choices that can be had again: `PICCOLO_SEED`, and `PICCOLO_CASES` times as many.

use std::ops::Range;

/// A source of choices.
pub(crate) struct Random {
    seed: u64,
    pub(crate) rng: fastrand::Rng,
}

impl Random {
    /// The seed of the environment, or this one.
    pub(crate) fn new(default: u64) -> Self {
        let seed = variable("PICCOLO_SEED").unwrap_or(default);
        Self { seed, rng: fastrand::Rng::with_seed(seed) }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// How many cases to try, where so many are enough by day.
    pub(crate) fn cases(&self, by_day: u64) -> u64 {
        by_day * variable("PICCOLO_CASES").unwrap_or(1)
    }

    pub(crate) fn number(&mut self, range: Range<i64>) -> i64 {
        self.rng.i64(range)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.usize(..from.len())]
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
