//! What is known of each source: what it sent, what is settled, what was wrong.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use piccolo_wire::v1::{Acknowledgement, SampleFault, SampleFaultCount};
use rustc_hash::FxHashMap;
use thiserror::Error;
use tokio::sync::watch;

use super::fault::{FaultCounts, KINDS, fault, place_of};
use super::record::SourceRecord;
use crate::ports::{Fate, Receipt, SettleSink, Settled, StreamId};

/// The most sources that are remembered.
pub const SOURCES_MAX: usize = 1_024;

/// The most samples of one source that are on their way; the source waits beyond.
pub const IN_FLIGHT_MAX: usize = 65_536;

/// The most faults of one acknowledgement that are told one by one.
pub const FAULTS_KEPT_MAX: usize = 64;

/// Every source that was ever seen, by name, with its positions.
#[derive(Debug, Default)]
pub struct Sources {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    numbers: FxHashMap<Arc<str>, u32>,
    sources: Vec<(Arc<str>, Arc<Source>)>,
}

impl Table {
    /// The number of a new source.
    fn add(&mut self, name: Arc<str>, state: State) -> u32 {
        let number = self.sources.len() as u32;
        self.numbers.insert(Arc::clone(&name), number);
        let source = Source { state: Mutex::new(state), changed: watch::Sender::new(()) };
        self.sources.push((name, Arc::new(source)));
        number
    }
}

/// Why a source's samples are not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum SourceError {
    /// Too many sources.
    #[error("{SOURCES_MAX} sources are known already, and no more are taken")]
    TooMany,
    /// The source has opened another stream since.
    #[error("the source has opened another stream, and this one ends")]
    Replaced,
    /// Samples are missing before these.
    #[error("position {expected} is the next, and {found} leaves a gap")]
    Gap {
        /// The position that comes next.
        expected: u64,
        /// The one that came.
        found: u64,
    },
}

#[derive(Debug)]
struct Source {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the streams; only the latest may send.
    stream: u64,
    acknowledged: u64,
    /// Whether each sample after `acknowledged` is settled; the first one never is.
    window: VecDeque<bool>,
    /// Positions beyond `acknowledged` that were settled before the server started: when they come
    /// again, they are settled still.
    before: BTreeSet<u64>,
    repeated: u64,
    counts: FaultCounts,
    faults: VecDeque<SampleFault>,
}

impl Sources {
    /// Sources as they were when the server ended, numbered in this order.
    pub fn kept(records: &[SourceRecord]) -> Self {
        let mut table = Table::default();
        for record in records {
            let state = State {
                acknowledged: record.acknowledged,
                before: record.beyond(),
                counts: record.counts,
                ..State::default()
            };
            table.add(Arc::clone(&record.name), state);
        }
        Self { table: Mutex::new(table) }
    }

    /// The name of a source.
    pub(crate) fn name(&self, number: u32) -> Option<Arc<str>> {
        self.table().sources.get(number as usize).map(|(name, _)| Arc::clone(name))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream of the source with this name, which ends its stream before.
    ///
    /// Returns the stream and how many positions before `first_position` were never received.
    pub(super) fn open(
        &self,
        name: &str,
        first_position: u64,
    ) -> Result<(Stream, u64), SourceError> {
        let mut table = self.table();
        let number = match table.numbers.get(name) {
            Some(number) => *number,
            None if table.sources.len() >= SOURCES_MAX => return Err(SourceError::TooMany),
            None => table.add(name.into(), State::default()),
        };
        let source = Arc::clone(&table.sources[number as usize].1);
        drop(table);
        let (stream, lost) = {
            let mut state = source.state();
            state.stream += 1;
            (state.stream, state.skip_to(first_position))
        };
        source.changed.send_replace(());
        let changed = source.changed.subscribe();
        Ok((Stream { source, number, stream, changed }, lost))
    }
}

impl SettleSink for Sources {
    fn settle(&self, settled: Vec<Settled>) {
        let mut settled = settled.into_iter().peekable();
        while let Some(Settled { receipt: Receipt { source: number, .. }, .. }) = settled.peek() {
            let number = *number;
            let source = self.table().sources.get(number as usize).map(|(_, of)| Arc::clone(of));
            let of_source =
                std::iter::from_fn(|| settled.next_if(|next| next.receipt.source == number));
            match source {
                Some(source) => source.settle(of_source),
                // Nobody gives such a receipt; it is passed over all the same.
                None => of_source.for_each(drop),
            }
        }
    }

    /// The stream that was opened with the position knows.
    fn skipped(&self, _: u32, _: u64) {}
}

impl Source {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock panics, and none leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, settled: impl Iterator<Item = Settled>) {
        let mut state = self.state();
        for Settled { receipt, fate } in settled {
            state.settle(receipt.position, &fate);
        }
        drop(state);
        self.changed.send_replace(());
    }
}

impl State {
    /// The highest position that was received.
    fn received(&self) -> u64 {
        self.acknowledged + self.window.len() as u64
    }

    /// Gives up what can never come any more: positions after the last one received, before `first`.
    fn skip_to(&mut self, first: u64) -> u64 {
        let settled = self.before.range(..first).count() as u64;
        let lost = first.saturating_sub(1).saturating_sub(self.received() + settled);
        if lost > 0 {
            // Nothing of the window can be left out, so that those on their way count as settled.
            self.acknowledged = first - 1;
            self.window.clear();
            self.before = self.before.split_off(&first);
        }
        lost
    }

    /// Takes note of `count` more samples; those of them that were settled before the server
    /// started.
    fn extend(&mut self, count: usize) -> Vec<u64> {
        let first = self.received() + 1;
        self.window.resize(self.window.len() + count, false);
        if self.before.is_empty() {
            return Vec::new();
        }
        let later = self.before.split_off(&(first + count as u64));
        let settled = std::mem::replace(&mut self.before, later);
        for position in &settled {
            self.mark(*position);
        }
        settled.into_iter().collect()
    }

    fn settle(&mut self, position: u64, fate: &Fate) {
        if let Some((kind, message)) = fault(fate) {
            self.counts[place_of(kind)] += 1;
            if self.faults.len() < FAULTS_KEPT_MAX {
                self.faults.push_back(SampleFault { position, kind: kind.into(), message });
            }
        }
        self.mark(position);
    }

    fn mark(&mut self, position: u64) {
        let place = position.checked_sub(self.acknowledged + 1);
        if let Some(done) = place.and_then(|place| self.window.get_mut(place as usize)) {
            *done = true;
        }
        while self.window.front() == Some(&true) {
            self.window.pop_front();
            self.acknowledged += 1;
        }
    }

    fn acknowledgement(&mut self) -> Acknowledgement {
        let counts = KINDS.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        Acknowledgement {
            acknowledged_position: self.acknowledged,
            repeated_count: self.repeated,
            fault_counts: counts
                .map(|(kind, count)| SampleFaultCount { kind: (*kind).into(), count })
                .collect(),
            faults: self.faults.drain(..).collect(),
        }
    }
}

/// Samples of a batch that were received before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeated {
    /// So many at the beginning.
    pub(super) first: usize,
    /// Positions of others, ascending: they were settled before the server started, and those
    /// between them were not.
    pub(super) settled: Vec<u64>,
}

/// One stream of a source.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    source: Arc<Source>,
    number: u32,
    stream: u64,
    changed: watch::Receiver<()>,
}

impl Stream {
    /// The stream among all.
    pub(super) fn id(&self) -> StreamId {
        StreamId { source: self.number, stream: self.stream }
    }

    /// The receipt of one sample.
    pub(super) fn receipt(&self, position: u64) -> Receipt {
        Receipt { source: self.number, position }
    }

    /// The highest position up to which every sample is settled.
    pub(super) fn acknowledged(&self) -> u64 {
        self.source.state().acknowledged
    }

    /// Whether every sample that was received is settled.
    pub(super) fn is_settled(&self) -> bool {
        self.source.state().window.is_empty()
    }

    /// Waits until `count` more samples may be on their way.
    pub(super) async fn room(&mut self, count: usize) -> Result<(), SourceError> {
        loop {
            self.changed.borrow_and_update();
            {
                let state = self.source.state();
                self.check(&state)?;
                // A batch passes alone where it is larger than the bound.
                if state.window.is_empty() || state.window.len() + count <= IN_FLIGHT_MAX {
                    return Ok(());
                }
            }
            self.wait().await;
        }
    }

    /// Takes note of `count` samples from position `first` on; returns which of them were received
    /// before.
    pub(super) fn receive(&self, first: u64, count: usize) -> Result<Repeated, SourceError> {
        let mut state = self.source.state();
        self.check(&state)?;
        let expected = state.received() + 1;
        if first > expected || first == 0 {
            return Err(SourceError::Gap { expected, found: first });
        }
        let repeated = usize::try_from(expected - first).unwrap_or(usize::MAX).min(count);
        state.repeated += repeated as u64;
        let settled = state.extend(count - repeated);
        state.repeated += settled.len() as u64;
        drop(state);
        if repeated + settled.len() > 0 {
            self.source.changed.send_replace(());
        }
        Ok(Repeated { first: repeated, settled })
    }

    /// What became of the source's samples since the last call.
    pub(super) fn acknowledgement(&self) -> Result<Acknowledgement, SourceError> {
        let mut state = self.source.state();
        self.check(&state)?;
        Ok(state.acknowledgement())
    }

    /// Waits until something of the source has changed since the last wait.
    pub(super) async fn wait(&mut self) {
        // The sender lives as long as `self.source`: there is no error to handle.
        drop(self.changed.changed().await);
    }

    fn check(&self, state: &State) -> Result<(), SourceError> {
        if state.stream == self.stream { Ok(()) } else { Err(SourceError::Replaced) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_settled_before_the_server_started_is_not_taken_again() {
        let mut record = SourceRecord::new("s".into());
        for position in [1, 2, 5, 6, 9] {
            record.settle(position, &Fate::Taken);
        }
        record.settle(4, &Fate::Superseded);
        let sources = Sources::kept(&[record]);
        let (stream, lost) = sources.open("s", 1).unwrap();
        assert_eq!((stream.acknowledged(), lost), (2, 0));
        // It sends on from what was acknowledged.
        assert_eq!(stream.receive(3, 3).unwrap(), Repeated { first: 0, settled: vec![4, 5] });
        assert_eq!(stream.receive(6, 2).unwrap(), Repeated { first: 0, settled: vec![6] });
        assert_eq!(stream.receive(6, 5).unwrap(), Repeated { first: 2, settled: vec![9] });
        let settle = |position| Settled { receipt: stream.receipt(position), fate: Fate::Taken };
        sources.settle([3, 7, 8].map(settle).into());
        let told = stream.acknowledgement().unwrap();
        // Faults from before are counted still.
        assert_eq!((told.acknowledged_position, told.fault_counts[0].count), (9, 1));
        assert_eq!(told.repeated_count, 2 + 1 + 3);
    }

    #[test]
    fn what_a_source_gives_up_counts_as_lost_unless_it_was_settled() {
        let mut record = SourceRecord::new("s".into());
        [1, 4, 8].into_iter().for_each(|position| record.settle(position, &Fate::Taken));
        let sources = Sources::kept(&[record]);
        let (stream, lost) = sources.open("s", 7).unwrap();
        assert_eq!((stream.acknowledged(), lost), (6, 4));
        assert_eq!(stream.receive(7, 2).unwrap(), Repeated { first: 0, settled: vec![8] });
    }
}
