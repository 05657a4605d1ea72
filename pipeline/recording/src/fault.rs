//! What can be wrong with a recording, with a stable code and the place.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use piccolo_catalogue::ValueError;
use thiserror::Error;

use crate::lines::LINE_BYTES_MAX;

/// Something in a recording that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The file.
    pub file: Arc<Path>,
    /// The line or record number, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a line, record or file.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The line or record is not of the format.
    #[error("cannot read it: {0}")]
    Unparsable(LineProblem),
    /// The catalogue has no such signal.
    #[error("no signal `{name}`{}", suggestion(nearest.as_deref()))]
    UnknownSignal {
        /// The name, as it is written.
        name: Arc<str>,
        /// The signal most like it.
        nearest: Option<Arc<str>>,
    },
    /// The value is none of the signal's datatype.
    #[error("the value of {signal} does not fit: {source}")]
    ValueDoesNotFit {
        /// The signal's path.
        signal: Arc<str>,
        /// Why.
        source: ValueError,
    },
    /// The time is before that of the sample before; the row is dropped.
    #[error("time runs backwards: {time_us} us after {previous_us} us")]
    TimeRunsBackwards {
        /// The time of the row, in microseconds.
        time_us: i64,
        /// The time of the sample before it.
        previous_us: u64,
    },
    /// The file ends in the middle; nothing after this can be read.
    #[error("the file ends too early: it was cut off")]
    Truncated,
    /// There is no sample, frame or message in the file.
    #[error("the file holds no samples")]
    Empty,
    /// The line is longer than [`LINE_BYTES_MAX`] and was skipped.
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// The file cannot be read on from here.
    #[error("cannot read on: {0}")]
    Unreadable(Arc<str>),
}

/// What is wrong with one line or record.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineProblem {
    /// A row has another number of fields than the header.
    #[error("{found} fields where {needed} are needed")]
    Fields {
        /// How many there are, counting no further than one too many.
        found: usize,
        /// How many there should be.
        needed: usize,
    },
    /// A quoted field does not end, or goes on after its end.
    #[error("a quote is not closed where its field ends")]
    Quote,
    /// The time or delay is no number in range.
    #[error("the time is no number that fits")]
    Time,
    /// The first field of a Kuksa row is another word.
    #[error("the field is neither `current` nor `target`")]
    Field,
    /// The text is not UTF-8.
    #[error("it is not UTF-8")]
    Utf8,
    /// A line of a candump log is no `(time) interface id#data`.
    #[error("it is no CAN frame as candump writes it")]
    Frame,
    /// A message in MCAP is no JSON object with a `value` that a signal can have.
    #[error("the message is no JSON object with a value")]
    Message,
}

impl FaultKind {
    /// The stable code of the kind.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unparsable(_) => "F0001",
            Self::UnknownSignal { .. } => "F0002",
            Self::ValueDoesNotFit { .. } => "F0003",
            Self::TimeRunsBackwards { .. } => "F0004",
            Self::Truncated => "F0005",
            Self::Empty => "F0006",
            Self::LineTooLong => "F0007",
            Self::Unreadable(_) => "F0008",
        }
    }
}

impl fmt::Display for Fault {
    /// Writes `file:line: code message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, code) = (self.file.display(), self.line, self.kind.code());
        write!(f, "{file}:{line}: {code} {}", self.kind)
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; `{nearest}` is most like it"))
}
