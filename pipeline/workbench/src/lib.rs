//! What rule authors use, as a library: drives in memory, coverage, reports.
//!
//! [`Drive`] holds a recording in memory for those who read it often.
//! [`coverage`] says which parts of the conditions of rules were exercised, from
//! the truths of their atoms that were seen. [`testing`] runs the tests that stand
//! beside rules, and [`results`] are what came of them. Nothing here prints; the
//! command line and the server do.

pub mod coverage;
pub mod diff;
pub mod drive;
pub mod explain;
mod play;
pub mod results;
pub mod testing;

pub use drive::{Drive, DriveBuilder, DriveError};
