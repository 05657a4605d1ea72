//! Lets recorded time pass as fast as was asked.

use std::thread;
use std::time::{Duration, Instant};

use crate::args::Speed;

/// The least wait: shorter ones are left to the next sample.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// Recorded time beside the clock on the wall.
#[derive(Debug)]
pub(crate) struct Pace {
    factor: Option<f64>,
    start: Option<(Instant, u64)>,
}

impl Pace {
    /// A pace that starts with the first sample.
    pub(crate) fn new(speed: Speed) -> Self {
        let factor = match speed {
            Speed::Max => None,
            Speed::Times(factor) => Some(factor),
        };
        Self { factor, start: None }
    }

    /// How long a sample of this time is still to come, if it is worth waiting for.
    pub(crate) fn ahead(&mut self, time_us: u64) -> Option<Duration> {
        let factor = self.factor?;
        let (start, first_us) = *self.start.get_or_insert_with(|| (Instant::now(), time_us));
        let due =
            Duration::try_from_secs_f64(time_us.saturating_sub(first_us) as f64 / 1e6 / factor)
                .ok()?;
        let ahead = due.checked_sub(start.elapsed())?;
        (ahead >= WAIT_MIN).then_some(ahead)
    }

    /// Waits.
    pub(crate) fn wait(&self, ahead: Duration) {
        thread::sleep(ahead);
    }
}
