//! A journal: what one process took in and gave out, on its own disk, so that it goes on after any
//! end as if there had been none.
//!
//! The process decides from its inputs alone. A journal has a snapshot of its state, the inputs
//! after it, the last outputs, and notes under names. One write brings an input, the outputs that
//! it led to and changed notes, all or nothing; what is given out after the write has returned was
//! never given out without its cause being kept. Whoever opens the journal restores the snapshot,
//! takes the inputs again, and gives nothing out that is among the outputs.
//!
//! A snapshot is written in parts beside inputs that go on, and counts once its last part is there;
//! then the inputs that it covers are removed.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use redb::{
    Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, WriteTransaction,
};

use crate::doing::Doing;
use crate::{Error, file};

/// Bytes of one part of a snapshot at most.
pub const SNAPSHOT_PART_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of the file that are kept in memory.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// The format of the file. A change of the tables raises it.
const FORMAT: u64 = 1;

/// Numbers by name.
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// Inputs by number, from 1.
const INPUTS: TableDefinition<u64, &[u8]> = TableDefinition::new("inputs");

/// Outputs by number, from 1.
const OUTPUTS: TableDefinition<u64, &[u8]> = TableDefinition::new("outputs");

/// Notes by name.
const NOTES: TableDefinition<&str, &[u8]> = TableDefinition::new("notes");

/// Parts of snapshots, by the input that each comes after, and the number of the part, from 0.
const SNAPSHOTS: TableDefinition<(u64, u32), &[u8]> = TableDefinition::new("snapshots");

/// Names in [`META`].
mod meta {
    /// See [`super::FORMAT`].
    pub(super) const FORMAT: &str = "format";
    /// The number of the last input.
    pub(super) const INPUT: &str = "input";
    /// The number of the last output.
    pub(super) const OUTPUT: &str = "output";
    /// The input after which the snapshot was taken; 0: there is none.
    pub(super) const SNAPSHOT: &str = "snapshot";
}

/// What one write brings: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Write<'a> {
    /// What the process took in; it gets the next number.
    pub input: Option<&'a [u8]>,
    /// What it gave out, in order.
    pub outputs: &'a [&'a [u8]],
    /// Notes that changed; without a value the note is removed.
    pub notes: &'a [(&'a str, Option<&'a [u8]>)],
    /// A part of a snapshot.
    pub snapshot: Option<SnapshotPart<'a>>,
}

/// A part of a snapshot; the parts come in order, the last one makes the snapshot count.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPart<'a> {
    /// The state is the one after this input. An input that was already written.
    pub after_input: u64,
    /// Its number, from 0.
    pub number: u32,
    /// At most [`SNAPSHOT_PART_BYTES_MAX`].
    pub bytes: &'a [u8],
    /// Whether it is the last.
    pub last: bool,
}

/// The parts of a snapshot, in the order in which they are to be written.
pub fn parts(after_input: u64, snapshot: &[u8]) -> impl Iterator<Item = SnapshotPart<'_>> {
    let count = snapshot.len().div_ceil(SNAPSHOT_PART_BYTES_MAX).max(1);
    let part = move |number: usize| {
        let from = number * SNAPSHOT_PART_BYTES_MAX;
        let to = snapshot.len().min(from + SNAPSHOT_PART_BYTES_MAX);
        let (bytes, last) = (&snapshot[from..to], number + 1 == count);
        SnapshotPart { after_input, number: number as u32, bytes, last }
    };
    (0..count).map(part)
}

/// A journal in one file; only one process can have it open.
#[derive(Debug)]
pub struct Journal {
    database: Arc<Database>,
    outputs_max: u64,
    input: u64,
    output: u64,
    /// A write failed: nobody knows what the disk has.
    failed: bool,
}

impl Journal {
    /// Opens the journal in a file, and makes the file where there is none. The last `outputs_max`
    /// outputs are kept.
    ///
    /// # Errors
    /// [`Error::Storage`] where the file cannot be opened, also since another process has it open;
    /// [`Error::Newer`] or [`Error::Damaged`].
    pub fn open(path: impl AsRef<Path>, outputs_max: usize) -> Result<Self, Error> {
        let database = file::open(&builder(), path.as_ref()).doing("open the journal")?;
        Self::make(database, outputs_max)
    }

    /// Opens the journal in a storage that is handed in.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_in(storage: impl StorageBackend, outputs_max: usize) -> Result<Self, Error> {
        let database = builder().create_with_backend(storage).doing("open the journal")?;
        Self::make(database, outputs_max)
    }

    fn make(database: Database, outputs_max: usize) -> Result<Self, Error> {
        let work = database.begin_write().doing("open the journal")?;
        let (input, output) = prepare(&work)?;
        work.commit().doing("open the journal")?;
        let database = Arc::new(database);
        Ok(Self { database, outputs_max: outputs_max as u64, input, output, failed: false })
    }

    /// What makes copies of the journal while it is written.
    #[must_use]
    pub fn copier(&self) -> Copier {
        Copier(Arc::clone(&self.database))
    }

    /// The number of the last input; 0 where there was none.
    #[must_use]
    pub fn last_input(&self) -> u64 {
        self.input
    }

    /// Writes; returns the number of the last input once all is on the disk.
    ///
    /// # Errors
    /// [`Error::Storage`]; then the journal is closed, and each further write is
    /// [`Error::Closed`].
    pub fn write(&mut self, write: &Write<'_>) -> Result<u64, Error> {
        if self.failed {
            let reason = Some("an earlier write failed".to_owned());
            return Err(Error::Closed { reason });
        }
        self.failed = true;
        let (input, output) = self.try_write(write)?;
        (self.input, self.output, self.failed) = (input, output, false);
        Ok(input)
    }

    fn try_write(&self, write: &Write<'_>) -> Result<(u64, u64), Error> {
        let work = self.database.begin_write().doing("write the journal")?;
        let mut input = self.input;
        if let Some(bytes) = write.input {
            input += 1;
            put(&work, INPUTS, input, bytes)?;
            set(&work, meta::INPUT, input)?;
        }
        let output = self.give_out(&work, write.outputs)?;
        note(&work, write.notes)?;
        if let Some(part) = &write.snapshot {
            keep_part(&work, part)?;
        }
        work.commit().doing("write the journal")?;
        Ok((input, output))
    }

    /// Adds outputs and removes those beyond the bound; returns the number of the last one.
    fn give_out(&self, work: &WriteTransaction, outputs: &[&[u8]]) -> Result<u64, Error> {
        if outputs.is_empty() {
            return Ok(self.output);
        }
        let last = self.output + outputs.len() as u64;
        let mut table = work.open_table(OUTPUTS).doing("write the journal")?;
        for (number, bytes) in (self.output + 1..).zip(outputs) {
            table.insert(number, *bytes).doing("write the journal")?;
        }
        let gone = ..=last.saturating_sub(self.outputs_max);
        table.retain_in(gone, |_, _| false).doing("write the journal")?;
        drop(table);
        set(work, meta::OUTPUT, last)?;
        Ok(last)
    }

    /// The snapshot, and the input that it comes after.
    ///
    /// # Errors
    /// [`Error::Storage`] or [`Error::Damaged`].
    pub fn snapshot(&self) -> Result<Option<(u64, Vec<u8>)>, Error> {
        let after = self.number(meta::SNAPSHOT)?;
        if after == 0 {
            return Ok(None);
        }
        let read = self.database.begin_read().doing("read the journal")?;
        let table = read.open_table(SNAPSHOTS).doing("read the journal")?;
        let mut snapshot = Vec::new();
        for part in table.range((after, 0)..=(after, u32::MAX)).doing("read the journal")? {
            snapshot.extend_from_slice(part.doing("read the journal")?.1.value());
        }
        Ok(Some((after, snapshot)))
    }

    /// The numbers of the inputs after the snapshot.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn inputs(&self) -> Result<RangeInclusive<u64>, Error> {
        Ok(self.number(meta::SNAPSHOT)? + 1..=self.input)
    }

    /// An input after the snapshot.
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Damaged`] where there is no such input.
    pub fn input(&self, number: u64) -> Result<Vec<u8>, Error> {
        let read = self.database.begin_read().doing("read the journal")?;
        let table = read.open_table(INPUTS).doing("read the journal")?;
        let found = table.get(number).doing("read the journal")?;
        found.map(|bytes| bytes.value().to_vec()).ok_or_else(|| Error::Damaged {
            what: "the journal".to_owned(),
            place: format!("input {number}"),
        })
    }

    /// The outputs that are kept, the oldest first.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn outputs(&self) -> Result<Vec<Vec<u8>>, Error> {
        let read = self.database.begin_read().doing("read the journal")?;
        let table = read.open_table(OUTPUTS).doing("read the journal")?;
        let rows = table.iter().doing("read the journal")?;
        rows.map(|row| Ok(row.doing("read the journal")?.1.value().to_vec())).collect()
    }

    /// All notes, by name.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn notes(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let read = self.database.begin_read().doing("read the journal")?;
        let table = read.open_table(NOTES).doing("read the journal")?;
        let rows = table.iter().doing("read the journal")?;
        rows.map(|row| {
            let (name, value) = row.doing("read the journal")?;
            Ok((name.value().to_owned(), value.value().to_vec()))
        })
        .collect()
    }

    fn number(&self, name: &str) -> Result<u64, Error> {
        let read = self.database.begin_read().doing("read the journal")?;
        let table = read.open_table(META).doing("read the journal")?;
        Ok(table.get(name).doing("read the journal")?.map_or(0, |number| number.value()))
    }
}

/// Makes copies of a journal, also while it is written.
#[derive(Clone, Debug)]
pub struct Copier(Arc<Database>);

impl Copier {
    /// Writes a journal with all that is in this one at one moment, into a file that does not exist.
    /// Where it fails, what is there of the file is of no use.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn copy_to(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let read = self.0.begin_read().doing("read the journal")?;
        let copy = builder().create(path).doing("make a copy of the journal")?;
        let work = copy.begin_write().doing("make a copy of the journal")?;
        copy_table(&read, &work, META)?;
        copy_table(&read, &work, INPUTS)?;
        copy_table(&read, &work, OUTPUTS)?;
        copy_table(&read, &work, NOTES)?;
        copy_table(&read, &work, SNAPSHOTS)?;
        work.commit().doing("make a copy of the journal")
    }
}

fn copy_table<K: redb::Key + 'static, V: redb::Value + 'static>(
    read: &ReadTransaction,
    work: &WriteTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<(), Error> {
    let from = read.open_table(table).doing("read the journal")?;
    let mut to = work.open_table(table).doing("make a copy of the journal")?;
    for row in from.iter().doing("read the journal")? {
        let (key, value) = row.doing("read the journal")?;
        to.insert(key.value(), value.value()).doing("make a copy of the journal")?;
    }
    Ok(())
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    // Without it the storage trusts a file that was closed, and may panic on damaged pages.
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

/// Makes the tables, checks the format and removes what is left of a snapshot that was not
/// finished; the numbers of the last input and output.
fn prepare(work: &WriteTransaction) -> Result<(u64, u64), Error> {
    work.open_table(INPUTS).doing("open the journal")?;
    work.open_table(OUTPUTS).doing("open the journal")?;
    work.open_table(NOTES).doing("open the journal")?;
    let mut table = work.open_table(META).doing("open the journal")?;
    let number = |table: &redb::Table<'_, &str, u64>, name| -> Result<Option<u64>, Error> {
        Ok(table.get(name).doing("open the journal")?.map(|number| number.value()))
    };
    match number(&table, meta::FORMAT)? {
        None => drop(table.insert(meta::FORMAT, FORMAT).doing("open the journal")?),
        Some(FORMAT) => {}
        Some(found) => {
            let (found, known) = (found as u32, FORMAT as u32);
            return Err(Error::Newer { what: "the journal".to_owned(), found, known });
        }
    }
    let snapshot = number(&table, meta::SNAPSHOT)?.unwrap_or_default();
    let mut parts = work.open_table(SNAPSHOTS).doing("open the journal")?;
    parts.retain(|(after, _), _| after == snapshot).doing("open the journal")?;
    let input = number(&table, meta::INPUT)?.unwrap_or_default();
    Ok((input, number(&table, meta::OUTPUT)?.unwrap_or_default()))
}

fn put(
    work: &WriteTransaction,
    table: TableDefinition<u64, &[u8]>,
    number: u64,
    bytes: &[u8],
) -> Result<(), Error> {
    let mut table = work.open_table(table).doing("write the journal")?;
    table.insert(number, bytes).doing("write the journal")?;
    Ok(())
}

fn set(work: &WriteTransaction, name: &str, number: u64) -> Result<(), Error> {
    let mut table = work.open_table(META).doing("write the journal")?;
    table.insert(name, number).doing("write the journal")?;
    Ok(())
}

fn note(work: &WriteTransaction, notes: &[(&str, Option<&[u8]>)]) -> Result<(), Error> {
    if notes.is_empty() {
        return Ok(());
    }
    let mut table = work.open_table(NOTES).doing("write the journal")?;
    for (name, value) in notes {
        match value {
            Some(value) => drop(table.insert(*name, *value).doing("write the journal")?),
            None => drop(table.remove(*name).doing("write the journal")?),
        }
    }
    Ok(())
}

/// Keeps a part of a snapshot; with the last one, what the snapshot covers goes.
fn keep_part(work: &WriteTransaction, part: &SnapshotPart<'_>) -> Result<(), Error> {
    let mut table = work.open_table(SNAPSHOTS).doing("write the journal")?;
    table.insert((part.after_input, part.number), part.bytes).doing("write the journal")?;
    if !part.last {
        return Ok(());
    }
    table.retain_in(..(part.after_input, 0), |_, _| false).doing("write the journal")?;
    set(work, meta::SNAPSHOT, part.after_input)?;
    let mut inputs = work.open_table(INPUTS).doing("write the journal")?;
    inputs.retain_in(..=part.after_input, |_, _| false).doing("write the journal")?;
    Ok(())
}
