//! A read cache of a span that a watch keeps right: reads without asking the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::{Batch, Entry, Error, Event, Key, Range, Revision, Span, Store, Watch, WatchRequest};

/// Entries that a mirror holds at most.
pub const MIRROR_ENTRIES_MAX: usize = 100_000;

/// The entries of a span as of one revision, which follows that of the store.
///
/// It is never ahead of the store and always the whole state of one revision, but it may be behind:
/// whoever must see a change waits for its revision with [`Mirror::wait_for`]. Dropping it ends it.
pub struct Mirror {
    known: watch::Receiver<Known>,
    wanted: watch::Sender<Revision>,
    task: AbortHandle,
}

/// What is known of the span.
#[derive(Debug, Default)]
struct Known {
    entries: BTreeMap<Key, Entry>,
    revision: Revision,
}

impl Mirror {
    /// Reads a span and follows it from then on. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Those of the store; [`Error::Full`] beyond [`MIRROR_ENTRIES_MAX`].
    pub async fn follow(store: Arc<dyn Store>, span: Span) -> Result<Self, Error> {
        let read = read(&*store, &span).await?;
        let watch = watch_after(&*store, &span, read.revision).await?;
        let (sender, known) = watch::channel(read);
        let (wanted, wants) = watch::channel(0);
        let follower = Follower { store, span, watch, known: sender, wants };
        let task = tokio::spawn(follower.run()).abort_handle();
        Ok(Self { known, wanted, task })
    }

    /// The revision whose state it has.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.known.borrow().revision
    }

    /// The entry of a key of the span.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Entry> {
        self.known.borrow().entries.get(key).cloned()
    }

    /// All entries, ordered by key, and the revision that they are of.
    #[must_use]
    pub fn all(&self) -> (Vec<Entry>, Revision) {
        let known = self.known.borrow();
        (known.entries.values().cloned().collect(), known.revision)
    }

    /// Waits until its state is that of a revision, or of a later one. For a revision that changed
    /// nothing in the span this takes as long as [`Watch::request_progress`] says.
    ///
    /// # Errors
    /// [`Error::Closed`]: it follows no more, since the store is closed, denies it, or has more
    /// entries than [`MIRROR_ENTRIES_MAX`]; the log says which.
    pub async fn wait_for(&self, revision: Revision) -> Result<(), Error> {
        self.wanted.send_if_modified(|wanted| {
            let more = revision > *wanted;
            *wanted = revision.max(*wanted);
            more
        });
        let mut known = self.known.clone();
        match known.wait_for(|known| known.revision >= revision).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::Closed { reason: Some("a mirror lost its watch".to_owned()) }),
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What follows the store.
struct Follower {
    store: Arc<dyn Store>,
    span: Span,
    watch: Watch,
    known: watch::Sender<Known>,
    wants: watch::Receiver<Revision>,
}

impl Follower {
    async fn run(mut self) {
        if let Err(error) = self.follow().await {
            tracing::warn!(%error, "a mirror follows its store no more");
        }
    }

    async fn follow(&mut self) -> Result<(), Error> {
        loop {
            let told = tokio::select! {
                told = self.watch.next() => told,
                changed = self.wants.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let wanted = *self.wants.borrow();
                    if wanted > self.known.borrow().revision {
                        self.watch.request_progress().await?;
                    }
                    continue;
                }
            };
            match told {
                Ok(batch) => self.take(batch)?,
                Err(Error::Compacted { .. }) => {
                    let read = read(&*self.store, &self.span).await?;
                    self.watch = watch_after(&*self.store, &self.span, read.revision).await?;
                    self.known.send_replace(read);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&self, batch: Batch) -> Result<(), Error> {
        self.known.send_modify(|known| {
            for event in batch.events {
                match event {
                    Event::Put { entry, .. } => known.entries.insert(entry.key.clone(), entry),
                    Event::Delete { key, .. } => known.entries.remove(&key),
                };
            }
            known.revision = known.revision.max(batch.revision);
        });
        bounded(self.known.borrow().entries.len())
    }
}

/// All pages of a span at one revision.
async fn read(store: &dyn Store, span: &Span) -> Result<Known, Error> {
    let mut known = Known::default();
    let mut next = Some(Range::new(span.clone()));
    while let Some(range) = next {
        let page = store.range(range.clone()).await?;
        next = page.next(&range);
        known.revision = range.revision.unwrap_or(page.revision);
        known.entries.extend(page.entries.into_iter().map(|entry| (entry.key.clone(), entry)));
        bounded(known.entries.len())?;
    }
    Ok(known)
}

async fn watch_after(store: &dyn Store, span: &Span, revision: Revision) -> Result<Watch, Error> {
    store.watch(WatchRequest::new(span.clone()).from(revision + 1)).await
}

fn bounded(entries: usize) -> Result<(), Error> {
    match entries <= MIRROR_ENTRIES_MAX {
        true => Ok(()),
        false => Err(Error::Full { what: "entries in a mirror", max: MIRROR_ENTRIES_MAX }),
    }
}
