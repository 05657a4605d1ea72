//! Package: follows its models, but for an update, which holds until it has come to an end.

use super::{first, row};
use crate::event::Event;
use crate::machine::{Machine, Row};
use crate::named::named;

named! {
    /// How a package is.
    pub enum PackageState, "state of a package" {
        /// None of its models has started.
        Idle = "idle",
        /// It does what it should.
        Running = "running",
        /// Some of its models are dead.
        Degraded = "degraded",
        /// All of its models are paused.
        Paused = "paused",
        /// All of its models have exited.
        Exited = "exited",
        /// All of its models are dead.
        Error = "error",
        /// A new revision takes the place of the old one.
        Updating = "updating",
    }
}

use PackageState::*;

impl Machine for PackageState {
    const KIND: &'static str = "package";
    const STATES: &'static [Self] = Self::ALL;
    const TABLE: &'static [Row<Self>] = &[
        first(Event::LaunchRequest, Idle),
        row(Idle, Event::InitializationComplete, Running),
        row(Idle, Event::PartialInitializationFailure, Degraded),
        row(Idle, Event::CriticalInitializationFailure, Error),
        row(Idle, Event::AllModelsPaused, Paused),
        row(Idle, Event::AllModelsExited, Exited),
        row(Idle, Event::UpdateRequest, Updating),
        row(Running, Event::ModelIssueDetected, Degraded),
        row(Running, Event::CriticalIssueDetected, Error),
        row(Running, Event::AllModelsPaused, Paused),
        row(Running, Event::AllModelsExited, Exited),
        row(Running, Event::AllModelsCreated, Idle),
        row(Running, Event::UpdateRequest, Updating),
        row(Degraded, Event::ModelRecovery, Running),
        row(Degraded, Event::AdditionalModelIssues, Error),
        row(Degraded, Event::AllModelsPaused, Paused),
        row(Degraded, Event::AllModelsExited, Exited),
        row(Degraded, Event::AllModelsCreated, Idle),
        row(Degraded, Event::UpdateRequest, Updating),
        row(Paused, Event::ResumeRequest, Running),
        row(Paused, Event::ModelIssueDetected, Degraded),
        row(Paused, Event::CriticalIssueDetected, Error),
        row(Paused, Event::AllModelsExited, Exited),
        row(Paused, Event::AllModelsCreated, Idle),
        row(Paused, Event::UpdateRequest, Updating),
        row(Exited, Event::RestartRequest, Running),
        row(Exited, Event::ModelIssueDetected, Degraded),
        row(Exited, Event::CriticalIssueDetected, Error),
        row(Exited, Event::AllModelsPaused, Paused),
        row(Exited, Event::AllModelsCreated, Idle),
        row(Exited, Event::UpdateRequest, Updating),
        row(Error, Event::RecoverySuccessful, Running),
        row(Error, Event::PartialRecovery, Degraded),
        row(Error, Event::AllModelsPaused, Paused),
        row(Error, Event::AllModelsExited, Exited),
        row(Error, Event::AllModelsCreated, Idle),
        row(Error, Event::UpdateRequest, Updating),
        row(Updating, Event::UpdateComplete, Running),
        row(Updating, Event::UpdateRolledBack, Running),
        row(Updating, Event::UpdateFailed, Error),
    ];
}
