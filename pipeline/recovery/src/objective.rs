//! How long recoveries take, beside how long they should.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Of how many of the last recoveries the median is taken.
pub const SAMPLES_MAX: usize = 64;

/// How long the recoveries of one thing took: from when the fault was detected to when it was well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryTimes {
    count: u64,
    within: u64,
    max_us: u64,
    last_us: VecDeque<u64>,
}

impl RecoveryTimes {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The time of the last; none where there was none.
    #[must_use]
    pub fn last_us(&self) -> Option<u64> {
        self.last_us.back().copied()
    }

    /// The median of the last [`SAMPLES_MAX`], the lower one of two.
    #[must_use]
    pub fn p50_us(&self) -> Option<u64> {
        let mut sorted: Vec<u64> = self.last_us.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len().saturating_sub(1) / 2).copied()
    }

    /// The longest ever.
    #[must_use]
    pub fn max_us(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max_us)
    }

    /// Which share of all was within the objective that was in force then, from 0 to 1.
    #[must_use]
    pub fn share_within(&self) -> Option<f64> {
        (self.count > 0).then(|| self.within as f64 / self.count as f64)
    }

    pub(crate) fn note(&mut self, took_us: u64, objective_us: u64) {
        self.count += 1;
        self.within += u64::from(took_us <= objective_us);
        self.max_us = self.max_us.max(took_us);
        if self.last_us.len() == SAMPLES_MAX {
            self.last_us.pop_front();
        }
        self.last_us.push_back(took_us);
    }
}
