//! The store inside the process: one file, nothing to install.
//!
//! One thread writes. It takes all changes that wait, does them in one transaction of the storage
//! with one sync, then tells watches and answers: many callers share the price of a sync, and none
//! is answered before its change is on the disk. Reads run beside it on the last committed state.

mod backup;
mod clock;
mod cursor;
mod feed;
mod leases;
mod tables;
mod view;
mod work;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use std::thread::JoinHandle;

use async_trait::async_trait;
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadOnlyTable, ReadableDatabase, StorageBackend};
use tokio::sync::{Notify, mpsc, oneshot};

pub use self::backup::{BackupInfo, restore, verify};
pub use self::clock::{Clock, ManualClock, SystemClock};
use self::cursor::Cursor;
use self::feed::Feed;
use self::leases::Leases;
use self::tables::{ATTACHED, CURRENT, FORMAT, INDEX, LOG, META, meta};
use self::view::View;
use self::work::Work;
use self::writer::{Job, QUEUE_JOBS_MAX, Reply, Writer};
use crate::doing::Doing;
use crate::file;
use crate::{
    Answer, Delete, Deleted, Error, Lease, LeaseId, LeaseState, Operation, Outcome, Page, Put,
    Range, Revision, Store, TTL_S_MAX, TTL_S_MIN, Transaction, Watch, WatchRequest, Written,
};

/// Bytes of the file that are kept in memory unless told otherwise.
pub const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// How an embedded store is opened.
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// What leases run by.
    pub clock: Arc<dyn Clock>,
    /// Bytes of the file that are kept in memory.
    pub cache_bytes: usize,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock::new()), cache_bytes: CACHE_BYTES }
    }
}

/// A store in one file of this process.
///
/// Dropping it closes it in the background; [`Embedded::close`] waits for that.
pub struct Embedded {
    shared: Arc<Shared>,
    /// None once it is being closed.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    expiry: tokio::task::AbortHandle,
}

/// What the store, its writer and its watches share.
struct Shared {
    /// None once it is closed.
    database: RwLock<Option<Database>>,
    feed: Feed,
    leases: Mutex<Leases>,
    leases_changed: Notify,
    clock: Arc<dyn Clock>,
    /// Why it stopped, if it did by itself.
    failed: OnceLock<String>,
}

impl Embedded {
    /// Opens the store in a file, and makes the file where there is none. Leases that lived when
    /// it was closed live for their full time from now on.
    ///
    /// The checksums of the whole file are compared before anything of it is used.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Storage`] where the file cannot be opened, also since another process has it open;
    /// [`Error::Newer`] or [`Error::Damaged`].
    pub async fn open(path: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        Self::make(options, move |builder| file::open(builder, &path)).await
    }

    /// A store that is gone when it is dropped.
    ///
    /// # Errors
    /// None in practice: memory can be opened.
    pub async fn in_memory(options: EmbeddedOptions) -> Result<Self, Error> {
        Self::open_in(InMemoryBackend::new(), options).await
    }

    /// Opens the store in a storage that is handed in: in memory, or one that counts, slows or
    /// fails.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub async fn open_in(
        storage: impl StorageBackend,
        options: EmbeddedOptions,
    ) -> Result<Self, Error> {
        Self::make(options, move |builder| Ok(builder.create_with_backend(storage)?)).await
    }

    async fn make(
        options: EmbeddedOptions,
        create: impl FnOnce(&Builder) -> Result<Database, redb::Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let EmbeddedOptions { clock, cache_bytes } = options;
        let opened = tokio::task::spawn_blocking(move || {
            let mut builder = Builder::new();
            // Without it the storage trusts a file that was closed, and may panic on damaged pages.
            builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
            let database = create(&builder).doing("open its file")?;
            Shared::new(database, clock)
        });
        let shared = Arc::new(opened.await.map_err(|_| Error::Closed { reason: None })??);
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let writer = Writer::new(Arc::clone(&shared), queue);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Error::Storage { doing: "start", source: Box::new(error) })?;
        let expiry = tokio::spawn(expire(Arc::clone(&shared), jobs.downgrade())).abort_handle();
        Ok(Self { shared, jobs: Some(jobs), writer: Some(writer), expiry })
    }

    /// Ends all that runs, and frees the file. Watches end with [`Error::Closed`].
    ///
    /// # Errors
    /// [`Error::Closed`] with the reason, where it had stopped by itself.
    pub async fn close(mut self) -> Result<(), Error> {
        self.jobs = None;
        self.expiry.abort();
        let writer = self.writer.take();
        let shared = Arc::clone(&self.shared);
        let closed = tokio::task::spawn_blocking(move || {
            // A writer that panicked has nothing left to end.
            let _ = writer.map(JoinHandle::join);
            *shared.database_alone() = None;
            shared.failed.get().cloned()
        });
        match closed.await {
            Ok(None) => Ok(()),
            Ok(reason) => Err(Error::Closed { reason }),
            Err(error) => Err(Error::Storage { doing: "close", source: Box::new(error) }),
        }
    }

    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.shared.feed.news().borrow().revision
    }

    /// Gives what compactions freed back to the file system, as far as that goes; whether there
    /// was any. Reads and writes wait meanwhile.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn shrink(&self) -> Result<bool, Error> {
        self.ask(Job::Shrink).await
    }

    /// Writes a backup of the newest revision and all kept history into a file, while the store
    /// goes on: the state of one moment, with a checksum. The file appears as a whole or not at
    /// all.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn backup(&self, path: impl AsRef<Path>) -> Result<BackupInfo, Error> {
        let path = path.as_ref().to_owned();
        blocking(&self.shared, move |shared| backup::write(shared, &path)).await
    }

    /// Hands a job to the writer and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, Error> {
        let closed = || self.shared.closed();
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job(reply)).await.map_err(|_| closed())?;
        match answer.await {
            Ok(answer) => answer,
            Err(_) => {
                // Why is known once the writer has ended.
                jobs.closed().await;
                Err(closed())
            }
        }
    }

    /// Does a transaction of one operation.
    async fn one(&self, operation: Operation) -> Result<Option<Answer>, Error> {
        let transaction = Transaction::new().then(operation);
        let mut outcome = self.ask(|reply| Job::Transact(transaction, reply)).await?;
        Ok(outcome.answers.pop())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.expiry.abort();
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("revision", &self.revision()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for Embedded {
    async fn range(&self, range: Range) -> Result<Page, Error> {
        let read = move |shared: &Shared| {
            shared.read(|view| {
                view.readable(range.revision, view.revision)?;
                view.page(&range)
            })
        };
        blocking(&self.shared, read).await
    }

    async fn put(&self, put: Put) -> Result<Written, Error> {
        put.check()?;
        match self.one(Operation::Put(put)).await? {
            Some(Answer::Put(written)) => Ok(written),
            _ => Err(self.shared.closed()),
        }
    }

    async fn delete(&self, delete: Delete) -> Result<Deleted, Error> {
        match self.one(Operation::Delete(delete)).await? {
            Some(Answer::Delete(deleted)) => Ok(deleted),
            _ => Err(self.shared.closed()),
        }
    }

    async fn transact(&self, transaction: Transaction) -> Result<Outcome, Error> {
        transaction.check()?;
        self.ask(|reply| Job::Transact(transaction, reply)).await
    }

    async fn watch(&self, request: WatchRequest) -> Result<Watch, Error> {
        request.check()?;
        let (cursor, newest) = Cursor::new(Arc::clone(&self.shared), request);
        Ok(Watch::new(Box::new(cursor), newest))
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.ask(|reply| Job::Compact(revision, reply)).await
    }

    async fn grant(&self, ttl_s: u64, id: Option<LeaseId>) -> Result<Lease, Error> {
        if !(TTL_S_MIN..=TTL_S_MAX).contains(&ttl_s) {
            return Err(Error::TtlOutOfRange { ttl_s, min_s: TTL_S_MIN, max_s: TTL_S_MAX });
        }
        self.ask(|reply| Job::Grant(ttl_s, id, reply)).await
    }

    async fn revoke(&self, lease: LeaseId) -> Result<Revision, Error> {
        self.ask(|reply| Job::Revoke(lease, reply)).await
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<u64, Error> {
        let ttl_s = self.shared.leases().keep(lease, self.shared.clock.now())?;
        self.shared.leases_changed.notify_one();
        Ok(ttl_s)
    }

    async fn time_to_live(&self, lease: LeaseId) -> Result<LeaseState, Error> {
        let keys = move |shared: &Shared| shared.keys_of(lease);
        let keys = blocking(&self.shared, keys).await?;
        let (ttl_s, left_s) = self.shared.leases().times(lease, self.shared.clock.now())?;
        Ok(LeaseState { id: lease, ttl_s, left_s, keys })
    }
}

/// Wakes the writer whenever a lease is due.
async fn expire(shared: Arc<Shared>, jobs: mpsc::WeakSender<Job>) {
    loop {
        let next = shared.leases().next();
        let due = async {
            match next {
                Some(next) => shared.clock.wait(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = shared.leases_changed.notified() => continue,
        }
        let (reply, done) = oneshot::channel();
        let Some(jobs) = jobs.upgrade() else { return };
        if jobs.send(Job::Expire(reply)).await.is_err() || done.await.is_err() {
            return;
        }
    }
}

/// Runs what reads the disk where it may block.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    read: impl FnOnce(&Shared) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let shared = Arc::clone(shared);
    let closed = shared.closed();
    tokio::task::spawn_blocking(move || read(&shared)).await.map_err(|_| closed)?
}

/// The tables as readers see them.
type ReadView<'a> = View<
    'a,
    ReadOnlyTable<&'static [u8], &'static [u8]>,
    ReadOnlyTable<(u64, u32), &'static [u8]>,
    ReadOnlyTable<(&'static [u8], u64), u32>,
>;

impl Shared {
    /// Makes the tables where the file is new, checks its format, and brings leases to life.
    fn new(database: Database, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let transaction = database.begin_write().doing("begin to write")?;
        let is_new = transaction.list_tables().doing("list its tables")?.next().is_none();
        let mut work = Work::open(&transaction)?;
        if is_new {
            work.set(meta::FORMAT, FORMAT)?;
            work.begin();
        }
        work.check()?;
        let (revision, compacted) = (work.revision(), work.compacted());
        let mut leases = Leases::default();
        for (id, ttl_s) in work.all_leases()? {
            leases.insert(id, ttl_s, clock.now());
        }
        match work.finish()? {
            Some(_) => transaction.commit().doing("make its tables")?,
            None => transaction.abort().doing("read its tables")?,
        }
        Ok(Self {
            database: RwLock::new(Some(database)),
            feed: Feed::new(revision, compacted),
            leases: Mutex::new(leases),
            leases_changed: Notify::new(),
            clock,
            failed: OnceLock::new(),
        })
    }

    /// Reads the committed state.
    fn read<T>(&self, read: impl FnOnce(&ReadView<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| self.closed())?;
        let transaction = database.begin_read().doing("begin to read")?;
        let numbers = transaction.open_table(META).doing("open its tables")?;
        let number = |name| -> Result<u64, Error> {
            Ok(numbers.get(name).doing("read its numbers")?.map_or(0, |number| number.value()))
        };
        read(&View {
            current: &transaction.open_table(CURRENT).doing("open its tables")?,
            log: &transaction.open_table(LOG).doing("open its tables")?,
            index: &transaction.open_table(INDEX).doing("open its tables")?,
            revision: number(meta::REVISION)?,
            compacted: number(meta::COMPACTED)?,
        })
    }

    fn keys_of(&self, lease: LeaseId) -> Result<Vec<crate::Key>, Error> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| self.closed())?;
        let transaction = database.begin_read().doing("begin to read")?;
        let attached = transaction.open_table(ATTACHED).doing("open its tables")?;
        work::keys_of(&attached, lease)
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn database_alone(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why the store stops.
    fn fail(&self, error: &Error) {
        use std::error::Error as _;
        let reason = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        let _ = self.failed.set(reason);
    }

    fn closed(&self) -> Error {
        Error::Closed { reason: self.failed.get().cloned() }
    }
}
