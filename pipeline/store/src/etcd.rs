//! The store in an etcd cluster, version 3.4 or later.
//!
//! Every call has a deadline. Reads are repeated at the next endpoint until then. A write is
//! repeated only where the attempt before it was certainly not done, or where doing it twice is the
//! same as once; else its caller learns that the outcome is unknown.

mod convert;
mod fault;
mod pool;
mod reads;
mod watcher;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use etcd_client::{CompactionOptions, LeaseGrantOptions, LeaseTimeToLiveOptions};

use self::convert::number;
use self::pool::{Pool, Repeat};
use self::reads::Reads;
use self::watcher::Watcher;
use crate::WatchSource as _;
use crate::{
    Delete, Deleted, Error, Key, Lease, LeaseId, LeaseState, Operation, Outcome, Page, Put, Range,
    Revision, Span, Store, TTL_S_MAX, TTL_S_MIN, Transaction, Watch, WatchRequest, Written,
};

/// How long a call may take unless told otherwise, with all its attempts.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// How long one attempt may take unless told otherwise: short enough that a second endpoint is
/// tried within the deadline, longer than an election of etcd's default timing, 1 s, takes.
pub const ATTEMPT: Duration = Duration::from_secs(2);

/// Where the cluster is, and as whom it is spoken to.
#[derive(Clone)]
pub struct EtcdOptions {
    /// Addresses of its members, such as `http://127.0.0.1:2379`; `https` with [`EtcdOptions::tls`].
    pub endpoints: Vec<String>,
    /// Name and password of the user, where the cluster has authentication enabled.
    pub user: Option<(String, String)>,
    /// Certificates, where the cluster speaks TLS.
    pub tls: Option<EtcdTls>,
    /// How long a call may take with all its attempts.
    pub deadline: Duration,
    /// How long one attempt may take.
    pub attempt: Duration,
}

/// The certificates of a connection, PEM.
#[derive(Clone)]
pub struct EtcdTls {
    /// Who signed the certificates of the members.
    pub authority: Vec<u8>,
    /// Our certificate and its key, where members ask for one.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// The name in the certificates of the members, where it is not that of their addresses.
    pub domain: Option<String>,
}

impl EtcdOptions {
    /// Members without TLS and without users, with the usual deadlines.
    pub fn new(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        Self { endpoints, user: None, tls: None, deadline: DEADLINE, attempt: ATTEMPT }
    }
}

/// Without the password and the key.
impl fmt::Debug for EtcdOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdOptions")
            .field("endpoints", &self.endpoints)
            .field("user", &self.user.as_ref().map(|(name, _)| name))
            .field("tls", &self.tls.is_some())
            .field("deadline", &self.deadline)
            .field("attempt", &self.attempt)
            .finish()
    }
}

/// A store in an etcd cluster. Clones share their connections.
#[derive(Clone)]
pub struct Etcd {
    pool: Arc<Pool>,
    reads: Arc<Reads>,
}

impl Etcd {
    /// Connects, and asks one member for its version.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where none answers before the deadline, [`Error::Denied`], or
    /// [`Error::Refused`] where an address or a certificate cannot be read.
    pub async fn connect(options: EtcdOptions) -> Result<Self, Error> {
        let pool = Arc::new(Pool::new(options)?);
        pool.learn_version().await?;
        Ok(Self { pool, reads: Arc::default() })
    }

    /// The newest revision.
    ///
    /// # Errors
    /// As [`Store::range`].
    pub async fn revision(&self) -> Result<Revision, Error> {
        Ok(self.range(Range::new(Span::all()).count_only().limit(1)).await?.revision)
    }

    /// Adds to an error what etcd does not tell with it.
    async fn complete(&self, error: Error) -> Error {
        match error {
            Error::FutureRevision { asked, current: None } => {
                Error::FutureRevision { asked, current: self.revision().await.ok() }
            }
            Error::Compacted { asked, compacted: None } => {
                Error::Compacted { asked, compacted: self.compacted().await }
            }
            other => other,
        }
    }

    /// The revision of the last compaction: a watch from the first revision is refused with it.
    async fn compacted(&self) -> Option<Revision> {
        let request = WatchRequest::new(Span::all()).from(1);
        let waited = tokio::time::timeout(self.pool.options.attempt, async {
            let mut watcher = Watcher::new(Arc::clone(&self.pool), request);
            watcher.next().await.err()
        });
        match waited.await {
            Ok(Some(Error::Compacted { compacted, .. })) => compacted,
            _ => None,
        }
    }
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Etcd").field("options", &self.pool.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for Etcd {
    async fn range(&self, range: Range) -> Result<Page, Error> {
        match self.reads.read(&self.pool, &range).await {
            Ok(page) => Ok(page),
            Err(error) => Err(self.complete(error).await),
        }
    }

    async fn put(&self, put: Put) -> Result<Written, Error> {
        put.check()?;
        let keys = vec![put.key.clone()];
        let (key, value, options) = convert::put(&put);
        let call = |mut client: etcd_client::Client| {
            let (key, value, options) = (key.clone(), value.clone(), options.clone());
            async move { client.put(key, value, Some(options)).await }
        };
        let answer = self.pool.call("put", Repeat::Never(&keys), call).await;
        answer.map_err(|fault| fault.of_put(&put)).and_then(convert::written)
    }

    async fn delete(&self, delete: Delete) -> Result<Deleted, Error> {
        let keys = first_key(&delete.span);
        let (key, options) = convert::delete(&delete);
        let call = |mut client: etcd_client::Client| {
            let (key, options) = (key.clone(), options.clone());
            async move { client.delete(key, Some(options)).await }
        };
        let answer = self.pool.call("delete", Repeat::Never(&keys), call).await;
        answer.map_err(|fault| fault.plain()).and_then(convert::deleted)
    }

    async fn transact(&self, transaction: Transaction) -> Result<Outcome, Error> {
        transaction.check()?;
        let keys = written(&transaction);
        let request = convert::transaction(&transaction);
        let call = |mut client: etcd_client::Client| {
            let request = request.clone();
            async move { client.txn(request).await }
        };
        let repeat = if transaction.reads_only() { Repeat::Always } else { Repeat::Never(&keys) };
        match self.pool.call("transact", repeat, call).await {
            Ok(answer) => convert::outcome(answer),
            Err(fault) => Err(self.complete(fault.of_transaction(&transaction)).await),
        }
    }

    async fn watch(&self, request: WatchRequest) -> Result<Watch, Error> {
        request.check()?;
        let deadline = self.pool.options.deadline;
        let endpoints = self.pool.endpoints();
        let mut watcher = Watcher::new(Arc::clone(&self.pool), request);
        match tokio::time::timeout(deadline, watcher.begin()).await {
            // That it is compacted is told by the first batch.
            Ok(Ok(()) | Err(Error::Compacted { .. })) => {
                let made_at = watcher.made_at();
                Ok(Watch::new(Box::new(watcher), made_at))
            }
            Ok(Err(error)) => Err(error),
            Err(elapsed) => Err(Error::Unavailable {
                call: "watch",
                endpoints,
                waited_ms: deadline.as_millis() as u64,
                source: Box::new(elapsed),
            }),
        }
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        let call = |mut client: etcd_client::Client| async move {
            let options = CompactionOptions::new().with_physical();
            client.compact(number(revision), Some(options)).await
        };
        match self.pool.call("compact", Repeat::Always, call).await {
            Ok(_) => Ok(()),
            // An attempt before this one may have done it, and its answer was lost.
            Err(fault) if fault.repeated => {
                match self.complete(fault.of_revision(revision)).await {
                    Error::Compacted { compacted: Some(at), .. } if at == revision => Ok(()),
                    error => Err(error),
                }
            }
            Err(fault) => Err(self.complete(fault.of_revision(revision)).await),
        }
    }

    async fn grant(&self, ttl_s: u64, id: Option<LeaseId>) -> Result<Lease, Error> {
        if !(TTL_S_MIN..=TTL_S_MAX).contains(&ttl_s) {
            return Err(Error::TtlOutOfRange { ttl_s, min_s: TTL_S_MIN, max_s: TTL_S_MAX });
        }
        // With an id of our own a repeated grant is the same one.
        let chosen = id.map_or_else(|| fastrand::i64(1..), LeaseId::get);
        let call = |mut client: etcd_client::Client| async move {
            let options = LeaseGrantOptions::new().with_id(chosen);
            client.lease_grant(number(ttl_s), Some(options)).await
        };
        match self.pool.call("grant", Repeat::Always, call).await {
            Ok(answer) => convert::lease(&answer),
            Err(fault) => {
                let repeated = fault.repeated && id.is_none();
                match (fault.of_lease(chosen), LeaseId::new(chosen)) {
                    (Error::LeaseExists { .. }, Some(id)) if repeated => Ok(Lease { id, ttl_s }),
                    (error, _) => Err(error),
                }
            }
        }
    }

    async fn revoke(&self, lease: LeaseId) -> Result<Revision, Error> {
        let call =
            |mut client: etcd_client::Client| async move { client.lease_revoke(lease.get()).await };
        match self.pool.call("revoke", Repeat::Always, call).await {
            Ok(answer) => convert::revision(answer.header()),
            Err(fault) => {
                let repeated = fault.repeated;
                match fault.of_lease(lease.get()) {
                    Error::LeaseNotFound { .. } if repeated => self.revision().await,
                    error => Err(error),
                }
            }
        }
    }

    async fn keep_alive(&self, lease: LeaseId) -> Result<u64, Error> {
        let call = |mut client: etcd_client::Client| async move {
            // The client reads one answer to find out whether the lease lives, and a second one
            // carries the time that it has from now on.
            let (mut keeper, mut answers) = client.lease_keep_alive(lease.get()).await?;
            keeper.keep_alive().await?;
            Ok(answers.message().await?.map_or(0, |answer| answer.ttl()))
        };
        match self.pool.call("keep alive", Repeat::Always, call).await {
            Ok(ttl_s) if ttl_s > 0 => Ok(ttl_s.cast_unsigned()),
            Ok(_) => Err(Error::LeaseNotFound { lease }),
            Err(fault) => Err(fault.of_lease(lease.get())),
        }
    }

    async fn time_to_live(&self, lease: LeaseId) -> Result<LeaseState, Error> {
        let call = |mut client: etcd_client::Client| async move {
            let options = LeaseTimeToLiveOptions::new().with_keys();
            client.lease_time_to_live(lease.get(), Some(options)).await
        };
        match self.pool.call("time to live", Repeat::Always, call).await {
            Ok(answer) => convert::lease_state(lease, &answer),
            Err(fault) => Err(fault.of_lease(lease.get())),
        }
    }
}

/// The keys that a transaction writes, or where the spans that it deletes begin.
fn written(transaction: &Transaction) -> Vec<Key> {
    let operations = transaction.then.iter().chain(&transaction.otherwise);
    operations
        .flat_map(|operation| match operation {
            Operation::Put(put) => vec![put.key.clone()],
            Operation::Delete(delete) => first_key(&delete.span),
            Operation::Range(_) => Vec::new(),
        })
        .collect()
}

/// Where a span begins; none where that is the beginning of all keys.
fn first_key(span: &Span) -> Vec<Key> {
    Key::new(span.bounds().0.to_vec()).into_iter().collect()
}
