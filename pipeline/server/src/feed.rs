//! The action feed: keeps the latest decisions, and gives them to every subscriber in its own time.

mod decided;
mod filter;
mod ring;
mod service;
mod subscription;

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use piccolo_engine::Decision;
use thiserror::Error;
use tokio::sync::Notify;

pub use decided::Decided;
pub use filter::{FILTER_NAMES_MAX, Filter, FilterError};
pub use ring::{BATCH_DECISIONS_MAX, SCAN_DECISIONS_MAX};
pub use service::FeedService;
pub use subscription::{Event, Gap, Subscription};

use crate::ports::DecisionSink;
use ring::Ring;

/// The most decisions that are kept, for those who resume and for those who read slowly.
pub const RING_DECISIONS_MAX: usize = 16_384;

/// How many decisions may have fallen before the engine's thread itself puts them into the ring.
pub const INBOX_DECISIONS_MAX: usize = 4_096;

/// The most subscribers at one time.
pub const SUBSCRIBERS_MAX: usize = 256;

/// The bounds of a feed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Decisions kept for those who resume and for those who read slowly.
    pub ring: usize,
    /// Subscribers at one time.
    pub subscribers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring: RING_DECISIONS_MAX, subscribers: SUBSCRIBERS_MAX }
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
/// Publishing never waits for a subscriber, and costs the engine's thread the same for one as for
/// a hundred: it leaves decisions in an inbox and wakes [`Feed::run`], which puts them into the
/// ring and wakes everybody. Each subscriber reads the ring with its own filter, from its own
/// place. One that reads too slowly is told how many decisions that it wanted have left the ring.
#[derive(Debug)]
pub struct Feed {
    limits: Limits,
    inbox: Mutex<Inbox>,
    ring: Mutex<Ring>,
    /// There is something in the inbox.
    published: Notify,
    /// There is something new in the ring.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inbox {
    decisions: Vec<Decided>,
    closed: bool,
}

impl Feed {
    /// A feed without decisions and subscribers; somebody has to [`Self::run`] it.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            inbox: Mutex::default(),
            ring: Mutex::default(),
            published: Notify::new(),
            changed: Notify::new(),
        }
    }

    /// Passes on what is published, until the feed is closed.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.published.notified().await;
            let closed = self.empty_inbox().is_closed();
            self.changed.notify_waiters();
            if closed {
                return;
            }
        }
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
        let mut ring = self.empty_inbox();
        if ring.readers() >= self.limits.subscribers {
            return Err(FeedError::Full(self.limits.subscribers));
        }
        let reader = ring.read_from(filter, start);
        drop(ring);
        Ok(Subscription::new(reader, Arc::clone(self)))
    }

    /// Takes decisions in canonical order, encoded or not.
    pub fn put(&self, decisions: impl IntoIterator<Item = Decided>) {
        let waiting = {
            let mut inbox = self.inbox();
            inbox.decisions.extend(decisions);
            inbox.decisions.len()
        };
        if waiting > INBOX_DECISIONS_MAX {
            drop(self.empty_inbox());
        }
        self.published.notify_one();
    }

    /// How many subscribers there are.
    pub fn subscribers(&self) -> usize {
        self.ring().readers()
    }

    /// Puts what was published into the ring.
    fn empty_inbox(&self) -> MutexGuard<'_, Ring> {
        // The ring comes first: who has it may say what comes next in it.
        let mut ring = self.ring();
        let (decisions, closed) = {
            let mut inbox = self.inbox();
            (mem::take(&mut inbox.decisions), inbox.closed)
        };
        ring.extend(decisions, self.limits.ring);
        if closed {
            ring.close();
        }
        ring
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // No code that holds this lock or the next panics, and none leaves things half changed.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DecisionSink for Feed {
    fn publish(&self, decisions: Vec<Decision>) {
        self.put(decisions.into_iter().map(Decided::new));
    }

    fn close(&self) {
        self.inbox().closed = true;
        self.published.notify_one();
    }
}

#[cfg(test)]
mod tests;
