//! Results of rule tests as text, JSON and JUnit XML.

use piccolo_workbench::results::{Failure, Outcome, Results, TestResult};
use serde_json::{Value as Json, json};

fn results() -> Results {
    let test = |name: &str, file: &str, line: usize, outcome: Outcome| TestResult {
        name: name.into(),
        file: file.into(),
        line,
        outcome,
    };
    let failures = vec![
        Failure { line: 7, expected: "none(\"a\")".into(), found: "it began at 3 s".into() },
        Failure { line: 8, expected: "ends(\"a\", 1)".into(), found: "it ended <0> times".into() },
    ];
    Results::new(vec![
        test("holds", "a.rhai", 3, Outcome::Passed),
        test("fails", "a.rhai", 5, Outcome::Failed { failures }),
        test("is <broken>", "b.rhai", 1, Outcome::Broken { message: "there is no x.csv".into() }),
    ])
}

#[test]
fn text_is_a_line_a_test() {
    let expected = "\
ok      holds (a.rhai:3)
FAILED  fails (a.rhai:5)
    line 7: expected none(\"a\"), but it began at 3 s
    line 8: expected ends(\"a\", 1), but it ended <0> times
BROKEN  is <broken> (b.rhai:1)
    there is no x.csv
1 passed, 1 failed, 1 broken
";
    assert_eq!(results().to_text(), expected);
    assert!(!results().all_passed());
    assert!(Results::new(results().tests[..1].to_vec()).all_passed());
}

#[test]
fn json_keeps_its_names() {
    let found: Json = serde_json::from_str(&results().to_json().unwrap()).unwrap();
    let passed = json!({"name": "holds", "file": "a.rhai", "line": 3, "outcome": "passed"});
    assert_eq!(found["tests"][0], passed);
    let failure = json!({"line": 7, "expected": "none(\"a\")", "found": "it began at 3 s"});
    assert_eq!(found["tests"][1]["failures"][0], failure);
    assert_eq!(found["tests"][2]["message"], "there is no x.csv");
}

#[test]
fn junit_has_a_suite_a_file() {
    let xml = results().to_junit().unwrap();
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="piccolo" tests="3" skipped="0" failures="1" errors="1">
    <testsuite name="a.rhai" tests="2" skipped="0" errors="0" failures="1">
        <testcase name="holds" classname="a.rhai" file="a.rhai" line="3"/>
        <testcase name="fails" classname="a.rhai" file="a.rhai" line="5">
            <failure message="line 7: expected none(&quot;a&quot;), but it began at 3 s">line 7: expected none(&quot;a&quot;), but it began at 3 s
line 8: expected ends(&quot;a&quot;, 1), but it ended &lt;0&gt; times</failure>
        </testcase>
    </testsuite>
    <testsuite name="b.rhai" tests="1" skipped="0" errors="1" failures="0">
        <testcase name="is &lt;broken&gt;" classname="b.rhai" file="b.rhai" line="1">
            <error message="there is no x.csv"/>
        </testcase>
    </testsuite>
</testsuites>
"#;
    assert_eq!(xml, expected);
}
