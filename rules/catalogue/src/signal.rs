//! One signal: its facts, and how text and values become values of its datatype.

use std::num::IntErrorKind;
use std::sync::Arc;

use thiserror::Error;

use crate::{DataType, Scalar, Value};

/// The most bytes that the text of one value may have.
pub const VALUE_BYTES_MAX: usize = 4_096;

/// The most items that one array value may have.
pub const LIST_ITEMS_MAX: usize = 1_024;

/// The first integer that is too large for an `i64`, as a float.
const I64_END: f64 = 9_223_372_036_854_775_808.0;

/// What a signal is to the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Measured; it only changes by itself.
    Sensor,
    /// Measured, and settable.
    Actuator,
    /// Fixed for the vehicle, such as a dimension.
    Attribute,
}

impl Kind {
    /// The name that VSS gives the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Actuator => "actuator",
            Self::Attribute => "attribute",
        }
    }

    /// The kind with that VSS name; `branch` is none.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sensor, Self::Actuator, Self::Attribute].into_iter().find(|kind| kind.name() == name)
    }
}

/// What the catalogue knows of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The dotted path, such as `Vehicle.Speed`.
    pub path: Arc<str>,
    /// Sensor, actuator or attribute.
    pub kind: Kind,
    /// The datatype of its values.
    pub datatype: DataType,
    /// The unit, as VSS writes it, such as `km/h`.
    pub unit: Option<Arc<str>>,
    /// The least value that is expected, in `unit`.
    pub min: Option<f64>,
    /// The greatest value that is expected, in `unit`.
    pub max: Option<f64>,
    /// The values that are expected, or none where any value is; items for an array.
    pub allowed: Box<[Value]>,
}

/// Why a value is none of the signal's datatype.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ValueError {
    /// The text cannot be read as the datatype.
    #[error("`{text}` is no {datatype}")]
    Unreadable {
        /// The beginning of the text.
        text: Box<str>,
        /// What it should have been.
        datatype: DataType,
    },
    /// The value is of another kind, such as text for a number.
    #[error("{found} is given where {datatype} is needed")]
    WrongKind {
        /// The kind of the value.
        found: &'static str,
        /// What it should have been.
        datatype: DataType,
    },
    /// The number has a fraction, and the datatype is an integer.
    #[error("{number} has a fraction, and {datatype} has none")]
    Fraction {
        /// The number.
        number: f64,
        /// The integer type.
        datatype: DataType,
    },
    /// The number is outside what the datatype can hold.
    #[error("{number} does not fit {datatype}")]
    OutOfType {
        /// The number, as it was written.
        number: Box<str>,
        /// The type.
        datatype: DataType,
    },
    /// The number is not a number, or infinite.
    #[error("{datatype} cannot be NaN or infinite")]
    NotFinite {
        /// The type.
        datatype: DataType,
    },
    /// The text is longer than [`VALUE_BYTES_MAX`].
    #[error("the value has {bytes} bytes, and {VALUE_BYTES_MAX} are the most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The array is longer than [`LIST_ITEMS_MAX`].
    #[error("the array has {items} items, and {LIST_ITEMS_MAX} are the most")]
    TooMany {
        /// Its length.
        items: usize,
    },
}

impl Signal {
    /// Reads text as recordings hold it: `true`, `12`, `0.5`, any text, `[1,2]`.
    ///
    /// Blanks around booleans, numbers and array items are skipped, and the
    /// letters of a boolean may be of any case. Text is taken as it is. An array
    /// of strings is a JSON array, or bare text between commas.
    ///
    /// # Errors
    /// Text that is no value of the datatype, or too long.
    pub fn parse(&self, text: &str) -> Result<Value, ValueError> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(ValueError::TooLong { bytes: text.len() });
        }
        if self.datatype.array { self.parse_list(text) } else { parse_scalar(text, self.datatype) }
    }

    /// Turns a value of any kind into one of the signal's datatype.
    ///
    /// Integers become floats and whole floats become integers as the datatype
    /// asks; nothing else changes kind. Floats are not rounded to 32 bits.
    ///
    /// # Errors
    /// Another kind, a fraction for an integer type, a number outside the type,
    /// NaN, infinity, text beyond [`VALUE_BYTES_MAX`] or an array beyond
    /// [`LIST_ITEMS_MAX`].
    pub fn coerce(&self, value: Value) -> Result<Value, ValueError> {
        match value {
            Value::List(items) if self.datatype.array => {
                if items.len() > LIST_ITEMS_MAX {
                    return Err(ValueError::TooMany { items: items.len() });
                }
                let items = items.iter().cloned();
                items
                    .map(|item| coerce_scalar(item, self.datatype))
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            value if self.datatype.array => Err(wrong_kind(&value, self.datatype)),
            value => coerce_scalar(value, self.datatype),
        }
    }

    /// Whether the value is within `min` and `max` and among `allowed`.
    ///
    /// This informs and is no error: recorded signals do leave their range.
    pub fn in_range(&self, value: &Value) -> bool {
        let number = match value {
            Value::List(items) => return items.iter().all(|item| self.in_range(item)),
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Bool(_) | Value::Text(_) => None,
        };
        let bounded = number.is_none_or(|number| {
            self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
        });
        bounded && (self.allowed.is_empty() || self.allowed.contains(value))
    }

    fn parse_list(&self, text: &str) -> Result<Value, ValueError> {
        let trimmed = text.trim();
        let inner = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .ok_or_else(|| unreadable(text, self.datatype))?;
        if self.datatype.scalar == Scalar::String
            && let Ok(items) = serde_json::from_str::<Vec<Arc<str>>>(trimmed)
        {
            return self.coerce(Value::List(items.into_iter().map(Value::Text).collect()));
        }
        if inner.trim().is_empty() {
            return Ok(Value::List([].into()));
        }
        let items = inner.split(',').take(LIST_ITEMS_MAX + 1);
        let items =
            items.map(|item| parse_scalar(item.trim(), self.datatype)).collect::<Result<_, _>>()?;
        self.coerce(Value::List(items))
    }
}

fn parse_scalar(text: &str, datatype: DataType) -> Result<Value, ValueError> {
    match datatype.scalar {
        Scalar::String => Ok(Value::Text(text.into())),
        Scalar::Boolean => parse_bool(text.trim()).ok_or_else(|| unreadable(text, datatype)),
        Scalar::Float | Scalar::Double => {
            let number = text.trim().parse().map_err(|_| unreadable(text, datatype))?;
            coerce_float(number, datatype)
        }
        _ => parse_integer(text.trim(), datatype),
    }
}

fn parse_integer(text: &str, datatype: DataType) -> Result<Value, ValueError> {
    match text.parse::<i64>().map_err(|error| *error.kind()) {
        Ok(number) => coerce_integer(number, datatype),
        Err(IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => {
            Err(out_of_type(beginning(text), datatype))
        }
        Err(_) => {
            let number = text.parse().map_err(|_| unreadable(text, datatype))?;
            float_to_integer(number, datatype)
        }
    }
}

fn parse_bool(text: &str) -> Option<Value> {
    if text.eq_ignore_ascii_case("true") {
        Some(Value::Bool(true))
    } else if text.eq_ignore_ascii_case("false") {
        Some(Value::Bool(false))
    } else {
        None
    }
}

pub(crate) fn coerce_scalar(value: Value, datatype: DataType) -> Result<Value, ValueError> {
    match (value, datatype.scalar) {
        (Value::Bool(value), Scalar::Boolean) => Ok(Value::Bool(value)),
        (Value::Text(text), Scalar::String) if text.len() > VALUE_BYTES_MAX => {
            Err(ValueError::TooLong { bytes: text.len() })
        }
        (Value::Text(text), Scalar::String) => Ok(Value::Text(text)),
        (Value::Int(number), Scalar::Float | Scalar::Double) => Ok(Value::Float(number as f64)),
        (Value::Float(number), Scalar::Float | Scalar::Double) => coerce_float(number, datatype),
        (Value::Int(number), scalar) if scalar.is_integer() => coerce_integer(number, datatype),
        (Value::Float(number), scalar) if scalar.is_integer() => float_to_integer(number, datatype),
        (value, _) => Err(wrong_kind(&value, datatype)),
    }
}

fn coerce_float(number: f64, datatype: DataType) -> Result<Value, ValueError> {
    if !number.is_finite() {
        return Err(ValueError::NotFinite { datatype });
    }
    if datatype.scalar == Scalar::Float && (number as f32).is_infinite() {
        return Err(out_of_type(number, datatype));
    }
    Ok(Value::Float(number))
}

fn coerce_integer(number: i64, datatype: DataType) -> Result<Value, ValueError> {
    match datatype.scalar.integer_range() {
        Some((least, greatest)) if (least..=greatest).contains(&number) => Ok(Value::Int(number)),
        _ => Err(out_of_type(number, datatype)),
    }
}

fn float_to_integer(number: f64, datatype: DataType) -> Result<Value, ValueError> {
    if !number.is_finite() {
        Err(ValueError::NotFinite { datatype })
    } else if !(-I64_END..I64_END).contains(&number) {
        Err(out_of_type(number, datatype))
    } else if number.fract() != 0.0 {
        Err(ValueError::Fraction { number, datatype })
    } else {
        coerce_integer(number as i64, datatype)
    }
}

fn out_of_type(number: impl ToString, datatype: DataType) -> ValueError {
    ValueError::OutOfType { number: number.to_string().into(), datatype }
}

fn unreadable(text: &str, datatype: DataType) -> ValueError {
    ValueError::Unreadable { text: beginning(text).into(), datatype }
}

/// The beginning of a text is enough to find it, and bounds what an error may hold.
fn beginning(text: &str) -> String {
    const CHARS_SHOWN: usize = 40;
    text.chars().take(CHARS_SHOWN).collect()
}

fn wrong_kind(value: &Value, datatype: DataType) -> ValueError {
    let found = match value {
        Value::Bool(_) => "a boolean",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Text(_) => "text",
        Value::List(_) => "an array",
    };
    ValueError::WrongKind { found, datatype }
}

#[cfg(test)]
mod tests;
