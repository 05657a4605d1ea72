//! What is said about rules that are wrong: code, place and help.

use piccolo_catalogue::Catalogue;
use piccolo_script::{CODES, RuleSet, find_code, render};

/// The codes and places, `line:column`, of what is found in a text.
fn check(text: &str, expected: &[(&str, &str)]) {
    let (_, diagnostics) = RuleSet::parse("test.rhai", text, &Catalogue::vss6());
    let found: Vec<(&str, String)> = diagnostics
        .iter()
        .map(|found| {
            let (_, line, column) = found.place().unwrap();
            (found.code, format!("{line}:{column}"))
        })
        .collect();
    let expected: Vec<(&str, String)> =
        expected.iter().map(|(code, place)| (*code, (*place).to_owned())).collect();
    assert_eq!(found, expected, "{text}\n{diagnostics:#?}");
    for diagnostic in &diagnostics {
        assert!(find_code(diagnostic.code).is_some(), "{} is not explained", diagnostic.code);
    }
}

/// A scenario with a condition that starts at 2:6.
fn check_when(condition: &str, expected: &[(&str, &str)]) {
    check(&format!("scenario \"s\" {{\nwhen {condition}\nthen launch(\"a\") }}"), expected);
}

/// A scenario with an action that starts at 2:6.
fn check_then(action: &str, expected: &[(&str, &str)]) {
    check(&format!("scenario \"s\" {{\nthen {action}\nwhen true }}"), expected);
}

#[test]
fn files_and_blocks() {
    check("let x = 1;", &[("PR0010", "1:1")]);
    check("1 + 1", &[("PR0010", "1:1")]);
    check("scenario \"s\" { whn true then launch(\"a\") }", &[("PR0011", "1:16")]);
    check("scenario \"s\" { when true when false then launch(\"a\") }", &[("PR0012", "1:31")]);
    check("scenario \"s\" { when true }", &[("PR0013", "1:10")]);
    check("scenario \"s\" { }", &[("PR0013", "1:10"), ("PR0013", "1:10")]);
    check("scenario \"a b\" { when true then launch(\"a\") }", &[("PR0015", "1:10")]);
    let twice = "scenario \"s\" { when true then launch(\"a\") }\n";
    check(&twice.repeat(2), &[("PR0014", "2:10")]);
    check(
        "test \"t\" { play Vehicle.Speed, [[0, 95.0]] expect none(\"x\") }",
        &[("PR0161", "1:51")],
    );
}

#[test]
fn conditions() {
    check_when("Vehicle.Sped > 1.0", &[("PR0101", "2:6")]);
    check_when("Vehicle.Speed > 1.0 && Vehicle.Nothing", &[("PR0101", "2:29")]);
    check_when("Vehicle.Chassis > 1.0", &[("PR0102", "2:6")]);
    check_when("Vehicle.Cabin.Door[0].IsOpen", &[("PR0103", "2:6")]);
    check_when("foo(1) > 2", &[("PR0104", "2:6")]);
    check_when("abs(1, 2) > 2", &[("PR0105", "2:6")]);
    check_when("Vehicle.Speed == \"fast\"", &[("PR0110", "2:20")]);
    check_when("Vehicle.Speed && true", &[("PR0110", "2:6")]);
    check_when("!Vehicle.Speed", &[("PR0110", "2:7")]);
    check_when("Vehicle.Speed", &[("PR0111", "2:6")]);
    check_when("Vehicle.Body.Lights.Brake.IsActive == \"active\"", &[("PR0112", "2:44")]);
    check_when("Vehicle.Body.Lights.Brake.IsActive in [\"ACTIVE\", \"ON\"]", &[("PR0112", "2:44")]);
    check_when("Vehicle.Chassis.Accelerator.PedalPosition > 120", &[("PR0123", "2:50")]);
    check_when("1 > 2", &[("PR0124", "2:6")]);
    check_when("Vehicle.Speed in []", &[("PR0124", "2:23")]);
    check_when("|x| x", &[("PR0002", "2:6")]);
}

#[test]
fn functions_over_time() {
    check_when("avg(Vehicle.Speed) > 1.0", &[("PR0105", "2:6")]);
    check_when("avg(Vehicle.Speed, 10) > 1.0", &[("PR0130", "2:25")]);
    check_when("avg(Vehicle.Speed, \"0s\") > 1.0", &[("PR0132", "2:25")]);
    check_when("avg(Vehicle.Speed * 2, \"1s\") > 1.0", &[("PR0150", "2:10")]);
    check_when("max(Vehicle.Body.Lights.Brake.IsActive, \"1s\") > 1.0", &[("PR0110", "2:10")]);
    check_when("changed(Vehicle.Speed > 1.0)", &[("PR0150", "2:14")]);
    check_when("rose(Vehicle.Speed)", &[("PR0110", "2:11")]);
    check_when("rose(true)", &[("PR0124", "2:11")]);
    check_when("sequence(Vehicle.Speed > 1.0, \"1s\")", &[("PR0151", "2:15")]);
    check_when("sequence([Vehicle.Speed > 1.0], \"1s\")", &[("PR0151", "2:15")]);
    check_when("age(Vehicle.Speed) + 1 > 2", &[("PR0153", "2:6")]);
    check_when("age(Vehicle.Speed) == 2", &[("PR0153", "2:6")]);
    check_when("rose(age(Vehicle.Speed) == 2)", &[("PR0153", "2:11")]);
    check_when("vehicles(share(Vehicle.Speed > 1.0) > 0.5) > 3", &[("PR0152", "2:15")]);
    check_when("known(Vehicle.Speed > 1.0)", &[("PR0150", "2:12")]);
}

#[test]
fn the_platform() {
    check_when("node(\"hpc\") == 1", &[("PR0160", "2:6")]);
    check_when("node(\"hpc\").colour == 1", &[("PR0160", "2:6")]);
    check_when("node(hpc).cpu > 1.0", &[("PR0141", "2:11")]);
    check_when("node(\"a\", \"b\").cpu > 1.0", &[("PR0105", "2:6")]);
    check_when("scenario(\"x\").active", &[("PR0161", "2:6")]);
    check_when("scenario(\"s\").active", &[("PR0162", "2:6")]);
    check_when("action.kind == \"launch\"", &[("PR0101", "2:6")]);
}

#[test]
fn policies_and_tests() {
    check("policy \"p\" { deny \"no\" }", &[("PR0013", "1:8")]);
    check("policy \"p\" { on update(\"*\") }", &[("PR0170", "1:8")]);
    check("policy \"p\" { on update(\"*\") deny \"no\" allow }", &[("PR0170", "1:8")]);
    check("policy \"p\" { on upgrade(\"*\") allow }", &[("PR0140", "1:17")]);
    check("policy \"p\" { on \"*\" allow }", &[("PR0171", "1:17")]);
    check("policy \"p\" { on update(\"*\") deny 3 }", &[("PR0110", "1:34")]);
    check("policy \"p\" { on update(\"*\") when action.colour == 1 allow }", &[("PR0101", "1:34")]);
    check("test \"t\" { given 3 expect does(launch(\"a\")) }", &[("PR0180", "1:18")]);
    check("test \"t\" { play Vehicle.Speed, 3 expect does(launch(\"a\")) }", &[("PR0182", "1:32")]);
    check(
        "test \"t\" { play Vehicle.Speed, [[0, true]] expect does(launch(\"a\")) }",
        &[("PR0110", "1:37")],
    );
    check(
        "test \"t\" { play Vehicle.Speed, [[5, 1], [4, 2]] expect does(launch(\"a\")) }",
        &[("PR0182", "1:41")],
    );
    check("test \"t\" { play Vehicle.Speed, [[0, 1]] }", &[("PR0013", "1:6")]);
    check("test \"t\" { expect 3 }", &[("PR0183", "1:19")]);
    check("test \"t\" { expect begins(\"s\") }", &[("PR0183", "1:19")]);
}

#[test]
fn timings_and_actions() {
    check_then("launch(\"a\") held 3", &[("PR0130", "2:23")]);
    check_then("launch(\"a\") cooldown \"3 s\"", &[("PR0130", "2:27")]);
    check_then("launch(\"a\") priority \"high\"", &[("PR0131", "2:27")]);
    check_then("start(\"a\")", &[("PR0140", "2:6")]);
    check_then("\"a\"", &[("PR0140", "2:6")]);
    check_then("launch(a)", &[("PR0141", "2:13")]);
    check_then("launch(\"a\", \"b\")", &[("PR0105", "2:6")]);
    check_then("unit(\"n\", \"u\", \"kill\")", &[("PR0141", "2:21")]);
    check_then("actuate(Vehicle.Speed, 3.0)", &[("PR0142", "2:14")]);
    check_then("actuate(Vehicle.Body.Lights.Beam.Low.IsOn, 3)", &[("PR0143", "2:49")]);
}

#[test]
fn a_rendered_diagnostic_shows_the_line_and_one_help() {
    let text = "scenario \"s\" {\n    when Vehicle.Sped > 1.0\n    then launch(\"a\")\n}";
    let (_, diagnostics) = RuleSet::parse("rules/a.rhai", text, &Catalogue::vss6());
    let expected = "\
error[PR0101]: there is no signal `Vehicle.Sped`
  ┌─ rules/a.rhai:2:10
  │
2 │     when Vehicle.Sped > 1.0
  │          ^^^^^^^^^^^^ not in the catalogue
  │
  = help: did you mean `Vehicle.Speed`";
    let rendered = render(&diagnostics[0]);
    assert!(rendered.starts_with(expected), "{rendered}");
}

#[test]
fn codes_are_in_order_and_each_once() {
    let codes: Vec<&str> = CODES.iter().map(|code| code.code).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
    assert!(find_code("pr0123").is_some());
}
