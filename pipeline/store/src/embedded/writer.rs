//! The one thread that writes: it takes what waits, does all of it in one transaction of the
//! storage with one sync, and answers then.

use std::sync::Arc;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::feed::Commit;
use super::tables::meta;
use super::work::Work;
use crate::doing::Doing;
use crate::{Error, Key, Lease, LeaseId, Operation, Outcome, Revision, Transaction};

/// Jobs that wait for the writer; whoever brings one more waits.
pub(super) const QUEUE_JOBS_MAX: usize = 8_192;

/// Jobs that share one sync.
const BATCH_JOBS_MAX: usize = 2_048;

/// Rows of the log that a compaction looks at between the jobs of callers.
const SCRUB_ROWS_MAX: usize = 1_024;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Error>>;

/// What the writer is asked to do.
pub(super) enum Job {
    /// See [`crate::Store::transact`].
    Transact(Transaction, Reply<Outcome>),
    /// See [`crate::Store::grant`].
    Grant(u64, Option<LeaseId>, Reply<Lease>),
    /// See [`crate::Store::revoke`].
    Revoke(LeaseId, Reply<Revision>),
    /// Ends the leases that are due.
    Expire(Reply<()>),
    /// See [`crate::Store::compact`].
    Compact(Revision, Reply<()>),
    /// See [`super::Embedded::shrink`].
    Shrink(Reply<bool>),
}

/// An answer that waits for the sync. Refusals wait as well: what they are based on may be what
/// the same sync brings to the disk.
enum Done {
    Transact(Vec<Key>, Result<Outcome, Error>, Reply<Outcome>),
    Grant(Result<Lease, Error>, Reply<Lease>),
    Revoke(Result<Revision, Error>, Reply<Revision>),
    Expire(Reply<()>),
    NotCompacted(Error, Reply<()>),
}

/// The writer.
pub(super) struct Writer {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    /// Who waits for the end of a compaction.
    compactions: Vec<Reply<()>>,
    /// Whether a compaction has rows to remove.
    scrubbing: bool,
}

impl Writer {
    /// A writer that takes its jobs from here.
    pub(super) fn new(shared: Arc<Shared>, jobs: mpsc::Receiver<Job>) -> Self {
        // What a compaction left when the store was closed is removed first.
        Self { shared, jobs, compactions: Vec::new(), scrubbing: true }
    }

    /// Works until nobody can bring jobs any more, or the storage fails.
    pub(super) fn run(mut self) {
        while let Some(jobs) = self.take() {
            if let Err(error) = self.work(jobs).and_then(|shrinks| self.shrink(shrinks)) {
                tracing::error!(%error, "the store stops, since its storage failed");
                self.shared.fail(&error);
                break;
            }
        }
        self.shared.feed.close();
    }

    /// The jobs that wait; waits for one unless a compaction has work. None: there is no more.
    fn take(&mut self) -> Option<Vec<Job>> {
        let mut jobs = Vec::new();
        if !self.scrubbing {
            jobs.push(self.jobs.blocking_recv()?);
        }
        while jobs.len() < BATCH_JOBS_MAX {
            match self.jobs.try_recv() {
                Ok(job) => jobs.push(job),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) if jobs.is_empty() => return None,
                Err(TryRecvError::Disconnected) => break,
            }
        }
        Some(jobs)
    }

    /// Does jobs in one transaction of the storage and answers them; who waits for the file to
    /// shrink.
    fn work(&mut self, jobs: Vec<Job>) -> Result<Vec<Reply<bool>>, Error> {
        let (mut done, mut shrinks) = (Vec::with_capacity(jobs.len()), Vec::new());
        let mut compacted = None;
        let shared = Arc::clone(&self.shared);
        let database = shared.database();
        let Some(database) = &*database else { return Err(Error::Closed { reason: None }) };
        let transaction = database.begin_write().doing("begin to write")?;
        let mut work = Work::open(&transaction)?;
        self.expire(&mut work)?;
        for job in jobs {
            match job {
                Job::Compact(revision, reply) => match work.compact(revision) {
                    Ok(()) => {
                        compacted = Some(revision);
                        self.scrubbing = true;
                        self.compactions.push(reply);
                    }
                    Err(error) => done.push(Done::NotCompacted(error, reply)),
                },
                Job::Shrink(reply) => shrinks.push(reply),
                job => done.extend(self.one(&mut work, job)?),
            }
        }
        let mut scrubbed = false;
        if self.scrubbing {
            scrubbed =
                work.number(meta::SCRUBBED)? == work.compacted() || work.scrub(SCRUB_ROWS_MAX)?;
        }
        let commits = work.finish()?;
        self.commit(transaction, commits, done)?;
        if let Some(revision) = compacted {
            self.shared.feed.compact(revision);
        }
        if scrubbed {
            self.scrubbing = false;
            self.compactions.drain(..).for_each(|reply| answer(reply, Ok(())));
        }
        Ok(shrinks)
    }

    /// Ends the leases that are due, each in its own revision.
    fn expire(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let due = self.shared.leases().due(self.shared.clock.now());
        for lease in due {
            self.shared.leases().remove(lease);
            let revision = work.revoke(lease)?;
            tracing::info!(%lease, revision, "a lease ran out");
        }
        Ok(())
    }

    /// Does one job. A refusal is its answer; the storage's failures end all.
    fn one(&self, work: &mut Work<'_>, job: Job) -> Result<Option<Done>, Error> {
        let lives = |lease| self.shared.leases().lives(lease);
        Ok(Some(match job {
            Job::Transact(transaction, reply) => {
                let outcome = refused(work.transact(&transaction, &lives))?;
                Done::Transact(written(&transaction), outcome, reply)
            }
            Job::Grant(ttl_s, id, reply) => {
                let room = self.shared.leases().room();
                let granted = refused(room.and_then(|()| work.grant(ttl_s, id, &lives)))?;
                let now = self.shared.clock.now();
                let lease = granted.map(|id| {
                    self.shared.leases().insert(id, ttl_s, now);
                    Lease { id, ttl_s }
                });
                Done::Grant(lease, reply)
            }
            Job::Revoke(lease, reply) => {
                let lived = self.shared.leases().remove(lease);
                let revoked = match lived {
                    true => Ok(work.revoke(lease)?),
                    false => Err(Error::LeaseNotFound { lease }),
                };
                Done::Revoke(revoked, reply)
            }
            Job::Expire(reply) => Done::Expire(reply),
            Job::Compact(..) | Job::Shrink(_) => return Ok(None),
        }))
    }

    /// Syncs what was written, tells watches, and answers.
    fn commit(
        &self,
        transaction: redb::WriteTransaction,
        commits: Option<Vec<Commit>>,
        done: Vec<Done>,
    ) -> Result<(), Error> {
        let Some(commits) = commits else {
            transaction.abort().doing("end a transaction that wrote nothing")?;
            done.into_iter().for_each(Done::answer);
            return Ok(());
        };
        if let Err(error) = transaction.commit() {
            let reason = error.to_string();
            done.into_iter().for_each(|done| done.unknown(&reason));
            return Err(error).doing("commit");
        }
        self.shared.feed.tell(commits);
        done.into_iter().for_each(Done::answer);
        self.shared.leases_changed.notify_one();
        Ok(())
    }

    /// Gives free space back, while nobody reads or writes.
    fn shrink(&self, replies: Vec<Reply<bool>>) -> Result<(), Error> {
        for reply in replies {
            let mut database = self.shared.database_alone();
            let Some(database) = &mut *database else { return Err(Error::Closed { reason: None }) };
            answer(reply, Ok(database.compact().doing("shrink the file")?));
        }
        Ok(())
    }
}

impl Done {
    fn answer(self) {
        match self {
            Self::Transact(_, outcome, reply) => answer(reply, outcome),
            Self::Grant(lease, reply) => answer(reply, lease),
            Self::Revoke(revision, reply) => answer(reply, revision),
            Self::Expire(reply) => answer(reply, Ok(())),
            Self::NotCompacted(error, reply) => answer(reply, Err(error)),
        }
    }

    /// The sync failed: what was written may be found after the next start, or not. What was
    /// refused was not written in any case.
    fn unknown(self, reason: &str) {
        let unknown = |keys| Error::Unknown { keys, source: reason.to_owned().into() };
        match self {
            Self::Transact(keys, Ok(_), reply) => answer(reply, Err(unknown(keys))),
            Self::Grant(Ok(_), reply) => answer(reply, Err(unknown(Vec::new()))),
            Self::Revoke(Ok(_), reply) => answer(reply, Err(unknown(Vec::new()))),
            Self::Expire(reply) => answer(reply, Err(unknown(Vec::new()))),
            refused => refused.answer(),
        }
    }
}

/// Parts what refuses one job from what fails the storage.
fn refused<T>(result: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match result {
        Err(error @ (Error::Storage { .. } | Error::Damaged { .. })) => Err(error),
        other => Ok(other),
    }
}

/// The keys that a transaction puts.
fn written(transaction: &Transaction) -> Vec<Key> {
    let operations = transaction.then.iter().chain(&transaction.otherwise);
    let put = |operation: &Operation| match operation {
        Operation::Put(put) => Some(put.key.clone()),
        _ => None,
    };
    operations.filter_map(put).collect()
}

/// Answers; whoever no longer waits for it does not want it.
fn answer<T>(reply: Reply<T>, result: Result<T, Error>) {
    let _ = reply.send(result);
}
