//! Subscribers of the feed, in a thread of their own, and what they hear.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use piccolo_base::exit::Code;
use piccolo_benchmark::Edge;
use piccolo_wire::client::{Feed, FeedEvent};
use piccolo_wire::v1::{self, SubscribeRequest};
use tokio::sync::oneshot;

use crate::error::CliError;

/// How long no decision may come while some are missing.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether all have come.
const LOOK: Duration = Duration::from_millis(2);

/// A decision that the first subscriber heard, and when; none where it is of no rule that was sent.
pub(super) type Heard = (Instant, Option<Edge>);

/// What all subscribers heard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// What the first one did.
    pub(super) first: Vec<Heard>,
    /// How many decisions the first one was told that it missed.
    pub(super) first_missed: u64,
    /// How many all were told that they missed.
    pub(super) missed: u64,
    /// How many decisions the others have too few or too many, those told as missed set aside.
    pub(super) others_wrong: u64,
}

/// Any number of subscribers without a filter, each on a connection of its own.
pub(super) struct Subscribers {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    first: Mutex<Vec<Heard>>,
    counts: Vec<Count>,
}

/// How many decisions a subscriber has heard, and was told that it missed.
#[derive(Debug, Default)]
struct Count {
    heard: AtomicU64,
    missed: AtomicU64,
}

impl Count {
    fn missed(&self) -> u64 {
        self.missed.load(Ordering::Acquire)
    }

    fn both(&self) -> u64 {
        self.heard.load(Ordering::Acquire) + self.missed()
    }
}

impl Subscribers {
    /// Subscribes; returns once all of them are there.
    pub(super) async fn start(url: &str, count: usize) -> Result<Self, CliError> {
        let shared = Arc::new(Shared {
            first: Mutex::default(),
            counts: (0..count).map(|_| Count::default()).collect(),
        });
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let (url, own) = (url.to_owned(), Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let body = move || {
            runtime.block_on(async {
                let started = subscribe(&url, &own).await;
                // Who waits for it may be gone.
                drop(ready.send(started));
                drop(stopped.await);
            });
        };
        let thread = std::thread::Builder::new().name("subscribers".into()).spawn(body)?;
        let subscribers = Self { shared, stop: Some(stop), thread: Some(thread) };
        is_ready.await.map_err(|_| gone())??;
        Ok(subscribers)
    }

    /// Waits until everybody has heard or missed so many decisions, or no more come.
    pub(super) async fn hear(&self, expected: usize) {
        let (mut before, mut since) = (0, Instant::now());
        loop {
            let counts = self.shared.counts.iter().map(Count::both);
            let (least, sum) =
                counts.fold((u64::MAX, 0), |(least, sum), count| (least.min(count), sum + count));
            if least >= expected as u64 || since.elapsed() > PATIENCE {
                return;
            }
            if sum != before {
                (before, since) = (sum, Instant::now());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What was heard so far, where so many decisions had to come.
    pub(super) fn heard(&self, expected: usize) -> Hearing {
        let counts = &self.shared.counts;
        let others = counts.iter().skip(1);
        Hearing {
            first: self.shared.first.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            first_missed: counts.first().map_or(0, Count::missed),
            missed: counts.iter().map(Count::missed).sum(),
            others_wrong: others.map(|count| count.both().abs_diff(expected as u64)).sum(),
        }
    }
}

impl Drop for Subscribers {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It has told what it had to tell.
            drop(thread.join());
        }
    }
}

async fn subscribe(url: &str, shared: &Arc<Shared>) -> Result<(), CliError> {
    for number in 0..shared.counts.len() {
        let feed = Feed::subscribe(url, SubscribeRequest::default()).await?;
        tokio::spawn(follow(feed, Arc::clone(shared), number));
    }
    Ok(())
}

async fn follow(mut feed: Feed, shared: Arc<Shared>, number: usize) {
    while let Ok(Some(event)) = feed.next().await {
        let now = Instant::now();
        match event {
            FeedEvent::Decisions(decisions) => {
                if number == 0 {
                    let heard = decisions.iter().map(|decision| (now, edge(decision)));
                    shared.first.lock().unwrap_or_else(PoisonError::into_inner).extend(heard);
                }
                shared.counts[number].heard.fetch_add(decisions.len() as u64, Ordering::Release);
            }
            FeedEvent::Missed(missed) => {
                let count = missed.count.unwrap_or(1);
                shared.counts[number].missed.fetch_add(count, Ordering::Release);
            }
        }
    }
}

/// The edge that a decision is about.
pub(super) fn edge(decision: &v1::Decision) -> Option<Edge> {
    let begins = decision.edge() == v1::Edge::Begin;
    Edge::named(decision.time_us, &decision.vehicle, &decision.scenario, begins)
}

fn gone() -> CliError {
    let message = "the subscribers' thread ended".to_owned();
    CliError::Server { message, code: Code::Negative }
}
