//! The machines, one table each.

pub(crate) mod container;
pub(crate) mod model;
pub(crate) mod node;
pub(crate) mod package;
pub(crate) mod scenario;

use crate::Row;
use crate::event::Event;

/// A transition from a state to another.
const fn row<S>(from: S, event: Event, to: S) -> Row<S> {
    Row { from: Some(from), event, to }
}

/// How a thing comes into existence.
const fn first<S>(event: Event, to: S) -> Row<S> {
    Row { from: None, event, to }
}
