//! A store in a temporary file, one that fails as it is told, and a clock that is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use piccolo_manager::{Cause, Change, Clock, Manager, Subject, Wanted};
use piccolo_state::Event;
use piccolo_store::{
    Delete, Deleted, Embedded, EmbeddedOptions, Error, Key, Lease, LeaseId, LeaseState, Outcome,
    Page, Put, Range, Revision, Store, Transaction, Watch, WatchRequest, Written,
};
use tempfile::TempDir;

/// Microseconds that stand until they are moved.
#[derive(Debug, Default)]
pub(crate) struct ManualClock(AtomicU64);

impl ManualClock {
    pub(crate) fn set(&self, us: u64) {
        self.0.store(us, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_us(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<Faulty>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manager: Manager,
    _folder: TempDir,
}

pub(crate) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let inner = Embedded::open(path, EmbeddedOptions::default()).await.unwrap();
    let store = Arc::new(Faulty {
        inner,
        left: AtomicI64::new(i64::MAX),
        lose_every: AtomicU64::new(0),
        transactions: AtomicU64::new(0),
    });
    let clock = Arc::new(ManualClock::default());
    let manager = Manager::new(store.clone(), clock.clone());
    World { store, clock, manager, _folder: folder }
}

pub(crate) fn subject(text: &str) -> Subject {
    Subject::new(text).unwrap()
}

pub(crate) fn by(name: &str) -> Cause {
    Cause::User { name: name.to_owned() }
}

pub(crate) fn to<S>(state: S, id: impl Into<String>) -> Change<S> {
    Change::new(Wanted::State(state), by("test"), id)
}

pub(crate) fn on<S>(event: Event, id: impl Into<String>) -> Change<S> {
    Change::new(Wanted::Event(event), by("test"), id)
}

/// A store that stops after some transactions, or does some and loses the answer.
pub(crate) struct Faulty {
    inner: Embedded,
    /// How many transactions it does until it stops.
    left: AtomicI64,
    /// Of how many transactions it loses one answer; 0: of none.
    lose_every: AtomicU64,
    transactions: AtomicU64,
}

impl Faulty {
    pub(crate) fn stop_after(&self, transactions: i64) {
        self.left.store(transactions, Ordering::SeqCst);
    }

    pub(crate) fn lose_every(&self, transactions: u64) {
        self.lose_every.store(transactions, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Faulty {
    async fn range(&self, range: Range) -> Result<Page, Error> {
        self.inner.range(range).await
    }

    async fn put(&self, put: Put) -> Result<Written, Error> {
        self.inner.put(put).await
    }

    async fn delete(&self, delete: Delete) -> Result<Deleted, Error> {
        self.inner.delete(delete).await
    }

    async fn transact(&self, transaction: Transaction) -> Result<Outcome, Error> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(Error::Closed { reason: Some("the test stopped it".to_owned()) });
        }
        let keys = transaction.compares.iter().map(|compare| compare.key.clone());
        let keys: Vec<Key> = keys.collect();
        let outcome = self.inner.transact(transaction).await?;
        let number = self.transactions.fetch_add(1, Ordering::SeqCst) + 1;
        match self.lose_every.load(Ordering::SeqCst) {
            every if every > 0 && number.is_multiple_of(every) => {
                Err(Error::Unknown { keys, source: "the answer was lost".into() })
            }
            _ => Ok(outcome),
        }
    }

    async fn watch(&self, request: WatchRequest) -> Result<Watch, Error> {
        self.inner.watch(request).await
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.inner.compact(revision).await
    }

    async fn grant(&self, ttl_s: u64, id: Option<LeaseId>) -> Result<Lease, Error> {
        self.inner.grant(ttl_s, id).await
    }

    async fn revoke(&self, lease: LeaseId) -> Result<Revision, Error> {
        self.inner.revoke(lease).await
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<u64, Error> {
        self.inner.keep_alive(lease).await
    }

    async fn time_to_live(&self, lease: LeaseId) -> Result<LeaseState, Error> {
        self.inner.time_to_live(lease).await
    }
}
