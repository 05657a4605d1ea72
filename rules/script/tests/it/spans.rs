//! What a diagnostic underlines, and what stands beside it.

use piccolo_catalogue::Catalogue;
use piccolo_script::{Diagnostic, RuleSet, Span};

/// The findings of a text, each as its code and the text that it underlines.
pub(crate) fn underlined(text: &str) -> Vec<(&'static str, String)> {
    let (_, diagnostics) = RuleSet::parse("test.rhai", text, &Catalogue::vss6());
    diagnostics.iter().map(|found| (found.code, cut(found, found.span))).collect()
}

/// The text at a span of the file of a diagnostic.
pub(crate) fn cut(found: &Diagnostic, span: Span) -> String {
    let source = found.source.as_ref().unwrap();
    source.text.get(span.start..span.end).unwrap().to_owned()
}

/// What is underlined in a condition that has one finding.
fn check(condition: &str, code: &str, expected: &str) {
    let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
    let found = underlined(&text);
    assert_eq!(found, [(code, expected.to_owned())], "{condition}");
}

#[test]
fn whole_expressions_are_underlined() {
    check("(Vehicle.Speed + 1) * 2", "PR0111", "(Vehicle.Speed + 1) * 2");
    check("2 * (Vehicle.Speed + (1))", "PR0111", "2 * (Vehicle.Speed + (1))");
    check("true && ((Vehicle.Speed) + 1)", "PR0110", "(Vehicle.Speed) + 1");
    check("!abs( -Vehicle.Speed )", "PR0110", "abs( -Vehicle.Speed )");
    check("-(Vehicle.Speed)", "PR0111", "-(Vehicle.Speed)");
    check("true && -3", "PR0110", "-3");
    check("true && -(3)", "PR0110", "-(3)");
    check("true && - 3.5", "PR0110", "- 3.5");
    check("avg(Vehicle.Speed, \"1s\")", "PR0111", "avg(Vehicle.Speed, \"1s\")");
    check("true && min(1, /* ) */ 2)", "PR0110", "min(1, /* ) */ 2)");
    check("foo() > 1", "PR0104", "foo");
    check("Vehicle.Cabin.Door[0].IsOpen", "PR0103", "Vehicle.Cabin.Door[0].IsOpen");
    check("Vehicle . Sped > 1.0", "PR0101", "Vehicle . Sped");
    check("node(\"hpc\").cpu", "PR0111", "node(\"hpc\").cpu");
    check("true && \"a ) \\\" b\"", "PR0110", "\"a ) \\\" b\"");
    check("true && `a ${ Vehicle.Speed } )`", "PR0110", "`a ${ Vehicle.Speed } )`");
    check("Vehicle.Speed in [1.0, Vehicle.Speed]", "PR0126", "[1.0, Vehicle.Speed]");
    check("Vehicle.Speed in []", "PR0124", "[]");
    check("sequence([Vehicle.Speed > 1.0], \"1s\")", "PR0151", "[Vehicle.Speed > 1.0]");
}

#[test]
fn places_do_not_depend_on_what_is_before() {
    let rule = "scenario \"s\" { when Vehicle.Sped > 1.0 then launch(\"a\") }";
    for (before, line, column) in [
        (String::new(), 1, 21),
        ("\n".repeat(70_000), 70_001, 21),
        (" ".repeat(70_000), 1, 70_021),
        ("/* ä */".repeat(10_000), 1, 70_021),
        ("// scenario \"x\" {\n".to_owned(), 2, 21),
    ] {
        let text = format!("{before}{rule}");
        let (_, diagnostics) = RuleSet::parse("test.rhai", &text, &Catalogue::vss6());
        let found = &diagnostics[0];
        assert_eq!(cut(found, found.span), "Vehicle.Sped");
        assert_eq!(found.place(), Some(("test.rhai", line, column)), "{before:.20}");
    }
}

#[test]
fn what_is_wrong_with_one_rule_hides_no_other() {
    let text = "scenario \"a\" { when (Vehicle.Speed > 1.0 then launch(\"a\") }
        scenario \"b\" { when Vehicle.Sped > 1.0 then launch(\"a\") }
        let x = 1;
        scenario \"c\" { when Vehicle.Speed > 1.0 then launch(\"a\") }";
    let (rules, diagnostics) = RuleSet::parse("test.rhai", text, &Catalogue::vss6());
    let codes: Vec<&str> = diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["PR0002", "PR0101", "PR0010"], "{diagnostics:#?}");
    assert!(rules.scenario("c").is_some());
}

#[test]
fn a_finding_as_data_has_stable_fields() {
    let text = "scenario \"ä\" { when true then launch(\"a\") }\nscenario \"b\" {\n    \
                when Vehicle.Sped > 1.0 && (Vehicle.Speed > 9 && Vehicle.Speed < 5)\n    \
                then launch(\"a\")\n}";
    let (_, diagnostics) = RuleSet::parse("rules/a.rhai", text, &Catalogue::vss6());
    let record = serde_json::to_value(diagnostics[1].record()).unwrap();
    let place = |line: u32, column: u32, byte: u32| serde_json::json!({ "line": line, "column": column, "byte": byte });
    assert_eq!(
        record,
        serde_json::json!({
            "code": "PR0101",
            "severity": "error",
            "title": "unknown signal",
            "message": "there is no signal `Vehicle.Sped`",
            "file": "rules/a.rhai",
            "span": { "start": place(3, 10, 69), "end": place(3, 22, 81) },
            "label": "not in the catalogue",
            "help": "did you mean `Vehicle.Speed` or `Vehicle.IsBrokenDown` or `Vehicle.AverageSpeed`?",
        })
    );
    let text = "scenario \"c\" { when Vehicle.Speed > 9 && Vehicle.Speed < 5 then launch(\"a\") }";
    let (_, diagnostics) = RuleSet::parse("rules/a.rhai", text, &Catalogue::vss6());
    let record = serde_json::to_value(diagnostics[0].record()).unwrap();
    assert_eq!(record["severity"], "warning");
    assert_eq!(
        record["related"][1],
        serde_json::json!({
            "span": { "start": place(1, 42, 41), "end": place(1, 59, 58) },
            "label": "this does not",
        })
    );
}
