//! Where decisions go: to standard output, or to a file that can be taken up again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use piccolo_engine::Decision;
use serde::{Deserialize, Serialize};

use crate::args::OutputFormat;
use crate::checkpoint::CheckpointError;
use crate::error::CliError;
use crate::output::Printer;

/// How many bytes before a position tell whether a file is the one that was written.
const TAIL_BYTES: u64 = 4096;

/// A position in a file of decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    bytes: u64,
    /// Of the bytes just before it.
    tail: String,
}

pub(super) enum Outlet {
    Stdout(Box<Printer>),
    File { path: PathBuf, out: BufWriter<File>, bytes: u64 },
}

impl Outlet {
    pub(super) fn stdout(format: OutputFormat) -> Result<Self, CliError> {
        Ok(Self::Stdout(Box::new(Printer::new(format)?)))
    }

    /// A new file, or one that goes on at a position. No other process may write to it meanwhile.
    pub(super) fn file(path: &Path, from: Option<&Position>) -> Result<Self, CliError> {
        let failed = |source| CliError::Report { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(from.is_none()).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => CliError::InUse(path.to_owned()),
            TryLockError::Error(error) => failed(error),
        })?;
        let bytes = from.map_or(0, |from| from.bytes);
        let known = match from {
            Some(from) => tail(&mut file, bytes).is_ok_and(|tail| tail == from.tail),
            None => true,
        };
        if !known {
            return Err(CheckpointError::OtherOutput(path.to_owned()).into());
        }
        file.set_len(bytes).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self::File { path: path.to_owned(), out: BufWriter::new(file), bytes })
    }

    pub(super) fn write(&mut self, decision: &Decision) -> Result<(), CliError> {
        match self {
            Self::Stdout(printer) => printer.print(decision),
            Self::File { path, out, bytes } => {
                let mut line = serde_json::to_vec(decision)?;
                line.push(b'\n');
                *bytes += line.len() as u64;
                let failed = |source| CliError::Report { path: path.clone(), source };
                out.write_all(&line).map_err(failed)
            }
        }
    }

    /// Makes what was written last; where it ends.
    pub(super) fn sync(&mut self) -> Result<Option<Position>, CliError> {
        match self {
            Self::Stdout(printer) => printer.flush().map(|()| None),
            Self::File { path, out, bytes } => {
                let failed = |source| CliError::Report { path: path.clone(), source };
                out.flush().map_err(failed)?;
                out.get_ref().sync_all().map_err(failed)?;
                let mut file = File::open(&path).map_err(failed)?;
                let tail = tail(&mut file, *bytes).map_err(failed)?;
                Ok(Some(Position { bytes: *bytes, tail }))
            }
        }
    }
}

/// The hash of the last bytes of a file before a position.
fn tail(file: &mut File, bytes: u64) -> io::Result<String> {
    let length = bytes.min(TAIL_BYTES);
    let mut tail = vec![0; length as usize];
    file.seek(SeekFrom::Start(bytes - length))?;
    file.read_exact(&mut tail)?;
    Ok(blake3::hash(&tail).to_string())
}
