//! What the engine decides, as everyone downstream reads it.

use std::sync::Arc;

use piccolo_catalogue::Value;
use serde::Serialize;

use crate::decision_id::DecisionId;

/// A scenario began or ended in one vehicle, with what is to be done.
///
/// Decisions come in canonical order: by time, vehicle name, those that a change of
/// rules made first, ends before begins, then scenario name. Equal inputs give equal decisions, byte for
/// byte, whatever the batch size, worker count or speed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What identifies it: the same in every run.
    pub id: DecisionId,
    /// Event time, in microseconds of the source's own clock.
    pub time_us: u64,
    /// The vehicle's name.
    pub vehicle: Arc<str>,
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// The revision of the rule: a hash of its meaning, as 16 hexadecimal digits.
    pub revision: Arc<str>,
    /// Whether the scenario began or ended.
    pub edge: Edge,
    /// What to do, in order.
    pub actions: Vec<Action>,
    /// Actions of this rule that are not done, and why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// Why; only where the engine was asked to explain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<Why>>,
}

/// A scenario is left out in one vehicle: a script in its conditions broke its limits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Quarantined {
    /// Since when.
    pub time_us: u64,
    /// The vehicle's name.
    pub vehicle: Arc<str>,
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// The revision of the rule.
    pub revision: Arc<str>,
}

/// Which edge of a scenario a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// The scenario stopped holding.
    End,
    /// The scenario began to hold.
    Begin,
}

/// Something to do: what the rule wrote, with its arguments evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    /// `launch`, `terminate`, `update`, `rollback`, `restart`, `pause`, `resume`, `actuate`,
    /// `schedule`, `unschedule`, `network`, `unit`, `notify` or `record`.
    pub kind: &'static str,
    /// What it is done to: a package, signal path, schedule, network, `node/unit` or channel.
    pub target: Arc<str>,
    /// Further arguments by name, such as `value` of `actuate` and `text` of `notify`.
    #[serde(flatten)]
    pub arguments: Arguments<Value>,
    /// The scenario that asked for it, where that is not the decision's own:
    /// the end of one scenario gives its target back to another that still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Arc<str>>,
    /// The policy that made it this action, where the rule asked for another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Arc<str>>,
}

impl Action {
    /// Whether both do the same, whoever asked for them.
    pub fn is_same_deed(&self, other: &Self) -> bool {
        (self.kind, &self.target, &self.arguments) == (other.kind, &other.target, &other.arguments)
    }
}

/// Named values in the order in which the action takes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments<T>(pub Vec<(Arc<str>, T)>);

impl<T: Serialize> Serialize for Arguments<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_ref(), value)))
    }
}

/// An action that is not done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Withheld {
    /// The kind of the action.
    pub kind: &'static str,
    /// Its target.
    pub target: Arc<str>,
    /// The scenario that has the target, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overruled_by: Option<Arc<str>>,
    /// The argument that has no value, or none that fits, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value_for: Option<Arc<str>>,
    /// The policy that denies it; absent where a default does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied_by: Option<Arc<str>>,
    /// Why it is denied, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}

impl Withheld {
    /// An action that is not done, for a reason that is still to be said.
    pub(crate) fn new(kind: &'static str, target: &Arc<str>) -> Self {
        Self {
            kind,
            target: Arc::clone(target),
            overruled_by: None,
            no_value_for: None,
            denied_by: None,
            reason: None,
        }
    }
}

/// The reason of a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The clause that decided: `when`, `until`, `removed` for a rule taken away, `promoted` for
    /// one that was in the shadow before, or `quarantined` for one that broke its limits.
    pub clause: &'static str,
    /// The condition as it is written in the rule.
    pub condition: Arc<str>,
    /// Since when the condition had held, where the rule says `held`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_since_us: Option<u64>,
    /// Every atom of the condition, in the order of the text.
    pub atoms: Vec<AtomReason>,
}

/// One atom of a condition at the time of a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtomReason {
    /// The atom as text, such as `Vehicle.Speed > 50.0`.
    pub atom: Arc<str>,
    /// Whether it held; absent where it was unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
    /// The facts that it reads, with their values at the time of the decision.
    pub signals: Vec<SignalReason>,
    /// The sample that last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flipped_by: Option<SampleReason>,
    /// Distance from the threshold, in the signal's unit, positive while the atom holds;
    /// only for comparisons of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
}

/// A fact that an atom reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalReason {
    /// The path of the signal, or the fact as it is written.
    pub signal: Arc<str>,
    /// Its value; absent before the first sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The time of that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_us: Option<u64>,
}

/// The sample that changed an atom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SampleReason {
    /// The path.
    pub signal: Arc<str>,
    /// The value that it brought; absent where it made the signal unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Its time.
    pub time_us: u64,
    /// Where it came from: the line of the recording, or the position in the stream.
    pub origin: u32,
}
