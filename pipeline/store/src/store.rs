//! The store: what every implementation promises.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    Answer, Compare, Delete, Deleted, Entry, Error, Key, Lease, LeaseId, LeaseState, Outcome, Page,
    Put, Range, Revision, Span, Transaction, Watch, WatchRequest, Written,
};

/// Keys with revisions, in the semantics of etcd's version 3.
///
/// What was answered is kept: it survives the end of the process and of the machine. Reads see all
/// that was answered before they began. Every change is one revision, whole or not at all, and
/// every watch tells every revision in order.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads entries.
    ///
    /// # Errors
    /// [`Error::FutureRevision`] or [`Error::Compacted`] where the revision cannot be read. The
    /// revision of the last compaction can.
    async fn range(&self, range: Range) -> Result<Page, Error>;

    /// Writes a key.
    ///
    /// # Errors
    /// [`Error::ValueTooLarge`], [`Error::LeaseNotFound`], or [`Error::KeyNotFound`] where the
    /// value or the lease of an absent key should be kept.
    async fn put(&self, put: Put) -> Result<Written, Error>;

    /// Deletes keys.
    ///
    /// # Errors
    /// Only those of the storage or the connection.
    async fn delete(&self, delete: Delete) -> Result<Deleted, Error>;

    /// Compares, and does one of two branches.
    ///
    /// # Errors
    /// Those of its parts, and [`Error::TooManyOperations`], [`Error::TransactionTooLarge`] and
    /// [`Error::WrittenTwice`]. The branch that is not taken is checked as well.
    async fn transact(&self, transaction: Transaction) -> Result<Outcome, Error>;

    /// Watches a span.
    ///
    /// # Errors
    /// [`Error::WatchesNothing`]. That the first revision is compacted is told by the first batch.
    async fn watch(&self, request: WatchRequest) -> Result<Watch, Error>;

    /// Forgets all that was overwritten or deleted before a revision, and frees its space. The
    /// state at that revision stays readable; older ones are gone.
    ///
    /// # Errors
    /// [`Error::Compacted`] where that was done already, [`Error::FutureRevision`].
    async fn compact(&self, revision: Revision) -> Result<(), Error>;

    /// Grants a lease of so many seconds, under this id or one that the store chooses.
    ///
    /// # Errors
    /// [`Error::LeaseExists`], [`Error::TtlOutOfRange`].
    async fn grant(&self, ttl_s: u64, id: Option<LeaseId>) -> Result<Lease, Error>;

    /// Ends a lease: its keys are deleted, all in one revision, ordered; without keys there is
    /// none.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    async fn revoke(&self, lease: LeaseId) -> Result<Revision, Error>;

    /// Lets a lease live for its full time from now on, and answers how long that is, seconds.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`]: it ran out, and what it held is lost.
    async fn keep_alive(&self, lease: LeaseId) -> Result<u64, Error>;

    /// How a lease is, and which keys end with it.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    async fn time_to_live(&self, lease: LeaseId) -> Result<LeaseState, Error>;

    /// The entry of a key as it is now.
    ///
    /// # Errors
    /// As [`Store::range`].
    async fn get(&self, key: &Key) -> Result<Option<Entry>, Error> {
        Ok(self.range(Range::new(Span::key(key))).await?.entries.pop())
    }

    /// Writes a key only where it was last written at `expected`; 0: only where it is absent. Its
    /// lease stays. Answers the revision that it made.
    ///
    /// # Errors
    /// [`Error::Conflict`] with the revision that the key has instead.
    async fn replace(
        &self,
        key: &Key,
        value: Bytes,
        expected: Revision,
    ) -> Result<Revision, Error> {
        let put = Put::new(key.clone(), value);
        let put = if expected == 0 { put } else { put.keep_lease() };
        let transaction = Transaction::new()
            .when(Compare::modified_at(key.clone(), expected))
            .then(put)
            .otherwise(Range::new(Span::key(key)).keys_only());
        changed(self.transact(transaction).await?, key, expected)
    }

    /// Deletes a key only where it was last written at `expected`. Answers the revision that it
    /// made.
    ///
    /// # Errors
    /// [`Error::Conflict`] with the revision that the key has instead.
    async fn remove(&self, key: &Key, expected: Revision) -> Result<Revision, Error> {
        let transaction = Transaction::new()
            .when(Compare::modified_at(key.clone(), expected))
            .then(Delete::new(Span::key(key)))
            .otherwise(Range::new(Span::key(key)).keys_only());
        changed(self.transact(transaction).await?, key, expected)
    }
}

/// The revision of a transaction that succeeded, else the conflict that its read shows.
fn changed(outcome: Outcome, key: &Key, expected: Revision) -> Result<Revision, Error> {
    if outcome.succeeded {
        return Ok(outcome.revision);
    }
    let actual = match outcome.answers.first() {
        Some(Answer::Range(page)) => page.entries.first().map_or(0, |entry| entry.modified),
        _ => 0,
    };
    Err(Error::Conflict { key: key.clone(), expected, actual })
}
