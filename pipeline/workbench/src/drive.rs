//! A recording in memory, by signal.

mod column;
mod merged;

use std::path::Path;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_recording::{Fault, Item, Notes, OpenError, Options, Reader, Sample};
use rustc_hash::FxHashMap;
use thiserror::Error;

use column::{Column, Table};

pub use merged::{Merged, Stream, merge};

/// The most samples of one signal in a drive; a month at 20 Hz.
pub const COLUMN_SAMPLES_MAX: usize = 50_000_000;

/// The most faults that a drive keeps; the others are counted only.
pub const FAULTS_KEPT_MAX: usize = 100;

/// A recorded drive, read once.
///
/// Samples lie by signal, so that who reads few signals meets only theirs:
/// [`Drive::stream`]. About 20 bytes a sample; texts and lists are held once.
#[derive(Debug)]
pub struct Drive {
    name: Arc<str>,
    /// In order of signal.
    columns: Vec<Column>,
    table: Table,
    faults: Vec<Fault>,
    faults_count: u64,
    notes: Notes,
}

/// Why samples are no drive.
#[derive(Debug, Error)]
pub enum DriveError {
    /// The recording cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A signal has more samples than a drive may hold.
    #[error("{signal} has more than {COLUMN_SAMPLES_MAX} samples; cut the recording")]
    TooLong {
        /// The signal's path.
        signal: Arc<str>,
    },
    /// The catalogue has no such signal.
    #[error("there is no signal {}; give the drive and its samples one catalogue", .0.0)]
    NoSignal(SignalId),
    /// A value is none of its signal's datatype.
    #[error("`{value}` is no value of {signal}; coerce it before")]
    WrongKind {
        /// The signal's path.
        signal: Arc<str>,
        /// The value.
        value: Value,
    },
    /// A sample is earlier than the one before of the same signal.
    #[error("{signal} has a sample at {time_us} us after one at {previous_us} us; sort them")]
    Backwards {
        /// The signal's path.
        signal: Arc<str>,
        /// The time of the sample.
        time_us: u64,
        /// The time of the sample before it.
        previous_us: u64,
    },
}

/// Makes a drive from samples.
#[derive(Debug)]
pub struct DriveBuilder {
    catalogue: Arc<Catalogue>,
    columns: FxHashMap<SignalId, Column>,
    drive: Drive,
}

impl Drive {
    /// Reads a whole recording.
    ///
    /// What cannot be read of it is counted in [`Drive::faults_count`].
    ///
    /// # Errors
    /// A file that cannot be opened or is no recording; a signal with more than
    /// [`COLUMN_SAMPLES_MAX`] samples.
    pub fn load(
        name: impl Into<Arc<str>>,
        path: &Path,
        options: Options,
    ) -> Result<Self, DriveError> {
        let mut builder = DriveBuilder::new(name, Arc::clone(&options.catalogue));
        let mut reader = Reader::open(path, options)?;
        for item in reader.by_ref() {
            match item {
                Item::Sample(sample) => builder.push(sample)?,
                Item::Fault(fault) => builder.fault(fault),
            }
        }
        builder.drive.notes = reader.notes();
        Ok(builder.finish())
    }

    /// What the drive is called in reports.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How many samples it has.
    pub fn len(&self) -> usize {
        self.columns.iter().map(Column::len).sum()
    }

    /// Whether it has no sample.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The signals that it has samples of, in order, with how many.
    pub fn signals(&self) -> impl ExactSizeIterator<Item = (SignalId, usize)> {
        self.columns.iter().map(|column| (column.signal, column.len()))
    }

    /// The times of its first and last sample, in microseconds of its own clock.
    pub fn span_us(&self) -> Option<(u64, u64)> {
        let first = self.columns.iter().filter_map(Column::first_us).min()?;
        let last = self.columns.iter().filter_map(Column::last_us).max()?;
        Some((first, last))
    }

    /// The last sample of a signal at or before a time.
    pub fn at(&self, signal: SignalId, time_us: u64) -> Option<Sample> {
        let column = self.column(signal)?;
        let index = column.position(time_us.checked_add(1)).checked_sub(1)?;
        column.sample(index, &self.table)
    }

    /// The first faults of the recording, at most [`FAULTS_KEPT_MAX`].
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// How many faults the recording had.
    pub fn faults_count(&self) -> u64 {
        self.faults_count
    }

    /// What was passed over without being wrong.
    pub fn notes(&self) -> Notes {
        self.notes
    }

    /// The bytes that its samples take, without texts and lists.
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(Column::memory_bytes).sum()
    }

    fn column(&self, signal: SignalId) -> Option<&Column> {
        let index = self.columns.binary_search_by_key(&signal, |column| column.signal).ok()?;
        self.columns.get(index)
    }
}

impl DriveBuilder {
    /// A drive without samples so far; their signals are the catalogue's.
    pub fn new(name: impl Into<Arc<str>>, catalogue: Arc<Catalogue>) -> Self {
        let drive = Drive {
            name: name.into(),
            columns: Vec::new(),
            table: Table::default(),
            faults: Vec::new(),
            faults_count: 0,
            notes: Notes::default(),
        };
        Self { catalogue, columns: FxHashMap::default(), drive }
    }

    /// Adds a sample; those of one signal come in order of time.
    ///
    /// # Errors
    /// A signal that the catalogue does not have, a value that is none of its
    /// datatype, a time before that of the signal's sample before, too many samples.
    pub fn push(&mut self, sample: Sample) -> Result<(), DriveError> {
        let Some(signal) = self.catalogue.get(sample.signal) else {
            return Err(DriveError::NoSignal(sample.signal));
        };
        let path = || Arc::clone(&signal.path);
        let column = self
            .columns
            .entry(sample.signal)
            .or_insert_with(|| Column::new(sample.signal, signal.datatype));
        if column.len() >= COLUMN_SAMPLES_MAX {
            return Err(DriveError::TooLong { signal: path() });
        }
        let time_us = sample.time_us;
        if let Some(previous_us) = column.last_us().filter(|last_us| time_us < *last_us) {
            return Err(DriveError::Backwards { signal: path(), time_us, previous_us });
        }
        column
            .push(sample, &mut self.drive.table)
            .map_err(|value| DriveError::WrongKind { signal: path(), value })
    }

    /// Counts a fault.
    pub fn fault(&mut self, fault: Fault) {
        self.drive.faults_count += 1;
        if self.drive.faults.len() < FAULTS_KEPT_MAX {
            self.drive.faults.push(fault);
        }
    }

    /// The drive of all samples so far.
    pub fn finish(mut self) -> Drive {
        let columns = self.columns.into_values().filter(|column| column.len() > 0);
        self.drive.columns = columns.map(Column::shrunk).collect();
        self.drive.columns.sort_unstable_by_key(|column| column.signal);
        self.drive.table.close();
        self.drive
    }
}
