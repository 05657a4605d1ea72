//! What was: the steps of a thing, and how it was at a time or a revision.

use piccolo_store::{Order, Range, Revision, SortBy, Span};

use crate::manager::decode;
use crate::subject::Kept;
use crate::{Manager, ManagerError, Record, Step, Subject};

/// The most steps of one page.
pub const HISTORY_PAGE_MAX: usize = 1_000;

/// How a thing was at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was<S> {
    /// It was so.
    State(S),
    /// It did not exist.
    Absent,
    /// Its history does not go back so far any more.
    Forgotten,
}

impl Manager {
    /// The steps of a thing after one of them, 0 for all, the oldest first; at most `limit`, and
    /// never more than [`HISTORY_PAGE_MAX`]. A thing that was deleted has its history still.
    ///
    /// # Errors
    /// What the store says.
    pub async fn history<S: Kept>(
        &self,
        subject: &Subject,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Step<S>>, ManagerError> {
        subject.check::<S>()?;
        let all = subject.history::<S>()?;
        let first = subject.step_key::<S>(after.saturating_add(1))?;
        let limit = limit.clamp(1, HISTORY_PAGE_MAX);
        let range = Range::new(Span::from(&first)).limit(limit);
        let page = self.store.range(range).await?;
        // Behind the last step come the keys of others.
        let own = page.entries.iter().take_while(|entry| all.contains(&entry.key));
        own.map(decode).collect()
    }

    /// How a thing was at a time, in microseconds of Unix time.
    ///
    /// # Errors
    /// What the store says.
    pub async fn state_at<S: Kept>(
        &self,
        subject: &Subject,
        at_us: u64,
    ) -> Result<Was<S>, ManagerError> {
        subject.check::<S>()?;
        let latest = Range::new(subject.history::<S>()?).sort(SortBy::Key, Order::Descending);
        let mut range = latest.limit(HISTORY_PAGE_MAX);
        let mut earliest = None;
        loop {
            let page = self.store.range(range.clone()).await?;
            for entry in &page.entries {
                let step: Step<S> = decode(entry)?;
                if step.at_us <= at_us {
                    return Ok(step.to.map_or(Was::Absent, Was::State));
                }
                earliest = Some(step.step);
            }
            match page.next(&range) {
                Some(next) => range = next,
                None => break,
            }
        }
        // The first step of all is the beginning; before any other there was one that is gone.
        Ok(if earliest.is_none_or(|step| step == 1) { Was::Absent } else { Was::Forgotten })
    }

    /// How a thing was when the store was at a revision; none where it did not exist.
    ///
    /// # Errors
    /// What the store says; also that the revision is compacted.
    pub async fn at_revision<S: Kept>(
        &self,
        subject: &Subject,
        revision: Revision,
    ) -> Result<Option<Record<S>>, ManagerError> {
        subject.check::<S>()?;
        let range = Range::new(Span::key(&subject.state_key::<S>()?)).at(revision);
        self.store.range(range).await?.entries.first().map(decode).transpose()
    }
}
