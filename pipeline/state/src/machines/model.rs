//! Model: follows its containers. A model can be seen in any state after any other.

use super::{first, row};
use crate::event::Event;
use crate::machine::{Machine, Row};
use crate::named::named;

named! {
    /// How a model is.
    pub enum ModelState, "state of a model" {
        /// None of its containers has started.
        Created = "created",
        /// It does what it should.
        Running = "running",
        /// All of its containers are paused.
        Paused = "paused",
        /// All of its containers ended well.
        Exited = "exited",
        /// One of its containers is dead, or nothing is known of one.
        Dead = "dead",
    }
}

use ModelState::*;

impl Machine for ModelState {
    const KIND: &'static str = "model";
    const STATES: &'static [Self] = Self::ALL;
    const TABLE: &'static [Row<Self>] = &[
        first(Event::CreationRequest, Created),
        row(Created, Event::NodeAllocationComplete, Running),
        row(Created, Event::AllContainersPaused, Paused),
        row(Created, Event::AllContainersExited, Exited),
        row(Created, Event::NodeAllocationFailed, Dead),
        row(Running, Event::AllContainersCreated, Created),
        row(Running, Event::AllContainersPaused, Paused),
        row(Running, Event::AllContainersExited, Exited),
        row(Running, Event::ContainerDeadOrInfoFailure, Dead),
        row(Paused, Event::AllContainersCreated, Created),
        row(Paused, Event::ResumeRequest, Running),
        row(Paused, Event::AllContainersExited, Exited),
        row(Paused, Event::ContainerDeadOrInfoFailure, Dead),
        row(Exited, Event::AllContainersCreated, Created),
        row(Exited, Event::RestartRequest, Running),
        row(Exited, Event::AllContainersPaused, Paused),
        row(Exited, Event::ContainerDeadOrInfoFailure, Dead),
        row(Dead, Event::AllContainersCreated, Created),
        row(Dead, Event::RecoverySuccessful, Running),
        row(Dead, Event::AllContainersPaused, Paused),
        row(Dead, Event::AllContainersExited, Exited),
    ];
}
