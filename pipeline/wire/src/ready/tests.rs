//! Batches of ready decisions against prost's own encoding.

use prost::Message;

use super::*;
use crate::v1::{Action, Argument, DecisionBatch, Value, value::Kind};

/// A decision whose size grows with its number.
fn decision(number: u64) -> v1::Decision {
    let argument = |place: u64| Argument {
        name: format!("argument {place}"),
        value: Some(Value { kind: Some(Kind::Text("x".repeat(number as usize))) }),
    };
    v1::Decision {
        id: format!("{number:032x}"),
        time_us: number,
        vehicle: "v".repeat(number as usize % 128),
        actions: (0..number % 7)
            .map(|count| Action {
                kind: "launch".into(),
                arguments: (0..count).map(argument).collect(),
                ..Action::default()
            })
            .collect(),
        ..v1::Decision::default()
    }
}

/// Both encodings of a batch with these decisions are the same.
fn check(numbers: impl Iterator<Item = u64>) -> usize {
    let decisions: Vec<_> = numbers.map(decision).collect();
    let ready: Vec<_> = decisions.iter().map(Decision::new).collect();
    let batch = DecisionBatch { decisions };
    let plain = SubscribeResponse { event: Some(Event::Batch(batch)) }.encode_to_vec();
    let mut found = BytesMut::new();
    put_batch(&ready, &mut found);
    assert_eq!(found, plain);
    plain.len()
}

#[test]
fn ready_decisions_are_the_bytes_of_the_plain_codec() {
    let cases = [(1, 2), (0, 1), (0, 3), (0, 20), (120, 140), (0, 256), (16_300, 16_340)];
    let mut lengths = Vec::new();
    for (first, end) in cases {
        lengths.push(check(first..end));
    }
    // Lengths of one to four bytes were among them.
    for (least, greatest) in [(0, 127), (128, 16_383), (16_384, 2_097_151), (2_097_152, usize::MAX)]
    {
        assert!(lengths.iter().any(|length| (least..=greatest).contains(length)), "{lengths:?}");
    }
}

#[test]
fn a_decision_is_encoded_once_and_shared() {
    let first = Decision::new(&decision(9));
    let second = first.clone();
    assert_eq!(first.0.as_ptr(), second.0.as_ptr());
}
