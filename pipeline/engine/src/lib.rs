//! Rules and operators joined into a running dataflow. No I/O, no clock.
//!
//! [`Engine::load`] takes compiled rules, [`Engine::step`] takes samples and a
//! tick and returns [`Decision`]s. Same inputs, byte-equal decisions.

mod cluster;
mod comparison;
mod compile;
mod crew;
mod decide;
mod decision;
mod decision_id;
mod decisions;
mod encode;
mod engine;
mod error;
mod explain;
mod facts;
mod fleet;
mod flow;
mod identity;
mod lane;
mod load;
mod observe;
mod policy;
mod prepared;
mod snapshot;
mod worker;

pub use cluster::Peers;
pub use comparison::{Comparison, DecisionChange};
pub use crew::WORKERS_MAX;
pub use decision::{
    Action, Arguments, AtomReason, Decision, Edge, Quarantined, SampleReason, SignalReason, Why,
    Withheld,
};
pub use decision_id::{DecisionId, NoDecisionId};
pub use encode::{SYMBOLS_MAX, VEHICLES_MAX};
pub use engine::{Engine, EngineConfig, RuleChange};
pub use error::EngineError;
pub use facts::DERIVED_FACTS_MAX;
pub use lane::Lane;
pub use observe::{Observer, PolicySeen, ScenarioSeen};
pub use piccolo_operators::ids::{Sample, Vehicle};
pub use policy::{PolicyDefaults, UnknownKind};
pub use prepared::PreparedRules;
pub use snapshot::{Saved, Snapshot, SnapshotError};
