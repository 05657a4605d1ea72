//! One subscriber's end of the feed.

use std::sync::Arc;

use super::ring::Look;
use super::{Decided, Feed};

/// What a subscription gives.
#[derive(Clone, Debug)]
pub enum Event {
    /// Decisions in the engine's order; at least one, at most
    /// [`BATCH_DECISIONS_MAX`](super::BATCH_DECISIONS_MAX).
    Decisions(Vec<Arc<Decided>>),
    /// The subscriber was too slow: these are missing here.
    Missed(Gap),
    /// The place from which the subscriber wanted to go on is not known.
    Unknown,
}

/// Decisions that a subscriber missed.
#[derive(Clone, Debug)]
pub struct Gap {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Arc<Decided>,
    /// The last of them.
    pub last: Arc<Decided>,
}

/// A place in the feed; dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    reader: u64,
    feed: Arc<Feed>,
}

impl Subscription {
    pub(super) fn new(reader: u64, feed: Arc<Feed>) -> Self {
        Self { reader, feed }
    }

    /// Waits for the next event; none where the feed is closed and everything was given.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let mut changed = std::pin::pin!(self.feed.changed.notified());
            // From here on no change goes unheard, also one between the look and the wait.
            changed.as_mut().enable();
            let look = self.feed.ring().look(self.reader);
            match look {
                Look::Event(event) => return Some(event),
                Look::Again => tokio::task::yield_now().await,
                Look::Wait => changed.await,
                Look::End => return None,
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.ring().leave(self.reader);
    }
}
