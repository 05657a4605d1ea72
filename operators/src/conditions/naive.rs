//! The twin of `conditions`: every condition from scratch over the whole history.

use crate::condition::Condition;
use crate::ids::{Sample, Time, Vehicle};
use crate::latest::{Latest, naive::latest};

/// Whether a condition holds in a vehicle at a time, after all samples of that time.
///
/// A vehicle without any sample by then holds nothing.
pub fn holds(history: &[Sample], condition: &Condition, vehicle: Vehicle, time_us: Time) -> bool {
    let seen = history.iter().any(|sample| sample.vehicle == vehicle && sample.time_us <= time_us);
    seen && condition.holds(facts(history, condition, vehicle, time_us).of(vehicle))
}

/// The facts that a condition reads, from the history alone.
fn facts(history: &[Sample], condition: &Condition, vehicle: Vehicle, time_us: Time) -> Latest {
    let mut facts = Latest::default();
    for slot in condition.atoms.iter().flat_map(|atom| atom.reads().iter().copied()) {
        if let Some(sample) = latest(history, vehicle, slot, time_us) {
            facts.update(&sample);
        }
    }
    facts
}
