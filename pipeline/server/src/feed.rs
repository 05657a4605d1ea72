//! The action feed: keeps the latest decisions, and gives them to every subscriber in its own time.

mod filter;
mod service;
mod subscriber;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use piccolo_engine::Decision;
use thiserror::Error;

pub use filter::{FILTER_NAMES_MAX, Filter, FilterError};
pub use service::FeedService;
pub use subscriber::{BATCH_DECISIONS_MAX, Event, Gap, Subscription};

use crate::ports::DecisionSink;
use subscriber::Subscriber;

/// The most decisions that are kept for those who resume.
pub const RING_DECISIONS_MAX: usize = 16_384;

/// The most decisions that wait for one subscriber.
pub const QUEUE_DECISIONS_MAX: usize = 16_384;

/// The most subscribers at one time.
pub const SUBSCRIBERS_MAX: usize = 256;

/// The bounds of a feed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Decisions kept for those who resume.
    pub ring: usize,
    /// Decisions that wait for one subscriber; what a resume brings may be as much as the ring.
    pub queue: usize,
    /// Subscribers at one time.
    pub subscribers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring: RING_DECISIONS_MAX, queue: QUEUE_DECISIONS_MAX, subscribers: SUBSCRIBERS_MAX }
    }
}

/// From where on a subscriber wants decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the next one that falls.
    Next,
    /// From the oldest that is kept.
    Oldest,
    /// After the one with this id.
    After(Box<str>),
}

/// Why a subscription is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FeedError {
    /// There are as many subscribers as there may be.
    #[error("there are {0} subscribers already, and no more are taken")]
    Full(usize),
}

/// The hub between the engine's thread and the subscribers.
///
/// Publishing never waits: it costs the engine's thread one comparison with
/// the filter and one pointer for each subscriber and decision. A subscriber
/// that does not read loses the oldest decisions of its own queue, and is told.
#[derive(Debug)]
pub struct Feed {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ring: VecDeque<Arc<Decision>>,
    subscribers: Vec<Arc<Subscriber>>,
    closed: bool,
}

impl Feed {
    /// A feed without decisions and subscribers.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Subscribes to what passes the filter.
    ///
    /// Where the feed is closed, the subscription gives what is kept and ends.
    ///
    /// # Errors
    /// [`FeedError::Full`] where there are too many subscribers.
    pub fn subscribe(
        self: &Arc<Self>,
        filter: Filter,
        start: &Start,
    ) -> Result<Subscription, FeedError> {
        let mut state = self.state();
        if state.subscribers.len() >= self.limits.subscribers {
            return Err(FeedError::Full(self.limits.subscribers));
        }
        let (first, known) = state.position(start);
        let kept = state.ring.range(first..).filter(|decision| filter.passes(decision)).cloned();
        let kept: VecDeque<_> = kept.collect();
        let subscriber = Arc::new(Subscriber::new(filter, self.limits.queue, kept, known));
        if state.closed {
            subscriber.close();
        }
        state.subscribers.push(Arc::clone(&subscriber));
        drop(state);
        Ok(Subscription::new(subscriber, Arc::clone(self)))
    }

    /// How many subscribers there are.
    pub fn subscribers(&self) -> usize {
        self.state().subscribers.len()
    }

    fn unsubscribe(&self, subscriber: &Arc<Subscriber>) {
        self.state().subscribers.retain(|other| !Arc::ptr_eq(other, subscriber));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock panics, and none leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The place in the ring from which to send, and whether `start` is known.
    fn position(&self, start: &Start) -> (usize, bool) {
        match start {
            Start::Next => (self.ring.len(), true),
            Start::Oldest => (0, true),
            Start::After(id) => {
                let place = |id| self.ring.iter().rposition(|decision| decision.id == id);
                match id.parse().ok().and_then(place) {
                    Some(place) => (place + 1, true),
                    None => (0, false),
                }
            }
        }
    }
}

impl DecisionSink for Feed {
    fn publish(&self, decisions: Vec<Decision>) {
        let decisions: Vec<_> = decisions.into_iter().map(Arc::new).collect();
        let mut state = self.state();
        for subscriber in &state.subscribers {
            subscriber.offer(&decisions);
        }
        state.ring.extend(decisions);
        let excess = state.ring.len().saturating_sub(self.limits.ring);
        state.ring.drain(..excess);
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for subscriber in &state.subscribers {
            subscriber.close();
        }
    }
}

#[cfg(test)]
mod tests;
