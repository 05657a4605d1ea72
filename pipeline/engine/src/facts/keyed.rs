//! Facts by their keys: texts that are the same in every engine that has the same rules.

use std::sync::Arc;

use piccolo_operators::ids::Slot;
use serde::{Deserialize, Serialize};

use crate::encode::{Encoding, Names};

/// What kind of fact a key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum FactKind {
    /// The key is its path.
    Signal,
    /// The key is its text, and for a scenario which one.
    Platform,
    /// The key is its text, and which scenarios that speaks of.
    Derived,
}

/// A fact by its key, with the slot that it has in one engine.
#[derive(Clone, Debug)]
pub(crate) struct KeyedFact {
    pub(crate) kind: FactKind,
    pub(crate) key: Arc<str>,
    pub(crate) encoding: Encoding,
    pub(crate) slot: Slot,
}

impl Names {
    /// All facts that have a slot, in the order of kinds and keys.
    pub(crate) fn keyed_facts(&self) -> Vec<KeyedFact> {
        let signals = self.signal_slots().filter_map(|(signal, slot)| {
            let (key, encoding) = (self.path(signal), self.encoding(signal)?);
            Some(KeyedFact { kind: FactKind::Signal, key, encoding, slot })
        });
        let platform = self.facts.platform.iter().map(|(key, (slot, encoding))| KeyedFact {
            kind: FactKind::Platform,
            key: Arc::clone(key),
            encoding: *encoding,
            slot: *slot,
        });
        let derived = self.facts.derived.iter().map(|(key, kept)| KeyedFact {
            kind: FactKind::Derived,
            key: Arc::clone(key),
            encoding: kept.encoding,
            slot: kept.slot,
        });
        let mut facts: Vec<KeyedFact> = signals.chain(platform).chain(derived).collect();
        facts.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
        facts
    }

    /// The slot of a derived fact that is kept.
    pub(crate) fn keyed_derived_slot(&self, key: &str) -> Option<Slot> {
        self.facts.derived.get(key).map(|kept| kept.slot)
    }

    /// The slot of a fact of the platform, given out at first use.
    pub(crate) fn keyed_platform_slot(&mut self, key: &Arc<str>, encoding: Encoding) -> Slot {
        if let Some((slot, _)) = self.facts.platform.get(key) {
            return *slot;
        }
        let slot = self.free_slot();
        self.facts.platform.insert(Arc::clone(key), (slot, encoding));
        slot
    }
}
