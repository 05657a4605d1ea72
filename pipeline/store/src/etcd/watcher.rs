//! A watch in etcd: one stream, made anew where it broke, from the revision after the last one that
//! was told.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use etcd_client::{WatchRequestSender, WatchResponse, WatchResponseStream};
use tokio::time::sleep;

use super::convert;
use super::fault::{Fate, Fault, FaultError, fate};
use super::pool::{Pool, backoff};
use crate::{Batch, Error, Revision, WatchRequest, WatchSource};

/// The name that answers to requests for progress carry instead of a watch's.
const ALL_WATCHES: i64 = -1;

/// Bytes of one message: etcd puts up to 1,000 revisions into one when a watch catches up.
const MESSAGE_BYTES_MAX: usize = i32::MAX as usize;

/// A watch.
pub(super) struct Watcher {
    pool: Arc<Pool>,
    request: WatchRequest,
    /// The first revision that was not told yet; 0 before the first stream said where it is.
    next: Revision,
    made_at: Revision,
    stream: Option<Stream>,
    /// What came and is not told yet.
    ready: VecDeque<Batch>,
    /// Attempts without a stream since the last one.
    attempts: u32,
    /// The end, once it came: what was asked for, and what is compacted.
    compacted: Option<(Revision, Revision)>,
}

/// A stream that runs.
struct Stream {
    endpoint: usize,
    requests: WatchRequestSender,
    answers: WatchResponseStream,
}

impl Watcher {
    pub(super) fn new(pool: Arc<Pool>, request: WatchRequest) -> Self {
        let next = request.from.unwrap_or(0);
        Self {
            pool,
            request,
            next,
            made_at: 0,
            stream: None,
            ready: VecDeque::new(),
            attempts: 0,
            compacted: None,
        }
    }

    /// The revision at which it was made first.
    pub(super) fn made_at(&self) -> Revision {
        self.made_at
    }

    /// Makes a stream, and tries again until there is one. Cancel-safe: what is dropped here began
    /// nothing that counts.
    ///
    /// # Errors
    /// What would be refused again.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        while self.stream.is_none() {
            if self.attempts > 0 {
                sleep(backoff(self.attempts)).await;
            }
            self.attempts = self.attempts.saturating_add(1);
            let endpoint = self.pool.preferred();
            match self.open(endpoint).await {
                Ok(Some(stream)) => self.stream = Some(stream),
                Ok(None) => self.pool.avoid(endpoint),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes a stream at an endpoint and waits for the answer that it is made; none: it broke.
    async fn open(&mut self, endpoint: usize) -> Result<Option<Stream>, Error> {
        let limit = self.pool.options.attempt;
        let (key, options) = convert::watch(&self.request, self.next);
        let opened = tokio::time::timeout(limit, async {
            let client = self.pool.client(endpoint).await?;
            let mut client = client.watch_client().max_decoding_message_size(MESSAGE_BYTES_MAX);
            let (requests, mut answers) = client.watch(key, Some(options)).await?.split();
            let first = answers.message().await?;
            Ok((Stream { endpoint, requests, answers }, first))
        });
        let (stream, first) = match opened.await {
            Ok(Ok((stream, Some(first)))) => (stream, first),
            Ok(Err(error)) if fate(&error) == Fate::Refused => {
                let error = FaultError::Refused(error);
                return Err(Fault { call: "watch", repeated: false, error }.plain());
            }
            Ok(Ok(_) | Err(_)) | Err(_) => return Ok(None),
        };
        self.refused(&first)?;
        let at = convert::revision(first.header())?;
        self.made_at = if self.made_at == 0 { at } else { self.made_at };
        self.next = if self.next == 0 { at + 1 } else { self.next };
        Ok(Some(stream))
    }

    /// Finds out whether an answer ends the watch.
    fn refused(&mut self, answer: &WatchResponse) -> Result<(), Error> {
        if !answer.canceled() {
            return Ok(());
        }
        match u64::try_from(answer.compact_revision()) {
            Ok(compacted) if compacted > 0 => {
                self.compacted = Some((self.next, compacted));
                Err(Error::Compacted { asked: self.next, compacted: Some(compacted) })
            }
            _ => {
                let text = answer.cancel_reason().to_owned();
                let denied = text.contains("permission denied") || text.contains("auth");
                let source = text.into();
                Err(match denied {
                    true => Error::Denied { call: "watch", source },
                    false => Error::Refused { call: "watch", source },
                })
            }
        }
    }

    /// Takes what an answer tells.
    fn take(&mut self, answer: &WatchResponse) -> Result<(), Error> {
        self.refused(answer)?;
        let batches = convert::batches(answer.events())?;
        if batches.is_empty() && !answer.created() {
            // Until a version that keeps the order, one that was asked for may overtake events.
            let trusted = answer.watch_id() != ALL_WATCHES || self.pool.trusts_progress();
            let revision = convert::revision(answer.header())?;
            if trusted {
                self.next = self.next.max(revision + 1);
                self.ready.push_back(Batch { revision, events: Vec::new() });
            }
        }
        for batch in batches {
            // A stream that was made anew tells nothing twice, but nothing depends on that.
            if batch.revision >= self.next {
                self.next = batch.revision + 1;
                self.ready.push_back(batch);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl WatchSource for Watcher {
    async fn next(&mut self) -> Result<Batch, Error> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(batch);
            }
            if let Some((asked, compacted)) = self.compacted {
                return Err(Error::Compacted { asked, compacted: Some(compacted) });
            }
            self.begin().await?;
            let Some(stream) = &mut self.stream else { continue };
            let answer = match stream.answers.message().await {
                Ok(Some(answer)) => answer,
                broken => {
                    tracing::debug!(broken = ?broken.err(), next = self.next, "a watch broke");
                    self.pool.avoid(stream.endpoint);
                    self.stream = None;
                    continue;
                }
            };
            self.attempts = 0;
            self.take(&answer)?;
        }
    }

    async fn request_progress(&mut self) -> Result<(), Error> {
        if let Some(stream) = &mut self.stream
            && stream.requests.request_progress().await.is_err()
        {
            // The stream broke; `next` makes a new one.
            self.stream = None;
        }
        Ok(())
    }
}
