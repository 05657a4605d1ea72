//! Revisions: hashes of what a rule means.

use std::sync::Arc;

/// The first 16 hexadecimal digits of the hash of a text.
pub(crate) fn short_hash(text: &str) -> Arc<str> {
    blake3::hash(text.as_bytes()).to_hex().as_str()[..16].into()
}
