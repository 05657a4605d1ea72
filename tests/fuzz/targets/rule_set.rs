//! Rule sets in an engine: loaded one after the other, while samples flow.

#![no_main]

#[path = "../bodies/rule_set.rs"]
mod rule_set;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rule_set::check(bytes);
});
