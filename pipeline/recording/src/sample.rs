//! What a reader gives: samples and faults.

use piccolo_catalogue::{SignalId, Value};

use crate::Fault;

/// The value of one signal at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Time on the recording's own clock, in microseconds: as it is written in long CSV and MCAP,
    /// since the first frame in candump logs, since the first row in Kuksa CSV.
    pub time_us: u64,
    /// The signal, by its position in the catalogue that the reader was given.
    pub signal: SignalId,
    /// The value, of the signal's datatype; none where the signal became unavailable.
    pub value: Option<Value>,
    /// Where it stands: line or record number from 1, at most `u32::MAX`.
    pub line: u32,
}

/// One step of reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A sample; times never decrease, and those of one time keep the file's order.
    Sample(Sample),
    /// Something that could not be read; reading goes on after it where that is possible.
    Fault(Fault),
}
