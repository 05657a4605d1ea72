//! Why rules are refused, in the details of a status, as `google.rpc.Status` carries them.

use prost::Message;
use tonic::{Code, Status};

use crate::v1::{RuleDiagnostic, RuleErrors};

/// The type of the details.
const TYPE_URL: &str = "type.googleapis.com/piccolo.v1.RuleErrors";

/// `google.rpc.Status`, from `google/rpc/status.proto` of the Google API definitions.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// The most bytes of the diagnostics of one status: it travels in a header, and clients take few
/// kilobytes of these.
pub const DETAILS_BYTES_MAX: usize = 8_192;

/// INVALID_ARGUMENT with the diagnostics in its details: the first ones, where all would be more
/// than [`DETAILS_BYTES_MAX`]; the message says so then.
pub fn refusal(message: String, mut diagnostics: Vec<RuleDiagnostic>) -> Status {
    let all = diagnostics.len();
    diagnostics.truncate(fitting(&diagnostics));
    let message = match diagnostics.len() {
        told if told < all => format!("{message}; {told} of {all} findings are told"),
        _ => message,
    };
    let value = RuleErrors { diagnostics }.encode_to_vec();
    let code = Code::InvalidArgument;
    let details = vec![Any { type_url: TYPE_URL.to_owned(), value }];
    let rpc = RpcStatus { code: code.into(), message: message.clone(), details };
    Status::with_details(code, message, rpc.encode_to_vec().into())
}

/// How many of the diagnostics fit.
fn fitting(diagnostics: &[RuleDiagnostic]) -> usize {
    let mut bytes = 0;
    let fits = |diagnostic: &&RuleDiagnostic| {
        bytes += diagnostic.encoded_len();
        bytes <= DETAILS_BYTES_MAX
    };
    diagnostics.iter().take_while(fits).count()
}

/// The diagnostics in the details of a status; none where it has none.
pub fn diagnostics(status: &Status) -> Vec<RuleDiagnostic> {
    let Ok(rpc) = RpcStatus::decode(status.details()) else { return Vec::new() };
    let ours = rpc.details.iter().filter(|any| any.type_url == TYPE_URL);
    let errors = ours.filter_map(|any| RuleErrors::decode(any.value.as_slice()).ok());
    errors.flat_map(|errors| errors.diagnostics).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_says_why() {
        let found = RuleDiagnostic { code: "PR0101".into(), line: Some(3), ..Default::default() };
        let status = refusal("1 error".into(), vec![found.clone()]);
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "1 error"));
        assert_eq!(diagnostics(&status), std::slice::from_ref(&found));
        assert_eq!(diagnostics(&Status::not_found("x")), []);
        let many = vec![found.clone(); 10_000];
        let status = refusal("10000 errors".into(), many);
        let told = diagnostics(&status).len();
        assert!(told > 100 && status.details().len() < 2 * DETAILS_BYTES_MAX, "{told}");
        let message = format!("10000 errors; {told} of 10000 findings are told");
        assert_eq!(status.message(), message);
        let garbage = Status::with_details(Code::Internal, "x", vec![255, 1].into());
        assert_eq!(diagnostics(&garbage), []);
    }
}
