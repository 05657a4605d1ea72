//! Watching: every change of a span from a revision on, in order, none left out.

use async_trait::async_trait;

use crate::{Entry, Error, Key, Revision, Span};

/// What to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchRequest {
    /// Which keys.
    pub span: Span,
    /// From which revision on, included; it may lie in the future. None: what comes after the
    /// watch was made.
    pub from: Option<Revision>,
    /// Whether puts are told.
    pub puts: bool,
    /// Whether deletes are told.
    pub deletes: bool,
    /// Whether events carry the entry as it was before, where it is not compacted.
    pub previous: bool,
}

impl WatchRequest {
    /// All changes of a span after now.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self { span, from: None, puts: true, deletes: true, previous: false }
    }

    /// From a revision on; 0: after now.
    #[must_use]
    pub fn from(mut self, revision: Revision) -> Self {
        self.from = (revision > 0).then_some(revision);
        self
    }

    /// Without puts.
    #[must_use]
    pub fn deletes_only(mut self) -> Self {
        self.puts = false;
        self
    }

    /// Without deletes.
    #[must_use]
    pub fn puts_only(mut self) -> Self {
        self.deletes = false;
        self
    }

    /// With the entries as they were before.
    #[must_use]
    pub fn previous(mut self) -> Self {
        self.previous = true;
        self
    }

    /// # Errors
    /// [`Error::WatchesNothing`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.puts || self.deletes { Ok(()) } else { Err(Error::WatchesNothing) }
    }
}

/// All that one revision changed in a watched span; or, without events, the promise that all
/// events up to its revision were told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The revision.
    pub revision: Revision,
    /// The changes, in the order in which they were made.
    pub events: Vec<Event>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A key was written.
    Put {
        /// As it is since.
        entry: Entry,
        /// As it was before, where it was asked for and is known.
        previous: Option<Entry>,
    },
    /// A key was deleted, or its lease ended.
    Delete {
        /// The key.
        key: Key,
        /// As it was before, where it was asked for and is known.
        previous: Option<Entry>,
    },
}

impl Event {
    /// The key that changed.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { entry, .. } => &entry.key,
            Self::Delete { key, .. } => key,
        }
    }
}

/// A watch that runs; dropping it ends it.
///
/// It tells every change of its span once, in the order of revisions, each revision in one
/// [`Batch`]. It goes on by itself after a break of whatever is below it. It must be asked for its
/// next batch now and then: what it has not told is read from the store's history, and a
/// compaction beyond where it is ends it.
#[must_use]
pub struct Watch {
    source: Box<dyn WatchSource>,
    made_at: Revision,
}

/// What a store implements for a [`Watch`].
#[async_trait]
pub trait WatchSource: Send {
    /// See [`Watch::next`]. It must be cancel-safe: what is dropped while it waits loses nothing.
    async fn next(&mut self) -> Result<Batch, Error>;

    /// See [`Watch::request_progress`].
    async fn request_progress(&mut self) -> Result<(), Error>;
}

impl Watch {
    /// A watch that was made when the store was at a revision.
    pub fn new(source: Box<dyn WatchSource>, made_at: Revision) -> Self {
        Self { source, made_at }
    }

    /// The revision of the store when the watch was made: one without a first revision tells all
    /// that comes after it.
    #[must_use]
    pub fn made_at(&self) -> Revision {
        self.made_at
    }

    /// The next batch; waits for it. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`Error::Compacted`] with the compacted revision, where a revision that it has yet to tell
    /// is gone: the watch is at its end. What else ends it is [`Error::Closed`] and
    /// [`Error::Denied`].
    pub async fn next(&mut self) -> Result<Batch, Error> {
        self.source.next().await
    }

    /// Asks for a batch without events that says up to where all was told. It comes after all
    /// events that it speaks of. The embedded store answers at once; etcd before 3.4.25 and 3.5.8
    /// has a fault that makes its answer worthless, so there it comes at the server's own
    /// interval.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn request_progress(&mut self) -> Result<(), Error> {
        self.source.request_progress().await
    }
}
