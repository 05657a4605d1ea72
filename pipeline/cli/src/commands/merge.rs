//! `piccolo merge`: the decisions of several processes in canonical order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use piccolo_base::exit::Code;
use serde::Deserialize;

use crate::args::MergeArgs;
use crate::error::CliError;

/// What decisions of different vehicles are ordered by; each vehicle is in one file.
type Key = (u64, String);

/// The part of a decision that says where it goes.
#[derive(Deserialize)]
struct Place {
    time_us: u64,
    vehicle: String,
}

pub(crate) fn run(args: &MergeArgs) -> Result<Code, CliError> {
    let parts: Result<Vec<Part>, CliError> =
        args.files.iter().map(|path| Part::open(path)).collect();
    let mut parts = parts?;
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(first) = first(&parts) {
        out.write_all(parts[first].text.as_bytes())?;
        parts[first].advance()?;
    }
    out.flush()?;
    Ok(Code::Done)
}

/// The part whose next decision comes first.
fn first(parts: &[Part]) -> Option<usize> {
    let open =
        parts.iter().enumerate().filter_map(|(index, part)| Some((part.key.as_ref()?, index)));
    open.min().map(|(_, index)| index)
}

/// A file of decisions with the next one.
struct Part {
    path: PathBuf,
    lines: BufReader<File>,
    number: u64,
    text: String,
    key: Option<Key>,
}

impl Part {
    fn open(path: &Path) -> Result<Self, CliError> {
        super::exists(path)?;
        let wrong = |error: io::Error| CliError::Merge {
            path: path.to_owned(),
            line: 0,
            what: error.to_string(),
        };
        let lines = BufReader::new(File::open(path).map_err(wrong)?);
        let mut part =
            Self { path: path.to_owned(), lines, number: 0, text: String::new(), key: None };
        part.advance()?;
        Ok(part)
    }

    fn advance(&mut self) -> Result<(), CliError> {
        self.text.clear();
        self.number += 1;
        let read = self.lines.read_line(&mut self.text).map_err(|error| self.wrong(error))?;
        let before = self.key.take();
        if read == 0 {
            return Ok(());
        }
        if !self.text.ends_with('\n') {
            return Err(self.wrong("the line is cut off"));
        }
        let place: Place = serde_json::from_str(&self.text).map_err(|error| self.wrong(error))?;
        let key = (place.time_us, place.vehicle);
        if before.is_some_and(|before| before > key) {
            return Err(self.wrong("it comes before the decision above it"));
        }
        self.key = Some(key);
        Ok(())
    }

    fn wrong(&self, what: impl ToString) -> CliError {
        CliError::Merge { path: self.path.clone(), line: self.number, what: what.to_string() }
    }
}
