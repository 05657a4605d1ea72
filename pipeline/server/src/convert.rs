//! Turns the engine's types into messages, and values of messages into values.

use piccolo_catalogue::{Scalar, Signal, Value};
use piccolo_engine::{
    Action, AtomReason, Decision, Edge, SampleReason, SignalReason, Why, Withheld,
};
use piccolo_wire::ready::Response;
use piccolo_wire::v1;
use piccolo_wire::v1::subscribe_response::Event as Message;
use piccolo_wire::v1::value::Kind;

use crate::feed::{Decided, Event, Gap};

/// One step of the feed; decisions are encoded where nobody has done that before.
pub fn event(event: &Event) -> Response {
    match event {
        Event::Decisions(decisions) => {
            Response::Batch(decisions.iter().map(|decided| decided.ready().clone()).collect())
        }
        Event::Missed(gap) => Message::Missed(missed(gap)).into(),
        Event::Unknown => Message::Missed(v1::Missed {
            reason: v1::MissedReason::UnknownPosition.into(),
            ..v1::Missed::default()
        })
        .into(),
    }
}

fn missed(gap: &Gap) -> v1::Missed {
    let position = |decided: &Decided| {
        Some(v1::DecisionPosition { id: decided.id().to_string(), time_us: decided.time_us() })
    };
    v1::Missed {
        reason: v1::MissedReason::SlowSubscriber.into(),
        count: Some(gap.count),
        first: position(&gap.first),
        last: position(&gap.last),
    }
}

/// A decision.
pub fn decision(decision: &Decision) -> v1::Decision {
    let edge = match decision.edge {
        Edge::Begin => v1::Edge::Begin,
        Edge::End => v1::Edge::End,
    };
    v1::Decision {
        id: decision.id.to_string(),
        time_us: decision.time_us,
        vehicle: decision.vehicle.to_string(),
        scenario: decision.scenario.to_string(),
        revision: decision.revision.to_string(),
        edge: edge.into(),
        actions: decision.actions.iter().map(action).collect(),
        withheld: decision.withheld.iter().map(withheld).collect(),
        why: decision.why.as_deref().map(why),
    }
}

fn action(action: &Action) -> v1::Action {
    let arguments = action.arguments.0.iter();
    v1::Action {
        kind: action.kind.to_owned(),
        target: action.target.to_string(),
        arguments: arguments
            .map(|(name, argument)| v1::Argument {
                name: name.to_string(),
                value: Some(value(argument)),
            })
            .collect(),
        scenario: text(action.scenario.as_deref()),
        changed_by: text(action.changed_by.as_deref()),
    }
}

fn withheld(withheld: &Withheld) -> v1::Withheld {
    v1::Withheld {
        kind: withheld.kind.to_owned(),
        target: withheld.target.to_string(),
        overruled_by: text(withheld.overruled_by.as_deref()),
        no_value_for: text(withheld.no_value_for.as_deref()),
        denied_by: text(withheld.denied_by.as_deref()),
        reason: text(withheld.reason.as_deref()),
    }
}

fn why(why: &Why) -> v1::Why {
    v1::Why {
        clause: why.clause.to_owned(),
        condition: why.condition.to_string(),
        held_since_us: why.held_since_us,
        atoms: why.atoms.iter().map(atom).collect(),
    }
}

fn atom(atom: &AtomReason) -> v1::AtomReason {
    v1::AtomReason {
        atom: atom.atom.to_string(),
        holds: atom.holds,
        signals: atom.signals.iter().map(signal_reason).collect(),
        flipped_by: atom.flipped_by.as_ref().map(sample_reason),
        margin: atom.margin,
    }
}

fn signal_reason(reason: &SignalReason) -> v1::SignalReason {
    v1::SignalReason {
        signal: reason.signal.to_string(),
        value: reason.value.as_ref().map(value),
        time_us: reason.time_us,
    }
}

fn sample_reason(reason: &SampleReason) -> v1::SampleReason {
    v1::SampleReason {
        signal: reason.signal.to_string(),
        value: reason.value.as_ref().map(value),
        time_us: reason.time_us,
        origin: reason.origin,
    }
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// A value.
pub fn value(value: &Value) -> v1::Value {
    let kind = match value {
        Value::Bool(value) => Kind::Bool(*value),
        Value::Int(value) => Kind::Int(*value),
        Value::Float(value) => Kind::Float(*value),
        Value::Text(value) => Kind::Text(value.to_string()),
        Value::List(items) => {
            Kind::List(v1::ListValue { items: items.iter().map(crate::convert::value).collect() })
        }
    };
    v1::Value { kind: Some(kind) }
}

/// The value that a source sent for a signal, of the signal's datatype; none for unavailable.
///
/// # Errors
/// Why the signal cannot have the value.
pub fn coerced(signal: &Signal, sent: Option<v1::Value>) -> Result<Option<Value>, Box<str>> {
    let kind = sent.and_then(|value| value.kind).ok_or("there is no value")?;
    if matches!(kind, Kind::Unavailable(_)) {
        return Ok(None);
    }
    let value = plain(kind, true)?;
    signal.coerce(value).map(Some).map_err(|error| error.to_string().into())
}

/// A number that a source sent for a signal, of the signal's datatype; 0 and 1 are booleans too.
///
/// # Errors
/// Why the signal cannot have the value.
pub fn number(signal: &Signal, number: f64) -> Result<Value, Box<str>> {
    let boolean = signal.datatype.scalar == Scalar::Boolean && !signal.datatype.array;
    let value = match number {
        0.0 if boolean => Value::Bool(false),
        1.0 if boolean => Value::Bool(true),
        number => Value::Float(number),
    };
    signal.coerce(value).map_err(|error| error.to_string().into())
}

/// A value as it was sent; lists hold no lists and nothing that is unavailable.
fn plain(kind: Kind, lists: bool) -> Result<Value, Box<str>> {
    Ok(match kind {
        Kind::Bool(value) => Value::Bool(value),
        Kind::Int(value) => Value::Int(value),
        Kind::Float(value) => Value::Float(value),
        Kind::Text(value) => Value::Text(value.into()),
        Kind::List(list) if lists => {
            let items = list.items.into_iter().map(|item| {
                let kind = item.kind.ok_or("an item of the list has no value")?;
                plain(kind, false)
            });
            Value::List(items.collect::<Result<_, Box<str>>>()?)
        }
        Kind::List(_) => return Err("a list cannot hold lists".into()),
        Kind::Unavailable(_) => return Err("an item of a list cannot be unavailable".into()),
    })
}

/// What the catalogue knows of a signal.
pub fn signal(signal: &Signal) -> v1::Signal {
    v1::Signal {
        path: signal.path.to_string(),
        datatype: signal.datatype.to_string(),
        unit: text(signal.unit.as_deref()),
        min: signal.min,
        max: signal.max,
    }
}
