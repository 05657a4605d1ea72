//! A level that counts only once it was true without a break for a while.

pub mod naive;

use rustc_hash::FxHashMap;

use crate::ids::Time;
use crate::timers::{Key, Timers};

/// The operator's state: one entry and at most one deadline for each level that is true and
/// has a time to be held.
///
/// The level is passed on at the end of that time and only if it is still true
/// then, after all samples of that time; it is taken back as soon as it is false.
#[derive(Debug, Default)]
pub struct Held {
    since: FxHashMap<Key, Since>,
    timers: Timers,
}

#[derive(Debug)]
struct Since {
    since_us: Time,
    due_us: Time,
}

impl Held {
    /// The level of `key` became true; it counts from `now + held`.
    pub fn rise(&mut self, key: Key, now_us: Time, held_us: Time) {
        let due_us = now_us.saturating_add(held_us);
        self.since.insert(key, Since { since_us: now_us, due_us });
        self.timers.set(due_us, key);
    }

    /// All levels that are true, with since when.
    pub fn all(&self) -> impl Iterator<Item = (Key, Time)> {
        self.since.iter().map(|(key, entry)| (*key, entry.since_us))
    }

    /// Takes a level up again that had been true since a time when it was put down.
    pub fn resume(&mut self, key: Key, since_us: Time, held_us: Time, now_us: Time) {
        let due_us = since_us.saturating_add(held_us);
        self.since.insert(key, Since { since_us, due_us });
        // One that is over has counted already.
        if due_us >= now_us {
            self.timers.set(due_us, key);
        }
    }

    /// The level of `key` became false.
    pub fn fall(&mut self, key: Key) {
        self.since.remove(&key);
    }

    /// Since when the level of `key` has been true.
    pub fn since(&self, key: Key) -> Option<Time> {
        self.since.get(&key).map(|entry| entry.since_us)
    }

    /// Whether the level of `key` counts at a time.
    pub fn counts(&self, key: Key, now_us: Time) -> bool {
        self.since.get(&key).is_some_and(|entry| entry.due_us <= now_us)
    }

    /// The earliest time at which [`Self::take_due`] has something to say.
    pub fn next_due(&self) -> Option<Time> {
        self.timers.next()
    }

    /// A key whose level counts from this time on; call until it returns nothing.
    pub fn take_due(&mut self, now_us: Time) -> Option<Key> {
        loop {
            let key = self.timers.take_due(now_us)?;
            match self.since.get(&key) {
                Some(entry) if entry.due_us == now_us => return Some(key),
                // The level fell and rose again since the deadline was set.
                Some(entry) if entry.due_us > now_us => self.timers.set(entry.due_us, key),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
