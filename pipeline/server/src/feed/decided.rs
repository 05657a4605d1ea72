//! A decision as the feed has it.

use std::sync::OnceLock;

use piccolo_engine::{Decision, DecisionId};
use piccolo_wire::ready;
use piccolo_wire::v1;

use crate::convert;

/// A decision that all subscribers share.
#[derive(Debug)]
pub struct Decided(Form);

#[derive(Debug)]
enum Form {
    /// As the engine made it, and its encoding, which the first who sends it makes.
    Fresh(Decision, OnceLock<ready::Decision>),
    /// From before the server started.
    Kept(Kept),
}

/// The encoding of a decision, and what subscribers choose by.
#[derive(Debug)]
struct Kept {
    id: DecisionId,
    time_us: u64,
    vehicle: String,
    scenario: String,
    kinds: Vec<String>,
    ready: ready::Decision,
}

impl Decided {
    /// One that the engine has made.
    pub fn new(decision: Decision) -> Self {
        Self(Form::Fresh(decision, OnceLock::new()))
    }

    /// One from its encoding; none where the bytes are not those of a decision.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let (ready, decision) = ready::Decision::parse(bytes.into())?;
        let v1::Decision { id, time_us, vehicle, scenario, actions, .. } = decision;
        let kinds = actions.into_iter().map(|action| action.kind).collect();
        let id = id.parse().ok()?;
        Some(Self(Form::Kept(Kept { id, time_us, vehicle, scenario, kinds, ready })))
    }

    /// What identifies it.
    pub fn id(&self) -> DecisionId {
        match &self.0 {
            Form::Fresh(decision, _) => decision.id,
            Form::Kept(kept) => kept.id,
        }
    }

    /// Its event time, in microseconds.
    pub fn time_us(&self) -> u64 {
        match &self.0 {
            Form::Fresh(decision, _) => decision.time_us,
            Form::Kept(kept) => kept.time_us,
        }
    }

    /// The vehicle's and the scenario's name.
    pub(super) fn names(&self) -> (&str, &str) {
        match &self.0 {
            Form::Fresh(decision, _) => (&decision.vehicle, &decision.scenario),
            Form::Kept(kept) => (&kept.vehicle, &kept.scenario),
        }
    }

    /// Whether one of its actions is of such a kind.
    pub(super) fn has_action(&self, wanted: impl Fn(&str) -> bool) -> bool {
        match &self.0 {
            Form::Fresh(decision, _) => decision.actions.iter().any(|action| wanted(action.kind)),
            Form::Kept(kept) => kept.kinds.iter().any(|kind| wanted(kind)),
        }
    }

    /// The decision as it is sent: the same bytes for everybody, encoded once.
    pub fn ready(&self) -> &ready::Decision {
        match &self.0 {
            Form::Fresh(decision, ready) => {
                ready.get_or_init(|| ready::Decision::new(&convert::decision(decision)))
            }
            Form::Kept(kept) => &kept.ready,
        }
    }
}
