//! Protobuf messages: decoded, encoded, and decoded again.

#![no_main]

#[path = "../bodies/frames.rs"]
mod frames;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    frames::check(bytes);
});
