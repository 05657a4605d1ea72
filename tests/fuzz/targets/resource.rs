//! Resource YAML: read, written, and read again.

#![no_main]

#[path = "../bodies/resource.rs"]
mod resource;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    resource::check(bytes);
});
