//! Container: what a runtime says of one. Events may be missed, and one may be made anew under the
//! same name, so that it can be found in any state after any other.

use super::{first, row};
use crate::event::Event;
use crate::machine::{Machine, Row};
use crate::named::named;

named! {
    /// How a container is.
    pub enum ContainerState, "state of a container" {
        /// It exists.
        Created = "created",
        /// What it needs is there.
        Initialized = "initialized",
        /// Its process runs.
        Running = "running",
        /// Its processes are frozen.
        Paused = "paused",
        /// Its process ended with 0.
        Exited = "exited",
        /// Nothing is known of it: its node or its runtime does not answer.
        Unknown = "unknown",
        /// Its process ended otherwise, or cannot be started.
        Dead = "dead",
    }
}

use ContainerState::*;

impl Machine for ContainerState {
    const KIND: &'static str = "container";
    const STATES: &'static [Self] = Self::ALL;
    const TABLE: &'static [Row<Self>] = &[
        first(Event::Created, Created),
        row(Created, Event::Initialized, Initialized),
        row(Created, Event::Started, Running),
        row(Created, Event::Paused, Paused),
        row(Created, Event::Exited, Exited),
        row(Created, Event::Lost, Unknown),
        row(Created, Event::Died, Dead),
        row(Initialized, Event::Created, Created),
        row(Initialized, Event::Started, Running),
        row(Initialized, Event::Paused, Paused),
        row(Initialized, Event::Exited, Exited),
        row(Initialized, Event::Lost, Unknown),
        row(Initialized, Event::Died, Dead),
        row(Running, Event::Created, Created),
        row(Running, Event::Initialized, Initialized),
        row(Running, Event::Paused, Paused),
        row(Running, Event::Exited, Exited),
        row(Running, Event::Lost, Unknown),
        row(Running, Event::Died, Dead),
        row(Paused, Event::Created, Created),
        row(Paused, Event::Initialized, Initialized),
        row(Paused, Event::Unpaused, Running),
        row(Paused, Event::Exited, Exited),
        row(Paused, Event::Lost, Unknown),
        row(Paused, Event::Died, Dead),
        row(Exited, Event::Created, Created),
        row(Exited, Event::Initialized, Initialized),
        row(Exited, Event::Started, Running),
        row(Exited, Event::Paused, Paused),
        row(Exited, Event::Lost, Unknown),
        row(Exited, Event::Died, Dead),
        row(Unknown, Event::Created, Created),
        row(Unknown, Event::Initialized, Initialized),
        row(Unknown, Event::Started, Running),
        row(Unknown, Event::Paused, Paused),
        row(Unknown, Event::Exited, Exited),
        row(Unknown, Event::Died, Dead),
        row(Dead, Event::Created, Created),
        row(Dead, Event::Initialized, Initialized),
        row(Dead, Event::Started, Running),
        row(Dead, Event::Paused, Paused),
        row(Dead, Event::Exited, Exited),
        row(Dead, Event::Lost, Unknown),
    ];
}
