//! `avg` over a window: the time average.

use std::collections::VecDeque;

use super::cells::{leaves_at, window_start};
use super::saved::State;
use super::{Keeper, Output};
use crate::ids::{Time, UNKNOWN};
use crate::latest::Fact;

/// Into how many steps a window is divided, at which the average is brought up to date while the
/// signal is silent.
pub(super) const STEPS: Time = 16;

/// After how many runs that left the window its sums are made anew, so that rounding cannot add up.
const RENEW_AFTER: u32 = 1024;

/// The runs of equal value in the window. Runs within one grain, which the window's start never
/// cuts, are one entry.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Average {
    #[serde(skip)]
    window_us: Time,
    runs: VecDeque<Run>,
    area: f64,
    known_us: Time,
    current: f64,
    since_us: Time,
    left: u32,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Run {
    start_us: Time,
    end_us: Time,
    /// The part of the time in which there was a value; all of it for a single run.
    known_us: Time,
    /// The value times its duration, in microseconds.
    area: f64,
    /// The value of a single run.
    value: f64,
}

impl Average {
    pub(super) fn new(window_us: Time) -> Self {
        Self {
            window_us,
            runs: VecDeque::new(),
            area: 0.0,
            known_us: 0,
            current: UNKNOWN,
            since_us: 0,
            left: 0,
        }
    }

    /// What was put down goes on, with the window that the function has.
    pub(super) fn resume(self, window_us: Time) -> Self {
        Self { window_us, ..self }
    }

    /// The current value ended at a time.
    fn end(&mut self, end_us: Time) {
        let known_us = end_us - self.since_us;
        if self.current.is_nan() || known_us == 0 {
            return;
        }
        let area = self.current * known_us as f64;
        self.area += area;
        self.known_us += known_us;
        let grain = |time_us| leaves_at(time_us, self.window_us);
        let leaves_us = grain(end_us);
        let whole = |start_us: Time| grain(start_us.saturating_add(1)) == leaves_us;
        match self.runs.back_mut() {
            Some(last) if whole(last.start_us) => {
                last.end_us = end_us;
                last.known_us += known_us;
                last.area += area;
            }
            _ => {
                let (start_us, value) = (self.since_us, self.current);
                self.runs.push_back(Run { start_us, end_us, known_us, area, value });
            }
        }
    }

    fn drop_before(&mut self, start_us: Time) {
        while let Some(first) = self.runs.front().copied()
            && first.end_us <= start_us
        {
            self.runs.pop_front();
            self.area -= first.area;
            self.known_us -= first.known_us;
            self.left += 1;
        }
        if self.left >= RENEW_AFTER {
            self.left = 0;
            self.area = self.runs.iter().map(|run| run.area).sum();
        }
    }

    /// Area and known time of the part of the first run that lies before the window.
    fn cut(&self, start_us: Time) -> (f64, Time) {
        match self.runs.front() {
            Some(first) if first.start_us < start_us => {
                let cut_us = start_us - first.start_us;
                (first.value * cut_us as f64, cut_us)
            }
            _ => (0.0, 0),
        }
    }
}

impl Keeper for Average {
    fn state(&self) -> State {
        State::Average(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let Some(fact) = inputs.first() else { return Output::steady(UNKNOWN) };
        if fact.value != self.current {
            self.end(now_us);
            self.current = fact.value;
            self.since_us = fact.time_us;
        }
        let start_us = window_start(now_us, self.window_us);
        self.drop_before(start_us);
        if self.current.is_nan() || self.runs.is_empty() {
            return Output::steady(self.current);
        }
        let (cut_area, cut_us) = self.cut(start_us);
        let current_us = now_us - self.since_us.max(start_us);
        let known_us = self.known_us - cut_us + current_us;
        let area = self.area - cut_area + self.current * current_us as f64;
        let value = if known_us == 0 { self.current } else { area / known_us as f64 };
        let step_us = (self.window_us / STEPS).max(1);
        Output { value, due_us: Some((now_us / step_us + 1).saturating_mul(step_us)) }
    }
}
