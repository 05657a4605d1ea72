//! Texts that mean harm: they are refused or bounded, and never end the process.

use std::time::{Duration, Instant};

use piccolo_catalogue::{Catalogue, Value};
use piccolo_script::{Fact, RuleSet};

/// What a hostile evaluation may take on a loaded machine; on a quiet one it is far less.
const EVALUATION_MAX: Duration = Duration::from_millis(500);

fn check(text: &str) {
    let (rules, diagnostics) = RuleSet::parse("hostile.rhai", text, &Catalogue::vss6());
    assert!(rules.is_empty(), "{text:.80}");
    assert!(diagnostics.iter().any(|found| found.is_error()), "{text:.80}");
}

#[test]
fn hostile_texts_are_refused() {
    let deep = |open: &str, close: &str| {
        let condition = format!("{}true{}", open.repeat(10_000), close.repeat(10_000));
        format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}")
    };
    check(&deep("(", ")"));
    check(&deep("!", ""));
    check(&deep("{ if true {", "} }"));
    check("\0\u{1}\u{feff}");
    check("scenario");
    check("scenario \"s\" {");
    check("scenario \"s\" { when eval(\"1\") then launch(\"a\") }");
    check("import \"x\" as y; scenario \"s\" { when true then launch(\"a\") ");
    check("fn f() { f() } f()");
    check("loop {} scenario \"s\" { when true then launch(\"a\") ");
    check("scenario \"s\" { when { let x = 0; while true { x += 1; } true } then launch(\"a\") }");
    check("scenario \"s\" { when { Vehicle.Speed = 3.0; true } then launch(\"a\") }");
    check("scenario \"s\" { when (|| true).call() then launch(\"a\") }");
    check(&format!("scenario \"{}\" {{ when true then launch(\"a\") }}", "x".repeat(1 << 20)));
    check(&format!("scenario \"s\" {{ when true then launch(\"{}\") }}", "x".repeat(1 << 20)));
}

#[test]
fn an_expensive_script_stops_at_its_limits_and_is_unknown() {
    // 2^10 texts of 16 bytes joined: four times what a text may hold.
    let doubled =
        (0..10).fold("\"xxxxxxxxxxxxxxxx\"".to_owned(), |text, _| format!("({text} + {text})"));
    let condition = format!("{{ if Vehicle.Speed > 0.0 {{ {doubled} != \"\" }} else {{ true }} }}");
    let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
    let (rules, _) = RuleSet::parse("hostile.rhai", &text, &Catalogue::vss6());
    let scenario = rules.scenario("s").unwrap();
    let start = Instant::now();
    assert!(!scenario.when.holds(&|_: &Fact| Some(Value::Float(1.0))));
    assert!(!scenario.when.holds_by_rhai(&|_: &Fact| Some(Value::Float(1.0))));
    assert!(start.elapsed() < EVALUATION_MAX, "{:?}", start.elapsed());
    assert!(scenario.when.holds(&|_: &Fact| Some(Value::Float(-1.0))), "the other branch is cheap");
}

#[test]
fn a_file_of_many_lines_is_read_once() {
    let rules: String = (0..2_000)
        .map(|index| {
            format!(
                "scenario \"s{index}\" {{ when Vehicle.Speed > {index}.0 then launch(\"a\") }}\n"
            )
        })
        .collect();
    let (set, diagnostics) = RuleSet::parse("many.rhai", &rules, &Catalogue::vss6());
    assert_eq!(set.len(), 2_000, "{:?}", diagnostics.first());
}
