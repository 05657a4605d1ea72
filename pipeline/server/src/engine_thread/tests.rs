//! What becomes of the samples of a tick.

use piccolo_catalogue::SignalId;

use super::*;
use crate::ports::{Receipt, Sample};

fn sample(position: Option<u64>) -> Sample {
    Sample {
        vehicle: "v".into(),
        signal: SignalId(0),
        value: None,
        time_us: 1,
        origin: 1,
        receipt: position.map(|position| Receipt { source: 0, position }),
    }
}

#[test]
fn every_sample_with_a_receipt_is_settled() {
    type Case = (&'static [Option<u64>], &'static [usize], &'static [(u64, bool)]);
    let cases: [Case; 5] = [
        (&[], &[], &[]),
        (&[None, None], &[0], &[]),
        (&[Some(1), Some(2)], &[], &[(1, true), (2, true)]),
        (&[Some(1), Some(2), Some(3)], &[1], &[(1, true), (2, false), (3, true)]),
        (&[None, Some(2), None, Some(4)], &[0, 3], &[(2, true), (4, false)]),
    ];
    for (positions, refused, expected) in cases {
        let samples = positions.iter().copied().map(sample).collect();
        let tick = Tick { tick_us: 2, samples };
        let refused = refused.iter().map(|place| (*place, "no".into())).collect();
        let settled = fates(&tick, refused);
        let found: Vec<_> = settled
            .iter()
            .map(|settled| (settled.receipt.position, settled.fate == Fate::Taken))
            .collect();
        assert_eq!(found, expected, "{positions:?}");
    }
}
