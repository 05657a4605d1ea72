//! Recordings in both CSV formats.

#![no_main]

#[path = "../bodies/recording.rs"]
mod recording;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    recording::check(bytes, recording::Format::LongCsv);
    recording::check(bytes, recording::Format::KuksaCsv);
});
