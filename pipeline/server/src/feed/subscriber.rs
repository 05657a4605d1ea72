//! The bounded queue of one subscriber, and what it missed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use piccolo_engine::Decision;
use tokio::sync::Notify;

use super::{Feed, Filter};

/// The most decisions of one message.
pub const BATCH_DECISIONS_MAX: usize = 256;

/// What a subscription gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Decisions in the engine's order; at least one, at most [`BATCH_DECISIONS_MAX`].
    Decisions(Vec<Arc<Decision>>),
    /// The subscriber was too slow: these are missing here.
    Missed(Gap),
    /// The place from which the subscriber wanted to go on is not known.
    Unknown,
}

/// Decisions that a subscriber missed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Arc<Decision>,
    /// The last of them.
    pub last: Arc<Decision>,
}

#[derive(Debug)]
pub(super) struct Subscriber {
    filter: Filter,
    queue_max: usize,
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug)]
struct Queue {
    /// Whether to say first that the place to go on from is not known.
    unknown: bool,
    /// What was dropped before the first of the decisions that wait.
    gap: Option<Gap>,
    decisions: VecDeque<Arc<Decision>>,
    closed: bool,
}

impl Subscriber {
    /// A subscriber that gets `kept` first; that may be more than `queue_max`.
    pub(super) fn new(
        filter: Filter,
        queue_max: usize,
        kept: VecDeque<Arc<Decision>>,
        known: bool,
    ) -> Self {
        let queue = Queue { unknown: !known, gap: None, decisions: kept, closed: false };
        let queue_max = queue_max.max(queue.decisions.len());
        Self { filter, queue_max, queue: Mutex::new(queue), changed: Notify::new() }
    }

    /// Queues the decisions that pass the filter; the oldest make room.
    pub(super) fn offer(&self, decisions: &[Arc<Decision>]) {
        let mut queue = self.queue();
        let mut any = false;
        for decision in decisions.iter().filter(|decision| self.filter.passes(decision)) {
            any = true;
            queue.decisions.push_back(Arc::clone(decision));
            if queue.decisions.len() > self.queue_max {
                queue.drop_oldest();
            }
        }
        drop(queue);
        if any {
            self.changed.notify_one();
        }
    }

    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // No code that holds the lock panics, and none leaves it half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn drop_oldest(&mut self) {
        let Some(dropped) = self.decisions.pop_front() else {
            return;
        };
        match &mut self.gap {
            Some(gap) => {
                gap.count += 1;
                gap.last = dropped;
            }
            None => self.gap = Some(Gap { count: 1, first: Arc::clone(&dropped), last: dropped }),
        }
    }

    fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.unknown) {
            return Some(Event::Unknown);
        }
        if let Some(gap) = self.gap.take() {
            return Some(Event::Missed(gap));
        }
        let count = self.decisions.len().min(BATCH_DECISIONS_MAX);
        (count > 0).then(|| Event::Decisions(self.decisions.drain(..count).collect()))
    }
}

/// One subscriber's end of the feed; dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    subscriber: Arc<Subscriber>,
    feed: Arc<Feed>,
}

impl Subscription {
    pub(super) fn new(subscriber: Arc<Subscriber>, feed: Arc<Feed>) -> Self {
        Self { subscriber, feed }
    }

    /// Waits for the next event; none where the feed is closed and everything was given.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            {
                let mut queue = self.subscriber.queue();
                if let Some(event) = queue.next() {
                    return Some(event);
                }
                if queue.closed {
                    return None;
                }
            }
            self.subscriber.changed.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.unsubscribe(&self.subscriber);
    }
}
