//! Values as a snapshot keeps them: with their kind.

use std::sync::Arc;

use piccolo_catalogue::Value;
use serde::{Deserialize, Serialize};

/// A value with its kind, as forms keep it that do not describe themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Saved {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(Vec<Self>),
}

impl From<&Value> for Saved {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(value) => Self::Text(Arc::clone(value)),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
        }
    }
}

impl From<&Saved> for Value {
    fn from(saved: &Saved) -> Self {
        match saved {
            Saved::Bool(value) => Self::Bool(*value),
            Saved::Int(value) => Self::Int(*value),
            Saved::Float(value) => Self::Float(*value),
            Saved::Text(value) => Self::Text(Arc::clone(value)),
            Saved::List(items) => Self::List(items.iter().map(Self::from).collect()),
        }
    }
}
