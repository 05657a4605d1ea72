//! Messages as JSON: what the engine's own types give, so that readers need to know one form.

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::v1::value::Kind;
use crate::v1::{
    Action, AtomReason, Decision, DecisionPosition, Edge, Missed, MissedReason, SampleReason,
    SignalReason, Value, Why, Withheld,
};

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Decision", 9)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("time_us", &self.time_us)?;
        fields.serialize_field("vehicle", &self.vehicle)?;
        fields.serialize_field("scenario", &self.scenario)?;
        fields.serialize_field("revision", &self.revision)?;
        fields.serialize_field("edge", edge(self.edge()))?;
        fields.serialize_field("actions", &self.actions)?;
        if !self.withheld.is_empty() {
            fields.serialize_field("withheld", &self.withheld)?;
        }
        optional(&mut fields, "why", self.why.as_ref())?;
        fields.end()
    }
}

impl Serialize for Action {
    /// The arguments stand beside the other fields, as the engine writes them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("kind", &self.kind)?;
        fields.serialize_entry("target", &self.target)?;
        for argument in &self.arguments {
            fields.serialize_entry(&argument.name, &argument.value)?;
        }
        if let Some(scenario) = &self.scenario {
            fields.serialize_entry("scenario", scenario)?;
        }
        if let Some(policy) = &self.changed_by {
            fields.serialize_entry("changed_by", policy)?;
        }
        fields.end()
    }
}

impl Serialize for Withheld {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Withheld", 6)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("target", &self.target)?;
        optional(&mut fields, "overruled_by", self.overruled_by.as_ref())?;
        optional(&mut fields, "no_value_for", self.no_value_for.as_ref())?;
        optional(&mut fields, "denied_by", self.denied_by.as_ref())?;
        optional(&mut fields, "reason", self.reason.as_ref())?;
        fields.end()
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Why", 4)?;
        fields.serialize_field("clause", &self.clause)?;
        fields.serialize_field("condition", &self.condition)?;
        optional(&mut fields, "held_since_us", self.held_since_us.as_ref())?;
        fields.serialize_field("atoms", &self.atoms)?;
        fields.end()
    }
}

impl Serialize for AtomReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("AtomReason", 5)?;
        fields.serialize_field("atom", &self.atom)?;
        optional(&mut fields, "holds", self.holds.as_ref())?;
        fields.serialize_field("signals", &self.signals)?;
        optional(&mut fields, "flipped_by", self.flipped_by.as_ref())?;
        optional(&mut fields, "margin", self.margin.as_ref())?;
        fields.end()
    }
}

impl Serialize for SignalReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("SignalReason", 3)?;
        fields.serialize_field("signal", &self.signal)?;
        optional(&mut fields, "value", self.value.as_ref())?;
        optional(&mut fields, "time_us", self.time_us.as_ref())?;
        fields.end()
    }
}

impl Serialize for SampleReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("SampleReason", 4)?;
        fields.serialize_field("signal", &self.signal)?;
        optional(&mut fields, "value", self.value.as_ref())?;
        fields.serialize_field("time_us", &self.time_us)?;
        fields.serialize_field("origin", &self.origin)?;
        fields.end()
    }
}

impl Serialize for Value {
    /// Unavailable, and a value with no kind set, are `null`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            Some(Kind::Bool(value)) => serializer.serialize_bool(*value),
            Some(Kind::Int(value)) => serializer.serialize_i64(*value),
            Some(Kind::Float(value)) => serializer.serialize_f64(*value),
            Some(Kind::Text(value)) => serializer.serialize_str(value),
            Some(Kind::List(list)) => serializer.collect_seq(&list.items),
            Some(Kind::Unavailable(_)) | None => serializer.serialize_unit(),
        }
    }
}

impl Serialize for Missed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reason = match self.reason() {
            MissedReason::SlowSubscriber => "slow-subscriber",
            MissedReason::UnknownPosition => "unknown-position",
            MissedReason::Unspecified => "unspecified",
        };
        let mut fields = serializer.serialize_struct("Missed", 4)?;
        fields.serialize_field("reason", reason)?;
        optional(&mut fields, "count", self.count.as_ref())?;
        optional(&mut fields, "first", self.first.as_ref())?;
        optional(&mut fields, "last", self.last.as_ref())?;
        fields.end()
    }
}

impl Serialize for DecisionPosition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("DecisionPosition", 2)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("time_us", &self.time_us)?;
        fields.end()
    }
}

fn edge(edge: Edge) -> &'static str {
    match edge {
        Edge::Begin => "begin",
        Edge::End => "end",
        Edge::Unspecified => "unspecified",
    }
}

/// Writes a field only where there is a value.
fn optional<S: SerializeStruct, T: Serialize>(
    fields: &mut S,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), S::Error> {
    match value {
        Some(value) => fields.serialize_field(name, value),
        None => fields.skip_field(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{Argument, ListValue, Unavailable};

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    #[test]
    fn values_are_plain_json() {
        let list = Kind::List(ListValue { items: vec![value(Kind::Int(1)), value(Kind::Int(2))] });
        let cases = [
            (value(Kind::Bool(true)), "true"),
            (value(Kind::Int(-3)), "-3"),
            (value(Kind::Float(0.5)), "0.5"),
            (value(Kind::Text("a\"b".into())), r#""a\"b""#),
            (value(list), "[1,2]"),
            (value(Kind::Unavailable(Unavailable {})), "null"),
            (Value { kind: None }, "null"),
        ];
        for (value, json) in cases {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
    }

    #[test]
    fn arguments_stand_beside_the_target_and_absent_fields_are_left_out() {
        let argument = Argument { name: "value".into(), value: Some(value(Kind::Int(2))) };
        let action = Action {
            kind: "actuate".into(),
            target: "Vehicle.A".into(),
            arguments: vec![argument],
            scenario: None,
            changed_by: None,
        };
        let json = serde_json::to_string(&action).unwrap();
        assert_eq!(json, r#"{"kind":"actuate","target":"Vehicle.A","value":2}"#);
    }

    #[test]
    fn a_gap_says_why() {
        let position = |id: &str, time_us| Some(DecisionPosition { id: id.into(), time_us });
        let slow = Missed {
            reason: MissedReason::SlowSubscriber.into(),
            count: Some(2),
            first: position("a", 1),
            last: position("b", 2),
        };
        let unknown = Missed { reason: MissedReason::UnknownPosition.into(), ..Missed::default() };
        let cases = [
            (
                slow,
                r#"{"reason":"slow-subscriber","count":2,"first":{"id":"a","time_us":1},"last":{"id":"b","time_us":2}}"#,
            ),
            (unknown, r#"{"reason":"unknown-position"}"#),
        ];
        for (missed, json) in cases {
            assert_eq!(serde_json::to_string(&missed).unwrap(), json);
        }
    }
}
