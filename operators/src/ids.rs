//! Dense numbers for what the operators key their state by.

/// A vehicle, dense from zero within one engine.
pub type Vehicle = u32;

/// The slot of a signal: dense from zero within one engine, not the catalogue's number.
pub type Slot = u32;

/// One revision of one scenario, dense from zero, never used twice within one engine.
pub type Rule = u32;

/// Event time in microseconds.
pub type Time = u64;

/// What an unknown value is stored as. Sources never deliver NaN as a value.
pub const UNKNOWN: f64 = f64::NAN;

/// One sample: a signal of a vehicle took a value at a time.
///
/// Every value is a number: booleans are 0 and 1, texts and lists are the
/// numbers that the engine's interner gave them, [`UNKNOWN`] makes the signal
/// unavailable. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Event time.
    pub time_us: Time,
    /// The value, or [`UNKNOWN`].
    pub value: f64,
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// Which signal.
    pub slot: Slot,
    /// The line of the recording, or the position in the stream, for explanations.
    pub origin: u32,
}
