//! The twin of `latest`: looks through the whole history.

use crate::ids::{Sample, Slot, Time, Vehicle};

/// The last sample of a signal at or before a time, in the order of the history.
pub fn latest(history: &[Sample], vehicle: Vehicle, slot: Slot, time_us: Time) -> Option<Sample> {
    history
        .iter()
        .rfind(|sample| {
            sample.vehicle == vehicle && sample.slot == slot && sample.time_us <= time_us
        })
        .copied()
}
