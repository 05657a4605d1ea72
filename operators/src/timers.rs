//! Deadlines in event time, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use crate::ids::{Rule, Time, Vehicle};

/// Whose deadline it is.
pub type Key = (Vehicle, Rule);

/// A queue of deadlines, at most one a key: however often a level changes, the
/// queue stays as small as the number of keys.
///
/// A deadline cannot be taken back. Its owner recognises one that no longer
/// counts when it is due, and sets the next one then.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BinaryHeap<Reverse<(Time, Key)>>,
    pending: FxHashMap<Key, Time>,
}

impl Timers {
    /// Sets a deadline, unless the key has an earlier one.
    pub fn set(&mut self, due_us: Time, key: Key) {
        if self.pending.get(&key).is_none_or(|pending| *pending > due_us) {
            self.pending.insert(key, due_us);
            self.queue.push(Reverse((due_us, key)));
        }
    }

    /// The deadline of a key.
    pub fn pending(&self, key: Key) -> Option<Time> {
        self.pending.get(&key).copied()
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Time> {
        self.queue.peek().map(|Reverse((due_us, _))| *due_us)
    }

    /// Takes a deadline that is due at or before a time, if there is one.
    pub fn take_due(&mut self, now_us: Time) -> Option<Key> {
        while self.next()? <= now_us {
            let Reverse((due_us, key)) = self.queue.pop()?;
            if self.pending.get(&key) == Some(&due_us) {
                self.pending.remove(&key);
                return Some(key);
            }
        }
        None
    }

    /// How many deadlines wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
