//! The latest decisions, and how far each subscriber has read them.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Decided, Event, Filter, Gap, Start};

/// The most decisions of one message.
pub const BATCH_DECISIONS_MAX: usize = 256;

/// The most decisions that one look at the ring goes through, so that others have their turn.
pub const SCAN_DECISIONS_MAX: usize = 1_024;

/// A bounded ring with numbered decisions and numbered readers.
#[derive(Debug, Default)]
pub(super) struct Ring {
    decided: VecDeque<Arc<Decided>>,
    /// The number of the first decision that is kept.
    first: u64,
    readers: FxHashMap<u64, Reader>,
    next_reader: u64,
    closed: bool,
}

/// A place in the ring.
#[derive(Debug)]
struct Reader {
    filter: Filter,
    /// What was kept when the reader came, and is not read yet: it is not lost to a full ring.
    kept: VecDeque<Arc<Decided>>,
    /// The number of the decision that comes next after these.
    next: u64,
    /// Whether to say first that the place to go on from is not known.
    unknown: bool,
    /// What left the ring unread before `next`.
    gap: Option<Gap>,
}

/// What a look at the ring gives.
#[derive(Debug)]
pub(super) enum Look {
    /// An event for the reader.
    Event(Event),
    /// Nothing so far, and there is more to look at.
    Again,
    /// Nothing until something changes.
    Wait,
    /// Nothing any more.
    End,
}

impl Ring {
    /// Adds decisions; the oldest leave where there are more than `kept_max`.
    pub(super) fn extend(&mut self, decided: impl IntoIterator<Item = Decided>, kept_max: usize) {
        self.decided.extend(decided.into_iter().map(Arc::new));
        let excess = self.decided.len().saturating_sub(kept_max);
        let first = self.first + excess as u64;
        for reader in self.readers.values_mut().filter(|reader| reader.next < first) {
            let read = (reader.next - self.first) as usize;
            self.decided.range(read..excess).for_each(|decided| reader.miss(decided));
            reader.next = first;
        }
        self.decided.drain(..excess);
        self.first = first;
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn readers(&self) -> usize {
        self.readers.len()
    }

    /// A new reader's number.
    pub(super) fn read_from(&mut self, filter: Filter, start: &Start) -> u64 {
        let (place, known) = self.place(start);
        let kept = self.decided.range(place..).filter(|kept| filter.passes(kept));
        let kept = kept.cloned().collect();
        let next = self.first + self.decided.len() as u64;
        let number = self.next_reader;
        self.next_reader += 1;
        self.readers.insert(number, Reader { filter, kept, next, unknown: !known, gap: None });
        number
    }

    pub(super) fn leave(&mut self, reader: u64) {
        self.readers.remove(&reader);
    }

    /// What comes next for a reader.
    pub(super) fn look(&mut self, reader: u64) -> Look {
        let Some(reader) = self.readers.get_mut(&reader) else { return Look::End };
        if let Some(event) = reader.comes_first() {
            return Look::Event(event);
        }
        let place = (reader.next - self.first) as usize;
        let mut wanted = Vec::new();
        for decided in self.decided.range(place..).take(SCAN_DECISIONS_MAX) {
            reader.next += 1;
            if reader.filter.passes(decided) {
                wanted.push(Arc::clone(decided));
                if wanted.len() == BATCH_DECISIONS_MAX {
                    break;
                }
            }
        }
        let at_the_end = reader.next == self.first + self.decided.len() as u64;
        match (wanted.is_empty(), at_the_end) {
            (false, _) => Look::Event(Event::Decisions(wanted)),
            (true, false) => Look::Again,
            (true, true) if self.closed => Look::End,
            (true, true) => Look::Wait,
        }
    }

    /// The place in the ring from which to send, and whether `start` is known.
    fn place(&self, start: &Start) -> (usize, bool) {
        match start {
            Start::Next => (self.decided.len(), true),
            Start::Oldest => (0, true),
            Start::After(id) => {
                let place = |id| self.decided.iter().rposition(|kept| kept.id() == id);
                let found = id.parse().ok().and_then(place);
                found.map_or((0, false), |place| (place + 1, true))
            }
        }
    }
}

impl Reader {
    /// What the reader gets before the next decision of the ring.
    fn comes_first(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.unknown) {
            return Some(Event::Unknown);
        }
        let count = self.kept.len().min(BATCH_DECISIONS_MAX);
        if count > 0 {
            return Some(Event::Decisions(self.kept.drain(..count).collect()));
        }
        self.gap.take().map(Event::Missed)
    }

    /// A decision leaves the ring before the reader has come to it.
    fn miss(&mut self, decided: &Arc<Decided>) {
        if !self.filter.passes(decided) {
            return;
        }
        let last = Arc::clone(decided);
        match &mut self.gap {
            Some(gap) => {
                gap.count += 1;
                gap.last = last;
            }
            None => self.gap = Some(Gap { count: 1, first: Arc::clone(decided), last }),
        }
    }
}
