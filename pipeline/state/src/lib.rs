//! The state machines of scenarios, packages, models, containers and nodes.
//!
//! Each machine is one table: from which state which event leads where. A
//! transition is looked up before anything is done or answered; what the table
//! does not have is [`Refused`], with what would have been possible. The states
//! of models follow those of their containers, and those of packages those of
//! their models: [`observed`] says which they are. Nothing here does I/O.

mod event;
mod machine;
mod machines;
mod named;
pub mod observed;
pub mod picture;

pub use event::Event;
pub use machine::{Asked, Machine, Refused, Row, advance, possible, reach};
pub use machines::container::ContainerState;
pub use machines::model::ModelState;
pub use machines::node::NodeState;
pub use machines::package::PackageState;
pub use machines::scenario::ScenarioState;
pub use named::UnknownName;
