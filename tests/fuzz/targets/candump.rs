//! candump logs, decoded by a DBC file and a signal map.

#![no_main]

#[path = "../bodies/recording.rs"]
mod recording;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    recording::check(bytes, recording::Format::Candump);
});
