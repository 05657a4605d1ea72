//! From levels to edges: a scenario begins and ends, with a pause after each end.

pub mod naive;

use rustc_hash::FxHashMap;

use crate::ids::Time;
use crate::timers::{Key, Timers};

/// How a rule turns its conditions into edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// For how long `when` must be true without a break before the rule begins.
    pub held_us: Time,
    /// For how long after an end it does not begin again.
    pub cooldown_us: Time,
    /// Whether it lasts until its `until` is true, not until its `when` is false.
    pub latched: bool,
}

impl Timing {
    /// Whether the edges of the rule are those of its `when`, so that no state is needed.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// The levels that a rule's next edge depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Its `when`, held for long enough.
    pub when: bool,
    /// Its `until`.
    pub until: bool,
}

/// An edge of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// It stopped holding.
    End,
    /// It began to hold.
    Begin,
}

/// The operator's state: one entry for each rule of a vehicle that is active,
/// cools down, or waits for its condition to be false.
///
/// A rule begins where its `when` holds, its `until` does not, its cooldown is
/// over, and `when` was false at some time since it last began. A `when` that
/// becomes true during the cooldown begins at its end, if it still holds then.
#[derive(Debug, Default)]
pub struct Cooldown {
    states: FxHashMap<Key, State>,
    timers: Timers,
}

/// Where a rule of a vehicle stands between its edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// It began and has not ended.
    pub active: bool,
    /// It began, and `when` has not been false since.
    pub spent: bool,
    /// The end of the cooldown; zero before the first.
    pub rests_until_us: Time,
}

impl Cooldown {
    /// The edge that a rule takes at a time with the given levels, after all that happens then.
    ///
    /// Call it once for each time at which a level of the rule changed or
    /// [`Self::take_due`] named it.
    pub fn settle(
        &mut self,
        key: Key,
        timing: &Timing,
        levels: Levels,
        now_us: Time,
    ) -> Option<EdgeKind> {
        let mut state = self.states.get(&key).copied().unwrap_or_default();
        state.spent &= levels.when;
        let edge = if state.active {
            let over = if timing.latched { levels.until } else { !levels.when };
            over.then_some(EdgeKind::End)
        } else {
            let wanted = levels.when && !state.spent && !(timing.latched && levels.until);
            if wanted && state.rests_until_us > now_us {
                self.timers.set(state.rests_until_us, key);
            }
            (wanted && state.rests_until_us <= now_us).then_some(EdgeKind::Begin)
        };
        match edge {
            Some(EdgeKind::Begin) => {
                state.active = true;
                state.spent = true;
            }
            Some(EdgeKind::End) => {
                state.active = false;
                state.rests_until_us = now_us.saturating_add(timing.cooldown_us);
            }
            None => {}
        }
        self.keep(key, state, now_us);
        edge
    }

    /// Whether the rule is active in the vehicle.
    pub fn is_active(&self, key: Key) -> bool {
        self.states.get(&key).is_some_and(|state| state.active)
    }

    /// Until when the rule rests in the vehicle, where it ended before.
    pub fn rests_until(&self, key: Key) -> Option<Time> {
        self.states.get(&key).map(|state| state.rests_until_us)
    }

    /// Whether the rule began and its `when` has not been false since.
    pub fn is_spent(&self, key: Key) -> bool {
        self.states.get(&key).is_some_and(|state| state.spent)
    }

    /// Sets the state of a rule that goes on where another was.
    pub fn carry(&mut self, key: Key, active: bool, spent: bool, rests_until_us: Option<Time>) {
        let rests_until_us = rests_until_us.unwrap_or(0);
        let state = State { active, spent, rests_until_us };
        self.states.insert(key, state);
    }

    /// Where each rule stands that is not idle.
    pub fn all(&self) -> impl Iterator<Item = (Key, State)> {
        self.states.iter().map(|(key, state)| (*key, *state))
    }

    /// Takes a rule up again where it stood when it was put down.
    pub fn resume(&mut self, key: Key, state: State, now_us: Time) {
        self.states.insert(key, state);
        // Whether it waits for that time is seen then.
        if state.rests_until_us >= now_us {
            self.timers.set(state.rests_until_us, key);
        }
    }

    /// Forgets a rule that is taken away; says whether it was active.
    pub fn remove(&mut self, key: Key) -> bool {
        self.states.remove(&key).is_some_and(|state| state.active)
    }

    /// The earliest time at which [`Self::take_due`] has something to say.
    pub fn next_due(&self) -> Option<Time> {
        self.timers.next()
    }

    /// A key whose cooldown is over at this time; call until it returns nothing.
    pub fn take_due(&mut self, now_us: Time) -> Option<Key> {
        self.timers.take_due(now_us)
    }

    /// An entry that says nothing is dropped, so that idle rules cost nothing.
    fn keep(&mut self, key: Key, state: State, now_us: Time) {
        if state.active || state.spent || state.rests_until_us > now_us {
            self.states.insert(key, state);
        } else {
            self.states.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
