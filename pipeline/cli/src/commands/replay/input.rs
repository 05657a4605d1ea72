//! Recordings as one stream that can be looked into, and hashed as far as it was read.

use piccolo_catalogue::Catalogue;
use piccolo_recording::{Fault, Merge, Next, Sample};

use crate::receipt::SampleHash;

/// Recordings merged by time, with the next sample.
pub(super) struct Input<'a> {
    merge: Merge,
    catalogue: &'a Catalogue,
    /// Where to stop.
    to_us: Option<u64>,
    head: Option<(usize, Sample)>,
    stopped: bool,
    last_us: Option<u64>,
    /// Of the samples of each recording so far; none where nobody asks.
    hashes: Option<Vec<SampleHash>>,
}

impl<'a> Input<'a> {
    pub(super) fn new(merge: Merge, catalogue: &'a Catalogue, to_us: Option<u64>) -> Self {
        Self { merge, catalogue, to_us, head: None, stopped: false, last_us: None, hashes: None }
    }

    /// Hashes the samples of so many recordings from now on.
    pub(super) fn hash(&mut self, recordings: usize) {
        self.hashes = Some((0..recordings).map(|_| SampleHash::default()).collect());
    }

    /// How many samples of each recording were read, with their hash.
    pub(super) fn hashes(&self) -> Vec<(u64, String)> {
        self.hashes.iter().flatten().map(SampleHash::finish).collect()
    }

    /// The time of the next sample; the faults before it go to `fault`, which may end it all.
    pub(super) fn peek<E>(
        &mut self,
        mut fault: impl FnMut(&Fault) -> Result<(), E>,
    ) -> Result<Option<u64>, E> {
        while self.head.is_none() && !self.stopped {
            match self.merge.next() {
                None => return Ok(None),
                Some(Next::Fault(found)) => fault(&found)?,
                Some(Next::Sample(_, sample)) if self.is_after(&sample) => self.stopped = true,
                Some(Next::Sample(index, sample)) => self.head = Some((index, sample)),
            }
        }
        Ok(self.head.as_ref().map(|(_, sample)| sample.time_us))
    }

    /// Takes the sample that was looked at.
    pub(super) fn take(&mut self) -> Option<(usize, Sample)> {
        let (index, sample) = self.head.take()?;
        self.last_us = Some(sample.time_us);
        if let Some(hash) = self.hashes.as_mut().and_then(|hashes| hashes.get_mut(index)) {
            let path = self.catalogue.get(sample.signal).map_or("", |signal| &signal.path);
            hash.take(&sample, path);
        }
        Some((index, sample))
    }

    /// Whether there were samples at or after the time to stop at.
    pub(super) fn stopped(&self) -> bool {
        self.stopped
    }

    /// The time of the last sample that was taken.
    pub(super) fn last_us(&self) -> Option<u64> {
        self.last_us
    }

    fn is_after(&self, sample: &Sample) -> bool {
        self.to_us.is_some_and(|to_us| sample.time_us >= to_us)
    }
}
