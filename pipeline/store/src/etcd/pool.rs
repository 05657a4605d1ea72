//! One connection to each endpoint; calls with deadlines, repetition and failover.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use etcd_client::{Certificate, Client, ConnectOptions, Error as EtcdError, Identity, TlsOptions};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use super::EtcdOptions;
use super::fault::{Fate, Fault, FaultError, fate};
use crate::{BoxedSource, Error, Key};

/// The longest wait before the first repetition; it doubles with each.
const BACKOFF_MIN: Duration = Duration::from_millis(20);

/// The longest wait before any repetition.
const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// Pings of an idle connection, so that one that is dead is noticed.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Connections of one store at most: members of a cluster.
const ENDPOINTS_MAX: usize = 64;

/// The connections, and which one is used.
pub(super) struct Pool {
    pub(super) options: EtcdOptions,
    connections: Vec<Mutex<Option<Client>>>,
    /// The endpoint that answered last.
    preferred: AtomicUsize,
    /// Whether the answer to a request for progress can be trusted.
    progress: AtomicBool,
}

/// Whether an attempt whose fate is open is followed by another one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Repeat<'a> {
    /// Yes: done twice is the same as once, or the caller finds out.
    Always,
    /// No: it would write these keys twice.
    Never(&'a [Key]),
}

impl Pool {
    pub(super) fn new(options: EtcdOptions) -> Result<Self, Error> {
        let count = options.endpoints.len();
        if count == 0 {
            return Err(refused("an empty list of endpoints".into()));
        }
        if count > ENDPOINTS_MAX {
            return Err(Error::Full { what: "endpoints", max: ENDPOINTS_MAX });
        }
        let connections = options.endpoints.iter().map(|_| Mutex::new(None)).collect();
        let preferred = AtomicUsize::new(0);
        Ok(Self { options, connections, preferred, progress: AtomicBool::new(false) })
    }

    /// All endpoints, for messages.
    pub(super) fn endpoints(&self) -> String {
        self.options.endpoints.join(", ")
    }

    /// Whether the answer to a request for progress can be trusted.
    pub(super) fn trusts_progress(&self) -> bool {
        self.progress.load(Ordering::Relaxed)
    }

    /// Asks a member for its version.
    pub(super) async fn learn_version(&self) -> Result<(), Error> {
        let call = |mut client: Client| async move { client.status().await };
        let status = self.call("status", Repeat::Always, call).await.map_err(Fault::plain)?;
        self.progress.store(tells_progress(status.version()), Ordering::Relaxed);
        tracing::info!(version = status.version(), "connected to etcd");
        Ok(())
    }

    /// The endpoint to use next.
    pub(super) fn preferred(&self) -> usize {
        self.preferred.load(Ordering::Relaxed) % self.connections.len()
    }

    /// Uses another endpoint than this one from now on.
    pub(super) fn avoid(&self, endpoint: usize) {
        let next = (endpoint + 1) % self.connections.len();
        let _ =
            self.preferred.compare_exchange(endpoint, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A connection to an endpoint.
    pub(super) async fn client(&self, endpoint: usize) -> Result<Client, EtcdError> {
        let mut connection = self.connections[endpoint].lock().await;
        if let Some(client) = &*connection {
            return Ok(client.clone());
        }
        let uri = &self.options.endpoints[endpoint];
        let client = Client::connect([uri], Some(self.connect_options())).await?;
        *connection = Some(client.clone());
        Ok(client)
    }

    fn connect_options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.options.attempt)
            .with_keep_alive(PING_EVERY, self.options.attempt)
            .with_keep_alive_while_idle(true);
        if let Some((name, password)) = &self.options.user {
            options = options.with_user(name, password).with_auto_token_refresh(true);
        }
        if let Some(tls) = &self.options.tls {
            let mut wanted =
                TlsOptions::new().ca_certificate(Certificate::from_pem(&tls.authority));
            if let Some((certificate, key)) = &tls.identity {
                wanted = wanted.identity(Identity::from_pem(certificate, key));
            }
            if let Some(domain) = &tls.domain {
                wanted = wanted.domain_name(domain);
            }
            options = options.with_tls(wanted);
        }
        options
    }

    /// Calls until there is an answer, a refusal, or the deadline.
    pub(super) async fn call<T, C, F>(
        &self,
        call: &'static str,
        repeat: Repeat<'_>,
        make: C,
    ) -> Result<T, Fault>
    where
        C: Fn(Client) -> F,
        F: Future<Output = Result<T, EtcdError>>,
    {
        let began = Instant::now();
        let end = began + self.options.deadline;
        let mut repeated = false;
        let mut attempts = 0;
        loop {
            let endpoint = self.preferred();
            let until = end.min(Instant::now() + self.options.attempt);
            let failure = match self.attempt(endpoint, until, &make).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let fate = failure.fate();
            let source = match failure {
                Failure::Etcd(error) if fate == Fate::Refused => {
                    return Err(Fault { call, repeated, error: FaultError::Refused(error) });
                }
                failure => BoxedSource::from(failure),
            };
            self.avoid(endpoint);
            if let (Fate::Open, Repeat::Never(keys)) = (fate, repeat) {
                let error = Error::Unknown { keys: keys.to_vec(), source };
                return Err(Fault { call, repeated, error: FaultError::Ours(error) });
            }
            repeated |= fate == Fate::Open;
            let wait = backoff(attempts);
            attempts += 1;
            if Instant::now() + wait >= end {
                let endpoints = self.endpoints();
                let waited_ms = began.elapsed().as_millis() as u64;
                let error = Error::Unavailable { call, endpoints, waited_ms, source };
                return Err(Fault { call, repeated, error: FaultError::Ours(error) });
            }
            tracing::debug!(call, endpoint, attempts, "a call to etcd is repeated");
            sleep(wait).await;
        }
    }

    /// One attempt at one endpoint.
    async fn attempt<T, C, F>(
        &self,
        endpoint: usize,
        until: Instant,
        make: &C,
    ) -> Result<T, Failure>
    where
        C: Fn(Client) -> F,
        F: Future<Output = Result<T, EtcdError>>,
    {
        let connected = timeout_at(until, self.client(endpoint)).await;
        let client = connected.map_err(|_| Failure::Unconnected)?.map_err(Failure::of_connect)?;
        let answered = timeout_at(until, make(client)).await;
        answered.map_err(|_| Failure::Unanswered)?.map_err(Failure::Etcd)
    }
}

/// Why an attempt gave no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("there was no connection in time")]
    Unconnected,
    #[error("it could not be connected to")]
    Connect(#[source] EtcdError),
    #[error("there was no answer in time")]
    Unanswered,
    #[error("there was no answer")]
    Etcd(#[source] EtcdError),
}

impl Failure {
    /// What refuses us when we connect would do so again; everything else may pass.
    fn of_connect(error: EtcdError) -> Self {
        match fate(&error) {
            Fate::Refused => Self::Etcd(error),
            Fate::NotDone | Fate::Open => Self::Connect(error),
        }
    }

    fn fate(&self) -> Fate {
        match self {
            Self::Unconnected | Self::Connect(_) => Fate::NotDone,
            Self::Unanswered => Fate::Open,
            Self::Etcd(error) => fate(error),
        }
    }
}

/// How long to wait before the next attempt: random, so that callers do not come all at once.
pub(super) fn backoff(attempts: u32) -> Duration {
    let longest = BACKOFF_MIN.saturating_mul(1 << attempts.min(10)).min(BACKOFF_MAX);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Whether a version answers requests for progress only after the events that they speak of:
/// from 3.4.25 and 3.5.8 on (etcd issue 15220).
fn tells_progress(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    match (next(), next(), next()) {
        (3, 4, patch) => patch >= 25,
        (3, 5, patch) => patch >= 8,
        (major, minor, _) => (major, minor) > (3, 5),
    }
}

fn refused(source: BoxedSource) -> Error {
    Error::Refused { call: "connect", source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        for attempts in 0..40 {
            let wait = backoff(attempts);
            assert!(wait >= BACKOFF_MIN / 2 && wait <= BACKOFF_MAX, "{attempts}: {wait:?}");
        }
        assert!(backoff(39) >= BACKOFF_MAX / 2);
    }

    #[test]
    fn versions_that_tell_progress_are_known() {
        let cases = [
            ("3.4.23", false),
            ("3.4.25", true),
            ("3.5.7", false),
            ("3.5.8", true),
            ("3.6.0-rc.1", true),
            ("4.0.0", true),
            ("3.3.10", false),
        ];
        for (version, expected) in cases {
            assert_eq!(tells_progress(version), expected, "{version}");
        }
    }
}
