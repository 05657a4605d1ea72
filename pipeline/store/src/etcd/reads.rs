//! Equal reads that come together are one: one is on its way, and all that came since share the
//! next one.
//!
//! A read never shares an answer that was asked for before it began, since that could lack what was
//! written in between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::convert;
use super::pool::{Pool, Repeat};
use crate::{Error, Page, Range};

/// The reads that are on their way.
#[derive(Debug, Default)]
pub(super) struct Reads {
    lanes: Mutex<HashMap<Range, Arc<Lane>>>,
}

/// All reads of one range.
#[derive(Debug, Default)]
struct Lane {
    /// Held by the read that is on its way.
    turn: tokio::sync::Mutex<()>,
    /// What those share that wait for their turn.
    next: Mutex<Option<Shared>>,
}

/// An answer that is shared, once it is there.
type Shared = Arc<OnceLock<Page>>;

impl Reads {
    /// Reads a range, or takes the answer of an equal read that begins after this call.
    pub(super) async fn read(&self, pool: &Pool, range: &Range) -> Result<Page, Error> {
        let lane = self.enter(range);
        let page = lane.read(pool, range).await;
        self.leave(range, lane);
        page
    }

    fn enter(&self, range: &Range) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // What was dropped while it waited did not leave.
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        Arc::clone(lanes.entry(range.clone()).or_default())
    }

    fn leave(&self, range: &Range, lane: Arc<Lane>) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        drop(lane);
        if lanes.get(range).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            lanes.remove(range);
        }
    }
}

impl Lane {
    async fn read(&self, pool: &Pool, range: &Range) -> Result<Page, Error> {
        let shared = self.join();
        let _turn = self.turn.lock().await;
        if let Some(page) = shared.get() {
            return Ok(page.clone());
        }
        self.part(&shared);
        let (key, options) = convert::range(range);
        let call = |mut client: etcd_client::Client| {
            let (key, options) = (key.clone(), options.clone());
            async move { client.get(key, Some(options)).await }
        };
        let asked = range.revision.unwrap_or(0);
        let answer = pool.call("range", Repeat::Always, call).await;
        let page =
            answer.map_err(|fault| fault.of_revision(asked)).and_then(|a| convert::page(&a))?;
        // Where it fails the next one that waits asks for itself.
        let _ = shared.set(page.clone());
        Ok(page)
    }

    /// Joins those that wait.
    fn join(&self) -> Shared {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(next.get_or_insert_default())
    }

    /// Lets nobody join any more, since the read begins.
    fn part(&self, shared: &Shared) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.as_ref().is_some_and(|next| Arc::ptr_eq(next, shared)) {
            *next = None;
        }
    }
}
