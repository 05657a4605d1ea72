//! YAML as a tree in which every value knows its place, and a tree as YAML.

mod emit;
mod parse;

use std::fmt;

use serde::{Serialize, Serializer};

pub(crate) use emit::emit;
pub(crate) use parse::parse;

/// The most bytes of a text that is read.
pub const INPUT_BYTES_MAX: usize = 16 << 20;
/// The most bytes of one document.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// The most documents of a text.
pub const DOCUMENTS_MAX: usize = 1024;
/// How deep lists and mappings may be nested.
pub const DEPTH_MAX: usize = 64;
/// The most values of one document, with every alias counted as a copy of what it stands for.
pub const NODES_MAX: usize = 1 << 17;

/// A place in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

/// A value as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// `plain` tells whether the text could be a number, boolean or null.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) mark: Mark,
    pub(crate) value: Node,
}

impl Node {
    /// Whether there is nothing: `null`, `~`, or no text at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if is_null(text))
    }

    /// The value of a key, where this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Mapping(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.content {
            _ if self.is_null() => "nothing",
            Content::Scalar { text, plain: true } if is_boolean(text) => "a boolean",
            Content::Scalar { text, plain: true } if is_number(text) => "a number",
            Content::Scalar { .. } => "text",
            Content::List(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }
}

/// A value that is to be written. Fields that are [`Tree::Absent`] are left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Absent,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Mapping(Vec<(String, Tree)>),
}

impl Tree {
    /// A mapping of those fields that are there.
    pub(crate) fn mapping<const N: usize>(fields: [(&str, Self); N]) -> Self {
        let there = fields.into_iter().filter(|(_, value)| *value != Self::Absent);
        Self::Mapping(there.map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Mapping(fields) => serializer.collect_map(fields.iter().map(|(k, v)| (k, v))),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Whether a plain scalar is null (YAML 1.2, core schema).
pub(crate) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a plain scalar is a boolean (YAML 1.2, core schema).
pub(crate) fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// Whether a plain scalar is a number.
pub(crate) fn is_number(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    starts && (integer(text).is_some() || text.parse::<f64>().is_ok())
}

/// A plain scalar as an integer: decimal, `0x` or `0o`.
pub(crate) fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i128::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with(['+', '-']));
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i128::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with(['+', '-']));
    }
    text.parse().ok()
}
