//! What comes in and goes out: observations, orders, alerts, and why.

use piccolo_state::{ContainerState, Event, ModelState};
use serde::{Deserialize, Serialize};

use crate::{ModelName, Thing};

/// Something that was seen in the vehicle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// A node gave a sign of life.
    Heartbeat {
        /// The node.
        node: String,
    },
    /// A node's agent has connected, for the first time or again: nothing that it said before counts,
    /// and it says what it has.
    Connected {
        /// The node.
        node: String,
    },
    /// Something was done with a node: [`Event::Registered`], [`Event::MaintenanceBegun`],
    /// [`Event::MaintenanceEnded`] or [`Event::Removed`].
    Node {
        /// The node.
        node: String,
        /// What.
        event: Event,
    },
    /// A probe of a model answered, or did not.
    Probe {
        /// The model.
        model: ModelName,
        /// Whether the answer was good.
        healthy: bool,
    },
    /// A node says what it has of a model: for all it has when it has connected, and for each at
    /// every change.
    Instance {
        /// The model.
        model: ModelName,
        /// The node.
        node: String,
        /// The revision of the package that the instance was made from.
        revision: u64,
        /// The states of its containers.
        containers: Vec<ContainerState>,
    },
    /// A node has nothing of a model any more.
    Absent {
        /// The model.
        model: ModelName,
        /// The node.
        node: String,
    },
    /// What came of an order.
    Outcome {
        /// [`Order::key`].
        key: String,
        /// What came of it.
        outcome: Outcome,
    },
}

/// What whoever carried an order out says. It is believed only where it failed: whether it helped is
/// seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// It was not.
    Failed,
}

/// Why something is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Its node missed its heartbeats, never came, or was removed.
    NodeLost {
        /// The node.
        node: String,
    },
    /// A container of it is dead, or nothing is known of one.
    Dead,
    /// Its probes failed.
    ProbeFailed,
    /// It stayed too long in a state that it should pass through.
    Stuck {
        /// The state.
        state: ModelState,
    },
    /// It is nowhere.
    Missing,
    /// It runs on another node than it should.
    WrongNode {
        /// Where it is.
        node: String,
    },
    /// It was made from another revision.
    WrongRevision {
        /// From which.
        revision: u64,
    },
    /// It is in another state than desired.
    WrongState {
        /// In which.
        state: ModelState,
    },
    /// It should not be there.
    Extra,
    /// A revision did not become well in time after it was applied.
    UpdateUnhealthy {
        /// The revision.
        revision: u64,
    },
    /// What a package went without has room again.
    RoomAgain,
}

/// What is to be done. Done twice, it has done no more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Stop the model on its node and start it there again.
    Restart {
        /// The model.
        model: ModelName,
        /// Its node.
        node: String,
        /// The revision to start.
        revision: u64,
    },
    /// Bring the model to this revision and state on this node, whatever is there now.
    Apply {
        /// The model.
        model: ModelName,
        /// The node.
        node: String,
        /// The revision.
        revision: u64,
        /// The state.
        state: ModelState,
    },
    /// Start the model on another node, and stop it where it was as soon as that can be reached.
    Move {
        /// The model.
        model: ModelName,
        /// Where it was.
        from: String,
        /// Where it is to be.
        to: String,
        /// The revision to start.
        revision: u64,
    },
    /// Stop what a node should not have.
    Stop {
        /// The model.
        model: ModelName,
        /// The node.
        node: String,
    },
    /// Go on with the package without its optional models: stop these.
    Degrade {
        /// The package.
        package: String,
        /// The models to stop.
        without: Vec<String>,
    },
    /// Take the package out of its reduced mode: start these models.
    Restore {
        /// The package.
        package: String,
        /// Each model and its node.
        with: Vec<(String, String)>,
    },
    /// Bring all models of the package to an earlier revision.
    RollBack {
        /// The package.
        package: String,
        /// The revision that is not well.
        from: u64,
        /// The last one that was.
        to: u64,
    },
    /// Nothing more is tried. No outcome is waited for.
    GiveUp,
}

/// Something to be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What makes it this order and no other: given out again after a crash, it has the same.
    pub key: String,
    /// What it is done to. One thing has one order in flight at most.
    pub thing: Thing,
    /// What to do.
    pub action: Action,
    /// Why.
    pub cause: Cause,
    /// The how-manieth try it is since the thing was last calm, from 1.
    pub attempt: u32,
    /// When it was given out, in microseconds.
    pub issued_us: u64,
    /// When it counts as failed unless its effect is seen, in microseconds.
    pub deadline_us: u64,
}

/// Something that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What makes it this alert and no other: given out again after a crash, it has the same.
    pub key: String,
    /// About what.
    pub thing: Thing,
    /// What.
    pub kind: AlertKind,
    /// Why, where something failed.
    pub cause: Option<Cause>,
    /// Since when, in microseconds.
    pub at_us: u64,
}

/// What somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A node is lost.
    NodeLost,
    /// A node was lost too often: nothing is placed there until it is calm.
    NodeFlapping,
    /// Nothing more is tried.
    GaveUp,
    /// It still is not well after the time that it should have taken.
    ObjectiveBreached {
        /// That time, in microseconds.
        objective_us: u64,
    },
    /// There were too many recoveries of it, or in the vehicle: it has to wait.
    BudgetExhausted {
        /// Until when at least, in microseconds.
        until_us: u64,
    },
    /// A package goes on without its optional models.
    Degraded,
    /// It has them again.
    Restored,
    /// A package was brought back.
    RolledBack {
        /// From a revision.
        from: u64,
        /// To another.
        to: u64,
    },
    /// An update is not well, and there is no earlier revision that was.
    NoGoodRevision,
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What to carry out, the most critical first.
    pub orders: Vec<Order>,
    /// What to tell.
    pub alerts: Vec<Alert>,
}
