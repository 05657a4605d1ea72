//! What etcd refuses, as our errors; and what may be tried again.

use etcd_client::Error as EtcdError;

use crate::{Attach, BoxedSource, Error, LeaseId, Operation, Put, Revision, Transaction};

/// Codes of gRPC, by their numbers.
mod code {
    pub(super) const CANCELLED: i32 = 1;
    pub(super) const UNKNOWN: i32 = 2;
    pub(super) const DEADLINE_EXCEEDED: i32 = 4;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: i32 = 8;
    pub(super) const INTERNAL: i32 = 13;
    pub(super) const UNAVAILABLE: i32 = 14;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

/// A call that ended without an answer, or with a refusal.
#[derive(Debug)]
pub(super) struct Fault {
    /// What was asked.
    pub(super) call: &'static str,
    /// Whether an earlier attempt of the same call may have been done.
    pub(super) repeated: bool,
    /// What came of it.
    pub(super) error: FaultError,
}

#[derive(Debug)]
pub(super) enum FaultError {
    /// An answer that refuses.
    Refused(EtcdError),
    /// No answer; an error of ours says what that means.
    Ours(Error),
}

/// What is known of an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The cluster refused it: to repeat it would be refused again.
    Refused,
    /// It was certainly not done, and another attempt may be.
    NotDone,
    /// It may have been done.
    Open,
}

/// Texts of refusals that tell that nothing was done, and that another attempt may succeed.
const NOT_DONE: [&str; 5] = [
    "tcp connect error",
    "dns error",
    "etcdserver: no leader",
    "etcdserver: too many requests",
    "etcdserver: invalid auth token",
];

/// What is known of an attempt.
pub(super) fn fate(error: &EtcdError) -> Fate {
    let EtcdError::GRpcStatus(status) = error else {
        return match error {
            EtcdError::TransportError(_) | EtcdError::IoError(_) => Fate::Open,
            EtcdError::LeaseKeepAliveError(text) if text.contains("lease not found") => {
                Fate::Refused
            }
            EtcdError::WatchError(_) | EtcdError::LeaseKeepAliveError(_) => Fate::Open,
            _ => Fate::Refused,
        };
    };
    let told = whole(status);
    if NOT_DONE.iter().any(|text| told.contains(text)) {
        return Fate::NotDone;
    }
    match status.code() as i32 {
        code::CANCELLED
        | code::UNKNOWN
        | code::DEADLINE_EXCEEDED
        | code::INTERNAL
        | code::UNAVAILABLE => Fate::Open,
        _ => Fate::Refused,
    }
}

/// The text of a status with those of its causes.
fn whole(status: &(dyn std::error::Error + 'static)) -> String {
    let mut text = status.to_string();
    let mut cause = status.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

impl Fault {
    /// Where the call had no key, lease or revision to name.
    pub(super) fn plain(self) -> Error {
        self.translate(|_, source| Err(source))
    }

    /// Of a put.
    pub(super) fn of_put(self, put: &Put) -> Error {
        self.translate(|text, source| refused_put(text, source, &[put]))
    }

    /// Of what names one revision.
    pub(super) fn of_revision(self, asked: Revision) -> Error {
        self.translate(|text, source| refused_revision(text, source, asked))
    }

    /// Of what names one lease.
    pub(super) fn of_lease(self, id: i64) -> Error {
        self.translate(|text, source| match LeaseId::new(id) {
            Some(lease) if text.contains("lease not found") => Ok(Error::LeaseNotFound { lease }),
            Some(lease) if text.contains("lease already exists") => {
                Ok(Error::LeaseExists { lease })
            }
            _ => Err(source),
        })
    }

    /// Of a transaction: etcd does not tell which of its parts it refuses, so this is the first
    /// one that it can be.
    pub(super) fn of_transaction(self, transaction: &Transaction) -> Error {
        let operations = || transaction.then.iter().chain(&transaction.otherwise);
        let puts: Vec<&Put> = operations()
            .filter_map(|operation| match operation {
                Operation::Put(put) => Some(put),
                _ => None,
            })
            .collect();
        let revisions = || {
            operations().filter_map(|operation| match operation {
                Operation::Range(range) => range.revision,
                _ => None,
            })
        };
        let (first, last) = (revisions().min().unwrap_or(0), revisions().max().unwrap_or(0));
        self.translate(|text, source| {
            let asked = if text.contains("future revision") { last } else { first };
            refused_revision(text, source, asked).or_else(|source| refused_put(text, source, &puts))
        })
    }

    fn translate(
        self,
        known: impl FnOnce(&str, BoxedSource) -> Result<Error, BoxedSource>,
    ) -> Error {
        let Self { call, error, .. } = self;
        let error = match error {
            FaultError::Ours(error) => return error,
            FaultError::Refused(error) => error,
        };
        let denied = is_denied(&error);
        let text = error.to_string();
        match known(&text, Box::new(error)) {
            Ok(error) => error,
            Err(source) if denied => Error::Denied { call, source },
            Err(source) => Error::Refused { call, source },
        }
    }
}

fn refused_revision(
    text: &str,
    source: BoxedSource,
    asked: Revision,
) -> Result<Error, BoxedSource> {
    if text.contains("has been compacted") {
        return Ok(Error::Compacted { asked, compacted: None });
    }
    if text.contains("future revision") {
        return Ok(Error::FutureRevision { asked, current: None });
    }
    Err(source)
}

fn refused_put(text: &str, source: BoxedSource, puts: &[&Put]) -> Result<Error, BoxedSource> {
    let keeps = |put: &&&Put| put.value.is_none() || put.lease == Attach::Keep;
    let leases = || {
        puts.iter().find_map(|put| match put.lease {
            Attach::To(lease) => Some(lease),
            _ => None,
        })
    };
    if text.contains("key not found")
        && let Some(put) = puts.iter().find(keeps)
    {
        return Ok(Error::KeyNotFound { key: put.key.clone() });
    }
    if text.contains("lease not found")
        && let Some(lease) = leases()
    {
        return Ok(Error::LeaseNotFound { lease });
    }
    Err(source)
}

/// Whether who we are, or what we may do, is the reason.
pub(super) fn is_denied(error: &EtcdError) -> bool {
    let EtcdError::GRpcStatus(status) = error else { return false };
    let code = status.code() as i32;
    let exhausted = code == code::RESOURCE_EXHAUSTED;
    let text = status.message();
    !exhausted
        && (code == code::PERMISSION_DENIED
            || code == code::UNAUTHENTICATED
            || text.contains("authentication failed")
            || text.contains("user name is empty")
            || text.contains("permission denied"))
}
