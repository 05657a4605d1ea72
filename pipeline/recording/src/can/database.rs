//! The messages and signals of a DBC file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use can_dbc::{Dbc, DbcError, MessageId, MultiplexIndicator};
use pest::error::LineColLocation;
use rustc_hash::FxHashMap;
use thiserror::Error;

use super::frame::FrameId;
use super::layout::{Layout, Raw};

mod statements;

/// The most bytes that a DBC file may have.
pub const DBC_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The deepest that multiplexors may select one another.
const MULTIPLEX_DEPTH_MAX: usize = 8;

/// A message of this name holds signals that belong to none.
const NO_MESSAGE: &str = "VECTOR__INDEPENDENT_SIG_MSG";

/// Why a DBC file cannot be used.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than [`DBC_BYTES_MAX`].
    #[error("{path} is larger than {DBC_BYTES_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has no message.
    #[error("{path} is no DBC: it has no message")]
    NoMessage {
        /// The file.
        path: PathBuf,
    },
    /// A statement is not of the DBC language.
    #[error("{path}:{line}: the DBC cannot be read: {source}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 where it is not known.
        line: usize,
        /// Why.
        source: DbcError,
    },
}

/// The messages of a DBC file, by identifier and by name.
#[derive(Debug)]
pub struct Database {
    messages: Vec<Message>,
    by_id: FxHashMap<FrameId, usize>,
}

/// A message, which is a frame with a meaning.
#[derive(Debug)]
pub struct Message {
    /// The identifier of its frames.
    pub id: FrameId,
    /// Its name.
    pub name: String,
    /// Its signals, in the order of the file.
    pub signals: Vec<SignalDefinition>,
    size_bytes: usize,
}

/// A signal of a message.
#[derive(Debug)]
pub struct SignalDefinition {
    /// Its name.
    pub name: String,
    /// What the raw number is multiplied by.
    pub factor: f64,
    /// What is added then.
    pub offset: f64,
    /// The names of raw numbers.
    pub labels: Vec<(i64, String)>,
    layout: Layout,
    multiplexed: Option<Multiplexed>,
}

/// When a multiplexed signal is there: while the multiplexor's number is in one of the ranges.
#[derive(Debug)]
struct Multiplexed {
    by: usize,
    ranges: Vec<(u64, u64)>,
}

/// What a frame says of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Its number.
    Raw(Raw),
    /// The frame is too short for it.
    TooShort,
    /// Its multiplexor selects other signals.
    NotSelected,
}

impl Database {
    /// Reads a DBC file; text that is not UTF-8 is taken as Windows-1252.
    ///
    /// Only what decoding needs is read: `BO_`, `SG_`, `VAL_`, `SIG_VALTYPE_` and `SG_MUL_VAL_`.
    /// A signal of no or more than 64 bits is left out; of two messages with one id the last counts.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, or is no DBC.
    pub fn load(path: &Path) -> Result<Self, DatabaseError> {
        let text = read(path)?;
        let database = Self::parse(&text).map_err(|source| {
            let line = match &source {
                DbcError::Pest(error) => match error.line_col {
                    LineColLocation::Pos((line, _)) | LineColLocation::Span((line, _), _) => line,
                },
                _ => 0,
            };
            DatabaseError::Syntax { path: path.to_owned(), line, source }
        })?;
        if database.messages.is_empty() {
            return Err(DatabaseError::NoMessage { path: path.to_owned() });
        }
        Ok(database)
    }

    /// All messages, in the order of the file.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The message of frames with that identifier.
    pub fn message(&self, id: FrameId) -> Option<&Message> {
        self.by_id.get(&id).and_then(|index| self.messages.get(*index))
    }

    fn parse(text: &str) -> Result<Self, DbcError> {
        let dbc = Dbc::try_from(statements::needed(text).as_str())?;
        let extras = Extras::new(&dbc);
        let named = dbc.messages.iter().filter(|message| message.name != NO_MESSAGE);
        let messages: Vec<_> = named.map(|message| Message::new(message, &extras)).collect();
        let by_id =
            messages.iter().enumerate().map(|(index, message)| (message.id, index)).collect();
        Ok(Self { messages, by_id })
    }
}

impl Message {
    /// What the data of a frame says of the signal at that position.
    pub fn read(&self, signal: usize, data: &[u8]) -> Reading {
        // A longer frame than the message is cut: what follows has no meaning.
        let data = &data[..data.len().min(self.size_bytes)];
        self.read_within(signal, data, MULTIPLEX_DEPTH_MAX)
    }

    fn read_within(&self, signal: usize, data: &[u8], depth: usize) -> Reading {
        let Some(definition) = self.signals.get(signal) else {
            return Reading::NotSelected;
        };
        if let Some(multiplexed) = &definition.multiplexed {
            if depth == 0 {
                return Reading::NotSelected;
            }
            match self.read_within(multiplexed.by, data, depth - 1) {
                Reading::Raw(raw) if multiplexed.is_selected_by(raw) => {}
                Reading::Raw(_) | Reading::NotSelected => return Reading::NotSelected,
                Reading::TooShort => return Reading::TooShort,
            }
        }
        definition.layout.read(data).map_or(Reading::TooShort, Reading::Raw)
    }

    fn new(message: &can_dbc::Message, extras: &Extras<'_>) -> Self {
        let mut kept = Vec::new();
        let mut signals = Vec::new();
        for signal in &message.signals {
            let key = (message.id, signal.name.as_str());
            if let Some(layout) = Layout::new(signal, extras.floats.get(&key).copied()) {
                kept.push(signal);
                signals.push(SignalDefinition {
                    name: signal.name.clone(),
                    factor: signal.factor,
                    offset: signal.offset,
                    labels: extras.labels.get(&key).cloned().unwrap_or_default(),
                    layout,
                    multiplexed: None,
                });
            }
        }
        for (signal, definition) in kept.iter().zip(&mut signals) {
            definition.multiplexed = multiplexed(signal, message.id, &kept, extras);
        }
        let size_bytes = usize::try_from(message.size).unwrap_or(usize::MAX);
        Self { id: message.id.into(), name: message.name.clone(), signals, size_bytes }
    }
}

impl Multiplexed {
    fn is_selected_by(&self, raw: Raw) -> bool {
        let number = match raw {
            Raw::Unsigned(number) => number,
            Raw::Signed(number) => number as u64,
            Raw::Float(_) => return false,
        };
        self.ranges.iter().any(|(least, greatest)| (*least..=*greatest).contains(&number))
    }
}

impl From<MessageId> for FrameId {
    fn from(id: MessageId) -> Self {
        match id {
            MessageId::Standard(id) => Self::Standard(id),
            MessageId::Extended(id) => Self::Extended(id),
        }
    }
}

/// What a DBC says of signals outside their messages.
struct Extras<'a> {
    floats: FxHashMap<(MessageId, &'a str), &'a can_dbc::SignalExtendedValueType>,
    labels: FxHashMap<(MessageId, &'a str), Vec<(i64, String)>>,
    multiplexed: FxHashMap<(MessageId, &'a str), &'a can_dbc::ExtendedMultiplex>,
}

impl<'a> Extras<'a> {
    fn new(dbc: &'a Dbc) -> Self {
        let floats = dbc.signal_extended_value_type_list.iter();
        let floats = floats.map(|list| {
            ((list.message_id, list.signal_name.as_str()), &list.signal_extended_value_type)
        });
        let multiplexed = dbc.extended_multiplex.iter();
        let multiplexed =
            multiplexed.map(|entry| ((entry.message_id, entry.signal_name.as_str()), entry));
        let mut labels = FxHashMap::default();
        for description in &dbc.value_descriptions {
            if let can_dbc::ValueDescription::Signal { message_id, name, value_descriptions } =
                description
            {
                let values =
                    value_descriptions.iter().map(|value| (value.id, value.description.clone()));
                labels.insert((*message_id, name.as_str()), values.collect());
            }
        }
        Self { floats: floats.collect(), labels, multiplexed: multiplexed.collect() }
    }
}

fn multiplexed(
    signal: &can_dbc::Signal,
    message: MessageId,
    signals: &[&can_dbc::Signal],
    extras: &Extras<'_>,
) -> Option<Multiplexed> {
    let position =
        |is: &dyn Fn(&can_dbc::Signal) -> bool| signals.iter().position(|signal| is(signal));
    if let Some(entry) = extras.multiplexed.get(&(message, signal.name.as_str())) {
        let by = position(&|signal| signal.name == entry.multiplexor_signal_name)?;
        let ranges =
            entry.mappings.iter().map(|range| (range.min_value, range.max_value)).collect();
        return Some(Multiplexed { by, ranges });
    }
    match signal.multiplexer_indicator {
        MultiplexIndicator::MultiplexedSignal(number)
        | MultiplexIndicator::MultiplexorAndMultiplexedSignal(number) => {
            let by = position(&|signal| {
                signal.multiplexer_indicator == MultiplexIndicator::Multiplexor
            })?;
            Some(Multiplexed { by, ranges: vec![(number, number)] })
        }
        MultiplexIndicator::Multiplexor | MultiplexIndicator::Plain => None,
    }
}

fn read(path: &Path) -> Result<String, DatabaseError> {
    let io = |source| DatabaseError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(DBC_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > DBC_BYTES_MAX {
        return Err(DatabaseError::TooLarge { path: path.to_owned() });
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        let text = can_dbc::decode_cp1252(&bytes).map(std::borrow::Cow::into_owned);
        text.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned())
    }))
}
