//! The reason of a decision, from the facts that came with its edge.

use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::evaluate::{Cause, Edge};
use piccolo_operators::ids::Slot;
use piccolo_operators::latest::Fact;
use piccolo_script as script;
use piccolo_script::{Fact as Leaf, Over};

use crate::decision::{AtomReason, SampleReason, SignalReason, Why};
use crate::encode::Names;
use crate::lane::LiveRule;

/// The facts that came with an edge.
#[derive(Clone, Copy)]
pub(crate) struct EdgeFacts<'a> {
    pub(crate) names: &'a Names,
    pub(crate) rule: &'a LiveRule,
    pub(crate) edge: &'a Edge,
}

impl script::Facts for EdgeFacts<'_> {
    fn value(&self, leaf: &Leaf) -> Option<Value> {
        let fact = self.fact(leaf)?;
        let number = fact.known()?;
        match leaf {
            Leaf::Derived(derived) if matches!(derived.over, Over::Age { .. }) => {
                let age_us = self.edge.time_us.saturating_sub(fact.time_us);
                Some(Value::Float(age_us as f64 / 1e6))
            }
            leaf => self.names.encoding_of(leaf)?.decode(number, &self.names.symbols),
        }
    }
}

impl EdgeFacts<'_> {
    fn fact(&self, leaf: &Leaf) -> Option<&Fact> {
        let index = self.rule.captures.binary_search(leaf).ok()?;
        self.edge.facts.get(index)
    }

    /// Why the edge was taken.
    pub(crate) fn why(&self) -> Why {
        let scenario = &self.rule.scenario;
        let (clause, condition) = match (self.edge.cause, &scenario.until) {
            (Cause::When | Cause::Carried, _) => ("when", &scenario.when),
            (Cause::Quarantined, _) => ("quarantined", &scenario.when),
            (Cause::Lane(_), _) => ("promoted", &scenario.when),
            (Cause::Until, Some(until)) => ("until", until),
            (Cause::Until, None) => ("until", &scenario.when),
            (Cause::Removed, _) => ("removed", &scenario.when),
        };
        let atoms = condition.atoms.iter().enumerate();
        Why {
            clause,
            condition: Arc::clone(&condition.text),
            held_since_us: self.edge.held_since_us,
            atoms: atoms.map(|(index, atom)| self.atom(index, atom)).collect(),
        }
    }

    fn atom(&self, index: usize, atom: &script::Atom) -> AtomReason {
        AtomReason {
            atom: Arc::clone(&atom.text),
            holds: atom.expression.truth(self),
            signals: atom.reads().iter().map(|leaf| self.signal(leaf)).collect(),
            flipped_by: self.flip(index, atom),
            margin: atom.margin(self).filter(|margin| margin.is_finite()),
        }
    }

    fn signal(&self, leaf: &Leaf) -> SignalReason {
        let fact = self.fact(leaf).filter(|fact| fact.known().is_some());
        SignalReason {
            signal: leaf.text().into(),
            value: fact.and_then(|_| script::Facts::value(self, leaf)),
            time_us: fact.map(|fact| fact.time_us),
        }
    }

    fn flip(&self, index: usize, atom: &script::Atom) -> Option<SampleReason> {
        let flip = self.edge.flips.get(index).copied().flatten()?;
        let leaf = atom.reads().into_iter().find(|leaf| self.slot(leaf) == Some(flip.slot))?;
        let encoding = self.names.encoding_of(&leaf)?;
        let known = !flip.value.is_nan();
        Some(SampleReason {
            signal: leaf.text().into(),
            value: known.then(|| encoding.decode(flip.value, &self.names.symbols)).flatten(),
            time_us: flip.time_us,
            origin: flip.origin,
        })
    }

    fn slot(&self, leaf: &Leaf) -> Option<Slot> {
        let index = self.rule.captures.binary_search(leaf).ok()?;
        self.rule.capture_slots.get(index).copied()
    }
}
