//! Writing: puts, deletes and transactions, and what is checked of them before a store is asked.

use bytes::Bytes;

use crate::{
    Entry, Error, Key, LeaseId, OPERATIONS_MAX, Page, Range, Revision, Span, TRANSACTION_BYTES_MAX,
    VALUE_BYTES_MAX,
};

/// Writes one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The key.
    pub key: Key,
    /// Its value; none: it keeps the one that it has, and must exist.
    pub value: Option<Bytes>,
    /// Its lease.
    pub lease: Attach,
    /// Whether the entry as it was before is answered.
    pub previous: bool,
}

/// Which lease a key has after a put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attach {
    /// None; it leaves the one that it had.
    #[default]
    None,
    /// The one that it has, if any; the key must exist.
    Keep,
    /// This one; it leaves the one that it had.
    To(LeaseId),
}

impl Put {
    /// A key, its value, and no lease.
    #[must_use]
    pub fn new(key: Key, value: impl Into<Bytes>) -> Self {
        Self { key, value: Some(value.into()), lease: Attach::None, previous: false }
    }

    /// Writes a key anew with the value that it has: only its revision, version and lease change.
    #[must_use]
    pub fn touch(key: Key) -> Self {
        Self { key, value: None, lease: Attach::None, previous: false }
    }

    /// With a lease.
    #[must_use]
    pub fn lease(mut self, lease: LeaseId) -> Self {
        self.lease = Attach::To(lease);
        self
    }

    /// With the lease that it has.
    #[must_use]
    pub fn keep_lease(mut self) -> Self {
        self.lease = Attach::Keep;
        self
    }

    /// Answers the entry as it was before.
    #[must_use]
    pub fn previous(mut self) -> Self {
        self.previous = true;
        self
    }

    /// # Errors
    /// [`Error::ValueTooLarge`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        let bytes = self.value.as_ref().map_or(0, Bytes::len);
        if bytes > VALUE_BYTES_MAX {
            let key = self.key.clone();
            return Err(Error::ValueTooLarge { key, bytes, max: VALUE_BYTES_MAX });
        }
        Ok(())
    }
}

/// Deletes all keys of a span. One that finds none makes no revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// Which keys.
    pub span: Span,
    /// Whether the entries as they were before are answered.
    pub previous: bool,
}

impl Delete {
    /// Deletes a span.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self { span, previous: false }
    }

    /// Answers the entries as they were before.
    #[must_use]
    pub fn previous(mut self) -> Self {
        self.previous = true;
        self
    }
}

/// The answer to a put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The revision that it made.
    pub revision: Revision,
    /// The entry before, where it was asked for and there was one.
    pub previous: Option<Entry>,
}

/// The answer to a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The revision that it made, or the present one where it found nothing.
    pub revision: Revision,
    /// How many keys it deleted.
    pub count: u64,
    /// The entries before, where they were asked for, ordered by key.
    pub previous: Vec<Entry>,
}

/// Compares, and then one of two branches, as one step: one revision for all that is written.
///
/// A branch may write a key once, and may not delete a key that it puts, in whatever order.
/// Operations run in order, and a read sees what was written before it in the same branch. Where
/// one operation is refused nothing is done at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What must hold, all of it; nothing: holds.
    pub compares: Vec<Compare>,
    /// What is done where it holds.
    pub then: Vec<Operation>,
    /// What is done where it does not.
    pub otherwise: Vec<Operation>,
}

/// One comparison of what the store has, on the left, with what is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// Of which key.
    pub key: Key,
    /// How they must relate.
    pub relation: Relation,
    /// What is compared with what. An absent key has 0 for all numbers, and no value: a comparison
    /// of its value never holds, not even "not equal".
    pub target: Target,
}

/// How the store's part relates to what is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are equal.
    Equal,
    /// The store's is greater.
    Greater,
    /// The store's is less.
    Less,
    /// They differ.
    NotEqual,
}

impl Relation {
    /// Whether two things relate so.
    #[must_use]
    pub fn holds<T: Ord>(self, stored: &T, given: &T) -> bool {
        match self {
            Self::Equal => stored == given,
            Self::Greater => stored > given,
            Self::Less => stored < given,
            Self::NotEqual => stored != given,
        }
    }
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The value, as bytes.
    Value(Bytes),
    /// The version.
    Version(u64),
    /// The create revision.
    Created(Revision),
    /// The modify revision.
    Modified(Revision),
    /// The lease; none is 0.
    Lease(Option<LeaseId>),
}

impl Compare {
    /// The key does not exist.
    #[must_use]
    pub fn absent(key: Key) -> Self {
        Self { key, relation: Relation::Equal, target: Target::Created(0) }
    }

    /// The key was last written at this revision; 0: it does not exist.
    #[must_use]
    pub fn modified_at(key: Key, revision: Revision) -> Self {
        Self { key, relation: Relation::Equal, target: Target::Modified(revision) }
    }

    /// The key was made at this revision: what fences by a lock or an election.
    #[must_use]
    pub fn created_at(key: Key, revision: Revision) -> Self {
        Self { key, relation: Relation::Equal, target: Target::Created(revision) }
    }

    /// Whether it holds of an entry, or of none.
    #[must_use]
    pub fn holds(&self, entry: Option<&Entry>) -> bool {
        let relation = self.relation;
        match &self.target {
            Target::Value(given) => entry.is_some_and(|entry| relation.holds(&entry.value, given)),
            Target::Version(given) => relation.holds(&entry.map_or(0, |e| e.version), given),
            Target::Created(given) => relation.holds(&entry.map_or(0, |e| e.created), given),
            Target::Modified(given) => relation.holds(&entry.map_or(0, |e| e.modified), given),
            Target::Lease(given) => {
                let number = |lease: Option<LeaseId>| lease.map_or(0, LeaseId::get);
                relation.holds(&number(entry.and_then(|e| e.lease)), &number(*given))
            }
        }
    }
}

/// One step of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads.
    Range(Range),
    /// Writes a key.
    Put(Put),
    /// Deletes.
    Delete(Delete),
}

/// The answer to a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The revision that it made, or the present one where it wrote nothing.
    pub revision: Revision,
    /// Whether all compares held.
    pub succeeded: bool,
    /// The answers to the operations of the branch that was taken, in order. The revision in them
    /// is that of the transaction for what wrote; in reads it is the one that the read saw, so
    /// that reads before the first write show the one before.
    pub answers: Vec<Answer>,
}

/// The answer to one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a read.
    Range(Page),
    /// To a put.
    Put(Written),
    /// To a delete.
    Delete(Deleted),
}

impl Transaction {
    /// A transaction that does nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more compare.
    #[must_use]
    pub fn when(mut self, compare: Compare) -> Self {
        self.compares.push(compare);
        self
    }

    /// With one more operation where all compares hold.
    #[must_use]
    pub fn then(mut self, operation: impl Into<Operation>) -> Self {
        self.then.push(operation.into());
        self
    }

    /// With one more operation where a compare does not hold.
    #[must_use]
    pub fn otherwise(mut self, operation: impl Into<Operation>) -> Self {
        self.otherwise.push(operation.into());
        self
    }

    /// What every store refuses alike.
    ///
    /// # Errors
    /// [`Error::TooManyOperations`], [`Error::ValueTooLarge`], [`Error::TransactionTooLarge`] or
    /// [`Error::WrittenTwice`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        let parts = [
            ("compares", self.compares.len()),
            ("operations in its first branch", self.then.len()),
            ("operations in its other branch", self.otherwise.len()),
        ];
        for (what, count) in parts {
            if count > OPERATIONS_MAX {
                return Err(Error::TooManyOperations { what, count, max: OPERATIONS_MAX });
            }
        }
        for operation in self.operations() {
            if let Operation::Put(put) = operation {
                put.check()?;
            }
        }
        let compares = self.compares.iter().map(Compare::bytes);
        let bytes = compares.chain(self.operations().map(Operation::bytes)).sum();
        if bytes > TRANSACTION_BYTES_MAX {
            return Err(Error::TransactionTooLarge { bytes, max: TRANSACTION_BYTES_MAX });
        }
        written_twice(&self.then)?;
        written_twice(&self.otherwise)
    }

    /// Whether it writes nothing, whichever branch is taken.
    #[cfg(feature = "etcd")]
    pub(crate) fn reads_only(&self) -> bool {
        self.operations().all(|operation| matches!(operation, Operation::Range(_)))
    }

    fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.then.iter().chain(&self.otherwise)
    }
}

impl Compare {
    fn bytes(&self) -> usize {
        let value = if let Target::Value(value) = &self.target { value.len() } else { 0 };
        self.key.as_bytes().len() + value
    }
}

impl Operation {
    fn bytes(&self) -> usize {
        let span = |span: &Span| span.bounds().0.len() + span.bounds().1.map_or(0, |end| end.len());
        match self {
            Self::Put(put) => put.key.as_bytes().len() + put.value.as_ref().map_or(0, Bytes::len),
            Self::Range(range) => span(&range.span),
            Self::Delete(delete) => span(&delete.span),
        }
    }
}

/// Refuses a branch that puts a key twice, or puts one that it deletes.
fn written_twice(operations: &[Operation]) -> Result<(), Error> {
    let mut put: Vec<&Key> = Vec::new();
    let mut deleted: Vec<&Span> = Vec::new();
    for operation in operations {
        match operation {
            Operation::Put(one) => put.push(&one.key),
            Operation::Delete(one) => deleted.push(&one.span),
            Operation::Range(_) => {}
        }
    }
    put.sort_unstable();
    let twice = put.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let both = || put.iter().find(|key| deleted.iter().any(|span| span.contains(key))).copied();
    match twice.or_else(both) {
        Some(key) => Err(Error::WrittenTwice { key: key.clone() }),
        None => Ok(()),
    }
}

impl From<Put> for Operation {
    fn from(put: Put) -> Self {
        Self::Put(put)
    }
}

impl From<Delete> for Operation {
    fn from(delete: Delete) -> Self {
        Self::Delete(delete)
    }
}

impl From<Range> for Operation {
    fn from(range: Range) -> Self {
        Self::Range(range)
    }
}
