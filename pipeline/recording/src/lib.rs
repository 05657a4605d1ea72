//! Recorded drives: readers and writers of every format, into typed samples.
//!
//! [`Reader`] finds out what a file is from its content, and gives samples in
//! file order; what cannot be read becomes a [`Fault`] with file and line.
//! [`Writer`] writes the formats that hold VSS signals.

pub mod can;
mod context;
mod csv;
mod fault;
mod format;
mod lines;
mod mcap;
mod merge;
mod names;
mod reader;
mod sample;
mod source;
mod writer;

pub use context::Notes;
pub use fault::{Fault, FaultKind, LineProblem};
pub use format::Format;
pub use lines::LINE_BYTES_MAX;
pub use merge::{Merge, Next};
pub use reader::{OpenError, Options, Reader};
pub use sample::{Item, Sample};
pub use writer::{WriteError, Writer};
