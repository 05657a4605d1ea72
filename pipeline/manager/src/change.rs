//! What is asked of a thing, by whom, and what came of it.

use piccolo_state::Event;
use piccolo_store::Revision;
use serde::{Deserialize, Serialize};

/// Who or what wants a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Cause {
    /// A rule decided so.
    Rule {
        /// The scenario.
        scenario: String,
        /// The id of the decision.
        decision: String,
    },
    /// A person or a program asked for it.
    User {
        /// By which name it is known.
        name: String,
    },
    /// A node saw it.
    Node {
        /// The node.
        name: String,
    },
    /// It follows from the state of something that belongs to it.
    Member {
        /// What kind of thing.
        kind: String,
        /// Which one.
        subject: String,
    },
    /// PICCOLO itself, such as a node that gives no sign of life.
    Platform {
        /// Why.
        reason: String,
    },
}

/// Where a thing should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<S> {
    /// Where this event leads.
    Event(Event),
    /// To this state, by whatever event leads there. Where it is there already, nothing is done.
    State(S),
}

/// A change that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<S> {
    /// Where to.
    pub wanted: Wanted<S>,
    /// By whom.
    pub cause: Cause,
    /// What makes it this change and no other: asked for again under the same id, it is done once.
    pub id: String,
    /// The revision of the state that it is based on; none: whatever the state is.
    pub expected: Option<Revision>,
    /// The node that the thing is on; none: as before.
    pub node: Option<String>,
}

impl<S> Change<S> {
    /// A change that is based on whatever the state is.
    pub fn new(wanted: Wanted<S>, cause: Cause, id: impl Into<String>) -> Self {
        Self { wanted, cause, id: id.into(), expected: None, node: None }
    }

    /// Based on the state that was written at a revision.
    #[must_use]
    pub fn expect(mut self, revision: Revision) -> Self {
        self.expected = Some(revision);
        self
    }

    /// On a node.
    #[must_use]
    pub fn on(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied<S> {
    /// The state that it led to.
    pub state: S,
    /// Which step of the thing's history it was.
    pub step: u64,
    /// Whether the state was written now. Otherwise the change had been done before, or the thing
    /// was there already.
    pub changed: bool,
    /// The revision at which the present state was written.
    pub revision: Revision,
}
