//! What the engine's thread tells of the lanes: how they differ, and who is in quarantine.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use piccolo_engine::{Decision, Quarantined};

use super::difference::Difference;
use crate::ports::LaneSink;

/// The most scenarios in quarantine that are kept to be shown.
pub const QUARANTINED_MAX: usize = 1_024;

/// The present difference, and the quarantine.
#[derive(Debug, Default)]
pub struct Watch(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// Only where there is a shadow.
    pub(super) difference: Option<Difference>,
    /// The latest last.
    pub(super) quarantined: VecDeque<Quarantined>,
    pub(super) quarantined_count: u64,
}

impl Watch {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LaneSink for Watch {
    fn changed(&self, time_us: u64, shadow: Option<bool>) {
        let mut state = self.state();
        let there = shadow.unwrap_or(state.difference.is_some());
        state.difference = there.then(|| Difference::new(time_us));
    }

    fn stepped(&self, tick_us: u64, active: &[Decision], shadow: Vec<Decision>) {
        if let Some(difference) = &mut self.state().difference {
            difference.step(tick_us, active, shadow);
        }
    }

    fn quarantined(&self, scenarios: Vec<Quarantined>) {
        let mut state = self.state();
        for found in scenarios {
            let Quarantined { time_us, vehicle, scenario, revision } = &found;
            tracing::warn!(time_us, %vehicle, %scenario, %revision, "left out: a script broke its limits");
            state.quarantined_count += 1;
            if state.quarantined.len() == QUARANTINED_MAX {
                state.quarantined.pop_front();
            }
            state.quarantined.push_back(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_in_quarantine_are_counted_and_the_latest_are_kept() {
        let watch = Watch::default();
        let found = |time_us| Quarantined {
            time_us,
            vehicle: "v".into(),
            scenario: "s".into(),
            revision: "0".into(),
        };
        let many = QUARANTINED_MAX as u64 + 10;
        watch.quarantined((0..many).map(found).collect());
        let state = watch.state();
        assert_eq!((state.quarantined_count, state.quarantined.len()), (many, QUARANTINED_MAX));
        assert_eq!(state.quarantined.back().map(|last| last.time_us), Some(many - 1));
    }
}
