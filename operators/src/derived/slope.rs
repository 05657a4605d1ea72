//! `slope`: the change of a signal over a window.

use std::collections::VecDeque;

use super::cells::{due_at, leaves_at, window_start};
use super::saved::State;
use super::{Keeper, Output};
use crate::ids::{Time, UNKNOWN};
use crate::latest::Fact;

/// The changes of the window, of those in one grain the last; the first is the value in force at
/// the window's start.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Slope {
    #[serde(skip)]
    window_us: Time,
    changes: VecDeque<Change>,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Change {
    /// The first start of the window at which this value is in force.
    in_force_us: Time,
    value: f64,
}

impl Slope {
    pub(super) fn new(window_us: Time) -> Self {
        Self { window_us, changes: VecDeque::new() }
    }

    /// What was put down goes on, with the window that the function has.
    pub(super) fn resume(self, window_us: Time) -> Self {
        Self { window_us, ..self }
    }

    fn note(&mut self, fact: &Fact) {
        let same = |change: &Change| {
            change.value == fact.value || (change.value.is_nan() && fact.value.is_nan())
        };
        if self.changes.back().is_some_and(same) {
            return;
        }
        let in_force_us = leaves_at(fact.time_us, self.window_us);
        let change = Change { in_force_us, value: fact.value };
        match self.changes.back_mut() {
            Some(last) if last.in_force_us == in_force_us => *last = change,
            _ => self.changes.push_back(change),
        }
    }
}

impl Keeper for Slope {
    fn state(&self) -> State {
        State::Slope(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let Some(fact) = inputs.first() else { return Output::steady(UNKNOWN) };
        self.note(fact);
        let start_us = window_start(now_us, self.window_us);
        while self.changes.get(1).is_some_and(|second| second.in_force_us <= start_us) {
            self.changes.pop_front();
        }
        if now_us < self.window_us {
            return Output { value: UNKNOWN, due_us: Some(self.window_us) };
        }
        let before = self.changes.front().filter(|change| change.in_force_us <= start_us);
        let seconds = self.window_us as f64 / 1e6;
        let value = before.map_or(UNKNOWN, |before| (fact.value - before.value) / seconds);
        let next = self.changes.iter().find(|change| change.in_force_us > start_us);
        Output { value, due_us: next.map(|change| due_at(change.in_force_us, self.window_us)) }
    }
}
