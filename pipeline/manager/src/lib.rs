//! StateManager: the one way in which states change, kept in the store with their history.
//!
//! [`Manager::apply`] is the only function that writes a state. It looks the transition up in the
//! machine's table, writes the new state and what was done as one transaction that expects the
//! revision it has read, and answers only then. What is asked for again, under the same id, is
//! done once. What follows from others, a model from its containers and a package from its models,
//! goes the same way.

mod change;
mod error;
mod follow;
mod history;
mod manager;
mod record;
pub mod stats;
mod subject;
mod watch;

pub use change::{Applied, Cause, Change, Wanted};
pub use error::ManagerError;
pub use follow::Observed;
pub use history::{HISTORY_PAGE_MAX, Was};
pub use manager::{Clock, HISTORY_STEPS_MAX, Manager, RACES_MAX, SystemClock};
pub use record::{Done, RECENT_MAX, Record, Step};
pub use subject::{Kept, Subject, SubjectError};
pub use watch::{AnyStep, StepWatch, Steps};
