//! Rules that go on where others were.

use std::sync::Arc;

use super::Evaluator;
use crate::conditions::{Clause, Toggle};
use crate::cooldown::EdgeKind;
use crate::evaluate::{Cause, Edge, Likeness, RuleSpec};
use crate::ids::{Rule, Time, Vehicle};
use crate::timers::Key;

/// How far a rule is in a vehicle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departed {
    vehicle: Vehicle,
    active: bool,
    spent: bool,
    rests_until_us: Option<Time>,
    held_since_us: Option<Time>,
}

impl Evaluator {
    /// Notes how far a rule is in each vehicle where it has begun to do anything.
    pub(super) fn depart(&mut self, rule: Rule) {
        let mut departed = Vec::new();
        for vehicle in 0..self.latest.vehicles() {
            let key = (vehicle, rule);
            let (active, plain) = (self.is_active(key), self.is_plain(rule));
            let state = Departed {
                vehicle,
                active,
                spent: self.cooldown.is_spent(key) || (active && plain && !self.is_unspent(key)),
                // A rest that is over stays over.
                rests_until_us: self.cooldown.rests_until(key).filter(|us| *us > self.now_us),
                held_since_us: self.held.since(key),
            };
            let rests = state.rests_until_us.is_some();
            if active || rests || state.spent || state.held_since_us.is_some() {
                departed.push(state);
            }
        }
        self.departed.insert(rule, departed);
    }

    /// Whether a plain rule that is active goes on where `when` had been false since the beginning.
    /// While it is active its own condition has not been, so nothing else is known of such a rule.
    fn is_unspent(&self, key: Key) -> bool {
        self.cooldown.is_active(key)
    }

    fn is_plain(&self, rule: Rule) -> bool {
        self.rules.get(&rule).is_some_and(|live| live.timing.is_plain())
    }

    /// Lets a rule go on where another was.
    pub(super) fn succeed(&mut self, old: Rule, new: Rule, likeness: Likeness) {
        let departed = self.departed.remove(&old).unwrap_or_default();
        let spec = |rule| self.rules.get(&rule).map(|live| Arc::clone(&live.spec));
        let (Some(before), Some(after)) = (spec(old), spec(new)) else { return };
        for mut state in departed {
            self.held.fall((state.vehicle, old));
            self.cooldown.remove((state.vehicle, old));
            state.rests_until_us = state.rests_until_us.map(|until_us| {
                until_us.saturating_sub(before.cooldown_us).saturating_add(after.cooldown_us)
            });
            state.held_since_us = state.held_since_us.filter(|_| likeness != Likeness::Action);
            if state.active {
                self.carried((state.vehicle, old), EdgeKind::End);
                self.carried((state.vehicle, new), EdgeKind::Begin);
            }
            self.carry(&state, (state.vehicle, new), &after, likeness);
        }
        self.forget_rule(old);
    }

    /// An edge by which others learn that one rule is active in the place of another.
    fn carried(&mut self, key: Key, kind: EdgeKind) {
        if let Some(edge) = self.edge(key, kind) {
            self.push_change(Edge { cause: Cause::Carried, flips: Box::default(), ..edge });
        }
    }

    fn carry(&mut self, state: &Departed, new: Key, after: &RuleSpec, likeness: Likeness) {
        if after.timing().is_plain() {
            if state.active {
                self.carry_plain(new, self.conditions.holds(new.0, new.1, Clause::When));
                if !state.spent {
                    self.cooldown.carry(new, true, false, None);
                }
            }
            return;
        }
        // What is active under another revision has been held for long enough; what is the same has
        // been held as long. Whether it holds is known when everything has settled.
        let satisfied_us = (state.active && likeness != Likeness::Revision)
            .then(|| self.now_us.saturating_sub(after.held_us));
        if let Some(since_us) = satisfied_us.or(state.held_since_us) {
            self.inherited.insert(new, since_us);
        }
        self.cooldown.carry(new, state.active, state.spent, state.rests_until_us);
        self.touch(new);
    }

    /// A plain rule is active exactly while its condition holds, so an active one that would not
    /// hold ends, and one that holds has begun already.
    fn carry_plain(&mut self, new: Key, holds: bool) {
        if holds {
            let own = |toggle: &Toggle| (toggle.vehicle, toggle.rule) == new;
            if let Some(at) = self.toggles.iter().rposition(own) {
                self.toggles.swap_remove(at);
            }
        } else {
            self.toggles.push(Toggle { vehicle: new.0, rule: new.1, clause: Clause::When });
        }
    }
}
