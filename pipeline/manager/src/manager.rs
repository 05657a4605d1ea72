//! The one function that changes a state.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use piccolo_state::{Event, Refused, advance, reach};
use piccolo_store::{
    Answer, Compare, Delete, Entry, Error, Key, Order, Put, Range, Revision, SortBy, Span, Store,
    Transaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record::{Done, RECENT_MAX, Record, Step};
use crate::subject::Kept;
use crate::{Applied, Change, ManagerError, Subject, Wanted};

/// How many steps of a thing's history are kept; the oldest goes with each that comes then.
pub const HISTORY_STEPS_MAX: u64 = 1_000;

/// How often a change is computed again because others were faster.
pub const RACES_MAX: usize = 16;

/// The time of day, for history.
pub trait Clock: Send + Sync {
    /// Microseconds since the beginning of 1970, UTC.
    fn now_us(&self) -> u64;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_us(&self) -> u64 {
        // A clock before 1970 is a wrong one, and shown as such.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64
    }
}

/// Keeps states in a store.
#[derive(Clone)]
pub struct Manager {
    pub(crate) store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    fence: Option<(Key, Revision)>,
}

/// A state as it was read, and what it is based on.
pub(crate) struct Read<S> {
    pub(crate) record: Option<Record<S>>,
    /// 0 where there is none.
    pub(crate) revision: Revision,
}

impl Manager {
    /// A manager of the states in a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, fence: None }
    }

    /// One that writes only while `key` is the one that was made at `created`: the key of a lock
    /// or an election. Whoever loses it cannot write any more, whether it knows or not.
    #[must_use]
    pub fn fenced(mut self, key: Key, created: Revision) -> Self {
        self.fence = Some((key, created));
        self
    }

    /// Changes a state, or says why not. When it answers, the change is in the store.
    ///
    /// Where others are faster the change is looked up again, in the state that they made; where
    /// it named a revision that it is based on, it is refused instead.
    ///
    /// # Errors
    /// [`ManagerError::Refused`] with what was possible; a conflict of revisions; or what the
    /// store says. Nothing is changed then, but for an outcome that the store does not know.
    pub async fn apply<S: Kept>(
        &self,
        subject: &Subject,
        change: &Change<S>,
    ) -> Result<Applied<S>, ManagerError> {
        subject.check::<S>()?;
        for _ in 0..RACES_MAX {
            let read = self.read::<S>(subject).await?;
            if let Some(applied) = settled(&read, change) {
                return Ok(applied);
            }
            if let Some(expected) = change.expected.filter(|expected| *expected != read.revision) {
                let key = subject.state_key::<S>()?;
                return Err(Error::Conflict { key, expected, actual: read.revision }.into());
            }
            let (step, state) = self.next_step(subject, &read, change).await?;
            match self.write(subject, read, &step, change).await {
                Ok(Some(revision)) => {
                    return Ok(Applied { state, step: step.step, changed: true, revision });
                }
                // Somebody was faster; or it is not known, and the next look tells.
                Ok(None) | Err(ManagerError::Store(Error::Unknown { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ManagerError::Raced { subject: subject.clone(), times: RACES_MAX })
    }

    /// How a thing is, and at which revision that was written.
    ///
    /// # Errors
    /// [`ManagerError::NotFound`], or what the store says.
    pub async fn get<S: Kept>(
        &self,
        subject: &Subject,
    ) -> Result<(Record<S>, Revision), ManagerError> {
        subject.check::<S>()?;
        let Read { record, revision } = self.read(subject).await?;
        let missing = || ManagerError::NotFound { kind: S::KIND, subject: subject.clone() };
        Ok((record.ok_or_else(missing)?, revision))
    }

    /// Deletes a state that was written at a revision; its history stays, with this as its end.
    ///
    /// # Errors
    /// [`ManagerError::NotFound`]; a conflict of revisions; or what the store says.
    pub async fn delete<S: Kept>(
        &self,
        subject: &Subject,
        change: &Change<S>,
    ) -> Result<Revision, ManagerError> {
        subject.check::<S>()?;
        for _ in 0..RACES_MAX {
            let read = self.read::<S>(subject).await?;
            let Some(record) = &read.record else {
                return Err(ManagerError::NotFound { kind: S::KIND, subject: subject.clone() });
            };
            if let Some(expected) = change.expected.filter(|expected| *expected != read.revision) {
                let key = subject.state_key::<S>()?;
                return Err(Error::Conflict { key, expected, actual: read.revision }.into());
            }
            let step = self.step(Some(record), record.step + 1, (None, None), change);
            if let Some(revision) = self.write(subject, read, &step, change).await? {
                return Ok(revision);
            }
        }
        Err(ManagerError::Raced { subject: subject.clone(), times: RACES_MAX })
    }

    pub(crate) async fn read<S: Kept>(&self, subject: &Subject) -> Result<Read<S>, ManagerError> {
        let entry = self.store.get(&subject.state_key::<S>()?).await?;
        let revision = entry.as_ref().map_or(0, |entry| entry.modified);
        Ok(Read { record: entry.as_ref().map(decode).transpose()?, revision })
    }

    /// The step that a change is, where the machine has it, and the state that it leads to.
    async fn next_step<S: Kept>(
        &self,
        subject: &Subject,
        read: &Read<S>,
        change: &Change<S>,
    ) -> Result<(Step<S>, S), ManagerError> {
        let before = read.record.as_ref();
        let from = before.map(|record| record.state);
        let refused =
            |refused: Refused| ManagerError::Refused { subject: subject.clone(), refused };
        let (event, to) = match change.wanted {
            Wanted::Event(event) => (event, advance(from, event).map_err(refused)?),
            Wanted::State(to) => (reach(from, to).map_err(refused)?, to),
        };
        let last = match before {
            Some(record) => record.step,
            None => self.last_step::<S>(subject).await?,
        };
        Ok((self.step(before, last + 1, (Some(event), Some(to)), change), to))
    }

    fn step<S: Kept>(
        &self,
        before: Option<&Record<S>>,
        step: u64,
        (event, to): (Option<Event>, Option<S>),
        change: &Change<S>,
    ) -> Step<S> {
        let (cause, id) = (change.cause.clone(), change.id.clone());
        // Also where somebody has put the clock back, a step is not before the one before it.
        let since_us = before.map_or(0, |record| record.since_us);
        let at_us = self.clock.now_us().max(since_us);
        Step { step, from: before.map(|record| record.state), event, to, at_us, cause, id }
    }

    /// The last step of a thing that does not exist any more; 0 where it never did.
    async fn last_step<S: Kept>(&self, subject: &Subject) -> Result<u64, ManagerError> {
        let last = Range::new(subject.history::<S>()?).limit(1);
        let page = self.store.range(last.sort(SortBy::Key, Order::Descending)).await?;
        let step = page.entries.first().map(decode::<Step<S>>).transpose()?;
        Ok(step.map_or(0, |step| step.step))
    }

    /// Writes a step and the state after it; none where somebody was faster.
    async fn write<S: Kept>(
        &self,
        subject: &Subject,
        read: Read<S>,
        step: &Step<S>,
        change: &Change<S>,
    ) -> Result<Option<Revision>, ManagerError> {
        let key = subject.state_key::<S>()?;
        let step_key = subject.step_key::<S>(step.step)?;
        let mut transaction = Transaction::new()
            .when(Compare::modified_at(key.clone(), read.revision))
            .then(Put::new(step_key.clone(), encode(&step_key, step)?))
            .otherwise(Range::new(Span::key(&key)).keys_only());
        transaction = match after(read.record, step, change) {
            Some(record) => transaction.then(Put::new(key.clone(), encode(&key, &record)?)),
            None => transaction.then(Delete::new(Span::key(&key))),
        };
        if let Some(oldest) = step.step.checked_sub(HISTORY_STEPS_MAX).filter(|step| *step > 0) {
            transaction = transaction.then(Delete::new(Span::key(&subject.step_key::<S>(oldest)?)));
        }
        if let Some((fence, created)) = &self.fence {
            transaction = transaction
                .when(Compare::created_at(fence.clone(), *created))
                .otherwise(Range::new(Span::key(fence)).keys_only());
        }
        let outcome = self.store.transact(transaction).await?;
        if outcome.succeeded {
            return Ok(Some(outcome.revision));
        }
        self.check_fence(outcome.answers.get(1))?;
        Ok(None)
    }

    /// # Errors
    /// [`ManagerError::Fenced`] where the key that gives the right to write is another one.
    fn check_fence(&self, answer: Option<&Answer>) -> Result<(), ManagerError> {
        let Some((key, created)) = &self.fence else { return Ok(()) };
        let found = match answer {
            Some(Answer::Range(page)) => page.entries.first().map_or(0, |entry| entry.created),
            _ => 0,
        };
        if found == *created { Ok(()) } else { Err(ManagerError::Fenced { key: key.clone() }) }
    }

    /// All entries of a span, whole, as of one revision.
    pub(crate) async fn all(&self, span: Span) -> Result<Vec<Entry>, ManagerError> {
        let mut range = Range::new(span);
        let mut entries = Vec::new();
        loop {
            let page = self.store.range(range.clone()).await?;
            let next = page.next(&range);
            entries.extend(page.entries);
            match next {
                Some(next) => range = next,
                None => return Ok(entries),
            }
        }
    }
}

/// What a change came to where there is nothing to write.
fn settled<S: Kept>(read: &Read<S>, change: &Change<S>) -> Option<Applied<S>> {
    let (record, revision) = (read.record.as_ref()?, read.revision);
    if let Some(Done { step, state, .. }) = record.done(&change.id) {
        return Some(Applied { state: *state, step: *step, changed: false, revision });
    }
    let Record { state, step, .. } = *record;
    (change.wanted == Wanted::State(state)).then_some(Applied {
        state,
        step,
        changed: false,
        revision,
    })
}

/// The record after a step; none where it deletes it.
fn after<S: Kept>(
    before: Option<Record<S>>,
    step: &Step<S>,
    change: &Change<S>,
) -> Option<Record<S>> {
    let state = step.to?;
    let (mut recent, node) = before.map(|record| (record.recent, record.node)).unwrap_or_default();
    if recent.len() >= RECENT_MAX {
        recent.remove(0);
    }
    recent.push(Done { id: step.id.clone(), step: step.step, state });
    let node = change.node.clone().or(node);
    Some(Record { state, since_us: step.at_us, step: step.step, node, recent })
}

pub(crate) fn decode<T: DeserializeOwned>(entry: &Entry) -> Result<T, ManagerError> {
    let unreadable = |source| ManagerError::Unreadable { key: entry.key.clone(), source };
    serde_json::from_slice(&entry.value).map_err(unreadable)
}

fn encode<T: Serialize>(key: &Key, value: &T) -> Result<Vec<u8>, ManagerError> {
    let unreadable = |source| ManagerError::Unreadable { key: key.clone(), source };
    serde_json::to_vec(value).map_err(unreadable)
}
