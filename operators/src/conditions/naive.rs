//! The twin of `conditions`: every condition from scratch over the whole history.

use crate::condition::Condition;
use crate::ids::{Sample, Slot, Time, Vehicle};
use crate::latest::{ABSENT, Fact, Facts, naive::latest};

/// Whether a condition holds in a vehicle at a time, after all samples of that time.
///
/// A vehicle without any sample by then holds nothing.
pub fn holds(history: &[Sample], condition: &Condition, vehicle: Vehicle, time_us: Time) -> bool {
    let seen = history.iter().any(|sample| sample.vehicle == vehicle && sample.time_us <= time_us);
    seen && condition.holds(Facts(&facts(history, condition, vehicle, time_us)))
}

/// The facts that a condition reads, from the history alone.
fn facts(history: &[Sample], condition: &Condition, vehicle: Vehicle, time_us: Time) -> Vec<Fact> {
    let slots = condition.atoms.iter().flat_map(|atom| atom.reads().iter().copied());
    let mut facts: Vec<Fact> = Vec::new();
    for slot in slots {
        let index = slot as usize;
        facts.resize(facts.len().max(index + 1), ABSENT);
        facts[index] = fact(history, vehicle, slot, time_us);
    }
    facts
}

fn fact(history: &[Sample], vehicle: Vehicle, slot: Slot, time_us: Time) -> Fact {
    latest(history, vehicle, slot, time_us).map_or(ABSENT, |sample| Fact {
        value: sample.value,
        time_us: sample.time_us,
        origin: sample.origin,
        passed: 0,
    })
}
