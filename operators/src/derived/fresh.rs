//! `fresh` and comparisons of `age`: how long ago the last sample came.

use super::saved::State;
use super::{Keeper, Output};
use crate::ids::{Time, UNKNOWN};
use crate::latest::Fact;

/// It has a value, and its last sample is not older than the window. No state.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) window_us: Time,
}

impl Keeper for Fresh {
    fn state(&self) -> State {
        State::Nothing
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let Some(fact) = inputs.first().filter(|fact| fact.known().is_some()) else {
            return Output::steady(0.0);
        };
        let last_us = fact.time_us.saturating_add(self.window_us);
        let fresh = now_us <= last_us;
        Output {
            value: f64::from(u8::from(fresh)),
            due_us: fresh.then(|| last_us.saturating_add(1)),
        }
    }
}

/// Its last sample is older than the limit, or as old; unknown without a value. No state.
#[derive(Debug)]
pub(super) struct Older {
    pub(super) limit_us: Time,
    pub(super) inclusive: bool,
}

impl Keeper for Older {
    fn state(&self) -> State {
        State::Nothing
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let Some(fact) = inputs.first().filter(|fact| fact.known().is_some()) else {
            return Output::steady(UNKNOWN);
        };
        let reached_us = fact.time_us.saturating_add(self.limit_us);
        let from_us = if self.inclusive { reached_us } else { reached_us.saturating_add(1) };
        if now_us >= from_us {
            return Output::steady(1.0);
        }
        Output { value: 0.0, due_us: Some(from_us) }
    }
}
