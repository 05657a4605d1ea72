//! A watch of the embedded store: a place in its history that moves forward.
//!
//! It has no queue that could overflow. What is recent comes from memory, what is older from the
//! log, and each is taken only when it is asked for.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::feed::{News, Told};
use super::{Shared, blocking};
use crate::{Batch, Error, Event, Revision, WatchRequest, WatchSource};

/// Rows of the log that are read at once; a revision is never cut.
const HISTORY_ROWS_MAX: usize = 1_024;

/// A place in the history.
pub(super) struct Cursor {
    shared: Arc<Shared>,
    request: WatchRequest,
    /// The first revision that was not looked at yet.
    next: Revision,
    news: watch::Receiver<News>,
    /// What was found and is not told yet.
    ready: VecDeque<Batch>,
    /// Whether progress was asked for.
    progress: bool,
    /// The end, once it came: what was asked for, and what is compacted.
    compacted: Option<(Revision, Revision)>,
}

impl Cursor {
    /// Begins where a request says, else after the newest revision; that one comes as well.
    pub(super) fn new(shared: Arc<Shared>, request: WatchRequest) -> (Self, Revision) {
        let news = shared.feed.news();
        let newest = news.borrow().revision;
        let next = request.from.unwrap_or(newest + 1);
        let compacted = shared.feed.compacted();
        let compacted = (next < compacted).then_some((next, compacted));
        let ready = VecDeque::new();
        (Self { shared, request, next, news, ready, progress: false, compacted }, newest)
    }

    /// Looks at the next revisions, of which there is one at least.
    async fn advance(&mut self) -> Result<(), Error> {
        if let Some(commits) = self.shared.feed.recent(self.next) {
            let compacted = self.shared.feed.compacted();
            for commit in commits {
                let known = commit.revision > compacted;
                let told = commit.changes.iter().cloned();
                self.tell(commit.revision, known, told);
            }
            return Ok(());
        }
        let from = self.next;
        let previous = self.request.previous;
        let found = blocking(&self.shared, move |shared| history(shared, from, previous)).await;
        let (found, newest) = match found {
            Err(Error::Compacted { asked, compacted: Some(compacted) }) => {
                self.compacted = Some((asked, compacted));
                return Ok(());
            }
            found => found?,
        };
        if found.is_empty() {
            // Revision 1 has no changes.
            self.next = newest + 1;
        }
        for (revision, told) in found {
            self.tell(revision, true, told.into_iter());
        }
        Ok(())
    }

    /// Makes what the request wants of a revision ready.
    fn tell(&mut self, revision: Revision, known: bool, told: impl Iterator<Item = Told>) {
        let request = &self.request;
        let known = known && request.previous;
        let wanted = |told: Told| {
            let kind = if told.entry.is_some() { request.puts } else { request.deletes };
            if !kind || !request.span.contains(&told.key) {
                return None;
            }
            let previous = told.previous.filter(|_| known);
            Some(match told.entry {
                Some(entry) => Event::Put { entry, previous },
                None => Event::Delete { key: told.key, previous },
            })
        };
        let events: Vec<Event> = told.filter_map(wanted).collect();
        if !events.is_empty() {
            self.ready.push_back(Batch { revision, events });
        }
        self.next = revision + 1;
    }
}

/// A revision and its changes.
type Found = (Revision, Vec<Told>);

/// Reads revisions from the log; and up to which one there are any.
fn history(
    shared: &Shared,
    from: Revision,
    previous: bool,
) -> Result<(Vec<Found>, Revision), Error> {
    shared.read(|view| {
        if from < view.compacted {
            return Err(Error::Compacted { asked: from, compacted: Some(view.compacted) });
        }
        let mut found = Vec::new();
        for (revision, changes) in view.changes(from, HISTORY_ROWS_MAX)? {
            let mut told = Vec::with_capacity(changes.len());
            for change in changes {
                let known = previous && change.before > 0 && revision > view.compacted;
                let previous = if known { view.written(&change.key, change.before)? } else { None };
                told.push(Told { key: change.key, entry: change.entry, previous });
            }
            found.push((revision, told));
        }
        Ok((found, view.revision))
    })
}

#[async_trait]
impl WatchSource for Cursor {
    async fn next(&mut self) -> Result<Batch, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(batch);
            }
            if let Some((asked, compacted)) = self.compacted {
                return Err(Error::Compacted { asked, compacted: Some(compacted) });
            }
            let news = *self.news.borrow_and_update();
            if self.next <= news.revision {
                self.advance().await?;
                continue;
            }
            if self.progress {
                self.progress = false;
                return Ok(Batch { revision: news.revision, events: Vec::new() });
            }
            if news.closed {
                return Err(self.shared.closed());
            }
            if self.news.changed().await.is_err() {
                return Err(self.shared.closed());
            }
        }
    }

    async fn request_progress(&mut self) -> Result<(), Error> {
        self.progress = true;
        Ok(())
    }
}
