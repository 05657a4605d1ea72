//! `count`: how often a truth rose in a window.

use std::collections::VecDeque;

use super::cells::{due_at, leaves_at, window_start};
use super::rose::{Rises, truth};
use super::saved::State;
use super::{Keeper, Output};
use crate::ids::Time;
use crate::latest::Fact;

/// The rises of the window, those that leave it together as one entry.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Count {
    #[serde(skip)]
    window_us: Time,
    rises: Rises,
    /// When entries leave the window, with how many rises each holds.
    entries: VecDeque<(Time, u32)>,
    counted_us: Option<Time>,
    total: u64,
}

impl Count {
    pub(super) fn new(window_us: Time) -> Self {
        Self {
            window_us,
            rises: Rises::default(),
            entries: VecDeque::new(),
            counted_us: None,
            total: 0,
        }
    }

    /// What was put down goes on, with the window that the function has.
    pub(super) fn resume(self, window_us: Time) -> Self {
        Self { window_us, ..self }
    }

    fn note(&mut self, now_us: Time) {
        self.counted_us = Some(now_us);
        self.total += 1;
        let leaves_us = leaves_at(now_us, self.window_us);
        match self.entries.back_mut() {
            Some((last, count)) if *last == leaves_us => *count += 1,
            _ => self.entries.push_back((leaves_us, 1)),
        }
    }
}

impl Keeper for Count {
    fn state(&self) -> State {
        State::Count(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let start_us = window_start(now_us, self.window_us);
        let rose = self.rises.take(now_us, truth(inputs.first()));
        if rose && self.counted_us != Some(now_us) {
            self.note(now_us);
        }
        while let Some((leaves_us, count)) = self.entries.front().copied()
            && leaves_us <= start_us
        {
            self.entries.pop_front();
            self.total -= u64::from(count);
        }
        Output {
            value: self.total as f64,
            due_us: self.entries.front().map(|(leaves_us, _)| due_at(*leaves_us, self.window_us)),
        }
    }
}
