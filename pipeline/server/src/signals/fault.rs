//! The ways in which a sample is not taken, as sources hear of them.

use piccolo_wire::v1::SampleFaultKind;

use crate::ports::Fate;

/// Every kind of fault.
pub(super) const KINDS: [SampleFaultKind; 6] = [
    SampleFaultKind::UnknownSignal,
    SampleFaultKind::ValueDoesNotFit,
    SampleFaultKind::Late,
    SampleFaultKind::Superseded,
    SampleFaultKind::Refused,
    SampleFaultKind::Ahead,
];

/// How many faults of each kind there were, in the order of [`KINDS`].
pub(super) type FaultCounts = [u64; KINDS.len()];

/// The place of a kind among the counts.
pub(super) fn place_of(kind: SampleFaultKind) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or_default()
}

/// The fault that a fate is, as a kind and a sentence; none where the sample was taken.
pub(super) fn fault(fate: &Fate) -> Option<(SampleFaultKind, String)> {
    Some(match fate {
        Fate::Taken => return None,
        Fate::UnknownSignal(message) => (SampleFaultKind::UnknownSignal, message.to_string()),
        Fate::ValueDoesNotFit(message) => (SampleFaultKind::ValueDoesNotFit, message.to_string()),
        Fate::Late(reached_us) => {
            (SampleFaultKind::Late, format!("it came after the engine had reached {reached_us} us"))
        }
        Fate::Superseded => {
            (SampleFaultKind::Superseded, "a newer value of the signal took its place".into())
        }
        Fate::Refused(message) => (SampleFaultKind::Refused, message.to_string()),
        Fate::Ahead => (SampleFaultKind::Ahead, "its time is too far ahead of all others".into()),
    })
}
