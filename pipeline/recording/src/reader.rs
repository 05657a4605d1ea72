//! Opens a recording of any format and iterates over what it holds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use thiserror::Error;

use crate::can::{CandumpRows, Database, DatabaseError, MapError, SignalMap};
use crate::context::Context;
use crate::csv::{self, KuksaClock};
use crate::format::{Detected, detect};
use crate::lines::{Line, next_line};
use crate::mcap::Messages;
use crate::source::{self, Content, Progress};
use crate::{FaultKind, Format, Item, Notes};

/// How a recording is to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The signals that exist.
    pub catalogue: Arc<Catalogue>,
    /// The CAN database; only candump logs need it.
    pub dbc: Option<PathBuf>,
    /// The map from CAN signals to VSS signals; only candump logs need it.
    pub map: Option<PathBuf>,
    /// The format, where the content must not decide.
    pub format: Option<Format>,
}

/// Why a recording cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is of no format that is known.
    #[error(
        "{path} is no recording: its first line is neither `t_us,signal,value`, `field,signal,value,delay` nor a candump line, and it is no MCAP"
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A candump log is opened without DBC or signal map.
    #[error("{path} is a CAN log: a DBC file and a signal map are needed to read it")]
    DatabaseNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The DBC file is wrong.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The signal map is wrong.
    #[error(transparent)]
    Map(#[from] MapError),
}

/// A recording that is being read: an iterator over its samples and faults.
///
/// Faults never end it, but for a file that is cut off or cannot be read on.
pub struct Reader {
    format: Option<Format>,
    progress: Progress,
    context: Context,
    body: Body,
}

enum Body {
    Text { content: Content, line: Vec<u8>, rows: Rows },
    Mcap(Box<Messages>),
    Ended,
}

enum Rows {
    Long,
    Kuksa(KuksaClock),
    Candump(Box<CandumpRows>),
}

impl Options {
    /// Options for formats that hold VSS signals.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, dbc: None, map: None, format: None }
    }
}

impl Reader {
    /// Opens a recording, plain or gzipped, and tells its format from its content.
    ///
    /// # Errors
    /// A file that cannot be opened or is no recording; a CAN log without a DBC and a signal map
    /// that can be read.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let (content, progress) = source::open(path).map_err(io)?;
        let (head, content) = source::peek(content);
        let detected = options.format.map_or_else(|| detect(&head), Detected::Format);
        let format = match detected {
            Detected::Format(format) => Some(format),
            Detected::Nothing => None,
            Detected::Unknown => {
                return Err(OpenError::UnknownFormat { path: path.to_owned() });
            }
        };
        let text = |rows| Body::Text { content: Box::new(io::empty()), line: Vec::new(), rows };
        let mut body = match format {
            // Nothing but comments: the rows of any text format come to the same.
            Some(Format::LongCsv) | None => text(Rows::Long),
            Some(Format::KuksaCsv) => text(Rows::Kuksa(KuksaClock::default())),
            Some(Format::Candump) => text(Rows::Candump(candump(path, &options)?)),
            Some(Format::Mcap) => Body::Ended,
        };
        match &mut body {
            Body::Text { content: place, .. } => *place = content,
            _ => body = Body::Mcap(Box::new(Messages::new(content))),
        }
        let context = Context::new(path.into(), options.catalogue);
        Ok(Self { format, progress, context, body })
    }

    /// The format; none where the file is empty.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// How many bytes of the file have been read so far.
    pub fn bytes_read(&self) -> u64 {
        self.progress.read()
    }

    /// How many bytes the file has; 0 where that is not known, as for a pipe.
    pub fn bytes_total(&self) -> u64 {
        self.progress.total
    }

    /// What was passed over so far without being wrong.
    pub fn notes(&self) -> Notes {
        self.context.notes
    }

    /// Reads the next line or message; false at the end.
    fn advance(&mut self) -> bool {
        let more = match &mut self.body {
            Body::Text { content, line, rows } => {
                advance_text(content, line, rows, &mut self.context)
            }
            Body::Mcap(messages) => messages.advance(&mut self.context),
            Body::Ended => return false,
        };
        if !more {
            self.body = Body::Ended;
            if !self.context.any && self.context.pending.is_empty() {
                self.context.line = 0;
                self.context.fault(FaultKind::Empty);
            }
        }
        true
    }
}

impl Iterator for Reader {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.context.pending.pop_front() {
                return Some(item);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

fn candump(path: &Path, options: &Options) -> Result<Box<CandumpRows>, OpenError> {
    let (Some(dbc), Some(map)) = (&options.dbc, &options.map) else {
        return Err(OpenError::DatabaseNeeded { path: path.to_owned() });
    };
    let database = Database::load(dbc)?;
    let map = SignalMap::load(map, &database, &options.catalogue)?;
    Ok(Box::new(CandumpRows::new(database, map)))
}

/// Reads one line; false at the end.
fn advance_text(
    content: &mut Content,
    line: &mut Vec<u8>,
    rows: &mut Rows,
    context: &mut Context,
) -> bool {
    let next = next_line(content, line);
    context.line = context.line.saturating_add(1);
    match next {
        Ok(Line::Whole) => row(line, rows, context),
        Ok(Line::TooLong) => {
            context.any = true;
            context.fault(FaultKind::LineTooLong);
        }
        Ok(Line::End) => return false,
        Err(error) => {
            context.fault(broken(&error));
            return false;
        }
    }
    true
}

/// The fault of a stream that cannot be read on.
pub(crate) fn broken(error: &io::Error) -> FaultKind {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        FaultKind::Truncated
    } else {
        FaultKind::Unreadable(error.to_string().into())
    }
}

fn row(line: &[u8], rows: &mut Rows, context: &mut Context) {
    let line =
        if context.line == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return;
    }
    let header: &[&str] = match rows {
        Rows::Long => &csv::LONG_HEADER,
        Rows::Kuksa(_) => &csv::KUKSA_HEADER,
        Rows::Candump(_) => &[],
    };
    // The header is met before any row; two recordings put together may have it again.
    if line.first().is_some_and(|byte| !byte.is_ascii_digit()) && csv::is_header(line, header) {
        return;
    }
    context.any = true;
    match rows {
        Rows::Long => csv::long_row(line, context),
        Rows::Kuksa(clock) => clock.row(line, context),
        Rows::Candump(frames) => frames.row(line, context),
    }
}
