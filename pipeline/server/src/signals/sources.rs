//! What is known of each source: what it sent, what is settled, what was wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use piccolo_wire::v1::{Acknowledgement, SampleFault, SampleFaultCount, SampleFaultKind};
use rustc_hash::FxHashMap;
use thiserror::Error;
use tokio::sync::watch;

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
    numbers: FxHashMap<Box<str>, u32>,
    sources: Vec<Arc<Source>>,
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
    repeated: u64,
    counts: [u64; KINDS.len()],
    faults: VecDeque<SampleFault>,
}

const KINDS: [SampleFaultKind; 6] = [
    SampleFaultKind::UnknownSignal,
    SampleFaultKind::ValueDoesNotFit,
    SampleFaultKind::Late,
    SampleFaultKind::Superseded,
    SampleFaultKind::Refused,
    SampleFaultKind::Ahead,
];

impl Sources {
    /// Opens a stream of the source with this name, which ends its stream before.
    ///
    /// Returns the stream and how many positions before `first_position` were never received.
    pub(super) fn open(
        &self,
        name: &str,
        first_position: u64,
    ) -> Result<(Stream, u64), SourceError> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match table.numbers.get(name) {
            Some(number) => *number,
            None if table.sources.len() >= SOURCES_MAX => return Err(SourceError::TooMany),
            None => {
                let number = table.sources.len() as u32;
                table.numbers.insert(name.into(), number);
                let source = Source { state: Mutex::default(), changed: watch::Sender::new(()) };
                table.sources.push(Arc::new(source));
                number
            }
        };
        let source = Arc::clone(&table.sources[number as usize]);
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
            let source = {
                let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
                table.sources.get(number as usize).cloned()
            };
            let of_source =
                std::iter::from_fn(|| settled.next_if(|next| next.receipt.source == number));
            match source {
                Some(source) => source.settle(of_source),
                // Nobody gives such a receipt; it is passed over all the same.
                None => of_source.for_each(drop),
            }
        }
    }
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
        let lost = first.saturating_sub(1).saturating_sub(self.received());
        if lost > 0 {
            // Nothing of the window can be left out, so that those on their way count as settled.
            self.acknowledged = first - 1;
            self.window.clear();
        }
        lost
    }

    fn settle(&mut self, position: u64, fate: &Fate) {
        if let Some((kind, message)) = fault(fate) {
            if let Some(place) = KINDS.iter().position(|known| *known == kind) {
                self.counts[place] += 1;
            }
            if self.faults.len() < FAULTS_KEPT_MAX {
                self.faults.push_back(SampleFault { position, kind: kind.into(), message });
            }
        }
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

/// The fault that a fate is, as a kind and a sentence; none where the sample was taken.
fn fault(fate: &Fate) -> Option<(SampleFaultKind, String)> {
    Some(match fate {
        Fate::Taken => return None,
        Fate::UnknownSignal(message) => (SampleFaultKind::UnknownSignal, message.to_string()),
        Fate::ValueDoesNotFit(message) => (SampleFaultKind::ValueDoesNotFit, message.to_string()),
        Fate::Late(reached_us) => {
            (SampleFaultKind::Late, format!("it came after the engine had reached {reached_us} us"))
        }
        Fate::Superseded => {
            (SampleFaultKind::Superseded, "a newer value of the signal took its place".into())
        }
        Fate::Refused(message) => (SampleFaultKind::Refused, message.to_string()),
        Fate::Ahead => (SampleFaultKind::Ahead, "its time is too far ahead of all others".into()),
    })
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

    /// Takes note of `count` samples from position `first` on; returns how many of them were
    /// received before.
    pub(super) fn receive(&self, first: u64, count: usize) -> Result<usize, SourceError> {
        let mut state = self.source.state();
        self.check(&state)?;
        let expected = state.received() + 1;
        if first > expected || first == 0 {
            return Err(SourceError::Gap { expected, found: first });
        }
        let repeated = usize::try_from(expected - first).unwrap_or(usize::MAX).min(count);
        state.repeated += repeated as u64;
        let length = state.window.len() + count - repeated;
        state.window.resize(length, false);
        drop(state);
        if repeated > 0 {
            self.source.changed.send_replace(());
        }
        Ok(repeated)
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
