//! Which rules an observer is to be told about.

use rustc_hash::FxHashMap;

use super::Live;
use crate::condition::Atom;
use crate::conditions::{Clause, Conditions};
use crate::cooldown::Cooldown;
use crate::evaluate::RuleSpec;
use crate::held::Held;
use crate::ids::{Rule, Slot, Time, Vehicle};
use crate::latest::Latest;
use crate::observe::{Moment, Observer};
use crate::timers::Key;

/// The rules that read each slot, and those whose facts changed at the present time.
#[derive(Debug)]
pub(super) struct Watch {
    observer: Box<dyn Observer>,
    readers: FxHashMap<Slot, Vec<Rule>>,
    seen: Vec<Key>,
}

impl Watch {
    pub(super) fn new(observer: Box<dyn Observer>) -> Self {
        Self { observer, readers: FxHashMap::default(), seen: Vec::new() }
    }

    pub(super) fn add(&mut self, rule: Rule, spec: &RuleSpec) {
        let conditions = std::iter::once(&spec.when).chain(&spec.until);
        let mut slots: Vec<Slot> = conditions
            .flat_map(|condition| condition.atoms.iter().flat_map(Atom::reads))
            .copied()
            .collect();
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            self.readers.entry(slot).or_default().push(rule);
        }
    }

    pub(super) fn remove(&mut self, rule: Rule) {
        self.readers.values_mut().for_each(|rules| rules.retain(|known| *known != rule));
        self.seen.retain(|(_, known)| *known != rule);
    }

    pub(super) fn see(&mut self, vehicle: Vehicle, slot: Slot) {
        let rules = self.readers.get(&slot).into_iter().flatten();
        self.seen.extend(rules.map(|rule| (vehicle, *rule)));
    }

    pub(super) fn see_rule(&mut self, vehicle: Vehicle, rule: Rule) {
        self.seen.push((vehicle, rule));
    }

    pub(super) fn has_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Tells the observer of every rule whose facts changed.
    pub(super) fn tell(
        &mut self,
        now_us: Time,
        latest: &Latest,
        rules: &FxHashMap<Rule, Live>,
        held: &Held,
        cooldown: &Cooldown,
        conditions: &Conditions,
    ) {
        self.seen.sort_unstable();
        self.seen.dedup();
        for key in self.seen.drain(..) {
            let Some(live) = rules.get(&key.1) else { continue };
            let plain = live.timing.is_plain();
            self.observer.observe(Moment {
                time_us: now_us,
                vehicle: key.0,
                rule: key.1,
                facts: latest.of(key.0),
                active: if plain {
                    conditions.holds(key.0, key.1, Clause::When)
                } else {
                    cooldown.is_active(key)
                },
                held_since_us: held.since(key),
                rests_until_us: cooldown.rests_until(key).filter(|until| *until > now_us),
            });
        }
    }
}
