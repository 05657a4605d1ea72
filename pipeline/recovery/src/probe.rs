//! What the probes of a model say.

use serde::{Deserialize, Serialize};

use crate::Detection;

/// Results in a row, and what follows from them. Without any, a model is not ill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Probe {
    failures: u32,
    successes: u32,
    pub(crate) failing: bool,
}

impl Probe {
    /// Notes a result; returns whether something follows from it that did not before.
    pub(crate) fn note(&mut self, healthy: bool, detection: &Detection) -> bool {
        let before = (self.failing, self.doubtful());
        if healthy {
            self.failures = 0;
            self.successes = self.successes.saturating_add(1);
        } else {
            self.successes = 0;
            self.failures = self.failures.saturating_add(1);
        }
        self.failing = if self.failing {
            self.successes < detection.probe_successes
        } else {
            self.failures >= detection.probe_failures
        };
        before != (self.failing, self.doubtful())
    }

    /// Whether the last result was bad, though not yet so often that it counts.
    pub(crate) fn doubtful(self) -> bool {
        self.failures > 0
    }
}
