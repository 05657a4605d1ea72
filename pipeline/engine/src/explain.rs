//! The reason of a decision, from the facts that came with its edge.

use std::sync::Arc;

use piccolo_catalogue::{SignalId, Value};
use piccolo_operators::evaluate::{Cause, Edge};
use piccolo_operators::latest::Fact;
use piccolo_script as script;

use crate::compile::LiveRule;
use crate::decision::{AtomReason, SampleReason, SignalReason, Why};
use crate::encode::Names;

/// The facts that came with an edge, by signal.
pub(crate) struct EdgeFacts<'a> {
    pub(crate) names: &'a Names,
    pub(crate) rule: &'a LiveRule,
    pub(crate) edge: &'a Edge,
}

impl script::Facts for EdgeFacts<'_> {
    fn value(&self, signal: SignalId) -> Option<Value> {
        self.decode(signal, self.fact(signal)?.known()?)
    }
}

impl EdgeFacts<'_> {
    fn fact(&self, signal: SignalId) -> Option<&Fact> {
        let index = self.rule.captures.binary_search(&signal).ok()?;
        self.edge.facts.get(index)
    }

    fn decode(&self, signal: SignalId, number: f64) -> Option<Value> {
        self.names.encoding(signal)?.decode(number, &self.names.symbols)
    }

    /// Why the edge was taken.
    pub(crate) fn why(&self) -> Why {
        let scenario = &self.rule.scenario;
        let (clause, condition) = match (self.edge.cause, &scenario.until) {
            (Cause::When, _) => ("when", &scenario.when),
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
            signals: atom.reads().into_iter().map(|signal| self.signal(signal)).collect(),
            flipped_by: self.flip(index, atom),
            margin: atom.margin(self).filter(|margin| margin.is_finite()),
        }
    }

    fn signal(&self, signal: SignalId) -> SignalReason {
        let fact = self.fact(signal).filter(|fact| fact.known().is_some());
        SignalReason {
            signal: self.names.path(signal),
            value: fact.and_then(|fact| self.decode(signal, fact.value)),
            time_us: fact.map(|fact| fact.time_us),
        }
    }

    fn flip(&self, index: usize, atom: &script::Atom) -> Option<SampleReason> {
        let flip = self.edge.flips.get(index).copied().flatten()?;
        let signal = atom
            .reads()
            .into_iter()
            .find(|signal| self.names.slot_of(*signal) == Some(flip.slot))?;
        Some(SampleReason {
            signal: self.names.path(signal),
            value: (!flip.value.is_nan()).then(|| self.decode(signal, flip.value)).flatten(),
            time_us: flip.time_us,
            origin: flip.origin,
        })
    }
}
