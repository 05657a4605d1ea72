//! DBC files, and frames read by them.

#![no_main]

#[path = "../bodies/database.rs"]
mod database;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    database::check(bytes);
});
