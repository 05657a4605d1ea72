//! Backups and files of the embedded store: restored, opened, read and written.

#![no_main]

#[path = "../../../pipeline/store/tests/it/storage.rs"]
mod storage;
#[path = "../bodies/store.rs"]
mod store;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    store::check(bytes);
});
