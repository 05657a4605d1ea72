//! Deadlines in event time, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::{Rule, Time, Vehicle};

/// Whose deadline it is.
pub type Key = (Vehicle, Rule);

/// A queue of deadlines. A deadline that no longer counts stays until it is
/// due and is then recognised by its owner; an owner sets one at a time.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BinaryHeap<Reverse<(Time, Key)>>,
}

impl Timers {
    /// Adds a deadline.
    pub fn set(&mut self, due_us: Time, key: Key) {
        self.queue.push(Reverse((due_us, key)));
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Time> {
        self.queue.peek().map(|Reverse((due_us, _))| *due_us)
    }

    /// Takes a deadline that is due at or before a time, if there is one.
    pub fn take_due(&mut self, now_us: Time) -> Option<Key> {
        if self.next()? > now_us {
            return None;
        }
        self.queue.pop().map(|Reverse((_, key))| key)
    }
}
