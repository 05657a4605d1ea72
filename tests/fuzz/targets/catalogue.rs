//! Catalogues: VSS JSON, vspec and facts.

#![no_main]

#[path = "../bodies/catalogue.rs"]
mod catalogue;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    catalogue::check(bytes);
});
