//! What was committed lately, for watches that are up to date: they never touch the disk.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::{Entry, Key, Revision};

/// Revisions that are kept in memory.
pub(super) const RECENT_REVISIONS_MAX: usize = 16_384;

/// Bytes of keys and values that are kept in memory.
pub(super) const RECENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Revisions that a watch takes at once.
const TAKEN_REVISIONS_MAX: usize = 256;

/// One change, with what was before it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) key: Key,
    /// None: it was deleted.
    pub(super) entry: Option<Entry>,
    pub(super) previous: Option<Entry>,
}

/// All changes of one revision.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) revision: Revision,
    pub(super) changes: Vec<Told>,
}

impl Commit {
    fn bytes(&self) -> usize {
        let value = |entry: &Option<Entry>| entry.as_ref().map_or(0, |entry| entry.value.len());
        let bytes = |told: &Told| {
            size_of::<Told>()
                + told.key.as_bytes().len()
                + value(&told.entry)
                + value(&told.previous)
        };
        self.changes.iter().map(bytes).sum()
    }
}

/// What watches wait for.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    /// The newest revision.
    pub(super) revision: Revision,
    /// Whether no more will come.
    pub(super) closed: bool,
}

/// The newest commits, and the news that there are more.
#[derive(Debug)]
pub(super) struct Feed {
    recent: Mutex<Recent>,
    news: watch::Sender<News>,
    compacted: AtomicU64,
}

#[derive(Debug, Default)]
struct Recent {
    commits: VecDeque<(usize, Arc<Commit>)>,
    bytes: usize,
}

impl Feed {
    /// A feed of a store that was opened at a revision.
    pub(super) fn new(newest: Revision, compacted: Revision) -> Self {
        Self {
            recent: Mutex::default(),
            news: watch::Sender::new(News { revision: newest, closed: false }),
            compacted: AtomicU64::new(compacted),
        }
    }

    /// Tells what is on the disk now; the commits follow each other without a gap.
    pub(super) fn tell(&self, commits: Vec<Commit>) {
        let Some(newest) = commits.last().map(|commit| commit.revision) else { return };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        for commit in commits {
            let bytes = commit.bytes();
            recent.bytes += bytes;
            recent.commits.push_back((bytes, Arc::new(commit)));
        }
        while recent.commits.len() > RECENT_REVISIONS_MAX || recent.bytes > RECENT_BYTES_MAX {
            let Some((bytes, _)) = recent.commits.pop_front() else { break };
            recent.bytes -= bytes;
        }
        drop(recent);
        self.news.send_modify(|news| news.revision = newest);
    }

    /// Tells that no more will come.
    pub(super) fn close(&self) {
        self.news.send_modify(|news| news.closed = true);
    }

    /// The next commits from a revision on; none where it is no longer in memory.
    pub(super) fn recent(&self, from: Revision) -> Option<Vec<Arc<Commit>>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let first = recent.commits.front()?.1.revision;
        let skipped = usize::try_from(from.checked_sub(first)?).ok()?;
        let commits = recent.commits.iter().skip(skipped).take(TAKEN_REVISIONS_MAX);
        Some(commits.map(|(_, commit)| Arc::clone(commit)).collect())
    }

    /// Follows the newest revision.
    pub(super) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// The revision of the last compaction.
    pub(super) fn compacted(&self) -> Revision {
        self.compacted.load(Ordering::Acquire)
    }

    /// Notes a compaction that is on the disk.
    pub(super) fn compact(&self, revision: Revision) {
        self.compacted.fetch_max(revision, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(revision: Revision, bytes: usize) -> Commit {
        let key = Key::try_from("k").unwrap();
        let entry = Entry {
            key: key.clone(),
            value: vec![0; bytes].into(),
            created: revision,
            modified: revision,
            version: 1,
            lease: None,
        };
        Commit { revision, changes: vec![Told { key, entry: Some(entry), previous: None }] }
    }

    fn revisions(feed: &Feed, from: Revision) -> Option<Vec<Revision>> {
        Some(feed.recent(from)?.iter().map(|commit| commit.revision).collect())
    }

    #[test]
    fn what_is_recent_is_handed_out_from_a_revision_on() {
        let feed = Feed::new(1, 0);
        assert_eq!(revisions(&feed, 2), None);
        feed.tell(vec![commit(2, 1), commit(3, 1)]);
        feed.tell(vec![commit(4, 1)]);
        assert_eq!(revisions(&feed, 1), None);
        assert_eq!(revisions(&feed, 3), Some(vec![3, 4]));
        assert_eq!(revisions(&feed, 5), Some(vec![]));
        assert_eq!(feed.news().borrow().revision, 4);
    }

    #[test]
    fn both_bounds_drop_the_oldest() {
        let feed = Feed::new(1, 0);
        let many = RECENT_REVISIONS_MAX as u64 + 10;
        feed.tell((2..2 + many).map(|revision| commit(revision, 0)).collect());
        assert_eq!(revisions(&feed, 11), None);
        assert_eq!(revisions(&feed, 12).unwrap()[0], 12);
        feed.tell(vec![commit(many + 2, RECENT_BYTES_MAX)]);
        assert_eq!(revisions(&feed, many + 2), None, "one alone exceeds the bound");
    }
}
