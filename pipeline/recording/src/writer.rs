//! Writes samples in the formats that hold VSS signals.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use mcap::McapError;
use piccolo_catalogue::{Catalogue, SignalId};
use thiserror::Error;

use crate::mcap::McapWriter;
use crate::{Format, Sample};

mod rows;

/// Why a recording cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The file cannot be written.
    #[error("cannot write {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The MCAP file cannot be written.
    #[error("cannot write {path}")]
    Mcap {
        /// The file.
        path: PathBuf,
        /// Why.
        source: McapError,
    },
    /// CAN logs are not written.
    #[error("candump logs are read only: choose long CSV, Kuksa CSV or MCAP")]
    NotWritable,
    /// The catalogue has no signal at that position.
    #[error("the catalogue has no signal {}", .0.0)]
    UnknownSignal(SignalId),
    /// The sample is before the one that was written last.
    #[error("time runs backwards: {time_us} us after {previous_us} us")]
    TimeRunsBackwards {
        /// The time of the sample, in microseconds.
        time_us: u64,
        /// The time of the one before it.
        previous_us: u64,
    },
    /// The time is larger than the format can hold.
    #[error("{time_us} us are more than the format can hold")]
    TimeTooLarge {
        /// The time, in microseconds.
        time_us: u64,
    },
    /// The text of a value has a line end, which rows of CSV cannot hold.
    #[error("the value of {signal} has a line end: write MCAP")]
    LineEnd {
        /// The signal's path.
        signal: Arc<str>,
    },
    /// The row would be longer than a reader takes.
    #[error("the value of {signal} is too long for a row: write MCAP")]
    TooLong {
        /// The signal's path.
        signal: Arc<str>,
    },
}

/// A recording that is being written. It is whole only after [`Writer::finish`].
pub struct Writer {
    path: PathBuf,
    catalogue: Arc<Catalogue>,
    previous_us: u64,
    body: Body,
}

enum Body {
    Long(Output),
    Kuksa { out: Output, waiting: Option<(u64, Vec<u8>)> },
    Mcap(Box<McapWriter>),
}

/// A file, gzipped where its name ends with `.gz`.
enum Output {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

impl Writer {
    /// Creates the file, or empties one that exists; a CSV of which the name ends with `.gz` is gzipped.
    ///
    /// Long CSV and MCAP hold every sample, times as they are. Kuksa CSV holds times since its first
    /// sample. Neither CSV holds text with line ends.
    ///
    /// # Errors
    /// A file that cannot be written; [`Format::Candump`].
    pub fn create(
        path: &Path,
        format: Format,
        catalogue: Arc<Catalogue>,
    ) -> Result<Self, WriteError> {
        if format == Format::Candump {
            return Err(WriteError::NotWritable);
        }
        let io = |source| WriteError::Io { path: path.to_owned(), source };
        let file = BufWriter::new(File::create(path).map_err(io)?);
        let body = match format {
            Format::Mcap => {
                let out = McapWriter::new(file);
                Body::Mcap(Box::new(
                    out.map_err(|source| WriteError::Mcap { path: path.to_owned(), source })?,
                ))
            }
            Format::KuksaCsv => {
                let mut out = Output::new(path, file);
                out.write_all(b"field,signal,value,delay\n").map_err(io)?;
                Body::Kuksa { out, waiting: None }
            }
            Format::LongCsv | Format::Candump => {
                let mut out = Output::new(path, file);
                out.write_all(b"t_us,signal,value\n").map_err(io)?;
                Body::Long(out)
            }
        };
        Ok(Self { path: path.to_owned(), catalogue, previous_us: 0, body })
    }

    /// Writes a sample; its line is not written.
    ///
    /// # Errors
    /// A signal that the catalogue has not, a time before that of the last sample, a value that the
    /// format cannot hold (nothing is written then); a file that cannot be written.
    pub fn write(&mut self, sample: &Sample) -> Result<(), WriteError> {
        let signal =
            self.catalogue.get(sample.signal).ok_or(WriteError::UnknownSignal(sample.signal))?;
        let (time_us, previous_us) = (sample.time_us, self.previous_us);
        if time_us < previous_us {
            return Err(WriteError::TimeRunsBackwards { time_us, previous_us });
        }
        // Readers keep times as signed numbers while they look for those that run backwards.
        if i64::try_from(time_us).is_err() {
            return Err(WriteError::TimeTooLarge { time_us });
        }
        let io = |source| WriteError::Io { path: self.path.clone(), source };
        match &mut self.body {
            Body::Long(out) => out.write_all(&rows::long(sample, signal)?).map_err(io)?,
            Body::Kuksa { out, waiting } => {
                let row = rows::kuksa(sample, signal)?;
                if let Some((before_us, row)) = waiting.replace((time_us, row)) {
                    out.write_all(&row).map_err(io)?;
                    out.write_all(&rows::delay(time_us - before_us)).map_err(io)?;
                }
            }
            Body::Mcap(out) => {
                let written = out.write(sample, signal);
                if !written
                    .map_err(|source| WriteError::Mcap { path: self.path.clone(), source })?
                {
                    return Err(WriteError::TimeTooLarge { time_us });
                }
            }
        }
        self.previous_us = time_us;
        Ok(())
    }

    /// Writes what is still held back, and closes the file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(self) -> Result<(), WriteError> {
        let path = self.path;
        let io = |source| WriteError::Io { path: path.clone(), source };
        match self.body {
            Body::Long(out) => out.finish().map_err(io),
            Body::Kuksa { mut out, waiting } => {
                if let Some((_, row)) = waiting {
                    out.write_all(&row).map_err(io)?;
                    out.write_all(&rows::delay(0)).map_err(io)?;
                }
                out.finish().map_err(io)
            }
            Body::Mcap(out) => {
                let file = out
                    .finish()
                    .map_err(|source| WriteError::Mcap { path: path.clone(), source })?;
                Output::Plain(file).finish().map_err(io)
            }
        }
    }
}

impl Output {
    fn new(path: &Path, file: BufWriter<File>) -> Self {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
            Self::Gzip(GzEncoder::new(file, Compression::default()))
        } else {
            Self::Plain(file)
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(out) => out.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.finish()?.flush(),
        }
    }
}
