//! The twins of the over-time functions: their definitions, over the whole past of a fact, one
//! entry for each microsecond.

use super::area::STEPS;
use super::cells::window_start;
use crate::ids::{Time, UNKNOWN};

/// What a fact was at each microsecond from zero on, after all samples of it.
#[derive(Clone, Debug)]
pub struct Past {
    /// The value, or unknown.
    pub values: Vec<f64>,
    /// The time of the last sample; none before the first.
    pub sampled_us: Vec<Option<Time>>,
}

impl Past {
    /// From samples in order of time, up to before the horizon.
    pub fn new(samples: &[(Time, f64)], horizon_us: Time) -> Self {
        let mut past = Self { values: Vec::new(), sampled_us: Vec::new() };
        for now_us in 0..horizon_us {
            let last = samples.iter().rfind(|(time_us, _)| *time_us <= now_us);
            past.values.push(last.map_or(UNKNOWN, |(_, value)| *value));
            past.sampled_us.push(last.map(|(time_us, _)| *time_us));
        }
        past
    }

    fn value(&self, time_us: Time) -> f64 {
        self.values[time_us as usize]
    }

    fn truth(&self, time_us: Time) -> Option<bool> {
        Some(self.value(time_us)).filter(|value| !value.is_nan()).map(|value| value != 0.0)
    }

    /// The known values from one time to another, both included.
    fn known(&self, from_us: Time, to_us: Time) -> impl Iterator<Item = f64> {
        (from_us..=to_us).map(|time_us| self.value(time_us)).filter(|value| !value.is_nan())
    }

    /// The time average as of the last sample or step of the window.
    pub fn average(&self, window_us: Time, now_us: Time) -> f64 {
        if self.value(now_us).is_nan() {
            return UNKNOWN;
        }
        let step_us = (window_us / STEPS).max(1);
        let as_of_us = self.sampled_us[now_us as usize].unwrap_or(0).max(now_us - now_us % step_us);
        let start_us = window_start(as_of_us, window_us);
        let known: Vec<f64> = (start_us..as_of_us)
            .map(|time_us| self.value(time_us))
            .filter(|v| !v.is_nan())
            .collect();
        if known.is_empty() {
            return self.value(as_of_us);
        }
        known.iter().sum::<f64>() / known.len() as f64
    }

    /// The least or the greatest value of the window.
    pub fn extreme(&self, window_us: Time, least: bool, now_us: Time) -> f64 {
        if self.value(now_us).is_nan() {
            return UNKNOWN;
        }
        let pick = if least { f64::min } else { f64::max };
        self.known(window_start(now_us, window_us), now_us).fold(self.value(now_us), pick)
    }

    /// The change since the window began, a second; unknown before a whole window has passed.
    pub fn slope(&self, window_us: Time, now_us: Time) -> f64 {
        if now_us < window_us {
            return UNKNOWN;
        }
        let before = self.value(window_start(now_us, window_us));
        (self.value(now_us) - before) / (window_us as f64 / 1e6)
    }

    /// Whether the value differs from the known one of the microsecond before.
    pub fn changed(&self, now_us: Time) -> bool {
        let before = now_us.checked_sub(1).map_or(UNKNOWN, |before_us| self.value(before_us));
        let now = self.value(now_us);
        !before.is_nan() && !now.is_nan() && before != now
    }

    /// Whether the truth became `to` at a time, after it was last known as the opposite.
    pub fn turned(&self, to: bool, now_us: Time) -> bool {
        let before = (0..now_us).rev().find_map(|time_us| self.truth(time_us));
        self.truth(now_us) == Some(to) && before == Some(!to)
    }

    /// How often the truth rose in the window.
    pub fn count(&self, window_us: Time, now_us: Time) -> f64 {
        let start_us = window_start(now_us, window_us);
        (start_us + 1..=now_us).filter(|time_us| self.turned(true, *time_us)).count() as f64
    }

    /// Whether the truth holds, or held at some time in the window.
    pub fn within(&self, window_us: Time, now_us: Time) -> bool {
        (now_us.saturating_sub(window_us)..=now_us).any(|time_us| self.truth(time_us) == Some(true))
    }

    /// Whether it has a value, and a sample in the window.
    pub fn fresh(&self, window_us: Time, now_us: Time) -> bool {
        let sampled_us = self.sampled_us[now_us as usize];
        !self.value(now_us).is_nan() && sampled_us.is_some_and(|us| now_us - us <= window_us)
    }

    /// Whether its last sample is older than the limit, or as old where `inclusive`.
    pub fn older(&self, limit_us: Time, inclusive: bool, now_us: Time) -> f64 {
        match self.sampled_us[now_us as usize].filter(|_| !self.value(now_us).is_nan()) {
            None => UNKNOWN,
            Some(us) if inclusive => f64::from(u8::from(now_us - us >= limit_us)),
            Some(us) => f64::from(u8::from(now_us - us > limit_us)),
        }
    }
}

/// Whether the last truth rose at a time, after the others one after the other in the window.
pub fn sequence(steps: &[Past], window_us: Time, now_us: Time) -> bool {
    let earliest_us = now_us.saturating_sub(window_us);
    let Some((last, before)) = steps.split_last() else { return false };
    // The earliest time at which each step can rise after those before it.
    let mut after_us = earliest_us;
    for step in before {
        let Some(rose_us) = (after_us..now_us).find(|time_us| step.turned(true, *time_us)) else {
            return false;
        };
        after_us = rose_us + 1;
    }
    last.turned(true, now_us) && after_us <= now_us
}
