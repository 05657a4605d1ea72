//! Faults of recordings: each is counted, the first ones of each kind are shown.

use std::collections::BTreeMap;

use piccolo_recording::Fault;

use crate::output::note;

/// How many faults of one code are shown; the rest is counted.
const SHOWN_MAX: u64 = 5;

/// The faults so far, by code.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<String, u64>);

impl Faults {
    /// Counts a fault, and shows it unless many of its code were shown.
    pub(crate) fn take(&mut self, fault: &Fault) {
        let count = self.0.entry(fault.kind.code().to_owned()).or_default();
        *count += 1;
        if *count <= SHOWN_MAX {
            note(format_args!("{fault}"));
        }
    }

    /// Says how many were not shown.
    pub(crate) fn finish(&self) {
        for (code, count) in self.0.iter().filter(|(_, count)| **count > SHOWN_MAX) {
            note(format_args!("{} more faults {code} were not shown", count - SHOWN_MAX));
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }
}
