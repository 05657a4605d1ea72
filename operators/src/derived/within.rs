//! `within`: a truth holds, or held not long ago.

use super::rose::truth;
use super::saved::State;
use super::{Keeper, Output};
use crate::ids::Time;
use crate::latest::Fact;

/// Since when the truth holds no more. 32 bytes a vehicle.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Within {
    #[serde(skip)]
    window_us: Time,
    held: bool,
    ended_us: Option<Time>,
}

impl Within {
    pub(super) fn new(window_us: Time) -> Self {
        Self { window_us, held: false, ended_us: None }
    }

    /// What was put down goes on, with the window that the function has.
    pub(super) fn resume(self, window_us: Time) -> Self {
        Self { window_us, ..self }
    }
}

impl Keeper for Within {
    fn state(&self) -> State {
        State::Within(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let holds = truth(inputs.first()) == Some(true);
        if self.held && !holds {
            self.ended_us = Some(now_us);
        }
        self.held = holds;
        if holds {
            return Output::steady(1.0);
        }
        // The last microsecond at which it held is the one before its end.
        match self.ended_us.map(|ended_us| ended_us.saturating_add(self.window_us)) {
            Some(over_us) if now_us < over_us => Output { value: 1.0, due_us: Some(over_us) },
            _ => Output::steady(0.0),
        }
    }
}
