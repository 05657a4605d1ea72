//! Event times of what is sent: the client's clock, or faster.

use std::time::{Duration, Instant};

/// Gives out event times that never go back.
///
/// A server moves event time on by its clock, from the newest sample that it has seen: whoever
/// falls behind the clock is late. So times follow the clock, and where samples are sent as fast
/// as they go, which may be slower than that, they are far enough apart to be ahead of it.
#[derive(Debug)]
pub(super) struct Timeline {
    origin: Instant,
    /// How far event time is ahead of the clock since `origin`, in microseconds.
    ahead_us: u64,
    /// The first time that was not given out.
    next_us: u64,
}

impl Timeline {
    /// Event times from `first_us` on.
    pub(super) fn new(first_us: u64) -> Self {
        Self { origin: Instant::now(), ahead_us: first_us, next_us: first_us }
    }

    /// The event time of this moment, or the next one that is free.
    pub(super) fn now_us(&self) -> u64 {
        let elapsed_us = self.origin.elapsed().as_micros() as u64;
        (self.ahead_us + elapsed_us).max(self.next_us)
    }

    /// Takes note that all times before this one were given out.
    pub(super) fn used_to(&mut self, next_us: u64) {
        self.next_us = self.next_us.max(next_us);
    }

    /// Moves event time to where a server has it that may have got the last sample when this took
    /// its beginning.
    pub(super) fn catch_up(&mut self, took: Duration) {
        let reached_us = self.next_us + took.as_micros() as u64;
        let elapsed_us = self.origin.elapsed().as_micros() as u64;
        self.ahead_us = self.ahead_us.max(reached_us.saturating_sub(elapsed_us));
    }
}
