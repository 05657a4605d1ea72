//! Texts that mean harm: they are refused or bounded, and never end the process.

use std::time::{Duration, Instant};

use piccolo_catalogue::{Catalogue, Value};
use piccolo_script::{Fact, Facts, Limit, RULE_FILE_BYTES_MAX, RuleSet};

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

/// The codes of a text that is refused, and how long that took.
fn refused(text: &str) -> (Vec<&'static str>, Duration) {
    let start = Instant::now();
    let (rules, diagnostics) = RuleSet::parse("hostile.rhai", text, &Catalogue::vss6());
    assert!(rules.is_empty(), "{text:.80}");
    (diagnostics.iter().map(|found| found.code).collect(), start.elapsed())
}

#[test]
fn what_is_too_large_is_said_so() {
    let rule = |clauses: &str| format!("scenario \"s\" {{ {clauses} }}");
    let when = |condition: &str| rule(&format!("when {condition} then launch(\"a\")"));
    let list = (0..1000).map(|item| item.to_string()).collect::<Vec<_>>().join(",");
    let tested = |window: usize| format!("avg(Vehicle.Speed, \"{window}s\") in [{list}]");
    let doubled = |depth: usize| {
        (0..depth).fold("Vehicle.Speed".to_owned(), |of, _| {
            format!("count({of} in 0..9 || {of} > 3, \"1s\")")
        })
    };
    for (text, code) in [
        (rule(&"when 1 ".repeat(1000)), "PR0017"),
        (rule(&"when 1 ".repeat(10_000)), "PR0017"),
        ("(".repeat(1 << 20), "PR0017"),
        ("#".repeat(1 << 20), "PR0017"),
        ("scenario ".repeat(100_000), "PR0017"),
        (when(&format!("{} || {}", tested(1), tested(2))), "PR0017"),
        (when(&format!("rose({} || {})", tested(1), tested(2))), "PR0017"),
        (when(&format!("{} > 1", doubled(9))), "PR0017"),
        (when(&format!("Vehicle.Speed in [{list},{list}]")), "PR0002"),
        (when(&"rose(".repeat(100)), "PR0002"),
        (when(&format!("Vehicle{}", ".a".repeat(10_000))), "PR0002"),
        (when("Vehicle.Sp\u{202e}eed > 1"), "PR0011"),
        (when("Vehicle.Sp\u{430}ed > 1"), "PR0011"),
        (when("Vehicle.Speed > 0xffffffffffffffffff"), "PR0002"),
    ] {
        let (found, _) = refused(&text);
        assert!(found.contains(&code), "{found:?} has no {code}: {text:.80}");
    }
}

#[test]
fn the_time_to_read_grows_with_the_text_and_no_faster() {
    let wrong = |index: usize| {
        format!("scenario \"s{index}\" {{ when Vehicle.Sped > ä then launch(\"a\") }} ")
    };
    let broken = |_: usize| "scenario \"a\" { when ( } ".to_owned();
    let unknown =
        |index: usize| format!("scenario \"s{index}\" {{ when Vehicle.Sped then launch(\"a\") }} ");
    let rules: [&dyn Fn(usize) -> String; 3] = [&wrong, &broken, &unknown];
    for rule in rules {
        let text = |count: usize| (0..count).map(rule).collect::<String>();
        let (few, many) = (text(2_000), text(16_000));
        assert!((many.len() as u64) < RULE_FILE_BYTES_MAX);
        let (few, many) = (refused(&few).1, refused(&many).1);
        // Eight times the text; quadratic behaviour would take sixty-four times as long.
        assert!(many < few * 40, "{few:?} and {many:?}: {}", rule(0));
    }
}

/// Facts that count what was stopped.
struct Counting(std::cell::RefCell<Vec<(String, Limit)>>);

impl Facts for Counting {
    fn value(&self, _: &Fact) -> Option<Value> {
        Some(Value::Float(1.0))
    }

    fn exceeded(&self, expression: &str, limit: Limit) {
        self.0.borrow_mut().push((expression.to_owned(), limit));
    }
}

#[test]
fn whoever_evaluates_hears_of_broken_limits() {
    let long = "x".repeat(4000);
    let joined = format!("\"{long}\" + \"{long}\" == \"\"");
    let scripted = format!("{{ if Vehicle.Speed > 0.0 {{ {joined} }} else {{ true }} }}");
    let harmless = "{ if Vehicle.Speed > 0.0 { 1 / 0 == 1 } else { true } }".to_owned();
    for (condition, expected) in
        [(&joined, vec![Limit::Size]), (&scripted, vec![Limit::Size]), (&harmless, vec![])]
    {
        let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
        let (rules, _) = RuleSet::parse("hostile.rhai", &text, &Catalogue::vss6());
        let facts = Counting(std::cell::RefCell::default());
        let when = &rules.scenario("s").unwrap().when;
        assert!(!when.holds(&facts));
        let found: Vec<Limit> = facts.0.borrow().iter().map(|(_, limit)| *limit).collect();
        assert_eq!(found, expected, "{condition:.60}");
        assert!(!when.holds_by_rhai(&facts));
    }
}
