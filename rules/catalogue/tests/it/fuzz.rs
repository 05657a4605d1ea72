//! Mutated catalogues: each is read or refused, and what is read is the same once it is written.

use crate::body::check;
use crate::mutation::{Mutation, corpus, kept};

const WORDS: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\n",
    "\t",
    "  ",
    "- ",
    "\"Vehicle\":",
    "\"children\":{",
    "\"type\":\"branch\"",
    "\"type\":\"sensor\"",
    "\"datatype\":\"int8\"",
    "\"allowed\":[",
    "\"min\":",
    "\"max\":",
    "\"unit\":\"km/h\"",
    "datatype: uint8[]\n",
    "type: actuator\n",
    "instances: Row[1,2]\n",
    "0",
    "-1",
    "1e308",
    "9223372036854775808",
    "\u{feff}",
];

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    let signals: usize = corpus("catalogue").iter().map(|bytes| check(bytes)).sum();
    assert!(signals > 10, "only {signals} signals");
}

#[test]
fn mutated_catalogues() {
    let mut inputs = kept(&[".json", ".vspec"]);
    inputs.extend(corpus("catalogue"));
    let signals = Mutation::new(61, inputs, &WORDS).run(20_000, check);
    assert!(signals > 200, "only {signals} signals were read");
}
