//! The clock that leases run by: handed in, so that tests move it.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

/// Time since some moment, that never runs backwards.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Duration;

    /// Waits until a time has come.
    async fn wait(&self, until: Duration);
}

/// The monotonic clock of the machine.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn wait(&self, until: Duration) {
        // What lies beyond the reach of the machine's clock is as good as never.
        match self.0.checked_add(until) {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Duration>);

impl ManualClock {
    /// A clock at 0.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(Duration::ZERO))
    }

    /// Moves it forward; whoever waited for a time up to the new one goes on.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.saturating_add(by));
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.0.borrow()
    }

    async fn wait(&self, until: Duration) {
        // The sender lives as long as the borrow of it, so this waits for the time alone.
        let _ = self.0.subscribe().wait_for(|now| *now >= until).await;
    }
}
