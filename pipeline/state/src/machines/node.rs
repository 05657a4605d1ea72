//! Node: there while it gives signs of life.

use super::{first, row};
use crate::event::Event;
use crate::machine::{Machine, Row};
use crate::named::named;

named! {
    /// How a node is.
    pub enum NodeState, "state of a node" {
        /// It has said that it is there, and gave no sign of life since.
        Pending = "pending",
        /// It gives signs of life.
        Ready = "ready",
        /// It gave none for too long: nothing is known of what runs there.
        NotReady = "not-ready",
        /// What runs there goes on, and nothing is started.
        Maintenance = "maintenance",
        /// It is out: what should run there has to run elsewhere.
        Gone = "gone",
    }
}

use NodeState::*;

impl Machine for NodeState {
    const KIND: &'static str = "node";
    const STATES: &'static [Self] = Self::ALL;
    const TABLE: &'static [Row<Self>] = &[
        first(Event::Registered, Pending),
        row(Pending, Event::Heartbeat, Ready),
        row(Pending, Event::MaintenanceBegun, Maintenance),
        row(Pending, Event::Removed, Gone),
        row(Ready, Event::HeartbeatMissed, NotReady),
        row(Ready, Event::MaintenanceBegun, Maintenance),
        row(Ready, Event::Removed, Gone),
        row(NotReady, Event::Heartbeat, Ready),
        row(NotReady, Event::MaintenanceBegun, Maintenance),
        row(NotReady, Event::Removed, Gone),
        // Whether it is ready, its next sign of life says.
        row(Maintenance, Event::MaintenanceEnded, Pending),
        row(Maintenance, Event::Removed, Gone),
        row(Gone, Event::Registered, Pending),
    ];
}
