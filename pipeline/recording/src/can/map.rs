//! The map from the signals of a CAN database to signals of the catalogue, a YAML file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use piccolo_catalogue::{Catalogue, Scalar, SignalId, Value, ValueError};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use thiserror::Error;

use super::database::Database;
use super::frame::FrameId;

/// The most bytes that a signal map may have.
pub const MAP_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The most decimals that a value can be rounded to.
const DECIMALS_MAX: u32 = 12;

/// Why a signal map cannot be used.
#[derive(Debug, Error)]
pub enum MapError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than [`MAP_BYTES_MAX`].
    #[error("{path} is larger than {MAP_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is no YAML of the form that a map has.
    #[error("{path} is no signal map: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Why, with line and column.
        reason: String,
    },
    /// An entry of the map is wrong.
    #[error("{path}, entry {entry} ({signal}): {problem}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        entry: usize,
        /// Its VSS path.
        signal: String,
        /// What is wrong with it.
        problem: EntryProblem,
    },
}

/// What is wrong with one entry of a map.
#[derive(Debug, Error)]
pub enum EntryProblem {
    /// The database has no such message.
    #[error("the DBC has no message `{0}`")]
    NoMessage(String),
    /// The message has no such signal.
    #[error("message `{message}` has no signal `{signal}`")]
    NoSignal {
        /// The message.
        message: String,
        /// The signal.
        signal: String,
    },
    /// The catalogue has no such signal.
    #[error("the catalogue has no such signal{}", nearest.as_ref().map_or_else(String::new, |path| format!("; `{path}` is most like it")))]
    NoPath {
        /// The signal most like it.
        nearest: Option<String>,
    },
    /// A value of `values` is none of the signal's datatype.
    #[error("a value in `values` does not fit")]
    Value(#[from] ValueError),
    /// A key of `values` is neither a number nor a name that the DBC gives one.
    #[error("`{0}` in `values` is neither a number nor a name of one in the DBC")]
    Label(String),
    /// Scale or offset is no finite number, or there are more decimals than 12.
    #[error("`scale`, `offset` or `decimals` is out of range")]
    Number,
    /// The signal holds text, and neither the map nor the DBC names any.
    #[error("it holds text: `values` are needed, or names of the values in the DBC")]
    NoText,
    /// The signal holds an array.
    #[error("it holds an array, which no CAN signal is")]
    Array,
}

/// Which frames give which samples.
#[derive(Debug)]
pub struct SignalMap {
    entries: FxHashMap<FrameId, Vec<Entry>>,
}

/// One CAN signal as a signal of the catalogue.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The bus that the frame must come from, where the map says one.
    pub(crate) bus: Option<String>,
    /// The position of the signal in its message.
    pub(crate) source: usize,
    pub(crate) target: SignalId,
    pub(crate) guard: Option<Guard>,
    pub(crate) conversion: Conversion,
}

/// The signal of the message that must have that raw number.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) signal: usize,
    pub(crate) value: i64,
}

/// How the raw number becomes a value.
#[derive(Debug)]
pub(crate) enum Conversion {
    /// By a list.
    Values(FxHashMap<i64, Value>),
    /// `(raw * factor + offset) * scale + shift`, rounded to the decimals.
    Linear { factor: f64, offset: f64, scale: f64, shift: f64, decimals: Option<u32> },
    /// The same, of which 0 is false and 1 true.
    Boolean { factor: f64, offset: f64 },
}

/// An entry as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    message: String,
    signal: String,
    path: String,
    bus: Option<String>,
    scale: Option<f64>,
    offset: Option<f64>,
    decimals: Option<u32>,
    values: Option<BTreeMap<String, serde_json::Value>>,
    valid: Option<WrittenGuard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGuard {
    signal: String,
    value: i64,
}

impl SignalMap {
    /// Reads a map and checks it against database and catalogue.
    ///
    /// # Errors
    /// A file that cannot be read or is no map; an entry of which message, signal or path does not
    /// exist, or whose values do not fit.
    pub fn load(path: &Path, database: &Database, catalogue: &Catalogue) -> Result<Self, MapError> {
        let text = read(path)?;
        let written: Vec<Written> = serde_saphyr::from_str(&text).map_err(|error| {
            MapError::Syntax { path: path.to_owned(), reason: error.to_string() }
        })?;
        let mut entries: FxHashMap<FrameId, Vec<Entry>> = FxHashMap::default();
        for (index, written) in written.iter().enumerate() {
            let (id, entry) =
                written.resolve(database, catalogue).map_err(|problem| MapError::Entry {
                    path: path.to_owned(),
                    entry: index + 1,
                    signal: written.path.clone(),
                    problem,
                })?;
            entries.entry(id).or_default().push(entry);
        }
        Ok(Self { entries })
    }

    /// The entries of frames with that identifier, in the order of the file.
    pub(crate) fn entries(&self, id: FrameId) -> &[Entry] {
        self.entries.get(&id).map_or(&[], Vec::as_slice)
    }
}

impl Written {
    fn resolve(
        &self,
        database: &Database,
        catalogue: &Catalogue,
    ) -> Result<(FrameId, Entry), EntryProblem> {
        let message = database.messages().iter().rev().find(|message| message.name == self.message);
        let message = message.ok_or_else(|| EntryProblem::NoMessage(self.message.clone()))?;
        let position = |name: &str| {
            let found = message.signals.iter().position(|signal| signal.name == name);
            found.ok_or_else(|| EntryProblem::NoSignal {
                message: self.message.clone(),
                signal: name.to_owned(),
            })
        };
        let source = position(&self.signal)?;
        let guard = match &self.valid {
            None => None,
            Some(guard) => Some(Guard { signal: position(&guard.signal)?, value: guard.value }),
        };
        let target = catalogue.find(&self.path).ok_or_else(|| EntryProblem::NoPath {
            nearest: catalogue.nearest(&self.path, 1).first().map(|path| (*path).to_owned()),
        })?;
        let conversion = self.conversion(&message.signals[source], catalogue, target)?;
        Ok((message.id, Entry { bus: self.bus.clone(), source, target, guard, conversion }))
    }

    fn conversion(
        &self,
        source: &super::SignalDefinition,
        catalogue: &Catalogue,
        target: SignalId,
    ) -> Result<Conversion, EntryProblem> {
        let target = catalogue.get(target).ok_or(EntryProblem::NoPath { nearest: None })?;
        let (factor, offset) = (source.factor, source.offset);
        if target.datatype.array {
            return Err(EntryProblem::Array);
        }
        if let Some(values) = &self.values {
            let values = values.iter().map(|(key, value)| {
                Ok((raw_number(key, &source.labels)?, target.coerce(scalar(value)?)?))
            });
            return Ok(Conversion::Values(values.collect::<Result<_, EntryProblem>>()?));
        }
        match target.datatype.scalar {
            Scalar::Boolean => Ok(Conversion::Boolean { factor, offset }),
            Scalar::String if source.labels.is_empty() => Err(EntryProblem::NoText),
            Scalar::String => {
                let values =
                    source.labels.iter().map(|(raw, label)| (*raw, Value::from(label.as_str())));
                Ok(Conversion::Values(values.collect()))
            }
            _ => {
                let (scale, shift) = (self.scale.unwrap_or(1.0), self.offset.unwrap_or(0.0));
                let decimals = self.decimals;
                if !scale.is_finite() || !shift.is_finite() || decimals > Some(DECIMALS_MAX) {
                    return Err(EntryProblem::Number);
                }
                Ok(Conversion::Linear { factor, offset, scale, shift, decimals })
            }
        }
    }
}

/// The raw number that a key of `values` means.
fn raw_number(key: &str, labels: &[(i64, String)]) -> Result<i64, EntryProblem> {
    if let Ok(raw) = key.parse() {
        return Ok(raw);
    }
    let named = labels.iter().find(|(_, label)| label == key);
    named.map(|(raw, _)| *raw).ok_or_else(|| EntryProblem::Label(key.to_owned()))
}

fn scalar(value: &serde_json::Value) -> Result<Value, EntryProblem> {
    crate::mcap::value_of(value).ok_or_else(|| EntryProblem::Label(value.to_string()))
}

fn read(path: &Path) -> Result<String, MapError> {
    let io = |source| MapError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path).map_err(io)?.take(MAP_BYTES_MAX + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > MAP_BYTES_MAX {
        return Err(MapError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}
