//! `changed`: a signal took another known value than the known one before.

use super::saved::State;
use super::{Keeper, Output};
use crate::ids::{Time, UNKNOWN};
use crate::latest::Fact;

/// The value of the last update, and when it last changed. 16 bytes a vehicle.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Changed {
    pub(super) value: f64,
    changed_us: Option<Time>,
}

impl Default for Changed {
    fn default() -> Self {
        Self { value: UNKNOWN, changed_us: None }
    }
}

impl Keeper for Changed {
    fn state(&self) -> State {
        State::Changed(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let value = inputs.first().map_or(UNKNOWN, |fact| fact.value);
        if !value.is_nan() && !self.value.is_nan() && value != self.value {
            self.changed_us = Some(now_us);
        }
        self.value = value;
        Output::pulse(self.changed_us == Some(now_us), now_us)
    }
}
