//! Drives the engine from recordings.

mod faults;
mod pace;
mod progress;
mod summary;

pub(crate) use faults::Faults;
pub(crate) use pace::Pace;
pub(crate) use progress::ProgressLine;
pub(crate) use summary::Summary;
