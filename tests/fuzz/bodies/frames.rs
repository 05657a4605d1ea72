//! What must hold of any bytes that are read as a message.

use piccolo_wire::refusal::diagnostics;
use piccolo_wire::v1::{self, Decision, PublishRequest, SubscribeResponse};
use prost::Message;
use tonic::{Code, Status};

/// Decodes bytes as each message that a server or a client gets; how many it can be.
pub(crate) fn check(bytes: &[u8]) -> usize {
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

/// Decodes a message and encodes it again; whether it could be decoded.
fn same<M: Message + Default>(bytes: &[u8]) -> usize {
    let Ok(message) = M::decode(bytes) else { return 0 };
    let encoded = message.encode_to_vec();
    let again = M::decode(encoded.as_slice()).unwrap();
    // Not the messages: not even a number that is none is equal to itself.
    assert_eq!(again.encode_to_vec(), encoded);
    1
}
