//! The tables of the file, and how their rows are written.

use bytes::Bytes;
use redb::TableDefinition;

use crate::{Entry, Error, Key, LeaseId, Revision};

/// The newest revision that a store can have: etcd's are signed.
pub(super) const REVISION_MAX: Revision = i64::MAX.cast_unsigned();

/// The format of the file. A change of the tables or their rows raises it.
pub(super) const FORMAT: u64 = 1;

/// Numbers of the store by name.
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// Each key that exists: its entry.
pub(super) const CURRENT: TableDefinition<&[u8], &[u8]> = TableDefinition::new("current");

/// Each change, by its revision and its place in it.
pub(super) const LOG: TableDefinition<(u64, u32), &[u8]> = TableDefinition::new("log");

/// Each change by its key and revision: its place in the revision.
pub(super) const INDEX: TableDefinition<(&[u8], u64), u32> = TableDefinition::new("index");

/// Each lease: its time to live, seconds.
pub(super) const LEASES: TableDefinition<i64, u64> = TableDefinition::new("leases");

/// Each key of each lease.
pub(super) const ATTACHED: TableDefinition<(i64, &[u8]), ()> = TableDefinition::new("attached");

/// Names in [`META`].
pub(super) mod meta {
    /// See [`super::FORMAT`].
    pub(crate) const FORMAT: &str = "format";
    /// The newest revision.
    pub(crate) const REVISION: &str = "revision";
    /// The revision of the last compaction; 0: none.
    pub(crate) const COMPACTED: &str = "compacted";
    /// Up to which revision what a compaction forgets is removed.
    pub(crate) const SCRUBBED: &str = "scrubbed";
    /// The lease that was last given a number by the store.
    pub(crate) const LEASE: &str = "lease";
}

/// Whether these can be the numbers of a store.
pub(super) fn are_numbers(revision: Revision, compacted: Revision, scrubbed: Revision) -> bool {
    (1..=REVISION_MAX).contains(&revision) && compacted <= revision && scrubbed <= compacted
}

/// The numbers before the value in a row of [`CURRENT`].
const CURRENT_HEAD: usize = 32;

/// The kind and the numbers before the key in a row of [`LOG`].
const LOG_HEAD: usize = 35;

/// One change, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Which key.
    pub(super) key: Key,
    /// As it is since; none: it was deleted.
    pub(super) entry: Option<Entry>,
    /// The modify revision of the entry before it; 0: there was none.
    pub(super) before: Revision,
}

/// Writes the row of a key that exists.
pub(super) fn encode_current(entry: &Entry) -> Vec<u8> {
    let mut row = Vec::with_capacity(CURRENT_HEAD + entry.value.len());
    for number in [entry.created, entry.modified, entry.version] {
        row.extend_from_slice(&number.to_le_bytes());
    }
    row.extend_from_slice(&entry.lease.map_or(0, LeaseId::get).to_le_bytes());
    row.extend_from_slice(&entry.value);
    row
}

/// Reads the row of a key that exists; without its value where that is not wanted.
pub(super) fn decode_current(key: &[u8], row: &[u8], value: bool) -> Result<Entry, Error> {
    let (Some(created), Some(modified), Some(version), Some(lease), Some(rest)) =
        (number(row, 0), number(row, 8), number(row, 16), number(row, 24), row.get(CURRENT_HEAD..))
    else {
        return Err(damaged("current", key));
    };
    if !can_be(created, modified, version) {
        return Err(damaged("current", key));
    }
    Ok(Entry {
        key: Key::new(Bytes::copy_from_slice(key)).map_err(|_| damaged("current", key))?,
        value: if value { Bytes::copy_from_slice(rest) } else { Bytes::new() },
        created,
        modified,
        version,
        lease: LeaseId::new(lease.cast_signed()),
    })
}

/// Writes the row of a change.
pub(super) fn encode_change(change: &Change) -> Vec<u8> {
    let key = change.key.as_bytes();
    let value = change.entry.as_ref().map_or(&[][..], |entry| &entry.value);
    let mut row = Vec::with_capacity(LOG_HEAD + key.len() + value.len());
    row.push(u8::from(change.entry.is_some()));
    row.extend_from_slice(&change.before.to_le_bytes());
    let entry = change.entry.as_ref();
    let numbers = [
        entry.map_or(0, |entry| entry.created),
        entry.map_or(0, |entry| entry.version),
        entry.and_then(|entry| entry.lease).map_or(0, LeaseId::get).cast_unsigned(),
    ];
    for number in numbers {
        row.extend_from_slice(&number.to_le_bytes());
    }
    row.extend_from_slice(&(key.len() as u16).to_le_bytes());
    row.extend_from_slice(key);
    row.extend_from_slice(value);
    row
}

/// Reads the row of a change of a revision; without its value where that is not wanted.
pub(super) fn decode_change(revision: Revision, row: &[u8], value: bool) -> Result<Change, Error> {
    let wrong = || damaged("log", &revision.to_be_bytes());
    let (Some(kind), Some(before), Some(created), Some(version), Some(lease), Some(length)) = (
        row.first(),
        number(row, 1),
        number(row, 9),
        number(row, 17),
        number(row, 25),
        row.get(33..LOG_HEAD),
    ) else {
        return Err(wrong());
    };
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    let key = row.get(LOG_HEAD..LOG_HEAD + length).ok_or_else(wrong)?;
    let key = Key::new(Bytes::copy_from_slice(key)).map_err(|_| wrong())?;
    let is_put = *kind == 1;
    if *kind > 1 || before >= revision || (is_put && !can_be(created, revision, version)) {
        return Err(wrong());
    }
    let entry = is_put.then(|| Entry {
        key: key.clone(),
        value: match row.get(LOG_HEAD + length..) {
            Some(rest) if value => Bytes::copy_from_slice(rest),
            _ => Bytes::new(),
        },
        created,
        modified: revision,
        version,
        lease: LeaseId::new(lease.cast_signed()),
    });
    Ok(Change { key, entry, before })
}

/// Whether an entry can have these: each version took a revision.
fn can_be(created: Revision, modified: Revision, version: u64) -> bool {
    (1..=modified).contains(&created)
        && modified <= REVISION_MAX
        && (1..=modified - created + 1).contains(&version)
}

fn number(row: &[u8], at: usize) -> Option<u64> {
    let bytes = row.get(at..at + 8)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// The error of a row that cannot be read.
pub(super) fn damaged(table: &str, place: &[u8]) -> Error {
    Error::Damaged { what: format!("table {table}"), place: place.escape_ascii().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &'static [u8], lease: i64) -> Entry {
        let key = Key::new(&b"a\0b"[..]).unwrap();
        let lease = LeaseId::new(lease);
        let value = Bytes::from_static(value);
        Entry { key, value, created: 3, modified: REVISION_MAX, version: 9, lease }
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        for entry in [entry(b"", 0), entry(b"value", -7), entry(b"\0\xff", i64::MAX)] {
            let row = encode_current(&entry);
            assert_eq!(decode_current(entry.key.as_bytes(), &row, true).unwrap(), entry);
            let bare = decode_current(entry.key.as_bytes(), &row, false).unwrap();
            assert_eq!(bare, Entry { value: Bytes::new(), ..entry.clone() });
            let put = Change { key: entry.key.clone(), entry: Some(entry.clone()), before: 2 };
            assert_eq!(decode_change(REVISION_MAX, &encode_change(&put), true).unwrap(), put);
            let delete = Change { key: entry.key, entry: None, before: 7 };
            assert_eq!(decode_change(9, &encode_change(&delete), true).unwrap(), delete);
        }
    }

    #[test]
    fn rows_that_are_cut_are_refused() {
        let entry = entry(b"", 1);
        let row = encode_current(&entry);
        let change =
            encode_change(&Change { key: entry.key.clone(), entry: Some(entry), before: 0 });
        for length in 0..row.len() {
            assert!(decode_current(b"a", &row[..length], true).is_err(), "{length}");
        }
        for length in 0..change.len() {
            assert!(decode_change(REVISION_MAX, &change[..length], true).is_err(), "{length}");
        }
    }

    #[test]
    fn rows_with_numbers_that_no_store_has_are_refused() {
        let whole = entry(b"", 1);
        let check = |created, modified, version, before, known| {
            let entry = Entry { created, modified, version, ..whole.clone() };
            let (key, row) = (entry.key.clone(), encode_current(&entry));
            let found = decode_current(key.as_bytes(), &row, true);
            assert_eq!(found.is_ok(), known, "{created} {modified} {version}");
            let put = Change { key, entry: Some(entry), before };
            let found = decode_change(modified, &encode_change(&put), true);
            assert_eq!(found.is_ok(), known, "{created} {modified} {version} {before}");
        };
        check(3, 7, 5, 6, true);
        check(0, 7, 5, 6, false);
        check(8, 7, 1, 6, false);
        check(3, 7, 0, 6, false);
        check(3, 7, 6, 6, false);
        check(3, u64::MAX, 5, 6, false);
    }
}
