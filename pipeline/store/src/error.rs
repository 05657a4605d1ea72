//! What can go wrong in a store: one error, with typed fields, that says what to do.

use std::error::Error as Source;

use crate::{Key, LeaseId, Revision};

/// Whatever a library below told.
pub type BoxedSource = Box<dyn Source + Send + Sync>;

/// Why a store did not do what it was asked.
///
/// Only [`Error::Unknown`] leaves open whether a change was made; after every other error it was
/// not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key has no bytes.
    #[error("a key must have at least one byte: name what is meant")]
    KeyEmpty,

    /// A key is longer than [`crate::KEY_BYTES_MAX`].
    #[error("the key {start}... has {bytes} bytes and {max} are allowed: shorten it")]
    KeyTooLong {
        /// How it begins, escaped.
        start: String,
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },

    /// A value is larger than [`crate::VALUE_BYTES_MAX`].
    #[error("the value for {key} has {bytes} bytes and {max} are allowed: split it over keys")]
    ValueTooLarge {
        /// Where it should be put.
        key: Key,
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },

    /// A span ends where it begins, or before.
    #[error("the span from {from} to {to} has no keys: it must end after its beginning")]
    SpanEmpty {
        /// Its first key.
        from: Key,
        /// The first key after it.
        to: Key,
    },

    /// A transaction has more compares or operations than [`crate::OPERATIONS_MAX`].
    #[error("a transaction has {count} {what} and {max} are allowed: split it")]
    TooManyOperations {
        /// Which part of it: compares, or operations of a branch.
        what: &'static str,
        /// How many.
        count: usize,
        /// The bound.
        max: usize,
    },

    /// The keys and values of a transaction exceed [`crate::TRANSACTION_BYTES_MAX`].
    #[error("a transaction has {bytes} bytes of keys and values and {max} are allowed: split it")]
    TransactionTooLarge {
        /// How many.
        bytes: usize,
        /// The bound.
        max: usize,
    },

    /// One branch of a transaction writes a key twice.
    #[error("a transaction writes {key} twice in one branch: leave one of the writes out")]
    WrittenTwice {
        /// The key.
        key: Key,
    },

    /// A watch that takes neither puts nor deletes.
    #[error("a watch takes neither puts nor deletes and would never tell: leave a filter out")]
    WatchesNothing,

    /// A read or a compaction asks for a revision that does not exist yet.
    #[error("revision {asked} does not exist yet, the store is at {}: ask without a revision",
        Shown(.current))]
    FutureRevision {
        /// The revision that was asked for.
        asked: Revision,
        /// The newest one, where the store told it.
        current: Option<Revision>,
    },

    /// The revision that was asked for has been compacted away.
    #[error("revision {asked} is compacted, the oldest kept one is {}: read the present state \
        and go on from its revision", Shown(.compacted))]
    Compacted {
        /// The revision that was asked for.
        asked: Revision,
        /// The revision of the last compaction, where the store told it; it can still be read.
        compacted: Option<Revision>,
    },

    /// A put that keeps the value or the lease of a key that does not exist.
    #[error("the key {key} does not exist, so nothing of it can be kept: put it with its value")]
    KeyNotFound {
        /// The key.
        key: Key,
    },

    /// A key is not at the revision that a change expected.
    #[error(
        "the key {key} was expected at revision {expected} and is at {actual} (0: absent): \
        read it and decide again"
    )]
    Conflict {
        /// The key.
        key: Key,
        /// The modify revision that the change was based on; 0 means absent.
        expected: Revision,
        /// The modify revision that it has; 0 means absent.
        actual: Revision,
    },

    /// A lease does not exist: it was never granted, was revoked, or ran out.
    #[error("the lease {lease} does not exist or ran out: grant a new one")]
    LeaseNotFound {
        /// The lease.
        lease: LeaseId,
    },

    /// A lease is granted under an id that is in use.
    #[error("the lease {lease} exists already: choose another id, or let the store choose")]
    LeaseExists {
        /// The lease.
        lease: LeaseId,
    },

    /// A time to live outside of [`crate::TTL_S_MIN`] to [`crate::TTL_S_MAX`].
    #[error("a lease of {ttl_s} s was asked for: choose from {min_s} to {max_s} s")]
    TtlOutOfRange {
        /// What was asked for.
        ttl_s: u64,
        /// The least.
        min_s: u64,
        /// The most.
        max_s: u64,
    },

    /// Somebody else holds what was held, since the lease ran out or the key was deleted.
    #[error("{key}, held since revision {held}, is lost: stop what it guarded, then acquire anew")]
    Lost {
        /// The key that stood for the lock or the candidate.
        key: Key,
        /// Its create revision.
        held: Revision,
    },

    /// A bound of the store itself is reached.
    #[error("there are {max} {what} already, which is the bound: remove some")]
    Full {
        /// Of what there are too many.
        what: &'static str,
        /// The bound.
        max: usize,
    },

    /// Whether the change was made is not known: the answer was lost on its way.
    #[error("whether the change was made is not known: read {} and decide", Keys(.keys))]
    Unknown {
        /// The keys that it would have changed.
        keys: Vec<Key>,
        /// What happened instead of an answer.
        source: BoxedSource,
    },

    /// No endpoint answered within the deadline, although it was tried again.
    #[error(
        "no store answered {call} in {waited_ms} ms at {endpoints}: check that it runs and \
        can be reached"
    )]
    Unavailable {
        /// What was asked.
        call: &'static str,
        /// Where it was tried.
        endpoints: String,
        /// How long, milliseconds.
        waited_ms: u64,
        /// What the last attempt told.
        source: BoxedSource,
    },

    /// The store refused the credentials, or the user may not do this.
    #[error("the store denies {call}: check the user, its roles and the certificates")]
    Denied {
        /// What was asked.
        call: &'static str,
        /// What the store told.
        source: BoxedSource,
    },

    /// The store answered with what this crate has no word for.
    #[error("the store refused {call}")]
    Refused {
        /// What was asked.
        call: &'static str,
        /// What the store told.
        source: BoxedSource,
    },

    /// The store was closed, or stopped after an earlier failure of its storage.
    #[error("the store is closed{}: open it again", Because(.reason))]
    Closed {
        /// The failure after which it stopped, if it was one.
        reason: Option<String>,
    },

    /// The storage below failed.
    #[error("the storage failed to {doing}: check the disk, then open the store again")]
    Storage {
        /// What it should have done.
        doing: &'static str,
        /// What it told.
        source: BoxedSource,
    },

    /// A file is not what a store or its backup writes.
    #[error("{what} is damaged at {place}: restore a backup")]
    Damaged {
        /// Which file or table.
        what: String,
        /// Where in it.
        place: String,
    },

    /// A file was written by a newer version.
    #[error("{what} has format {found} and at most {known} is known here: use a newer version")]
    Newer {
        /// Which file.
        what: String,
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
}

struct Shown<'a>(&'a Option<Revision>);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(revision) => write!(f, "revision {revision}"),
            None => f.write_str("one that it did not tell"),
        }
    }
}

struct Because<'a>(&'a Option<String>);

impl std::fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |reason| write!(f, " since {reason}"))
    }
}

struct Keys<'a>(&'a Vec<Key>);

impl std::fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{key}")?;
        }
        Ok(())
    }
}
