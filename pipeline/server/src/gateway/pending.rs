//! Samples that wait for their time, in the order in which they leave.

use std::collections::{BTreeMap, VecDeque};

use crate::ports::Sample;

/// Samples by event time, those of one time by arrival.
///
/// Most samples come in order and only join the end of a queue; those that do not are sorted.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Samples none of which was earlier than the one before it.
    queue: VecDeque<Sample>,
    /// Samples that were earlier than the last of the queue, by time and arrival. Where one of
    /// them has the time of one in the queue, it came later: the queue's last had passed it.
    earlier: BTreeMap<(u64, u64), Sample>,
    arrivals: u64,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.earlier.len()
    }

    pub(super) fn push(&mut self, sample: Sample) {
        if self.queue.back().is_none_or(|last| last.time_us <= sample.time_us) {
            self.queue.push_back(sample);
        } else {
            self.earlier.insert((sample.time_us, self.arrivals), sample);
            self.arrivals += 1;
        }
    }

    /// The time of the first sample.
    pub(super) fn first_us(&self) -> Option<u64> {
        let queued = self.queue.front().map(|sample| sample.time_us);
        let sorted = self.earlier.first_key_value().map(|((time_us, _), _)| *time_us);
        match (queued, sorted) {
            (Some(queued), Some(sorted)) => Some(queued.min(sorted)),
            (one, other) => one.or(other),
        }
    }

    /// The time of the last sample.
    pub(super) fn last_us(&self) -> Option<u64> {
        let queued = self.queue.back().map(|sample| sample.time_us);
        let sorted = self.earlier.last_key_value().map(|((time_us, _), _)| *time_us);
        queued.max(sorted)
    }

    /// Takes the first sample.
    pub(super) fn pop(&mut self) -> Option<Sample> {
        let sorted = self.earlier.first_key_value().map(|((time_us, _), _)| *time_us);
        match (self.queue.front(), sorted) {
            (Some(queued), Some(sorted)) if sorted < queued.time_us => {
                self.earlier.pop_first().map(|(_, sample)| sample)
            }
            (None, Some(_)) => self.earlier.pop_first().map(|(_, sample)| sample),
            _ => self.queue.pop_front(),
        }
    }

    /// Takes all samples, in order.
    pub(super) fn take(&mut self) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(self.len());
        while let Some(sample) = self.pop() {
            samples.push(sample);
        }
        samples
    }
}
