//! The numbers of one engine beside those of a snapshot.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use piccolo_operators::ids::{Rule, Slot};
use rustc_hash::{FxHashMap, FxHashSet};

use super::value::Saved;
use super::{FactNumber, RuleNumber, SavedFact, SavedRule, SavedValue};
use crate::encode::{Encoding, Names, Symbols};
use crate::facts::FactKind;
use crate::lane::{Lane, LiveRule};

/// The rules of an engine by name and identity, with the numbers that they have there.
pub(super) fn rules_of(rules: &FxHashMap<Rule, LiveRule>) -> Vec<(Rule, SavedRule)> {
    let saved = |(rule, live): (&Rule, &LiveRule)| {
        let saved = SavedRule {
            name: Arc::clone(&live.scenario.name),
            revision: Arc::clone(&live.scenario.revision),
            identity: Arc::clone(&live.identity),
            lanes: Lane::ALL.map(|lane| live.claims(lane).is_some()),
        };
        (*rule, saved)
    };
    let mut all: Vec<(Rule, SavedRule)> = rules.iter().map(saved).collect();
    all.sort_by(|(_, a), (_, b)| (&a.name, &a.identity).cmp(&(&b.name, &b.identity)));
    all
}

/// What a snapshot calls the rules, facts and symbols of an engine.
pub(super) struct Tables {
    pub(super) facts: Vec<SavedFact>,
    pub(super) rules: Vec<SavedRule>,
    pub(super) symbols: Vec<Saved>,
    fact_numbers: FxHashMap<Slot, FactNumber>,
    rule_numbers: FxHashMap<Rule, RuleNumber>,
    symbol_numbers: FxHashMap<u32, u32>,
    known: Arc<Symbols>,
    /// The rules and the slots of derived facts, in the order of the snapshot.
    owners: (Vec<Rule>, Vec<Slot>),
}

impl Tables {
    /// Tables of an engine; `gone` are slots that are given back and still hold something.
    pub(super) fn new(
        names: &Names,
        rules: &FxHashMap<Rule, LiveRule>,
        gone: &FxHashSet<Slot>,
    ) -> Self {
        let mut facts = names.keyed_facts();
        facts.retain(|fact| !gone.contains(&fact.slot));
        let (rule_order, rules): (Vec<Rule>, _) = rules_of(rules).into_iter().unzip();
        let derived = facts.iter().filter(|fact| fact.kind == FactKind::Derived);
        let owners = (rule_order.clone(), derived.map(|fact| fact.slot).collect());
        Self {
            fact_numbers: numbered(facts.iter().map(|fact| fact.slot)),
            rule_numbers: numbered(rule_order),
            facts: (facts.into_iter())
                .map(|fact| SavedFact { kind: fact.kind, key: fact.key, encoding: fact.encoding })
                .collect(),
            rules,
            symbols: Vec::new(),
            symbol_numbers: FxHashMap::default(),
            known: Arc::clone(&names.symbols),
            owners,
        }
    }

    /// The rules, and then what keeps the truth of derived facts, in the order of the snapshot.
    pub(super) fn owners(&self) -> Arc<[Rule]> {
        let truths = self.owners.1.iter().map(|slot| piccolo_operators::derived::TRUTHS + slot);
        self.owners.0.iter().copied().chain(truths).collect()
    }

    pub(super) fn rule(&self, rule: Rule) -> Option<RuleNumber> {
        self.rule_numbers.get(&rule).copied()
    }

    pub(super) fn fact(&self, slot: Slot) -> Option<FactNumber> {
        self.fact_numbers.get(&slot).copied()
    }

    /// A value of a fact as the snapshot has it.
    pub(super) fn value(&mut self, fact: FactNumber, value: f64) -> f64 {
        let encoding = self.facts.get(fact as usize).map(|fact| fact.encoding);
        if encoding != Some(Encoding::Symbol) || value.is_nan() {
            return value;
        }
        let next = self.symbols.len() as u32;
        let number = match self.symbol_numbers.entry(value as u32) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let Some(value) = self.known.value(value as u32) else { return f64::NAN };
                self.symbols.push(Saved::from(&value));
                *free.insert(next)
            }
        };
        f64::from(number)
    }

    /// What a sample brought as the snapshot has it; none for a fact that is gone.
    pub(super) fn saved(
        &mut self,
        slot: Slot,
        value: f64,
        time_us: u64,
        origin: u32,
    ) -> Option<SavedValue> {
        let fact = self.fact(slot)?;
        Some(SavedValue { fact, value: self.value(fact, value), time_us, origin })
    }
}

fn numbered(all: impl IntoIterator<Item = u32>) -> FxHashMap<u32, u32> {
    all.into_iter().zip(0..).collect()
}
