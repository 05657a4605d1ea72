//! Mutated frames: each message is decoded or refused, nothing panics, and what is decoded is the
//! same once it is encoded.

use piccolo_wire::refusal::refusal;
use piccolo_wire::v1::{
    self, Action, Argument, AtomReason, Decision, DecisionBatch, PublishRequest, SampleBatch,
    SubscribeResponse, Why,
};
use prost::Message;

use crate::body::check;
use crate::mutation::{Mutation, corpus, kept};

/// Bytes that mean something: tags, lengths, and numbers at the ends of their ranges.
const WORDS: [&str; 12] = [
    "\u{0}",
    "\u{1}",
    "\u{8}",
    "\n",
    "\u{12}",
    "\u{1a}",
    "\u{22}",
    "\u{7f}",
    "\n\u{0}",
    "\u{12}\u{1}a",
    "v",
    "\u{b}\u{c}",
];

fn value(kind: v1::value::Kind) -> Option<v1::Value> {
    Some(v1::Value { kind: Some(kind) })
}

fn decision() -> Decision {
    use v1::value::Kind;
    let argument = |name: &str, kind| Argument { name: name.to_owned(), value: value(kind) };
    let actions = vec![Action {
        kind: "launch".to_owned(),
        target: "app".to_owned(),
        arguments: vec![
            argument("number", Kind::Float(0.1)),
            argument("text", Kind::Text("a".to_owned())),
        ],
        ..Action::default()
    }];
    let atom = AtomReason { atom: "Vehicle.Speed > 50.0".to_owned(), ..AtomReason::default() };
    let why =
        Why { condition: "Vehicle.Speed > 50.0".to_owned(), atoms: vec![atom], ..Why::default() };
    Decision {
        id: "0123456789abcdef".repeat(2),
        time_us: u64::MAX,
        vehicle: "car".to_owned(),
        scenario: "motorway".to_owned(),
        edge: 1,
        actions,
        why: Some(why),
        ..Decision::default()
    }
}

/// One of each kind of message, as it goes over the wire.
fn inputs() -> Vec<Vec<u8>> {
    let batch = DecisionBatch { decisions: vec![decision(), decision()] };
    let event = v1::subscribe_response::Event::Batch(batch);
    let sample = v1::Sample { time_us: 12, ..v1::Sample::default() };
    let samples = SampleBatch { samples: vec![sample; 3], ..SampleBatch::default() };
    let samples = v1::publish_request::Message::Batch(samples);
    let numbers = v1::NumberBatch {
        vehicles: vec![0, 1],
        signals: vec![2, 300],
        time_steps_us: vec![12, -3],
        values: vec![0.5, 1.0],
        ..v1::NumberBatch::default()
    };
    let numbers = v1::publish_request::Message::Numbers(numbers);
    let file = v1::RuleFile { name: "a.rhai".to_owned(), ..v1::RuleFile::default() };
    let found = v1::RuleDiagnostic { code: "PR0101".to_owned(), ..Default::default() };
    vec![
        refusal("1 error".to_owned(), vec![found]).details().to_vec(),
        decision().encode_to_vec(),
        SubscribeResponse { event: Some(event) }.encode_to_vec(),
        PublishRequest { message: Some(samples) }.encode_to_vec(),
        PublishRequest { message: Some(numbers) }.encode_to_vec(),
        v1::ApplyRulesRequest { files: vec![file], ..Default::default() }.encode_to_vec(),
    ]
}

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    let decoded: usize = corpus("frames").iter().map(|bytes| check(bytes)).sum();
    assert!(decoded > 20, "only {decoded} messages");
}

#[test]
fn mutated_frames() {
    let mut inputs = inputs();
    inputs.extend(kept(&[".binpb"]));
    for bytes in &inputs {
        assert!(check(bytes) > 0);
    }
    let decoded = Mutation::new(51, inputs, &WORDS).run(50_000, check);
    assert!(decoded > 1_000, "only {decoded} messages were decoded");
}
