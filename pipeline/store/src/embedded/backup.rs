//! Backups: the log of a store in one checksummed file, from which all tables are made again.
//!
//! ```text
//! magic (16) | format u32 | revision u64 | compacted u64 | scrubbed u64 | lease u64
//! rows: 1 | revision u64 | place u32 | length u32 | bytes     of the log, in its order
//!       2 | lease i64 | time to live u64                      of the leases
//!       0                                                     the end
//! BLAKE3 of all before it (32)
//! ```
//! Numbers are little-endian.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, Table, WriteTransaction};

use super::Shared;
use super::tables::{ATTACHED, CURRENT, INDEX, decode_current};
use super::tables::{
    Change, FORMAT, LEASES, LOG, META, are_numbers, decode_change, encode_current, meta,
};
use crate::doing::Doing;
use crate::file::{beside, sync_folder};
use crate::{Error, Revision, TTL_S_MAX, TTL_S_MIN};

const MAGIC: &[u8; 16] = b"piccolo backup\r\n";
const BACKUP_FORMAT: u32 = 1;
const ROW_BYTES_MAX: u32 = 2 * 1024 * 1024;

/// Rows that are restored in one transaction of the storage.
const RESTORE_ROWS_MAX: usize = 10_000;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupInfo {
    /// The revision that it has.
    pub revision: Revision,
    /// The oldest revision that it can be read at; 0: nothing was compacted.
    pub compacted: Revision,
    /// Changes in it.
    pub changes: u64,
    /// Leases in it.
    pub leases: u64,
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3 checksum, in hexadecimal.
    pub checksum: String,
}

/// The numbers at the start of a backup.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    revision: u64,
    compacted: u64,
    scrubbed: u64,
    lease: u64,
}

/// One row of a backup.
enum Row {
    Change(Revision, u32, Vec<u8>),
    Lease(i64, u64),
}

/// Writes a backup of a store.
pub(super) fn write(shared: &Shared, path: &Path) -> Result<BackupInfo, Error> {
    let partial = beside(path, "partial");
    let info = write_rows(shared, &partial)?;
    fs::rename(&partial, path).doing_io("name the backup")?;
    sync_folder(path).doing_io("sync the folder")?;
    Ok(info)
}

fn write_rows(shared: &Shared, path: &Path) -> Result<BackupInfo, Error> {
    let database = shared.database();
    let database = database.as_ref().ok_or_else(|| shared.closed())?;
    let transaction = database.begin_read().doing("begin to read")?;
    let numbers = transaction.open_table(META).doing("open its tables")?;
    let number = |name| -> Result<u64, Error> {
        Ok(numbers.get(name).doing("read its numbers")?.map_or(0, |number| number.value()))
    };
    let head = Head {
        revision: number(meta::REVISION)?,
        compacted: number(meta::COMPACTED)?,
        scrubbed: number(meta::SCRUBBED)?,
        lease: number(meta::LEASE)?,
    };
    let file = File::create(path).doing_io("make the backup")?;
    let mut out = Hashing::new(BufWriter::new(file));
    out.write_all(MAGIC).doing_io("write the backup")?;
    out.write_all(&BACKUP_FORMAT.to_le_bytes()).doing_io("write the backup")?;
    for number in [head.revision, head.compacted, head.scrubbed, head.lease] {
        out.write_all(&number.to_le_bytes()).doing_io("write the backup")?;
    }
    let (mut changes, mut leases) = (0, 0);
    let log = transaction.open_table(LOG).doing("open its tables")?;
    for row in log.iter().doing("read the log")? {
        let (place, row) = row.doing("read the log")?;
        let (revision, sub) = place.value();
        out.change(revision, sub, row.value()).doing_io("write the backup")?;
        changes += 1;
    }
    let held = transaction.open_table(LEASES).doing("open its tables")?;
    for row in held.iter().doing("read the leases")? {
        let (id, ttl_s) = row.doing("read the leases")?;
        out.lease(id.value(), ttl_s.value()).doing_io("write the backup")?;
        leases += 1;
    }
    out.write_all(&[0]).doing_io("write the backup")?;
    let (bytes, hash) = out.end().doing_io("write the backup")?;
    let checksum = hash.to_hex().to_string();
    let (revision, compacted) = (head.revision, head.compacted);
    Ok(BackupInfo { revision, compacted, changes, leases, bytes, checksum })
}

/// Reads a backup as a whole and compares its checksum.
///
/// # Errors
/// [`Error::Damaged`], [`Error::Newer`], or [`Error::Storage`] where it cannot be read.
pub fn verify(path: impl AsRef<Path>) -> Result<BackupInfo, Error> {
    let mut reader = Reader::open(path.as_ref())?;
    let head = reader.head()?;
    let (mut changes, mut leases) = (0, 0);
    while let Some(row) = reader.row()? {
        match row {
            Row::Change(..) => changes += 1,
            Row::Lease(..) => leases += 1,
        }
    }
    let (bytes, checksum) = reader.end()?;
    let (revision, compacted) = (head.revision, head.compacted);
    Ok(BackupInfo { revision, compacted, changes, leases, bytes, checksum })
}

/// Makes a new store of a backup: the same revisions and history; leases live for their full time
/// when it is opened. The backup is verified before anything is made, and the file appears as a
/// whole or not at all.
///
/// # Errors
/// As [`verify`]; [`Error::Storage`] where there is a file already, which is never overwritten.
pub fn restore(backup: impl AsRef<Path>, store: impl AsRef<Path>) -> Result<BackupInfo, Error> {
    let (backup, store) = (backup.as_ref(), store.as_ref());
    if store.exists() {
        let source = io::Error::from(io::ErrorKind::AlreadyExists).into();
        return Err(Error::Storage { doing: "restore over a store that exists", source });
    }
    let info = verify(backup)?;
    let partial = beside(store, "restoring");
    if partial.exists() {
        fs::remove_file(&partial).doing_io("remove what an earlier restore left")?;
    }
    fill(backup, &partial)?;
    fs::rename(&partial, store).doing_io("name the restored store")?;
    sync_folder(store).doing_io("sync the folder")?;
    Ok(info)
}

fn fill(backup: &Path, store: &Path) -> Result<(), Error> {
    let mut reader = Reader::open(backup)?;
    let head = reader.head()?;
    let database = Database::create(store).doing("make its file")?;
    loop {
        let mut rows = Vec::new();
        while rows.len() < RESTORE_ROWS_MAX {
            match reader.row()? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        let last = rows.len() < RESTORE_ROWS_MAX;
        fill_rows(&database, rows, last.then_some(head))?;
        if last {
            return Ok(());
        }
    }
}

/// Makes the rows of all tables from those of a backup; the numbers come with the last.
fn fill_rows(database: &Database, rows: Vec<Row>, head: Option<Head>) -> Result<(), Error> {
    let transaction = database.begin_write().doing("begin to write")?;
    {
        let mut derived = Derived::open(&transaction)?;
        let mut log = transaction.open_table(LOG).doing("open its tables")?;
        let mut leases = transaction.open_table(LEASES).doing("open its tables")?;
        for row in rows {
            match row {
                Row::Lease(id, ttl_s) => {
                    leases.insert(id, ttl_s).doing("write a lease")?;
                }
                Row::Change(revision, sub, bytes) => {
                    log.insert((revision, sub), &bytes[..]).doing("write the log")?;
                    derived.add(revision, sub, &decode_change(revision, &bytes, true)?)?;
                }
            }
        }
        let mut numbers = transaction.open_table(META).doing("open its tables")?;
        if let Some(head) = head {
            let named = [
                (meta::FORMAT, FORMAT),
                (meta::REVISION, head.revision),
                (meta::COMPACTED, head.compacted),
                (meta::SCRUBBED, head.scrubbed),
                (meta::LEASE, head.lease),
            ];
            for (name, number) in named {
                numbers.insert(name, number).doing("write its numbers")?;
            }
        }
    }
    transaction.commit().doing("restore")
}

/// The tables that follow from the log.
struct Derived<'t> {
    index: Table<'t, (&'static [u8], u64), u32>,
    current: Table<'t, &'static [u8], &'static [u8]>,
    attached: Table<'t, (i64, &'static [u8]), ()>,
}

impl<'t> Derived<'t> {
    /// Opens the tables; a backup of a store without keys has them as well.
    fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
        Ok(Self {
            index: transaction.open_table(INDEX).doing("open its tables")?,
            current: transaction.open_table(CURRENT).doing("open its tables")?,
            attached: transaction.open_table(ATTACHED).doing("open its tables")?,
        })
    }

    /// Adds what follows from a change. Changes come in their order, so the last one of a key is
    /// what it is.
    fn add(&mut self, revision: Revision, sub: u32, change: &Change) -> Result<(), Error> {
        let key = change.key.as_bytes();
        self.index.insert((key, revision), sub).doing("write the index")?;
        let before = match self.current.get(key).doing("read a key")? {
            Some(row) => decode_current(key, row.value(), false)?.lease,
            None => None,
        };
        if let Some(lease) = before {
            self.attached.remove((lease.get(), key)).doing("delete the key of a lease")?;
        }
        match &change.entry {
            Some(entry) => {
                self.current.insert(key, &encode_current(entry)[..]).doing("write a key")?;
                if let Some(lease) = entry.lease {
                    let row = (lease.get(), key);
                    self.attached.insert(row, ()).doing("write the key of a lease")?;
                }
            }
            None => {
                self.current.remove(key).doing("delete a key")?;
            }
        }
        Ok(())
    }
}

/// Writes, counts and hashes.
struct Hashing<W> {
    inner: W,
    hash: blake3::Hasher,
    bytes: u64,
}

impl Hashing<BufWriter<File>> {
    fn new(inner: BufWriter<File>) -> Self {
        Self { inner, hash: blake3::Hasher::new(), bytes: 0 }
    }

    fn change(&mut self, revision: Revision, sub: u32, row: &[u8]) -> io::Result<()> {
        self.write_all(&[1])?;
        self.write_all(&revision.to_le_bytes())?;
        self.write_all(&sub.to_le_bytes())?;
        self.write_all(&(row.len() as u32).to_le_bytes())?;
        self.write_all(row)
    }

    fn lease(&mut self, id: i64, ttl_s: u64) -> io::Result<()> {
        self.write_all(&[2])?;
        self.write_all(&id.to_le_bytes())?;
        self.write_all(&ttl_s.to_le_bytes())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.inner.write_all(bytes)
    }

    /// Writes the checksum and syncs.
    fn end(mut self) -> io::Result<(u64, blake3::Hash)> {
        let hash = self.hash.finalize();
        self.inner.write_all(hash.as_bytes())?;
        self.inner.flush()?;
        self.inner.get_ref().sync_all()?;
        Ok((self.bytes + 32, hash))
    }
}

/// Reads a backup, and hashes what it read. Rows come as a store writes them: changes in their
/// order, then leases in theirs.
struct Reader {
    path: PathBuf,
    inner: BufReader<File>,
    hash: blake3::Hasher,
    bytes: u64,
    /// The newest revision that a change can have.
    revision: Revision,
    last_change: (Revision, u32),
    last_lease: Option<i64>,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, Error> {
        let inner = BufReader::new(File::open(path).doing_io("open the backup")?);
        Ok(Self {
            path: path.to_owned(),
            inner,
            hash: blake3::Hasher::new(),
            bytes: 0,
            revision: 0,
            last_change: (0, 0),
            last_lease: None,
        })
    }

    fn damaged(&self) -> Error {
        let what = format!("the backup {}", self.path.display());
        Error::Damaged { what, place: format!("byte {}", self.bytes) }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        match self.inner.read_exact(bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged());
            }
            Err(error) => return Err(error).doing_io("read the backup"),
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn number(&mut self) -> Result<u64, Error> {
        self.take().map(u64::from_le_bytes)
    }

    fn head(&mut self) -> Result<Head, Error> {
        if self.take::<16>()? != *MAGIC {
            return Err(self.damaged());
        }
        let found = u32::from_le_bytes(self.take()?);
        if found > BACKUP_FORMAT {
            let what = format!("the backup {}", self.path.display());
            return Err(Error::Newer { what, found, known: BACKUP_FORMAT });
        }
        let head = Head {
            revision: self.number()?,
            compacted: self.number()?,
            scrubbed: self.number()?,
            lease: self.number()?,
        };
        if found == 0 || !are_numbers(head.revision, head.compacted, head.scrubbed) {
            return Err(self.damaged());
        }
        self.revision = head.revision;
        Ok(head)
    }

    fn row(&mut self) -> Result<Option<Row>, Error> {
        match self.take::<1>()? {
            [0] => Ok(None),
            [1] => self.change().map(Some),
            [2] => self.lease().map(Some),
            _ => Err(self.damaged()),
        }
    }

    fn change(&mut self) -> Result<Row, Error> {
        let (revision, sub) = (self.number()?, u32::from_le_bytes(self.take()?));
        let length = u32::from_le_bytes(self.take()?);
        let follows = (revision, sub) > self.last_change && self.last_lease.is_none();
        if !follows || revision > self.revision || length > ROW_BYTES_MAX {
            return Err(self.damaged());
        }
        self.last_change = (revision, sub);
        let mut row = vec![0; length as usize];
        self.fill(&mut row)?;
        decode_change(revision, &row, false).map_err(|_| self.damaged())?;
        Ok(Row::Change(revision, sub, row))
    }

    fn lease(&mut self) -> Result<Row, Error> {
        let (id, ttl_s) = (i64::from_le_bytes(self.take()?), self.number()?);
        let follows = self.last_lease.is_none_or(|last| last < id);
        if !follows || id == 0 || !(TTL_S_MIN..=TTL_S_MAX).contains(&ttl_s) {
            return Err(self.damaged());
        }
        self.last_lease = Some(id);
        Ok(Row::Lease(id, ttl_s))
    }

    /// Compares the checksum; the file must end after it.
    fn end(mut self) -> Result<(u64, String), Error> {
        let hash = self.hash.finalize();
        let written = self.take::<32>()?;
        let more = self.inner.read(&mut [0]).doing_io("read the backup")?;
        if written != *hash.as_bytes() || more > 0 {
            return Err(self.damaged());
        }
        Ok((self.bytes, hash.to_hex().to_string()))
    }
}

trait DoingIo<T> {
    fn doing_io(self, doing: &'static str) -> Result<T, Error>;
}

impl<T> DoingIo<T> for io::Result<T> {
    fn doing_io(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|error| Error::Storage { doing, source: Box::new(error) })
    }
}
