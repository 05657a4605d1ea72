//! What can fail and be recovered, and how it is named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A model of a package; its text is `PACKAGE/MODEL`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ModelName {
    /// The package.
    pub package: String,
    /// The model inside it.
    pub model: String,
}

/// What can fail and be recovered. Its text is its kind and its name, such as `node hpc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Thing {
    /// A computer of the vehicle.
    Node(String),
    /// A package as a whole.
    Package(String),
    /// A model, wherever it is to run.
    Model(ModelName),
    /// A model on one node, `instance PACKAGE/MODEL@NODE`.
    Instance(ModelName, String),
}

/// A text that names nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is no {what}; write {form}")]
pub struct ThingError {
    text: String,
    what: &'static str,
    form: &'static str,
}

impl ModelName {
    /// The model of a package.
    pub fn new(package: impl Into<String>, model: impl Into<String>) -> Self {
        Self { package: package.into(), model: model.into() }
    }
}

impl Thing {
    /// The package that it belongs to; none for a node.
    #[must_use]
    pub fn package(&self) -> Option<&str> {
        match self {
            Self::Node(_) => None,
            Self::Package(package) => Some(package),
            Self::Model(model) | Self::Instance(model, _) => Some(&model.package),
        }
    }
}

/// Whether a text can be the name of a node, a package or a model: such a name has no mark of a
/// [`Thing`]'s text.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '@', ' '])
}

impl fmt::Display for ModelName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.package, self.model)
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(out, "node {node}"),
            Self::Package(package) => write!(out, "package {package}"),
            Self::Model(model) => write!(out, "model {model}"),
            Self::Instance(model, node) => write!(out, "instance {model}@{node}"),
        }
    }
}

impl FromStr for ModelName {
    type Err = ThingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((package, model)) if is_name(package) && is_name(model) => {
                Ok(Self::new(package, model))
            }
            _ => Err(ThingError { text: text.to_owned(), what: "model", form: "PACKAGE/MODEL" }),
        }
    }
}

impl FromStr for Thing {
    type Err = ThingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ThingError {
            text: text.to_owned(),
            what: "thing",
            form: "node N, package P, model P/M or instance P/M@N",
        };
        match text.split_once(' ').ok_or_else(wrong)? {
            ("node", name) if is_name(name) => Ok(Self::Node(name.to_owned())),
            ("package", name) if is_name(name) => Ok(Self::Package(name.to_owned())),
            ("model", name) => name.parse().map(Self::Model),
            ("instance", name) => match name.split_once('@') {
                Some((model, node)) if is_name(node) => {
                    Ok(Self::Instance(model.parse()?, node.to_owned()))
                }
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.to_string()
    }
}

impl From<Thing> for String {
    fn from(thing: Thing) -> Self {
        thing.to_string()
    }
}

impl TryFrom<String> for ModelName {
    type Error = ThingError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl TryFrom<String> for Thing {
    type Error = ThingError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
