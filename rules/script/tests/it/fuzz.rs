//! Mutated rule files and random expressions: the parser never panics, stops in time, and what
//! it takes in means the same to both evaluators.
//!
//! Inputs that were once wrong are kept in `fixtures/fuzz` and run first.

use std::fs;
use std::path::{Path, PathBuf};

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_script::{Condition, Fact, Over, RuleSet, render};

use crate::equivalence;
use crate::random::Random;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The rule files below a folder of fixtures.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(fixtures().join(folder))
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rhai"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn hash(text: &str, turn: u64) -> u64 {
    text.bytes().fold(turn, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The number that a hash stands for; unknown now and then.
fn number_of(hash: u64) -> Option<f64> {
    (hash >> 5 & 7 != 0).then_some(((hash >> 8) % 9) as f64 / 2.0 - 2.0)
}

/// A value for every fact, by its text, so that it can be had again.
fn value(fact: &Fact, turn: u64) -> Option<Value> {
    if let Fact::Derived(derived) = fact
        && let Over::Older { of, limit_us, inclusive } = &derived.over
    {
        // rhai compares the age itself.
        let age = number_of(hash(&format!("age({of})"), turn))?;
        let limit = *limit_us as f64 / 1e6;
        return Some(Value::Bool(if *inclusive { age >= limit } else { age > limit }));
    }
    let hash = hash(fact.text(), turn);
    let catalogue = Catalogue::vss6();
    let candidates = [
        Value::Bool(hash & 64 == 0),
        Value::Int((hash >> 8) as i64 % 5),
        Value::Float(((hash >> 8) % 9) as f64 / 2.0 - 2.0),
        Value::from("ACTIVE"),
        Value::List(vec![Value::Int(1), Value::Int(2)].into()),
        Value::List(vec![Value::from("a")].into()),
    ];
    if hash >> 5 & 7 == 0 {
        return None;
    }
    let fits = |value: &Value| match fact {
        Fact::Signal(SignalId(id), _) => catalogue
            .get(SignalId(*id))
            .is_some_and(|signal| signal.coerce(value.clone()).as_ref() == Ok(value)),
        Fact::Derived(derived) => is_of(value, &derived.kind_type.to_string()),
        Fact::Platform(fact) => is_of(value, &fact.property.kind_type.to_string()),
        Fact::Action(_) => is_of(value, "a text"),
        Fact::Resource(property) => is_of(value, &property.kind_type.to_string()),
    };
    candidates.into_iter().find(fits)
}

fn is_of(value: &Value, name: &str) -> bool {
    let own = match value {
        Value::Bool(_) => "a boolean",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
    };
    own == name
}

/// What must hold of any bytes; says how many conditions they made.
fn check(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let (rules, diagnostics) = RuleSet::parse("fuzz.rhai", &text, &Catalogue::vss6());
    for found in &diagnostics {
        let source = found.source.as_ref().unwrap();
        assert!(source.text.get(found.span.start..found.span.end).is_some(), "{found:?}\n{text}");
        assert!(found.place().is_some() && !render(found).is_empty());
    }
    let mut conditions: Vec<&Condition> = Vec::new();
    for scenario in rules.scenarios() {
        conditions.push(&scenario.when);
        conditions.extend(&scenario.until);
    }
    conditions.iter().for_each(|condition| check_text(condition, &text));
    conditions.extend(rules.policies().filter_map(|policy| policy.when.as_ref()));
    for condition in &conditions {
        for turn in 0..8 {
            let facts = |fact: &Fact| value(fact, turn);
            assert_eq!(
                condition.holds(&facts),
                condition.holds_by_rhai(&facts),
                "{}\n{text}",
                condition.text
            );
        }
    }
    conditions.len()
}

/// The written form of a condition reads back as itself; what only rhai evaluates has none.
fn check_text(condition: &Condition, whole: &str) {
    if condition.text.contains('…') {
        return;
    }
    let text = format!("scenario \"s\" {{ when {} then launch(\"a\") }}", condition.text);
    let (rules, found) = RuleSet::parse("again.rhai", &text, &Catalogue::vss6());
    let again = rules.scenario("s").unwrap_or_else(|| panic!("{text}\n{found:#?}\n{whole}"));
    assert_eq!(again.when.text, condition.text, "{whole}");
}

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

fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.rng.usize(..seeds.len())].clone();
    // A part of a file: shorter inputs are tried faster.
    let at = random.rng.usize(..=bytes.len());
    bytes.drain(..at);
    bytes.truncate(random.rng.usize(40..900));
    for _ in 0..random.number(1..9) {
        let at = random.rng.usize(..=bytes.len());
        let to = (at + random.rng.usize(0..12)).min(bytes.len());
        match random.number(0..6) {
            0 => {
                bytes.splice(at..to, random.pick(&WORDS).bytes());
            }
            1 | 2 => {
                bytes.splice(at..at, random.pick(&WORDS).bytes());
            }
            3 => {
                bytes.drain(at..to);
            }
            4 => {
                let copied = bytes[at..to].repeat(random.rng.usize(1..4));
                bytes.splice(at..at, copied);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.rng.u8(..);
                }
            }
        }
    }
    bytes
}

#[test]
fn inputs_that_were_wrong_once_are_right() {
    let found = files("fuzz");
    assert!(!found.is_empty());
    found.iter().for_each(|bytes| {
        check(bytes);
    });
}

#[test]
fn mutated_files_are_read_or_refused() {
    let mut random = Random::new(11);
    let mut seeds = files("scenarios");
    seeds.extend(files("fuzz"));
    let mut conditions = 0;
    for _ in 0..random.cases(3_000) {
        let bytes = mutate(&mut random, &seeds);
        let ran = std::panic::catch_unwind(|| check(&bytes));
        conditions += ran.unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&bytes);
            panic!("PICCOLO_SEED={}: keep this in fixtures/fuzz:\n{text}", random.seed())
        });
    }
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
