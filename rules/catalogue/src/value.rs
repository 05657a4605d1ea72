//! The value of a signal.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A value as a source gave it and a rule reads it.
///
/// Numbers keep the kind that the catalogue gives their signal: integers are
/// [`Value::Int`], `float` and `double` are [`Value::Float`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A `boolean`.
    Bool(bool),
    /// Any signed or unsigned integer type; what does not fit an `i64` is refused at the source.
    Int(i64),
    /// A `float` or `double`; never NaN, and kept as the decimal that was read.
    Float(f64),
    /// A `string`.
    Text(Arc<str>),
    /// An array of any of the above, all of one kind.
    List(Arc<[Value]>),
}

impl fmt::Display for Value {
    /// Writes the value as recordings and messages write it: `true`, `12`, `0.5`, `text`, `[1,2]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => serializer.collect_seq(items.iter()),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}
