//! Why a catalogue cannot be read.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::ValueError;
use crate::catalogue::SIGNALS_MAX;

/// The most bytes that a catalogue file may have.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a catalogue cannot be read.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than [`FILE_BYTES_MAX`].
    #[error("{path} is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has an extension other than `json`, `vspec`, `yaml`, `yml` and `tsv`.
    #[error("{path} is no catalogue: .json, .vspec, .yaml, .yml or .tsv is needed")]
    UnknownExtension {
        /// The file.
        path: PathBuf,
    },
    /// The text is no JSON, or is nested too deeply.
    #[error("the catalogue is no readable JSON")]
    Json(#[from] serde_json::Error),
    /// The text is no YAML of the form that a vspec overlay has.
    #[error("the catalogue is no readable YAML: {0}")]
    Yaml(String),
    /// A node lacks a key, or has a value of the wrong type in it.
    #[error("{path}: `{key}` is missing, or is not {expected}")]
    Key {
        /// The path of the node.
        path: Box<str>,
        /// The key.
        key: &'static str,
        /// What the key should hold.
        expected: &'static str,
    },
    /// A value of `allowed` is none of the datatype.
    #[error("{path}: a value in `allowed` is wrong")]
    Allowed {
        /// The path of the signal.
        path: Box<str>,
        /// Why.
        source: ValueError,
    },
    /// The path is empty, too long, or has an empty segment or a forbidden character.
    #[error("`{path}` is no signal path")]
    Path {
        /// The beginning of the path.
        path: Box<str>,
    },
    /// The tree is nested too deeply.
    #[error("{path}: the tree is nested too deeply")]
    TooDeep {
        /// The beginning of the path of the node.
        path: Box<str>,
    },
    /// There are more than [`SIGNALS_MAX`] signals.
    #[error("the catalogue has more than {SIGNALS_MAX} signals")]
    TooManySignals,
    /// A line of a facts file is not as the importer writes it.
    #[error("line {line} of the facts is not seven fields of a signal")]
    Facts {
        /// The line, from 1.
        line: usize,
    },
}
