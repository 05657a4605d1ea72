//! What is kept of a thing: how it is, and each step that led there.

use piccolo_state::Event;
use serde::{Deserialize, Serialize};

use crate::Cause;

/// How many of the last changes of a thing are known by their ids.
pub const RECENT_MAX: usize = 32;

/// How a thing is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<S> {
    /// Its state.
    pub state: S,
    /// Since when, in microseconds of Unix time.
    pub since_us: u64,
    /// How many steps it has taken, over all of its lives.
    pub step: u64,
    /// The node that it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The last changes, the newest last.
    pub recent: Vec<Done<S>>,
}

/// A change that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done<S> {
    /// The id under which it was asked for.
    pub id: String,
    /// The step that it was.
    pub step: u64,
    /// The state that it led to.
    pub state: S,
}

/// One step of a thing's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step<S> {
    /// Its number, from 1.
    pub step: u64,
    /// The state before; none where the thing did not exist.
    pub from: Option<S>,
    /// What happened; none where the thing was deleted.
    pub event: Option<Event>,
    /// The state after; none where the thing was deleted.
    pub to: Option<S>,
    /// When, in microseconds of Unix time.
    pub at_us: u64,
    /// By whom.
    pub cause: Cause,
    /// The id under which it was asked for.
    pub id: String,
}

impl<S: Copy> Record<S> {
    /// The change with an id, where it is among the last ones.
    pub(crate) fn done(&self, id: &str) -> Option<&Done<S>> {
        self.recent.iter().rev().find(|done| done.id == id)
    }
}
