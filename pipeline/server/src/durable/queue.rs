//! What waits to be kept.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use piccolo_engine::{Decision, EngineError, Snapshot};

use crate::ports::{Changed, Closed, RuleOrder, Settled, Tick};

/// The most steps that wait; the engine waits beyond.
pub(super) const ITEMS_MAX: usize = 64;

/// How long a sample may wait that led to no decision: each write costs a sync of the disk.
pub(super) const SAMPLES_WITHIN: Duration = Duration::from_millis(50);

/// How long it may take until it is kept that time has passed and nothing happened.
pub(super) const TIME_WITHIN: Duration = Duration::from_secs(1);

/// Something that the engine came to.
pub(super) enum Item {
    Step { tick: Tick, decisions: Vec<Decision>, settled: Vec<Settled> },
    Change(Box<RuleOrder>, Result<Changed, EngineError>),
    Snapshot(Box<Snapshot>),
}

impl Item {
    /// How long it may wait.
    fn patience(&self) -> Duration {
        match self {
            Self::Step { tick, decisions, .. } if decisions.is_empty() => {
                if tick.samples.is_empty() { TIME_WITHIN } else { SAMPLES_WITHIN }
            }
            _ => Duration::ZERO,
        }
    }
}

/// What is kept with one write.
#[derive(Default)]
pub(super) struct Batch {
    /// In order; a snapshot is the last one.
    pub(super) items: Vec<Item>,
    /// What became of samples that did not get to the engine.
    pub(super) settled: Vec<Settled>,
    /// Sources and the positions up to which what is missing never comes.
    pub(super) skipped: Vec<(u32, u64)>,
}

/// Between the engine's thread and others on one side, and the one that keeps on the other.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There may be something to take.
    filled: Condvar,
    /// There is room.
    emptied: Condvar,
    wants_snapshot: AtomicBool,
    /// Bytes of inputs since the last snapshot.
    bytes: AtomicU64,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    settled: Vec<Settled>,
    skipped: Vec<(u32, u64)>,
    /// When what waits is to be taken.
    due: Option<Instant>,
    /// No more items come.
    closed: bool,
    /// Nothing is taken any more.
    stopped: bool,
}

impl State {
    fn hurry(&mut self, patience: Duration) {
        let due = Instant::now() + patience;
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// A step in which only time passes goes into the one before, where that is such a one too.
    fn push(&mut self, item: Item) {
        self.hurry(item.patience());
        if item.patience() == TIME_WITHIN
            && let Some(last) = self.items.back_mut().filter(|last| last.patience() == TIME_WITHIN)
        {
            *last = item;
            return;
        }
        self.items.push_back(item);
        if self.items.len() > ITEMS_MAX / 2 {
            self.hurry(Duration::ZERO);
        }
    }

    fn take(&mut self) -> Batch {
        let is_snapshot = |item: &Item| matches!(item, Item::Snapshot(_));
        let count = self.items.iter().position(is_snapshot).map_or(self.items.len(), |at| at + 1);
        let items = self.items.drain(..count).collect();
        self.due = (!self.items.is_empty()).then(Instant::now);
        let (settled, skipped) = (mem::take(&mut self.settled), mem::take(&mut self.skipped));
        Batch { items, settled, skipped }
    }
}

impl Queue {
    /// Puts something in, and waits for room first.
    pub(super) fn push(&self, item: Item) -> Result<(), Closed> {
        let mut state = self.state();
        while state.items.len() >= ITEMS_MAX && !state.stopped {
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            return Err(Closed);
        }
        state.push(item);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes note of samples that did not get to the engine.
    pub(super) fn settle(&self, settled: Vec<Settled>) {
        let mut state = self.state();
        state.settled.extend(settled);
        state.hurry(SAMPLES_WITHIN);
        self.filled.notify_one();
    }

    /// Takes note that samples of a source up to this position never come.
    pub(super) fn skip(&self, source: u32, position: u64) {
        let mut state = self.state();
        state.skipped.push((source, position));
        state.hurry(SAMPLES_WITHIN);
        self.filled.notify_one();
    }

    /// Lets whoever takes look again.
    pub(super) fn poke(&self) {
        self.state().hurry(Duration::ZERO);
        self.filled.notify_one();
    }

    /// What waits, when it is time; none where nothing waits and no more comes. It may be empty.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut state = self.state();
        loop {
            let wait = state.due.map(|due| due.saturating_duration_since(Instant::now()));
            match wait {
                Some(wait) if wait.is_zero() || state.closed => break,
                None if state.closed => return None,
                Some(wait) => {
                    let waited = self.filled.wait_timeout(state, wait);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => {
                    state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        let batch = state.take();
        self.emptied.notify_one();
        Some(batch)
    }

    /// No more items come.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    /// Nothing is taken any more.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.emptied.notify_one();
    }

    /// Counts bytes of inputs, and asks for a snapshot where there are as many as this.
    pub(super) fn count(&self, bytes: u64, snapshot_bytes: u64) {
        let all = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if all >= snapshot_bytes {
            self.wants_snapshot.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a snapshot is to be taken now, or at the end.
    pub(super) fn wants_snapshot(&self, at_the_end: bool) -> bool {
        let anything = || self.bytes.load(Ordering::Relaxed) > 0 || !self.state().items.is_empty();
        self.wants_snapshot.load(Ordering::Relaxed) || at_the_end && anything()
    }

    /// Takes note that a snapshot is on its way.
    pub(super) fn snapshot_taken(&self) {
        self.wants_snapshot.store(false, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock panics, and none leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn step(tick_us: u64) -> Item {
        let tick = Tick { tick_us, samples: Vec::new() };
        Item::Step { tick, decisions: Vec::new(), settled: Vec::new() }
    }

    fn ticks(batch: &Batch) -> Vec<u64> {
        let of = |item: &Item| match item {
            Item::Step { tick, .. } => Some(tick.tick_us),
            _ => None,
        };
        batch.items.iter().filter_map(of).collect()
    }

    #[test]
    fn time_that_passes_is_kept_once_and_late() {
        let queue = Queue::default();
        for tick_us in 1..=10 * ITEMS_MAX as u64 {
            queue.push(step(tick_us)).unwrap();
        }
        let due = queue.state().due.unwrap();
        assert!(due > Instant::now() + TIME_WITHIN / 2);
        queue.close();
        assert_eq!(ticks(&queue.take().unwrap()), [10 * ITEMS_MAX as u64]);
        assert!(queue.take().is_none());
    }

    #[test]
    fn who_brings_too_much_waits_until_some_is_taken_or_nothing_is_any_more() {
        let queue = Arc::new(Queue::default());
        let full = || {
            for _ in 0..ITEMS_MAX {
                let decided = Item::Step {
                    tick: Tick::default(),
                    decisions: Vec::new(),
                    settled: Vec::new(),
                };
                // Samples keep steps apart.
                queue.state().items.push_back(decided);
            }
        };
        full();
        let waiting = Arc::clone(&queue);
        let thread = std::thread::spawn(move || waiting.push(step(7)));
        queue.poke();
        assert_eq!(queue.take().unwrap().items.len(), ITEMS_MAX);
        assert_eq!(thread.join().unwrap(), Ok(()));
        full();
        let waiting = Arc::clone(&queue);
        let thread = std::thread::spawn(move || waiting.push(step(8)));
        queue.stop();
        assert_eq!(thread.join().unwrap(), Err(Closed));
    }
}
