//! Mutated rule sets in a running engine: they are loaded or refused, and what is decided is in
//! order and decided once.

use std::fs;

use crate::data::root;
use crate::mutation::{Mutation, corpus, kept};
use crate::rule_set::{FILE_ENDS, SET_ENDS, check};

const WORDS: [&str; 20] = [
    "\u{1c}",
    "\u{1d}",
    "scenario \"a\" { ",
    "policy \"p\" { ",
    " until Vehicle.Speed > 50.0 ",
    " held \"1s\" ",
    " cooldown \"2s\" ",
    " priority 1 ",
    " finally terminate(\"x\") ",
    " then launch(\"x\") }",
    " on any(\"*\") ",
    " deny \"no\" }",
    " change pause(\"x\") }",
    "Vehicle.Speed > 30.0",
    "scenario(\"a\").active",
    "vehicles(Vehicle.Speed > 30.0) > 1",
    "avg(Vehicle.Speed, \"3s\") > 40.0",
    " && ",
    " || ",
    "!",
];

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    let decisions: usize = corpus("rule_set").iter().map(|bytes| check(bytes)).sum();
    assert!(decisions > 20, "only {decisions} decisions");
}

#[test]
fn mutated_rule_sets() {
    let mut inputs = corpus("rule_set");
    inputs.extend(kept(&[".rhai"]));
    let read = |name: &str| fs::read_to_string(root().join("fixtures/worked").join(name)).unwrap();
    let (before, after) = (read("before.rhai"), read("after.rhai"));
    inputs.push(format!("{before}{FILE_ENDS}{after}{SET_ENDS}{after}{SET_ENDS}{before}").into());
    let decisions = Mutation::new(71, inputs, &WORDS).run(1_500, check);
    assert!(decisions > 300, "only {decisions} decisions");
}
