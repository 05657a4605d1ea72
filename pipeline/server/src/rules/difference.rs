//! How the decisions of the shadow differ from those of the active lane, as they fall.
//!
//! Both lanes decide in the same step, so what is equal cancels at once. What is left of one lane
//! waits for a like decision of the other, at most [`MOVE_WITHIN_US`], and the oldest that waits
//! is taken; it is what `piccolo diff` does with all decisions in view, done with those so far.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use piccolo_engine::{Decision, DecisionChange, Edge};
use rustc_hash::FxHashMap;

/// Decisions of one scenario, vehicle and edge that are not further apart are one that moved.
pub const MOVE_WITHIN_US: u64 = 5_000_000;

/// The most decisions that wait for a like one; beyond, the oldest counts as added or removed.
pub const WAITING_MAX: usize = 1_024;

/// The most differences that are kept to be shown.
pub const LATEST_MAX: usize = 1_024;

/// How often a scenario was decided otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) moved: u64,
    pub(super) changed: u64,
}

/// Which decision, apart from what it does.
type Key = (u64, Edge, Arc<str>, Arc<str>);

/// A decision that only one lane has made so far.
#[derive(Debug)]
struct Waiting {
    in_shadow: bool,
    decision: Decision,
}

/// The running difference since a change of rules.
#[derive(Debug)]
pub(super) struct Difference {
    /// What is decided at this time comes of the change itself, and is not compared.
    pub(super) since_us: u64,
    pub(super) same: u64,
    pub(super) counts: BTreeMap<Arc<str>, Counts>,
    /// The latest last.
    pub(super) latest: VecDeque<DecisionChange>,
    /// In order of time.
    waiting: VecDeque<Waiting>,
}

impl Difference {
    pub(super) fn new(since_us: u64) -> Self {
        Self {
            since_us,
            same: 0,
            counts: BTreeMap::new(),
            latest: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes in all decisions of a step, both in order of time.
    pub(super) fn step(&mut self, tick_us: u64, active: &[Decision], shadow: Vec<Decision>) {
        let since_us = self.since_us;
        let counts = |decision: &&Decision| decision.time_us > since_us;
        let mut open: FxHashMap<Key, &Decision> =
            active.iter().filter(counts).map(|decision| (key(decision), decision)).collect();
        let mut left: Vec<Waiting> = Vec::new();
        for decision in shadow.into_iter().filter(|decision| counts(&decision)) {
            match open.remove(&key(&decision)) {
                None => left.push(Waiting { in_shadow: true, decision }),
                Some(other) if acts_alike(other, &decision) => self.same += 1,
                Some(other) => {
                    self.note(DecisionChange::Changed { from: other.clone(), to: decision });
                }
            }
        }
        let only = open.into_values().cloned();
        left.extend(only.map(|decision| Waiting { in_shadow: false, decision }));
        left.sort_by_key(|left| (key(&left.decision), left.in_shadow));
        left.into_iter().for_each(|left| self.take(left));
        self.settle(tick_us);
    }

    /// Pairs a decision with the oldest like one of the other lane, or lets it wait.
    fn take(&mut self, new: Waiting) {
        self.settle(new.decision.time_us);
        let like = |old: &Waiting| {
            let (old, other) = (&old.decision, old.in_shadow != new.in_shadow);
            let new = &new.decision;
            other
                && (old.edge, &old.vehicle, &old.scenario)
                    == (new.edge, &new.vehicle, &new.scenario)
        };
        let place = self.waiting.iter().position(like);
        if let Some(old) = place.and_then(|place| self.waiting.remove(place)) {
            let (from, to) = match new.in_shadow {
                true => (old.decision, new.decision),
                false => (new.decision, old.decision),
            };
            self.note(DecisionChange::Moved { from, to });
            return;
        }
        if self.waiting.len() == WAITING_MAX {
            self.give_up_oldest();
        }
        self.waiting.push_back(new);
    }

    /// Ends the waiting of what is too old to have moved.
    fn settle(&mut self, now_us: u64) {
        let too_old = |old: &Waiting| old.decision.time_us.saturating_add(MOVE_WITHIN_US) < now_us;
        while self.waiting.front().is_some_and(too_old) {
            self.give_up_oldest();
        }
    }

    fn give_up_oldest(&mut self) {
        if let Some(Waiting { in_shadow, decision }) = self.waiting.pop_front() {
            self.note(match in_shadow {
                true => DecisionChange::Added { to: decision },
                false => DecisionChange::Removed { from: decision },
            });
        }
    }

    fn note(&mut self, change: DecisionChange) {
        let counts = self.counts.entry(Arc::clone(&change.decision().scenario)).or_default();
        match change {
            DecisionChange::Added { .. } => counts.added += 1,
            DecisionChange::Removed { .. } => counts.removed += 1,
            DecisionChange::Moved { .. } => counts.moved += 1,
            DecisionChange::Changed { .. } => counts.changed += 1,
        }
        if self.latest.len() == LATEST_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back(change);
    }
}

fn key(decision: &Decision) -> Key {
    let (vehicle, scenario) = (Arc::clone(&decision.vehicle), Arc::clone(&decision.scenario));
    (decision.time_us, decision.edge, vehicle, scenario)
}

fn acts_alike(one: &Decision, other: &Decision) -> bool {
    (&one.actions, &one.withheld) == (&other.actions, &other.withheld)
}

#[cfg(test)]
mod tests {
    use piccolo_engine::{Action, Arguments, DecisionId};

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn decision(time_us: u64, target: &str) -> Decision {
        let action = Action {
            kind: "launch",
            target: target.into(),
            arguments: Arguments(Vec::new()),
            scenario: None,
            changed_by: None,
        };
        Decision {
            id: DecisionId::default(),
            time_us,
            vehicle: "v".into(),
            scenario: "s".into(),
            revision: "".into(),
            edge: Edge::Begin,
            actions: vec![action],
            withheld: Vec::new(),
            why: None,
        }
    }

    /// A tick, and the times and targets that the active lane and the shadow decided before it.
    type Step<'a> = (u64, &'a [(u64, &'a str)], &'a [(u64, &'a str)]);

    /// Steps of a tick with decisions of both lanes; checks the counts of added, removed, moved
    /// and changed, those that are the same, and those that wait.
    #[track_caller]
    fn check(steps: &[Step<'_>], expected: [u64; 4], rest: [u64; 2]) {
        let mut difference = Difference::new(SECOND);
        let list = |of: &[(u64, &str)]| of.iter().map(|(at, what)| decision(*at, what)).collect();
        for (tick_us, active, shadow) in steps {
            let active: Vec<Decision> = list(active);
            difference.step(*tick_us, &active, list(shadow));
        }
        let found = difference.counts.get("s").copied().unwrap_or_default();
        assert_eq!([found.added, found.removed, found.moved, found.changed], expected);
        assert_eq!([difference.same, difference.waiting() as u64], rest);
        assert_eq!(difference.latest.len() as u64, expected.iter().sum::<u64>().min(1_024));
    }

    #[test]
    fn decisions_of_two_lanes_are_told_apart() {
        let s = SECOND;
        check(&[(9 * s, &[(2 * s, "a")], &[(2 * s, "a")])], [0, 0, 0, 0], [1, 0]);
        check(&[(9 * s, &[(2 * s, "a")], &[(2 * s, "b")])], [0, 0, 0, 1], [0, 0]);
        check(&[(9 * s, &[(2 * s, "a")], &[])], [0, 1, 0, 0], [0, 0]);
        check(&[(9 * s, &[], &[(2 * s, "a")])], [1, 0, 0, 0], [0, 0]);
        check(&[(3 * s, &[(2 * s, "a")], &[])], [0, 0, 0, 0], [0, 1]);
        check(&[(7 * s, &[(2 * s, "a")], &[])], [0, 0, 0, 0], [0, 1]);
        // What falls with the change itself is not compared.
        check(&[(9 * s, &[(s, "a")], &[])], [0, 0, 0, 0], [0, 0]);
    }

    #[test]
    fn a_decision_moves_no_further_than_the_bound() {
        let s = SECOND;
        check(&[(9 * s, &[(2 * s, "a")], &[(3 * s, "a")])], [0, 0, 1, 0], [0, 0]);
        check(
            &[(3 * s, &[(2 * s, "a")], &[]), (8 * s, &[], &[(7 * s, "b")])],
            [0, 0, 1, 0],
            [0, 0],
        );
        check(
            &[(3 * s, &[], &[(2 * s, "a")]), (20 * s, &[(7 * s + 1, "a")], &[])],
            [1, 1, 0, 0],
            [0, 0],
        );
    }

    #[test]
    fn no_more_wait_and_are_kept_than_may() {
        let all: Vec<(u64, &str)> = (0..3_000).map(|at| (SECOND + 1 + at, "a")).collect();
        check(&[(2 * SECOND, &all, &[])], [0, 3_000 - 1_024, 0, 0], [0, 1_024]);
    }
}
