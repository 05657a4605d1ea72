//! The compact text form of a catalogue: one line a signal, facts alone.

use std::fmt::Write;

use crate::signal::coerce_scalar;
use crate::{Catalogue, CatalogueError, DataType, Kind, Scalar, Signal, Value};

const HEADER: &str = "# Signal facts (path, type, datatype, unit, min, max, allowed) from the COVESA Vehicle Signal \
Specification; its descriptions and comments, which are under MPL-2.0, are left out. Written by to_facts.";

/// Writes a catalogue as tab-separated lines, sorted by path, after one line that says what they are.
///
/// The fields are path, type, datatype, unit, min, max and allowed; what is absent is empty, and
/// allowed is a JSON array. No description, comment or default is written.
pub fn to_facts(catalogue: &Catalogue) -> String {
    let mut signals: Vec<&Signal> = catalogue.iter().map(|(_, signal)| signal).collect();
    signals.sort_by(|a, b| a.path.cmp(&b.path));
    let mut text = format!("{HEADER}\n");
    for signal in signals {
        let number = |bound: Option<f64>| bound.map_or_else(String::new, |bound| bound.to_string());
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            signal.path,
            signal.kind.name(),
            signal.datatype,
            signal.unit.as_deref().unwrap_or_default(),
            number(signal.min),
            number(signal.max),
            allowed_text(signal),
        );
    }
    text
}

/// Reads what [`to_facts`] writes; lines that begin with `#` and empty lines are skipped.
///
/// # Errors
/// A line that is not so, a path that is none, too many signals.
pub fn from_facts(text: &str) -> Result<Catalogue, CatalogueError> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let signals =
        lines.map(|(index, line)| signal(line).ok_or(CatalogueError::Facts { line: index + 1 }));
    Catalogue::from_signals(signals.collect::<Result<_, _>>()?)
}

fn allowed_text(signal: &Signal) -> String {
    if signal.allowed.is_empty() {
        return String::new();
    }
    // Scalars only, and none of them NaN: this cannot fail either.
    serde_json::to_string(&signal.allowed).unwrap_or_default()
}

fn signal(line: &str) -> Option<Signal> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [path, kind, datatype, unit, min, max, allowed] = fields.try_into().ok()?;
    let datatype: DataType = datatype.parse().ok()?;
    Some(Signal {
        path: path.into(),
        kind: Kind::from_name(kind)?,
        datatype,
        unit: (!unit.is_empty()).then(|| unit.into()),
        min: bound(min)?,
        max: bound(max)?,
        allowed: allowed_values(allowed, datatype)?,
    })
}

/// The bound that a field holds; the outer option is whether it can be read.
fn bound(text: &str) -> Option<Option<f64>> {
    if text.is_empty() {
        return Some(None);
    }
    text.parse().ok().filter(|bound: &f64| bound.is_finite()).map(Some)
}

fn allowed_values(text: &str, datatype: DataType) -> Option<Box<[Value]>> {
    if text.is_empty() {
        return Some(Box::default());
    }
    let items: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    items.iter().map(|item| allowed_value(item, datatype)?.ok()).collect()
}

/// One item of `allowed` as a value of the datatype's scalar; none for an object, array or null.
pub(crate) fn allowed_value(
    item: &serde_json::Value,
    datatype: DataType,
) -> Option<Result<Value, crate::ValueError>> {
    let value = match item {
        serde_json::Value::Bool(value) => Value::Bool(*value),
        // YAML reads `01` and `on` as a number and a boolean; in a string's list they are text.
        serde_json::Value::Number(number) if datatype.scalar == Scalar::String => {
            Value::Text(number.to_string().into())
        }
        serde_json::Value::Number(number) => {
            number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Float))?
        }
        serde_json::Value::String(text) => Value::Text(text.as_str().into()),
        _ => return None,
    };
    Some(coerce_scalar(value, datatype))
}
