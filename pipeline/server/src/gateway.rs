//! Puts samples in the order of their event times and cuts them into ticks.

mod pending;
mod promises;
mod task;

use rustc_hash::FxHashSet;

pub use task::{TICK_PERIOD, run};

use crate::ports::{Fate, Sample, Settled, StreamId, Tick};
use pending::Pending;
use promises::Promises;

/// The most samples that wait for their time.
pub const PENDING_SAMPLES_MAX: usize = 65_536;

/// The most samples of one tick.
pub const TICK_SAMPLES_MAX: usize = 4_096;

/// How far ahead of the expected time a sample may be, in microseconds: one hour. What is
/// further ahead comes from a clock that is wrong, and would make all other samples late.
pub const AHEAD_US_MAX: u64 = 3_600_000_000;

/// The latest event time that a sample may have, in microseconds.
const TIME_US_MAX: u64 = 1 << 62;

/// Orders samples by event time within a lateness bound.
///
/// The watermark is the greatest event time seen, moved on by the clock since
/// then, less the lateness bound; or what all open streams promise, where that is
/// more. Samples before it are released in ticks, those of equal time in the
/// order of their arrival. A sample from before the last tick is late. Where too
/// many wait, the newest value of each signal is kept. What is not released is
/// settled as a fault, never lost in silence.
#[derive(Debug)]
pub struct Gateway {
    lateness_us: u64,
    pending_max: usize,
    pending: Pending,
    promises: Promises,
    /// The greatest event time, less the clock at its arrival.
    offset_us: Option<i128>,
    /// The last tick.
    released_us: u64,
    settled: Vec<Settled>,
    lost: Lost,
}

/// How many samples the gateway did not release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Those that came after their time.
    pub late: u64,
    /// Those that were too far ahead.
    pub ahead: u64,
    /// Those that made room for newer values.
    pub superseded: u64,
}

impl Gateway {
    /// A gateway that waits `lateness_us` for samples that come out of order, and lets at most
    /// `pending_max` samples wait.
    pub fn new(lateness_us: u64, pending_max: usize) -> Self {
        Self {
            lateness_us,
            pending_max: pending_max.max(1),
            pending: Pending::default(),
            promises: Promises::default(),
            offset_us: None,
            released_us: 0,
            settled: Vec::new(),
            lost: Lost::default(),
        }
    }

    /// Goes on after a tick that was released before the server ended. Time stands still until the
    /// first sample.
    pub fn resume(&mut self, released_us: u64) {
        self.released_us = released_us;
    }

    /// Takes note of a stream that has promised nothing yet.
    pub fn open(&mut self, stream: StreamId) {
        self.promises.open(stream);
    }

    /// Takes note that a stream sends nothing more.
    pub fn close(&mut self, stream: StreamId) {
        self.promises.close(stream);
    }

    /// Takes note that a stream sends nothing from before `watermark_us` any more.
    pub fn promise(&mut self, stream: StreamId, watermark_us: u64) {
        self.promises.raise(stream, watermark_us);
    }

    /// Takes a sample that arrived when the clock said `now_us`.
    pub fn offer(&mut self, sample: Sample, now_us: u64) {
        let time_us = sample.time_us;
        if time_us < self.released_us {
            self.lost.late += 1;
            self.settle(&sample, Fate::Late(self.released_us));
            return;
        }
        let expected_us = self.expected_us(now_us);
        let ahead =
            expected_us.is_some_and(|expected| time_us.saturating_sub(expected) > AHEAD_US_MAX);
        if ahead || time_us > TIME_US_MAX {
            self.lost.ahead += 1;
            self.settle(&sample, Fate::Ahead);
            return;
        }
        let offset_us = i128::from(time_us) - i128::from(now_us);
        self.offset_us = Some(self.offset_us.map_or(offset_us, |known| known.max(offset_us)));
        self.pending.push(sample);
        if self.pending.len() > self.pending_max {
            self.make_room();
        }
    }

    /// The next tick that is due when the clock says `now_us`; none where time has not moved on.
    pub fn release(&mut self, now_us: u64) -> Option<Tick> {
        let watermark_us = self.watermark_us(now_us)?;
        (self.is_due(watermark_us) || watermark_us > self.released_us)
            .then(|| self.cut(watermark_us))
    }

    /// The next tick where no sample comes any more; none where all are released.
    pub fn flush(&mut self) -> Option<Tick> {
        let last_us = self.pending.last_us()?;
        Some(self.cut(last_us + 1))
    }

    /// Whether a sample is due when the clock says `now_us`.
    pub fn has_due(&self, now_us: u64) -> bool {
        self.watermark_us(now_us).is_some_and(|watermark_us| self.is_due(watermark_us))
    }

    /// The samples that were settled here since the last call.
    pub fn take_settled(&mut self) -> Vec<Settled> {
        std::mem::take(&mut self.settled)
    }

    /// How many samples were not released so far.
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// How many samples wait.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The time before which no sample is waited for; a promise reaches no further than what has
    /// come, so that a wrong one cannot end time for all.
    fn watermark_us(&self, now_us: u64) -> Option<u64> {
        let expected_us = self.expected_us(now_us)?;
        let promised_us = self.promises.least_us().min(expected_us.saturating_add(1));
        Some(expected_us.saturating_sub(self.lateness_us).max(promised_us))
    }

    fn is_due(&self, watermark_us: u64) -> bool {
        self.pending.first_us().is_some_and(|first_us| first_us < watermark_us)
    }

    /// The event time that a sample without delay would have now.
    fn expected_us(&self, now_us: u64) -> Option<u64> {
        let expected_us = self.offset_us? + i128::from(now_us);
        Some(u64::try_from(expected_us.max(0)).unwrap_or(TIME_US_MAX))
    }

    /// The samples before `end_us`, as many as one tick may have.
    fn cut(&mut self, end_us: u64) -> Tick {
        let mut samples = Vec::with_capacity(self.pending.len().min(TICK_SAMPLES_MAX));
        let mut tick_us = end_us.max(self.released_us);
        while let Some(time_us) = self.pending.first_us().filter(|time_us| *time_us < end_us) {
            if samples.len() == TICK_SAMPLES_MAX {
                tick_us = time_us;
                break;
            }
            samples.extend(self.pending.pop());
        }
        self.released_us = tick_us;
        Tick { tick_us, samples }
    }

    /// Keeps the newest value of each signal; where these are too many still, the newest of all.
    ///
    /// It leaves a quarter of the places free, so that the work is not done for each sample.
    fn make_room(&mut self) {
        let samples = self.pending.take();
        let mut signals = FxHashSet::default();
        let mut places_left = self.pending_max - self.pending_max / 4;
        let mut is_kept = |sample: &Sample| {
            let kept = places_left > 0 && signals.insert((sample.vehicle.clone(), sample.signal));
            places_left -= usize::from(kept);
            kept
        };
        let mut kept: Vec<bool> = samples.iter().rev().map(&mut is_kept).collect();
        kept.reverse();
        for (sample, kept) in samples.into_iter().zip(kept) {
            if kept {
                self.pending.push(sample);
            } else {
                self.lost.superseded += 1;
                self.settle(&sample, Fate::Superseded);
            }
        }
    }

    fn settle(&mut self, sample: &Sample, fate: Fate) {
        if let Some(receipt) = sample.receipt {
            self.settled.push(Settled { receipt, fate });
        }
    }
}

#[cfg(test)]
mod tests;
