//! What is said of rules that compile and can hardly be meant so.

use piccolo_catalogue::Catalogue;
use piccolo_script::RuleSet;

use crate::spans::{cut, underlined};

/// The findings of a scenario's clauses, each as its code and what it underlines.
fn check(clauses: &str, expected: &[(&str, &str)]) {
    let then = if clauses.contains("then ") { "" } else { "then launch(\"a\")" };
    let found = underlined(&format!("scenario \"s\" {{ {clauses} {then} }}"));
    let expected: Vec<(&str, String)> =
        expected.iter().map(|(code, text)| (*code, (*text).to_owned())).collect();
    assert_eq!(found, expected, "{clauses}");
}

fn check_when(condition: &str, expected: &[(&str, &str)]) {
    check(&format!("when {condition}"), expected);
}

/// The whole condition is decided.
fn check_whole(condition: &str, code: &str) {
    check_when(condition, &[(code, condition)]);
}

const GEAR: &str = "Vehicle.Powertrain.Transmission.CurrentGear";
const PEDAL: &str = "Vehicle.Chassis.Accelerator.PedalPosition";
const BRAKE: &str = "Vehicle.Chassis.ParkingBrake.IsEngaged";
const LIGHT: &str = "Vehicle.Body.Lights.Brake.IsActive";

#[test]
fn conditions_that_never_hold() {
    for condition in [
        "Vehicle.Speed > 100 && Vehicle.Speed < 50",
        "Vehicle.Speed > 50.0 && !(Vehicle.Speed > 50)",
        "Vehicle.Speed > 50 && Vehicle.Speed == 50",
        "Vehicle.Speed in 10..10",
        "!(Vehicle.Speed <= 5 || Vehicle.Speed > 5)",
        &format!("{GEAR} > 1 && {GEAR} < 2"),
        &format!("{GEAR} == 1.5"),
        &format!("{GEAR} > 127"),
        &format!("{BRAKE} && !{BRAKE}"),
        &format!("{BRAKE} && {BRAKE} == false"),
        &format!("{LIGHT} == \"ACTIVE\" && {LIGHT} == \"INACTIVE\""),
        &format!("{LIGHT} == \"ACTIVE\" && !({LIGHT} in [\"ACTIVE\", \"ADAPTIVE\"])"),
        "!known(Vehicle.Speed) && Vehicle.Speed > 1",
        "count(Vehicle.Speed > 1, \"1s\") < 0",
        "vehicles(Vehicle.Speed > 1) < 0",
        "rose(Vehicle.Speed > 1) && !rose(Vehicle.Speed>1)",
        "node(\"a\").state == \"ready\" && node(\"a\").state == \"gone\"",
        &format!("(Vehicle.Speed > 9 || {BRAKE}) && Vehicle.Speed < 5 && !{BRAKE}"),
        "Vehicle.Speed * 2 > 9 && !(Vehicle.Speed * 2 > 9)",
    ] {
        check_whole(condition, "PR0127");
    }
    check_when(
        &format!("{BRAKE} || (Vehicle.Speed > 9 && Vehicle.Speed < 5)"),
        &[("PR0127", "Vehicle.Speed > 9 && Vehicle.Speed < 5")],
    );
    check_when(
        "rose(Vehicle.Speed > 9 && Vehicle.Speed < 5)",
        &[("PR0127", "Vehicle.Speed > 9 && Vehicle.Speed < 5")],
    );
}

#[test]
fn conditions_that_always_hold() {
    for condition in [
        "Vehicle.Speed > 50 || Vehicle.Speed <= 50",
        &format!("{BRAKE} || !{BRAKE}"),
        &format!("{BRAKE} != true || {BRAKE}"),
        "known(Vehicle.Speed) || !known(Vehicle.Speed)",
        "share(Vehicle.Speed > 1) >= 0",
        "count(Vehicle.Speed > 1, \"1s\") >= 0",
        &format!("{GEAR} != 1.5"),
        &format!("{GEAR} <= 1 || {GEAR} >= 2"),
        "changed(Vehicle.Speed) || !changed(Vehicle.Speed)",
    ] {
        check_whole(condition, "PR0128");
    }
    check_when(
        "Vehicle.Speed > 50 || !known(Vehicle.Speed) || Vehicle.Speed < 51",
        &[("PR0128", "Vehicle.Speed > 50 || !known(Vehicle.Speed) || Vehicle.Speed < 51")],
    );
    check_whole("1 > 2", "PR0124");
    check_when("true", &[]);
}

#[test]
fn conditions_decided_by_the_expected_ranges() {
    check_whole(&format!("{PEDAL} > 100"), "PR0129");
    check_whole(&format!("{PEDAL} <= 100"), "PR0129");
    check_whole(&format!("avg({PEDAL}, \"1s\") < 0.0"), "PR0129");
    check_whole(
        &format!("{LIGHT} != \"ACTIVE\" && {LIGHT} != \"INACTIVE\" && {LIGHT} != \"ADAPTIVE\""),
        "PR0129",
    );
    check_when(&format!("{PEDAL} > 120"), &[("PR0123", "120")]);
    check_when(&format!("avg({PEDAL}, \"1s\") > 900.0"), &[("PR0123", "900.0")]);
    check_when(&format!("max({PEDAL}, \"1s\") in [1, 101]"), &[("PR0123", "[1, 101]")]);
    check_when("node(\"a\").cpu > 101.0", &[("PR0123", "101.0")]);
    check_whole("share(Vehicle.Speed > 1) > 1", "PR0127");
    check_when(
        "share(Vehicle.Speed > 1) > 1.5",
        &[("PR0123", "1.5"), ("PR0127", "share(Vehicle.Speed > 1) > 1.5")],
    );
    check_when(
        "count(Vehicle.Speed > 1, \"1s\") > -1",
        &[("PR0123", "-1"), ("PR0128", "count(Vehicle.Speed > 1, \"1s\") > -1")],
    );
    check_when("node(\"a\").state == \"redy\"", &[("PR0112", "\"redy\"")]);
    check_when(
        "package(\"a\").state in [\"idle\", \"Runing\"]",
        &[("PR0112", "[\"idle\", \"Runing\"]")],
    );
}

#[test]
fn parts_that_make_no_difference() {
    for (condition, part) in [
        ("Vehicle.Speed > 50 && Vehicle.Speed > 80", "Vehicle.Speed > 50"),
        ("Vehicle.Speed > 80 && Vehicle.Speed > 50", "Vehicle.Speed > 50"),
        ("Vehicle.Speed > 50 || Vehicle.Speed > 80", "Vehicle.Speed > 80"),
        ("Vehicle.Speed > 1 && Vehicle.Speed < 9 && Vehicle.Speed != 20", "Vehicle.Speed != 20"),
        ("known(Vehicle.Speed) && Vehicle.Speed > 1", "known(Vehicle.Speed)"),
        ("Vehicle.Speed > 1 || Vehicle.Speed > 1.0", "Vehicle.Speed > 1.0"),
        ("Vehicle.Speed <= 1 && !(Vehicle.Speed > 1)", "!(Vehicle.Speed > 1)"),
        (
            &format!("{BRAKE} && (Vehicle.Speed > 1 || {BRAKE})"),
            &format!("Vehicle.Speed > 1 || {BRAKE}"),
        ),
        (
            &format!("(Vehicle.Speed > 1 || {BRAKE}) && !(Vehicle.Speed > 1) && {BRAKE}"),
            &format!("Vehicle.Speed > 1 || {BRAKE}"),
        ),
    ] {
        check_when(condition, &[("PR0122", part)]);
    }
}

#[test]
fn conditions_that_are_well_meant() {
    for condition in [
        "Vehicle.Speed > 50 && Vehicle.Speed < 100",
        "Vehicle.Speed < 50 || Vehicle.Speed > 100",
        &format!("Vehicle.Speed > 50 && {BRAKE}"),
        &format!("known({BRAKE}) && Vehicle.Speed > 1"),
        &format!("!known({BRAKE}) || {BRAKE}"),
        &format!("{GEAR} > 126"),
        &format!("{LIGHT} in [\"ACTIVE\", \"ADAPTIVE\"]"),
        "Vehicle.Speed > 3.0e38",
        "avg(Vehicle.Speed, \"1s\") > 50 && avg(Vehicle.Speed, \"2s\") < 50",
        "Vehicle.Speed * 2 > 9 && Vehicle.Speed * 2 < 5",
        "age(Vehicle.Speed) > 2 && age(Vehicle.Speed) < 9",
        "vehicles(Vehicle.Speed > 1) == 0",
        "share(Vehicle.Speed > 1) == 1",
        "slope(Vehicle.Speed, \"1s\") < -900",
    ] {
        check_when(condition, &[]);
    }
}

#[test]
fn units() {
    let speed = "Vehicle.Speed";
    let height = "Vehicle.Height";
    let both = format!("{speed} > {height}");
    check_when(&both, &[("PR0125", &both)]);
    let sum = format!("{speed} + {height}");
    check_when(&format!("{sum} > 3"), &[("PR0125", &sum)]);
    let windowed = format!("avg({speed}, \"1s\") < -abs({height})");
    check_when(&windowed, &[("PR0125", &windowed)]);
    check_when(&format!("{speed} > {height} * 3.6"), &[]);
    check_when(&format!("{speed} > avg({speed}, \"1s\") + 5"), &[]);
}

#[test]
fn clauses_that_contradict() {
    check("when Vehicle.Speed > 100 until Vehicle.Speed > 50", &[("PR0135", "Vehicle.Speed > 50")]);
    check(
        &format!("when {BRAKE} && Vehicle.Speed > 9 until !({BRAKE} == false)"),
        &[("PR0135", &format!("!({BRAKE} == false)"))],
    );
    check("when Vehicle.Speed > 100 until true", &[("PR0135", "true")]);
    check(
        "when Vehicle.Speed > 100 until Vehicle.Speed < 110",
        &[("PR0136", "Vehicle.Speed < 110")],
    );
    check("when Vehicle.Speed < 3 until 2 < Vehicle.Speed", &[("PR0136", "2 < Vehicle.Speed")]);
    check(
        "when Vehicle.Speed > 100 until Vehicle.Speed > 2 && Vehicle.Speed < 1",
        &[("PR0127", "Vehicle.Speed > 2 && Vehicle.Speed < 1")],
    );
    check("when rose(Vehicle.Speed > 9) held \"1s\"", &[("PR0134", "\"1s\"")]);
    check(
        &format!(
            "when {BRAKE} && (changed(Vehicle.Speed) || fell(Vehicle.Speed > 3)) held \"1us\""
        ),
        &[("PR0134", "\"1us\"")],
    );
    check("when Vehicle.Speed > 1 held \"25h\"", &[("PR0133", "\"25h\"")]);
    check("when Vehicle.Speed > 1 cooldown \"1000h\"", &[("PR0133", "\"1000h\"")]);
    for well_meant in [
        "when Vehicle.Speed > 100 until Vehicle.Speed <= 100",
        "when Vehicle.Speed > 100 until Vehicle.Speed < 90",
        "when Vehicle.Speed > 100 until Vehicle.Speed > 150",
        "when Vehicle.Speed > 100 until rose(Vehicle.Speed > 100)",
        "when Vehicle.Speed > 100 until changed(Vehicle.Speed) held \"1s\"",
        "when rose(Vehicle.Speed > 9)",
        "when rose(Vehicle.Speed > 9) held \"0s\"",
        "when !rose(Vehicle.Speed > 9) held \"1s\"",
        "when rose(Vehicle.Speed > 9) || Vehicle.Speed > 50 held \"1s\"",
        "when within(rose(Vehicle.Speed > 9), \"3s\") held \"1s\" cooldown \"24h\"",
    ] {
        check(well_meant, &[]);
    }
}

#[test]
fn settings_of_actuators() {
    let beam = "Vehicle.Body.Lights.Beam.Low.IsOn";
    let fan = "Vehicle.Cabin.HVAC.Station.Row1.Driver.FanSpeed";
    check(&format!("when true then actuate({beam}, true)"), &[]);
    check(&format!("when true then actuate({fan}, 100)"), &[]);
    check(&format!("when true then actuate({fan}, 101)"), &[("PR0144", "101")]);
    check(&format!("when true then actuate({fan}, 1000)"), &[("PR0143", "1000")]);
    check(&format!("when true then actuate({fan}, -1)"), &[("PR0143", "-1")]);
    check(&format!("when true then actuate({LIGHT}, \"ACTIV\")"), &[("PR0144", "\"ACTIV\"")]);
}

#[test]
fn policies_and_tests_that_do_nothing() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let scenario = "scenario \"s\" { when true then [launch(\"maps\"), update(\"nav\")] }\n";
        let found = underlined(&format!("{scenario}{text}"));
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(code, text)| (*code, (*text).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("policy \"p\" { on launch(\"map\") allow }", &[("PR0172", "launch(\"map\")")]);
    check("policy \"p\" { on update(\"maps\") allow }", &[("PR0172", "update(\"maps\")")]);
    check("policy \"p\" { on [any(\"nav\"), launch(\"maps\"), rollback(\"x*\")] allow }", &[]);
    check(
        "policy \"p\" { on update(\"*\") deny \"no\" } policy \"q\" { on update(\"nav\") allow }",
        &[("PR0173", "\"q\"")],
    );
    check(
        "policy \"p\" { on any(\"*\") priority 1 allow }
         policy \"q\" { on [update(\"n*\"), launch(\"*\")] deny \"no\" }",
        &[("PR0173", "\"q\"")],
    );
    for well_meant in [
        "policy \"p\" { on any(\"*\") allow } policy \"q\" { on update(\"n*\") deny \"no\" }",
        "policy \"p\" { on any(\"*\") when Vehicle.Speed > 1 deny \"no\" } policy \"q\" { on update(\"*\") allow }",
        "policy \"p\" { on update(\"n*\") deny \"no\" } policy \"q\" { on update(\"*\") allow }",
        "policy \"p\" { on update(\"*\") deny \"no\" } policy \"q\" { on any(\"*\") allow }",
    ] {
        check(well_meant, &[]);
    }
    check("test \"t\" { expect none(\"s\") }", &[("PR0184", "\"t\"")]);
    check("test \"t\" { given #{ \"Vehicle.Speed\": 0.0 } expect none(\"s\") }", &[]);
}

#[test]
fn findings_name_what_clashes() {
    for (clauses, expected) in [
        (
            "when Vehicle.Speed > 100 && known(Vehicle.Speed) && Vehicle.Speed < 50",
            vec!["Vehicle.Speed > 100", "Vehicle.Speed < 50"],
        ),
        ("when Vehicle.Speed > 50 && Vehicle.Speed > 80", vec!["Vehicle.Speed > 80"]),
        ("when Vehicle.Speed > 50 until Vehicle.Speed > 8", vec!["Vehicle.Speed > 50"]),
        ("when Vehicle.Speed > Vehicle.Height", vec!["Vehicle.Speed", "Vehicle.Height"]),
        ("when rose(Vehicle.Speed > 9) held \"1s\"", vec!["rose(Vehicle.Speed > 9)"]),
    ] {
        let text = format!("scenario \"s\" {{ {clauses} then launch(\"a\") }}");
        let (_, diagnostics) = RuleSet::parse("test.rhai", &text, &Catalogue::vss6());
        let found = &diagnostics[0];
        let related: Vec<String> =
            found.related.iter().map(|(span, _)| cut(found, *span)).collect();
        assert_eq!(related, expected, "{clauses}");
    }
    let (_, diagnostics) = RuleSet::parse(
        "test.rhai",
        "scenario \"s\" { when node(\"a\").state == \"redy\" then launch(\"a\") }",
        &Catalogue::vss6(),
    );
    assert_eq!(
        diagnostics[0].help.as_deref(),
        Some("did you mean \"ready\"? it is one of pending, ready, not-ready, maintenance, gone")
    );
}
