//! What a replay came to.

use std::fmt;
use std::time::{Duration, Instant};

use piccolo_engine::{Decision, Edge};

use crate::checkpoint::Counts;

/// Counts of a replay.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) scenarios: usize,
    pub(crate) begins: u64,
    pub(crate) ends: u64,
    pub(crate) actions: u64,
    pub(crate) samples: u64,
    pub(crate) faults: u64,
    started: Instant,
    /// The part of the time that was waited, to keep the pace.
    pub(crate) waited: Duration,
}

impl Summary {
    /// A summary that starts now.
    pub(crate) fn new(scenarios: usize) -> Self {
        Self {
            scenarios,
            begins: 0,
            ends: 0,
            actions: 0,
            samples: 0,
            faults: 0,
            started: Instant::now(),
            waited: Duration::ZERO,
        }
    }

    /// What was counted so far.
    pub(crate) fn counts(&self) -> Counts {
        let Self { begins, ends, actions, samples, faults, .. } = *self;
        Counts { begins, ends, actions, samples, faults }
    }

    /// Goes on from what was counted before.
    pub(crate) fn resume(&mut self, counts: &Counts) {
        let Counts { begins, ends, actions, samples, faults } = *counts;
        *self = Self { begins, ends, actions, samples, faults, ..Self::new(self.scenarios) };
    }

    /// Counts a decision.
    pub(crate) fn take(&mut self, decision: &Decision) {
        match decision.edge {
            Edge::Begin => self.begins += 1,
            Edge::End => self.ends += 1,
        }
        self.actions += decision.actions.len() as u64;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worked = self.started.elapsed().saturating_sub(self.waited).as_secs_f64();
        let rate = if worked > 0.0 { self.samples as f64 / worked } else { 0.0 };
        write!(
            f,
            "{} scenarios, {} begins, {} ends, {} actions, {} samples, {} faults, {rate:.0} samples/s",
            self.scenarios, self.begins, self.ends, self.actions, self.samples, self.faults,
        )
    }
}
