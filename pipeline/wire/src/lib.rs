//! Every protobuf of the system, its generated code and conversions.
//!
//! [`v1`] is generated from `proto/piccolo/v1` and committed; [`FILE_DESCRIPTOR_SET`]
//! describes it for gRPC reflection. [`client`] is how other programs of the
//! system read the action feed, [`ready`] serves it with decisions that are encoded once for all
//! of them, and [`refusal`] says why rules are refused. Messages serialise with serde into the
//! JSON that the engine's own types give.

pub mod client;
mod json;
pub mod ready;
pub mod refusal;

/// The messages, clients and servers of package `piccolo.v1`.
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, unused_qualifications, rustdoc::all)]
#[allow(clippy::all)]
#[path = "gen/piccolo.v1.rs"]
pub mod v1;

/// The descriptors of package `piccolo.v1`, as reflection serves them.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/piccolo.v1.binpb");
