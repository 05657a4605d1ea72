//! `min` and `max` over a window.

use std::collections::VecDeque;

use super::cells::{due_at, leaves_at, window_start};
use super::saved::State;
use super::{Keeper, Output};
use crate::ids::{Time, UNKNOWN};
use crate::latest::Fact;

/// The values of the window that can still become its extreme, best first.
///
/// A value that ended before a better one ended can never be the extreme again, so the entries
/// get worse from front to back, and each is dropped once the window has passed its end.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Extreme {
    #[serde(skip)]
    window_us: Time,
    #[serde(skip)]
    least: bool,
    entries: VecDeque<Entry>,
    current: f64,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Entry {
    /// The first start of the window at which the value was over.
    leaves_us: Time,
    value: f64,
}

impl Extreme {
    pub(super) fn new(window_us: Time, least: bool) -> Self {
        Self { window_us, least, entries: VecDeque::new(), current: UNKNOWN }
    }

    /// What was put down goes on, as the function says.
    pub(super) fn resume(self, window_us: Time, least: bool) -> Self {
        Self { window_us, least, ..self }
    }

    fn better(&self, a: f64, b: f64) -> bool {
        if self.least { a < b } else { a > b }
    }

    /// The current value ended at a time.
    fn end(&mut self, ended_us: Time) {
        let value = self.current;
        if value.is_nan() {
            return;
        }
        while self.entries.back().is_some_and(|last| !self.better(last.value, value)) {
            self.entries.pop_back();
        }
        let leaves_us = leaves_at(ended_us, self.window_us);
        if self.entries.back().is_none_or(|last| last.leaves_us != leaves_us) {
            self.entries.push_back(Entry { leaves_us, value });
        }
    }
}

impl Keeper for Extreme {
    fn state(&self) -> State {
        State::Extreme(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let Some(fact) = inputs.first() else { return Output::steady(UNKNOWN) };
        if fact.value != self.current {
            self.end(now_us);
            self.current = fact.value;
        }
        let start_us = window_start(now_us, self.window_us);
        while self.entries.front().is_some_and(|first| first.leaves_us <= start_us) {
            self.entries.pop_front();
        }
        if self.current.is_nan() {
            return Output::steady(UNKNOWN);
        }
        match self.entries.front() {
            Some(first) if self.better(first.value, self.current) => {
                Output { value: first.value, due_us: Some(due_at(first.leaves_us, self.window_us)) }
            }
            _ => Output::steady(self.current),
        }
    }
}
