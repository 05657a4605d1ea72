//! Failure and recovery of a vehicle: what is detected, what is ordered, how long it takes.
//!
//! [`Recovery`] compares what is desired of the whole vehicle with what is observed in it. It
//! detects lost nodes, failed probes, dead and stuck models, updates that do not become well, and
//! whatever is missing, too much, or elsewhere; what is ill because something that it needs is down
//! it leaves alone. It answers with [`Order`]s, by a ladder for each criticality, with backoff and
//! budgets, and with [`Alert`]s; and it measures how long recoveries take ([`RecoveryTimes`]).
//! Nothing here does I/O or reads a clock.

mod backoff;
mod budget;
mod choose;
mod desired;
mod drift;
mod flight;
mod issue;
mod look;
mod node;
mod note;
mod objective;
mod order;
mod place;
mod policy;
mod probe;
mod recovery;
pub mod table;
mod take;
mod thing;
mod track;
mod turn;
mod watch;

pub use desired::{
    Criticality, Desired, DesiredError, DesiredModel, DesiredNode, DesiredPackage, Room,
};
pub use drift::Drift;
pub use objective::{RecoveryTimes, SAMPLES_MAX};
pub use order::{Action, Alert, AlertKind, Cause, Observation, Order, Outcome, Step};
pub use policy::{
    Backoff, Budget, Detection, Ladder, Ladders, Policy, PolicyError, RECOVERIES_MAX, Remedy, Rung,
    VehicleBudget,
};
pub use recovery::{Recovery, STRANGERS_MAX};
pub use thing::{ModelName, Thing, ThingError};
pub use watch::GOOD_MAX;
