//! Reads the tables as of one revision: entries, pages of ranges, and changes for watches.

use std::ops::Bound;

use redb::ReadableTable;

use super::tables::{Change, damaged, decode_change, decode_current};
use crate::doing::Doing;
use crate::{Content, Entry, Error, Filter, Key, Order, Page, Range, Revision, SortBy, Span};

/// The tables, at a moment of a transaction of the storage.
pub(super) struct View<'a, C, L, I> {
    /// See [`super::tables::CURRENT`].
    pub(super) current: &'a C,
    /// See [`super::tables::LOG`].
    pub(super) log: &'a L,
    /// See [`super::tables::INDEX`].
    pub(super) index: &'a I,
    /// The revision of what `current` holds.
    pub(super) revision: Revision,
    /// The revision of the last compaction.
    pub(super) compacted: Revision,
}

/// All changes of one revision, in order.
pub(super) type Changes = (Revision, Vec<Change>);

impl<C, L, I> View<'_, C, L, I>
where
    C: ReadableTable<&'static [u8], &'static [u8]>,
    L: ReadableTable<(u64, u32), &'static [u8]>,
    I: ReadableTable<(&'static [u8], u64), u32>,
{
    /// The entry of a key now.
    pub(super) fn entry(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        let row = self.current.get(key).doing("read a key")?;
        row.map(|row| decode_current(key, row.value(), true)).transpose()
    }

    /// Refuses a revision that cannot be read where the newest committed one is `newest`.
    pub(super) fn readable(&self, asked: Option<Revision>, newest: Revision) -> Result<(), Error> {
        match asked {
            Some(asked) if asked > newest => {
                Err(Error::FutureRevision { asked, current: Some(newest) })
            }
            Some(asked) if asked < self.compacted => {
                Err(Error::Compacted { asked, compacted: Some(self.compacted) })
            }
            _ => Ok(()),
        }
    }

    /// Answers a range whose revision can be read.
    pub(super) fn page(&self, range: &Range) -> Result<Page, Error> {
        let limit = range.page_entries();
        let plain = range.sort == SortBy::Key && range.order == Order::Ascending;
        let mut found = Vec::new();
        let mut count = 0;
        let at = range.revision.filter(|at| *at < self.revision);
        let values = plain && range.content == Content::Whole;
        let mut take = |entry: Entry| {
            count += 1;
            let wanted = range.content != Content::Count
                && passes(&range.filter, &entry)
                && (!plain || found.len() <= limit);
            if wanted {
                found.push(entry);
            }
        };
        match at {
            None => self.walk_now(&range.span, values, &mut take)?,
            Some(at) => self.walk_then(&range.span, at, values, &mut take)?,
        }
        sort(&mut found, range.sort, range.order);
        let more = found.len() > limit;
        found.truncate(limit);
        if !values && range.content == Content::Whole {
            for entry in &mut found {
                *entry = self.at(&entry.key, entry.modified)?;
            }
        }
        Ok(Page { revision: self.revision, entries: found, count, more })
    }

    /// Hands out what a span holds now, by key.
    pub(super) fn walk_now(
        &self,
        span: &Span,
        values: bool,
        take: &mut impl FnMut(Entry),
    ) -> Result<(), Error> {
        let (from, end) = span.bounds();
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.current.range::<&[u8]>((Bound::Included(from), end));
        for row in rows.doing("read keys")? {
            let (key, row) = row.doing("read keys")?;
            take(decode_current(key.value(), row.value(), values)?);
        }
        Ok(())
    }

    /// Hands out what a span held at a revision, by key.
    fn walk_then(
        &self,
        span: &Span,
        at: Revision,
        values: bool,
        take: &mut impl FnMut(Entry),
    ) -> Result<(), Error> {
        let (from, end) = span.bounds();
        let mut from: Vec<u8> = from.to_vec();
        loop {
            let rows =
                self.index.range::<(&[u8], u64)>((&from[..], 0)..).doing("read the index")?;
            let Some(row) = { rows }.next() else { return Ok(()) };
            let key = row.doing("read the index")?.0.value().0.to_vec();
            if end.as_ref().is_some_and(|end| key.as_slice() >= &end[..]) {
                return Ok(());
            }
            if let Some(entry) = self.before(&key, at, values)? {
                take(entry);
            }
            from = key;
            from.push(0);
        }
    }

    /// The entry of a key at a revision.
    fn before(&self, key: &[u8], at: Revision, value: bool) -> Result<Option<Entry>, Error> {
        let rows =
            self.index.range::<(&[u8], u64)>((key, 0)..=(key, at)).doing("read the index")?;
        let Some(row) = { rows }.next_back() else { return Ok(None) };
        let (place, sub) = row.doing("read the index")?;
        Ok(self.change(place.value().1, sub.value(), value)?.entry)
    }

    /// The entry that a revision wrote.
    fn at(&self, key: &Key, modified: Revision) -> Result<Entry, Error> {
        let missing = || damaged("index", key.as_bytes());
        self.written(key, modified)?.ok_or_else(missing)
    }

    /// The entry that a revision wrote, where it is not compacted.
    pub(super) fn written(&self, key: &Key, revision: Revision) -> Result<Option<Entry>, Error> {
        let sub = self.index.get((key.as_bytes(), revision)).doing("read the index")?;
        let Some(sub) = sub.map(|sub| sub.value()) else { return Ok(None) };
        Ok(self.change(revision, sub, true)?.entry)
    }

    fn change(&self, revision: Revision, sub: u32, value: bool) -> Result<Change, Error> {
        let row = self.log.get((revision, sub)).doing("read the log")?;
        let row = row.ok_or_else(|| damaged("log", &revision.to_be_bytes()))?;
        decode_change(revision, row.value(), value)
    }

    /// All changes from a revision on: whole revisions, until there are `rows_max` rows.
    pub(super) fn changes(&self, from: Revision, rows_max: usize) -> Result<Vec<Changes>, Error> {
        let mut found: Vec<Changes> = Vec::new();
        for (read, row) in self.log.range((from, 0)..).doing("read the log")?.enumerate() {
            let (place, row) = row.doing("read the log")?;
            let revision = place.value().0;
            let change = decode_change(revision, row.value(), true)?;
            match found.last_mut() {
                Some((last, changes)) if *last == revision => changes.push(change),
                _ if read >= rows_max => break,
                _ => found.push((revision, vec![change])),
            }
        }
        Ok(found)
    }
}

fn passes(filter: &Filter, entry: &Entry) -> bool {
    filter.passes(entry.created, entry.modified)
}

/// Orders entries that are in the order of keys; what is equal stays in it.
fn sort(entries: &mut [Entry], by: SortBy, order: Order) {
    match by {
        SortBy::Key => {}
        SortBy::Created => entries.sort_by_key(|entry| entry.created),
        SortBy::Modified => entries.sort_by_key(|entry| entry.modified),
    }
    if order == Order::Descending {
        entries.reverse();
    }
}
