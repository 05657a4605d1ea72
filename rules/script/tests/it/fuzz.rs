//! Mutated rule files and random expressions: the parser never panics, stops in time, and what
//! it takes in means the same to both evaluators.

use piccolo_catalogue::Catalogue;
use piccolo_script::{Fact, RuleSet};

use crate::body::{check, value};
use crate::equivalence;
use crate::mutation::{Mutation, at_root, corpus, files, kept};
use crate::random::Random;

/// What mutations put in: the words of the language, and what breaks it.
const WORDS: [&str; 64] = [
    "scenario \"f\" { ",
    "policy \"g\" { ",
    "test \"h\" { ",
    " when ",
    " until ",
    " held ",
    " then ",
    " finally ",
    " on ",
    " deny ",
    " allow ",
    " change ",
    " given ",
    " play ",
    " expect ",
    "\"1s\"",
    "launch(\"a\")",
    "any(\"*\")",
    "Vehicle.Speed",
    "Vehicle.ADAS.CruiseControl.IsActive",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "\"",
    "`",
    "${",
    "'",
    "\\",
    "//",
    "/*",
    "*/",
    " && ",
    " || ",
    "!",
    "-",
    " == ",
    " < ",
    " >= ",
    " + ",
    " / ",
    " % ",
    " in ",
    "..",
    "..=",
    ",",
    ".",
    "9223372036854775807",
    "1e308",
    "0.1",
    "true",
    "known(",
    "rose(",
    "count(",
    "if ",
    " else ",
    "switch ",
    "=> ",
    "()",
    "\u{feff}",
    "ä\u{202e}",
];

#[test]
fn inputs_that_were_wrong_once_are_right() {
    let found = kept(&[".rhai"]);
    assert!(!found.is_empty());
    found.iter().for_each(|bytes| {
        check(bytes);
    });
}

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    let conditions: usize = corpus("rules").iter().map(|bytes| check(bytes)).sum();
    assert!(conditions > 20, "only {conditions} conditions");
}

#[test]
fn mutated_files_are_read_or_refused() {
    let mut inputs = files(&at_root("fixtures/scenarios"), &[".rhai"]);
    inputs.extend(kept(&[".rhai"]));
    let conditions = Mutation::new(11, inputs, &WORDS).run(3_000, check);
    assert!(conditions > 100, "only {conditions} mutated rules compiled");
}

#[test]
fn random_expressions_read_back_as_they_are_written() {
    let mut random = Random::new(31);
    for _ in 0..random.cases(500) {
        let condition = equivalence::boolean(&mut random.rng, 3);
        let parse = |condition: &str| {
            let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
            check(text.as_bytes());
            let (rules, found) = RuleSet::parse("random.rhai", &text, &Catalogue::vss6());
            let scenario = rules.scenario("s").unwrap_or_else(|| panic!("{condition} {found:#?}"));
            scenario.when.clone()
        };
        let first = parse(&condition);
        let second = parse(&first.text);
        let seed = random.seed();
        assert_eq!(first.text, second.text, "PICCOLO_SEED={seed} {condition}");
        for turn in 0..8 {
            let facts = |fact: &Fact| value(fact, turn);
            assert_eq!(
                first.holds(&facts),
                second.holds(&facts),
                "PICCOLO_SEED={seed} {condition}"
            );
        }
    }
}
