//! Mutated frames: each message is decoded or refused, nothing panics, and what is decoded is the
//! same once it is encoded.

use piccolo_wire::refusal::{diagnostics, refusal};
use piccolo_wire::v1::{
    self, Action, Argument, AtomReason, Decision, DecisionBatch, PublishRequest, SampleBatch,
    SubscribeResponse, Why,
};
use prost::Message;
use tonic::{Code, Status};

use crate::mutation::{Mutation, kept};

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

/// Decodes a message and encodes it again; whether it could be decoded.
fn same<M: Message + Default>(bytes: &[u8]) -> usize {
    let Ok(message) = M::decode(bytes) else { return 0 };
    let encoded = message.encode_to_vec();
    let again = M::decode(encoded.as_slice()).unwrap();
    // Not the messages: not even a number that is none is equal to itself.
    assert_eq!(again.encode_to_vec(), encoded);
    1
}

/// Decodes bytes as each message that a server or a client gets; how many it can be.
fn check(bytes: &[u8]) -> usize {
    let details = Status::with_details(Code::InvalidArgument, "", bytes.to_vec().into());
    let refused = diagnostics(&details).len();
    if let Ok(decision) = Decision::decode(bytes) {
        let json = serde_json::to_string(&decision).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
    refused
        + same::<Decision>(bytes)
        + same::<v1::SubscribeRequest>(bytes)
        + same::<SubscribeResponse>(bytes)
        + same::<PublishRequest>(bytes)
        + same::<v1::PublishResponse>(bytes)
        + same::<v1::ListSignalsRequest>(bytes)
        + same::<v1::ListSignalsResponse>(bytes)
        + same::<v1::ApplyRulesRequest>(bytes)
        + same::<v1::ApplyRulesResponse>(bytes)
        + same::<v1::RuleErrors>(bytes)
        + same::<v1::ListVersionsResponse>(bytes)
        + same::<v1::SwitchRulesRequest>(bytes)
        + same::<v1::GetShadowDifferenceResponse>(bytes)
        + same::<v1::ListQuarantinedResponse>(bytes)
}

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
    let file = v1::RuleFile { name: "a.rhai".to_owned(), ..v1::RuleFile::default() };
    let found = v1::RuleDiagnostic { code: "PR0101".to_owned(), ..Default::default() };
    vec![
        refusal("1 error".to_owned(), vec![found]).details().to_vec(),
        decision().encode_to_vec(),
        SubscribeResponse { event: Some(event) }.encode_to_vec(),
        PublishRequest { message: Some(samples) }.encode_to_vec(),
        v1::ApplyRulesRequest { files: vec![file], ..Default::default() }.encode_to_vec(),
    ]
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
