//! The server of the action feed for decisions that are encoded once, whoever reads them.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, message};
use tonic::Status;
use tonic::codec::{EncodeBuf, Encoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

use crate::v1::subscribe_response::Event;
use crate::v1::{self, SubscribeRequest, SubscribeResponse};

#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, unused_qualifications, rustdoc::all)]
#[allow(clippy::all)]
#[path = "gen/piccolo.v1.ActionFeedService.rs"]
mod service;

pub use service::action_feed_service_server::{ActionFeedService, ActionFeedServiceServer};

/// The number of `SubscribeResponse.batch`.
const BATCH_FIELD: u32 = 1;

/// The number of `DecisionBatch.decisions`.
const DECISIONS_FIELD: u32 = 1;

/// A decision as it stands in a batch: bytes that all who send it share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision(Bytes);

impl Decision {
    /// Encodes a decision.
    pub fn new(decision: &v1::Decision) -> Self {
        let mut bytes = BytesMut::new();
        message::encode(DECISIONS_FIELD, decision, &mut bytes);
        Self(bytes.freeze())
    }

    /// The bytes, from which [`Self::parse`] makes it again.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A decision from its bytes, and what they say; none where they are not those of one decision.
    pub fn parse(bytes: Bytes) -> Option<(Self, v1::Decision)> {
        let batch = v1::DecisionBatch::decode(bytes.clone()).ok()?;
        let [decision] = <[v1::Decision; 1]>::try_from(batch.decisions).ok()?;
        Some((Self(bytes), decision))
    }
}

/// One step of the feed, on its way out.
#[derive(Clone, Debug)]
pub enum Response {
    /// Decisions in the engine's order; at least one.
    Batch(Vec<Decision>),
    /// Anything else.
    Other(SubscribeResponse),
}

impl From<Event> for Response {
    fn from(event: Event) -> Self {
        Self::Other(SubscribeResponse { event: Some(event) })
    }
}

/// The codec of [`ActionFeedServiceServer`]: what it writes is a `SubscribeResponse`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Codec;

impl tonic::codec::Codec for Codec {
    type Encode = Response;
    type Decode = SubscribeRequest;
    type Encoder = ReadyEncoder;
    type Decoder = ProstDecoder<SubscribeRequest>;

    fn encoder(&mut self) -> ReadyEncoder {
        ReadyEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::default()
    }
}

/// Writes responses.
#[derive(Clone, Debug, Default)]
pub struct ReadyEncoder(ProstEncoder<SubscribeResponse>);

impl Encoder for ReadyEncoder {
    type Item = Response;
    type Error = Status;

    fn encode(&mut self, response: Response, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match response {
            Response::Batch(decisions) => {
                put_batch(&decisions, out);
                Ok(())
            }
            Response::Other(response) => self.0.encode(response, out),
        }
    }
}

/// A `SubscribeResponse` with a batch of these decisions.
fn put_batch(decisions: &[Decision], out: &mut impl BufMut) {
    let length: usize = decisions.iter().map(|decision| decision.0.len()).sum();
    encode_key(BATCH_FIELD, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
    for Decision(bytes) in decisions {
        out.put_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
