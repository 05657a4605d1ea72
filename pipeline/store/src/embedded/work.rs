//! One write transaction of the storage: the changes of many callers, each whole or not at all.

use redb::{ReadableTable, Table, WriteTransaction};

use super::feed::{Commit, Told};
use super::tables::{
    ATTACHED, CURRENT, Change, FORMAT, INDEX, LEASES, LOG, META, are_numbers, damaged,
    encode_change, encode_current, meta,
};
use super::view::View;
use crate::doing::Doing;
use crate::{
    Answer, Attach, Delete, Deleted, Entry, Error, Key, LeaseId, Operation, Outcome, Put, Revision,
    Span, TTL_S_MAX, TTL_S_MIN, Transaction, Written,
};

/// The tables as a write transaction sees them.
type WorkView<'a, 't> = View<
    'a,
    Table<'t, &'static [u8], &'static [u8]>,
    Table<'t, (u64, u32), &'static [u8]>,
    Table<'t, (&'static [u8], u64), u32>,
>;

/// The tables, open for writing, and what was changed in them.
pub(super) struct Work<'t> {
    meta: Table<'t, &'static str, u64>,
    current: Table<'t, &'static [u8], &'static [u8]>,
    log: Table<'t, (u64, u32), &'static [u8]>,
    index: Table<'t, (&'static [u8], u64), u32>,
    leases: Table<'t, i64, u64>,
    attached: Table<'t, (i64, &'static [u8]), ()>,
    /// The revision of all that is finished.
    revision: Revision,
    compacted: Revision,
    /// What the change at work has made so far.
    changes: Vec<Told>,
    /// What is finished.
    commits: Vec<Commit>,
    /// Whether anything was written.
    dirty: bool,
}

impl<'t> Work<'t> {
    /// Opens the tables of a transaction; makes them where the file is new.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
        let meta = transaction.open_table(META).doing("open its tables")?;
        let number = |name| -> Result<u64, Error> {
            Ok(meta.get(name).doing("read its numbers")?.map_or(0, |number| number.value()))
        };
        Ok(Self {
            revision: number(meta::REVISION)?,
            compacted: number(meta::COMPACTED)?,
            current: transaction.open_table(CURRENT).doing("open its tables")?,
            log: transaction.open_table(LOG).doing("open its tables")?,
            index: transaction.open_table(INDEX).doing("open its tables")?,
            leases: transaction.open_table(LEASES).doing("open its tables")?,
            attached: transaction.open_table(ATTACHED).doing("open its tables")?,
            changes: Vec::new(),
            commits: Vec::new(),
            dirty: false,
            meta,
        })
    }

    /// Refuses a format that is not known, and numbers that no store has.
    pub(super) fn check(&self) -> Result<(), Error> {
        let found = self.number(meta::FORMAT)?;
        if found > FORMAT {
            let (found, known) = (u32::try_from(found).unwrap_or(u32::MAX), FORMAT as u32);
            return Err(Error::Newer { what: "the store's file".to_owned(), found, known });
        }
        let scrubbed = self.number(meta::SCRUBBED)?;
        let last = self.log.last().doing("read the log")?.map_or(0, |(place, _)| place.value().0);
        let is_whole = found == FORMAT
            && are_numbers(self.revision, self.compacted, scrubbed)
            && last <= self.revision;
        is_whole.then_some(()).ok_or_else(|| damaged("meta", b"its numbers"))
    }

    /// Writes down the numbers, and hands out what the transaction changed; none: nothing was
    /// written, so that it need not be committed.
    pub(super) fn finish(mut self) -> Result<Option<Vec<Commit>>, Error> {
        if !self.dirty {
            return Ok(None);
        }
        self.set(meta::REVISION, self.revision)?;
        self.set(meta::COMPACTED, self.compacted)?;
        Ok(Some(self.commits))
    }

    /// The newest revision, that of unfinished changes left out.
    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    /// The revision of the last compaction.
    pub(super) fn compacted(&self) -> Revision {
        self.compacted
    }

    /// Begins a new store: at revision 1, as etcd does.
    pub(super) fn begin(&mut self) {
        self.revision = 1;
    }

    /// A number of the store.
    pub(super) fn number(&self, name: &str) -> Result<u64, Error> {
        Ok(self.meta.get(name).doing("read its numbers")?.map_or(0, |number| number.value()))
    }

    /// Writes a number of the store.
    pub(super) fn set(&mut self, name: &str, number: u64) -> Result<(), Error> {
        self.dirty = true;
        self.meta.insert(name, number).doing("write its numbers")?;
        Ok(())
    }

    /// Does a transaction that was checked. Where it is refused nothing was changed.
    pub(super) fn transact(
        &mut self,
        transaction: &Transaction,
        lives: &impl Fn(LeaseId) -> bool,
    ) -> Result<Outcome, Error> {
        let mut succeeded = true;
        for compare in &transaction.compares {
            succeeded &= compare.holds(self.view().entry(compare.key.as_bytes())?.as_ref());
        }
        let branch = if succeeded { &transaction.then } else { &transaction.otherwise };
        self.refuse(branch, lives)?;
        let mut answers = Vec::with_capacity(branch.len());
        for operation in branch {
            answers.push(match operation {
                Operation::Range(range) => Answer::Range(self.view().page(range)?),
                Operation::Put(put) => Answer::Put(self.put(put)?),
                Operation::Delete(delete) => Answer::Delete(self.delete(delete)?),
            });
        }
        let revision = self.end();
        Ok(Outcome { revision, succeeded, answers })
    }

    /// Finds what refuses a branch, before anything of it is done. What it may depend on is the
    /// same before the branch and within it: a branch writes a key once.
    fn refuse(&self, branch: &[Operation], lives: &impl Fn(LeaseId) -> bool) -> Result<(), Error> {
        for operation in branch {
            match operation {
                Operation::Range(range) => self.view().readable(range.revision, self.revision)?,
                Operation::Delete(_) => {}
                Operation::Put(put) => {
                    let keeps = put.value.is_none() || put.lease == Attach::Keep;
                    if keeps && self.view().entry(put.key.as_bytes())?.is_none() {
                        return Err(Error::KeyNotFound { key: put.key.clone() });
                    }
                    match put.lease {
                        Attach::To(lease) if !lives(lease) => {
                            return Err(Error::LeaseNotFound { lease });
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, put: &Put) -> Result<Written, Error> {
        let revision = self.revision + 1;
        let before = self.view().entry(put.key.as_bytes())?;
        let entry = Entry {
            key: put.key.clone(),
            value: put.value.clone().unwrap_or_else(|| {
                before.as_ref().map(|before| before.value.clone()).unwrap_or_default()
            }),
            created: before.as_ref().map_or(revision, |before| before.created),
            modified: revision,
            version: before.as_ref().map_or(1, |before| before.version + 1),
            lease: match put.lease {
                Attach::None => None,
                Attach::Keep => before.as_ref().and_then(|before| before.lease),
                Attach::To(lease) => Some(lease),
            },
        };
        self.current
            .insert(put.key.as_bytes(), &encode_current(&entry)[..])
            .doing("write a key")?;
        let left = before.as_ref().and_then(|before| before.lease);
        if left != entry.lease {
            self.detach(&put.key, left)?;
            if let Some(lease) = entry.lease {
                let row = (lease.get(), put.key.as_bytes());
                self.attached.insert(row, ()).doing("write the key of a lease")?;
            }
        }
        let previous = before.clone().filter(|_| put.previous);
        self.change(put.key.clone(), Some(entry), before)?;
        Ok(Written { revision, previous })
    }

    fn delete(&mut self, delete: &Delete) -> Result<Deleted, Error> {
        let entries = self.entries(&delete.span)?;
        let count = entries.len() as u64;
        for entry in &entries {
            self.erase(entry.clone())?;
        }
        let previous = if delete.previous { entries } else { Vec::new() };
        Ok(Deleted { revision: self.reached(), count, previous })
    }

    fn entries(&self, span: &Span) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        if span.is_key() {
            entries.extend(self.view().entry(span.bounds().0)?);
        } else {
            self.view().walk_now(span, true, &mut |entry| entries.push(entry))?;
        }
        Ok(entries)
    }

    fn erase(&mut self, entry: Entry) -> Result<(), Error> {
        self.current.remove(entry.key.as_bytes()).doing("delete a key")?;
        self.detach(&entry.key, entry.lease)?;
        self.change(entry.key.clone(), None, Some(entry))
    }

    fn detach(&mut self, key: &Key, lease: Option<LeaseId>) -> Result<(), Error> {
        if let Some(lease) = lease {
            let row = (lease.get(), key.as_bytes());
            self.attached.remove(row).doing("delete the key of a lease")?;
        }
        Ok(())
    }

    /// Writes a change into the log, as the next of the revision at work.
    fn change(
        &mut self,
        key: Key,
        entry: Option<Entry>,
        previous: Option<Entry>,
    ) -> Result<(), Error> {
        self.dirty = true;
        let revision = self.revision + 1;
        let sub = self.changes.len() as u32;
        let before = previous.as_ref().map_or(0, |previous| previous.modified);
        let change = Change { key, entry, before };
        self.log.insert((revision, sub), &encode_change(&change)[..]).doing("write the log")?;
        self.index.insert((change.key.as_bytes(), revision), sub).doing("write the index")?;
        self.changes.push(Told { key: change.key, entry: change.entry, previous });
        Ok(())
    }

    /// Makes the changes at work a revision, if there are any; the newest revision.
    fn end(&mut self) -> Revision {
        if !self.changes.is_empty() {
            self.revision += 1;
            let changes = std::mem::take(&mut self.changes);
            self.commits.push(Commit { revision: self.revision, changes });
        }
        self.revision
    }

    /// The revision that a read sees now.
    fn reached(&self) -> Revision {
        self.revision + u64::from(!self.changes.is_empty())
    }

    fn view(&self) -> WorkView<'_, 't> {
        View {
            current: &self.current,
            log: &self.log,
            index: &self.index,
            revision: self.reached(),
            compacted: self.compacted,
        }
    }

    /// Writes down a lease; under the next free number where none is given.
    pub(super) fn grant(
        &mut self,
        ttl_s: u64,
        id: Option<LeaseId>,
        lives: &impl Fn(LeaseId) -> bool,
    ) -> Result<LeaseId, Error> {
        let id = match id {
            Some(id) if lives(id) => return Err(Error::LeaseExists { lease: id }),
            Some(id) => id,
            None => self.free_lease(lives)?,
        };
        self.dirty = true;
        self.leases.insert(id.get(), ttl_s).doing("write a lease")?;
        Ok(id)
    }

    fn free_lease(&mut self, lives: &impl Fn(LeaseId) -> bool) -> Result<LeaseId, Error> {
        let mut last = self.number(meta::LEASE)?;
        loop {
            last = last.wrapping_add(1);
            match LeaseId::new(last.cast_signed()) {
                Some(id) if !lives(id) => {
                    self.set(meta::LEASE, last)?;
                    return Ok(id);
                }
                _ => {}
            }
        }
    }

    /// Ends a lease and deletes its keys; the newest revision.
    pub(super) fn revoke(&mut self, lease: LeaseId) -> Result<Revision, Error> {
        self.dirty = true;
        self.leases.remove(lease.get()).doing("delete a lease")?;
        for key in keys_of(&self.attached, lease)? {
            if let Some(entry) = self.view().entry(key.as_bytes())? {
                self.erase(entry)?;
            }
        }
        Ok(self.end())
    }

    /// All leases with their times to live, seconds.
    pub(super) fn all_leases(&self) -> Result<Vec<(LeaseId, u64)>, Error> {
        let mut found = Vec::new();
        for row in self.leases.iter().doing("read the leases")? {
            let (id, ttl_s) = row.doing("read the leases")?;
            let (id, ttl_s) = (id.value(), ttl_s.value());
            let known = LeaseId::new(id).filter(|_| (TTL_S_MIN..=TTL_S_MAX).contains(&ttl_s));
            let known = known.ok_or_else(|| damaged("leases", id.to_string().as_bytes()))?;
            found.push((known, ttl_s));
        }
        Ok(found)
    }

    /// Marks a revision as compacted. What it forgets is removed by [`Work::scrub`].
    pub(super) fn compact(&mut self, revision: Revision) -> Result<(), Error> {
        if revision > self.revision {
            let current = Some(self.revision);
            return Err(Error::FutureRevision { asked: revision, current });
        }
        if revision <= self.compacted {
            return Err(Error::Compacted { asked: revision, compacted: Some(self.compacted) });
        }
        self.dirty = true;
        self.compacted = revision;
        Ok(())
    }

    /// Removes what the last compaction forgets, after at most so many rows of the log; whether it
    /// is finished.
    ///
    /// A row is forgotten by the next one of its key, which holds its revision, and the row of a
    /// delete once a later revision is compacted: a watch from the compacted revision tells it.
    pub(super) fn scrub(&mut self, rows_max: usize) -> Result<bool, Error> {
        let began = self.number(meta::SCRUBBED)?;
        let mut at = began;
        let mut forgotten: Vec<(Key, Revision)> = Vec::new();
        let mut finished = true;
        let end = (self.compacted, u32::MAX);
        for (read, row) in self.log.range((at, 0)..=end).doing("read the log")?.enumerate() {
            let (place, row) = row.doing("read the log")?;
            let revision = place.value().0;
            // Only between revisions, and after one more at least, so that it comes to an end.
            if read >= rows_max && revision > at && at > began {
                finished = false;
                break;
            }
            let change = super::tables::decode_change(revision, row.value(), false)?;
            if change.entry.is_none() && revision < self.compacted {
                forgotten.push((change.key.clone(), revision));
            }
            if change.before > 0 {
                forgotten.push((change.key, change.before));
            }
            at = revision;
        }
        for (key, revision) in forgotten {
            let sub = self.index.remove((key.as_bytes(), revision)).doing("compact the index")?;
            let sub = sub.map(|sub| sub.value());
            if let Some(sub) = sub {
                self.log.remove((revision, sub)).doing("compact the log")?;
            }
        }
        self.set(meta::SCRUBBED, if finished { self.compacted } else { at })?;
        Ok(finished)
    }
}

/// The keys of a lease, ordered.
pub(super) fn keys_of(
    attached: &impl ReadableTable<(i64, &'static [u8]), ()>,
    lease: LeaseId,
) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::new();
    let rows = attached.range::<(i64, &[u8])>((lease.get(), &[][..])..);
    for row in rows.doing("read the keys of a lease")? {
        let row = row.doing("read the keys of a lease")?.0;
        let (id, key) = row.value();
        if id != lease.get() {
            break;
        }
        keys.push(Key::new(bytes::Bytes::copy_from_slice(key))?);
    }
    Ok(keys)
}
