//! Scenario: from its creation over its condition and the policies to what was done.

use super::{first, row};
use crate::event::Event;
use crate::machine::{Machine, Row};
use crate::named::named;

named! {
    /// Where a scenario is.
    pub enum ScenarioState, "state of a scenario" {
        /// It exists, and the engine does not know it yet.
        Idle = "idle",
        /// The engine waits for its condition.
        Waiting = "waiting",
        /// Its condition holds.
        Satisfied = "satisfied",
        /// A policy allows its actions, and they are under way.
        Allowed = "allowed",
        /// A policy denies its actions.
        Denied = "denied",
        /// Its actions are done.
        Completed = "completed",
        /// It takes no part until it is resumed.
        Suspended = "suspended",
    }
}

use ScenarioState::*;

impl Machine for ScenarioState {
    const KIND: &'static str = "scenario";
    const STATES: &'static [Self] = Self::ALL;
    const TABLE: &'static [Row<Self>] = &[
        first(Event::ScenarioActivation, Idle),
        row(Idle, Event::ConditionRegistered, Waiting),
        row(Waiting, Event::ConditionMet, Satisfied),
        row(Satisfied, Event::PolicyVerificationSuccess, Allowed),
        row(Satisfied, Event::PolicyVerificationFailure, Denied),
        row(Allowed, Event::ScenarioCompletion, Completed),
        // What failed may be tried again when the condition holds anew.
        row(Allowed, Event::ActionFailed, Waiting),
        row(Denied, Event::Rearmed, Waiting),
        row(Completed, Event::Rearmed, Waiting),
        // Not from `satisfied` or `allowed`: what is under way settles first.
        row(Idle, Event::Suspended, Suspended),
        row(Waiting, Event::Suspended, Suspended),
        row(Denied, Event::Suspended, Suspended),
        row(Completed, Event::Suspended, Suspended),
        row(Suspended, Event::Resumed, Idle),
    ];
}
