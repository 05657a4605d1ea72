//! Rules that broke their limits are left out, in the vehicle where they did.

use rustc_hash::FxHashSet;

use super::Evaluator;
use crate::condition::Atom;
use crate::cooldown::EdgeKind;
use crate::derived::TRUTHS;
use crate::evaluate::{Cause, Edge};
use crate::ids::{Rule, Slot, Time};
use crate::timers::Key;

/// The rules that are left out.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    held: FxHashSet<Key>,
    news: Vec<(Time, Key)>,
}

impl Quarantine {
    pub(super) fn holds(&self, key: Key) -> bool {
        !self.held.is_empty() && self.held.contains(&key)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = Key> {
        self.held.iter().copied()
    }

    /// Leaves a rule out that was left out when it was put down.
    pub(super) fn resume(&mut self, key: Key) {
        self.held.insert(key);
    }

    /// Lets a rule out that is taken away.
    pub(super) fn forget(&mut self, rule: Rule) {
        self.held.retain(|(_, held)| *held != rule);
    }
}

impl Evaluator {
    /// The rules that were left out since this was asked last, with when and in which vehicle.
    pub fn take_quarantined(&mut self) -> Vec<(Time, Key)> {
        std::mem::take(&mut self.quarantine.news)
    }

    /// Leaves rules out that broke their limits; where they are active they end.
    pub(super) fn quarantine(&mut self, edges: &mut Vec<Edge>) {
        for (vehicle, owner) in self.conditions.take_exceeded() {
            let rules = match owner.checked_sub(TRUTHS) {
                None => vec![owner],
                Some(slot) => self.rules_made_from(slot),
            };
            for rule in rules {
                self.leave_out((vehicle, rule), edges);
            }
        }
    }

    fn leave_out(&mut self, key: Key, edges: &mut Vec<Edge>) {
        if !self.rules.contains_key(&key.1) {
            return;
        }
        let active = self.is_active(key);
        if !self.quarantine.held.insert(key) {
            return;
        }
        self.quarantine.news.push((self.now_us, key));
        self.held.fall(key);
        self.cooldown.remove(key);
        if active && let Some(edge) = self.edge(key, EdgeKind::End) {
            edges.push(Edge { cause: Cause::Quarantined, flips: Box::default(), ..edge });
            self.announce(key, false);
        }
    }

    /// The rules that read a derived fact, or one that is made from it.
    fn rules_made_from(&self, slot: Slot) -> Vec<Rule> {
        let mut slots = vec![slot];
        let mut at = 0;
        while let Some(slot) = slots.get(at).copied() {
            let readers = self.derived.readers_of(slot).iter();
            let new: Vec<Slot> =
                readers.filter(|reader| !slots.contains(reader)).copied().collect();
            slots.extend(new);
            at += 1;
        }
        let reads = |atom: &Atom| atom.reads().iter().any(|read| slots.contains(read));
        let made = self.rules.iter().filter(|(_, live)| {
            let conditions = std::iter::once(&live.spec.when).chain(&live.spec.until);
            conditions.flat_map(|condition| &condition.atoms).any(reads)
        });
        let mut rules: Vec<Rule> = made.map(|(rule, _)| *rule).collect();
        rules.sort_unstable();
        rules
    }
}
