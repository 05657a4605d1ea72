//! Every function of the language, misused in every way: the code that is said for each.

use piccolo_catalogue::Catalogue;
use piccolo_script::RuleSet;

const NUMBER: &str = "Vehicle.Speed";
const BOOL: &str = "Vehicle.ADAS.CruiseControl.IsActive";
const TEXT: &str = "Vehicle.Body.Lights.Brake.IsActive";

/// What is said of a condition, errors only.
fn errors(condition: &str) -> Vec<&'static str> {
    let text = format!("scenario \"s\" {{ when {condition} then launch(\"a\") }}");
    let (_, found) = RuleSet::parse("misuse.rhai", &text, &Catalogue::vss6());
    found.iter().filter(|found| found.is_error()).map(|found| found.code).collect()
}

#[track_caller]
fn check(condition: &str, expected: &str) {
    let found = errors(condition);
    assert_eq!(found, [expected], "{condition}");
}

/// The ways to get a window wrong, for a call that begins with `head`.
#[track_caller]
fn check_windows(head: &str, tail: &str) {
    for (window, expected) in [
        ("10", "PR0130"),
        ("\"10\"", "PR0130"),
        ("\"ten seconds\"", "PR0130"),
        ("\"-1s\"", "PR0130"),
        ("\"0s\"", "PR0132"),
        ("\"1000h\"", "PR0132"),
        (NUMBER, "PR0130"),
    ] {
        check(&format!("{head}, {window}){tail}"), expected);
    }
}

#[test]
fn functions_of_a_number_in_a_window() {
    for name in ["avg", "slope"] {
        check(&format!("{name}() > 1.0"), "PR0105");
        check(&format!("{name}({NUMBER}) > 1.0"), "PR0105");
        check(&format!("{name}({NUMBER}, \"1s\", 2) > 1.0"), "PR0105");
        check_windows(&format!("{name}({NUMBER}"), " > 1.0");
    }
    for name in ["avg", "min", "max", "slope"] {
        check(&format!("{name}({BOOL}, \"1s\") > 1.0"), "PR0110");
        check(&format!("{name}({TEXT}, \"1s\") > 1.0"), "PR0110");
        check(&format!("{name}({NUMBER} * 2.0, \"1s\") > 1.0"), "PR0150");
        check(&format!("{name}(5.0, \"1s\") > 1.0"), "PR0150");
        check(&format!("{name}(avg({NUMBER}, \"1s\"), \"1s\") > 1.0"), "PR0150");
        check(&format!("{name}(Vehicle.Sped, \"1s\") > 1.0"), "PR0101");
        check(&format!("{name}(Vehicle.Chassis, \"1s\") > 1.0"), "PR0102");
        check(&format!("{name}({NUMBER}, \"1s\")"), "PR0111");
        check(&format!("{name}({NUMBER}, \"1s\") == \"fast\""), "PR0110");
    }
    for name in ["min", "max"] {
        check(&format!("{name}() > 1.0"), "PR0105");
        check(&format!("{name}({NUMBER}) > 1.0"), "PR0105");
        check(&format!("{name}({NUMBER}, 1.0, 2.0) > 1.0"), "PR0105");
        check(&format!("{name}({NUMBER}, {BOOL}) > 1.0"), "PR0110");
        check(&format!("{name}({NUMBER}, \"0s\") > 1.0"), "PR0132");
        check(&format!("{name}({NUMBER}, \"soon\") > 1.0"), "PR0130");
    }
}

#[test]
fn functions_of_one_signal() {
    for (name, tail) in [("changed", ""), ("age", " > 1.0"), ("known", "")] {
        check(&format!("{name}(){tail}"), "PR0105");
        check(&format!("{name}({NUMBER}, {NUMBER}){tail}"), "PR0105");
        check(&format!("{name}({NUMBER} > 1.0){tail}"), "PR0150");
        check(&format!("{name}(3){tail}"), "PR0150");
        check(&format!("{name}(Vehicle.Sped){tail}"), "PR0101");
        check(&format!("{name}(Vehicle.Chassis){tail}"), "PR0102");
    }
    check(&format!("changed({NUMBER}) > 1.0"), "PR0110");
    check(&format!("known({NUMBER}) + 1 > 1"), "PR0110");
    check(&format!("age({NUMBER})"), "PR0111");
    check(&format!("age({NUMBER}) == 1.0"), "PR0153");
    check(&format!("age({NUMBER}) > {NUMBER}"), "PR0153");
    check(&format!("fresh({NUMBER})"), "PR0105");
    check(&format!("fresh({NUMBER} > 1.0, \"1s\")"), "PR0150");
    check(&format!("fresh({NUMBER}, \"1s\") > 1.0"), "PR0110");
    check_windows(&format!("fresh({NUMBER}"), "");
}

#[test]
fn functions_of_events() {
    for name in ["rose", "fell"] {
        check(&format!("{name}()"), "PR0105");
        check(&format!("{name}({BOOL}, \"1s\")"), "PR0105");
        check(&format!("{name}({BOOL}) > 1"), "PR0110");
    }
    for name in ["count", "within"] {
        let tail = if name == "count" { " > 1" } else { "" };
        check(&format!("{name}({BOOL}){tail}"), "PR0105");
        check(&format!("{name}({BOOL}, \"1s\", 1){tail}"), "PR0105");
        check_windows(&format!("{name}({BOOL}"), tail);
    }
    for (head, tail) in
        [("rose(", ")"), ("fell(", ")"), ("count(", ", \"1s\") > 1"), ("within(", ", \"1s\")")]
    {
        check(&format!("{head}{NUMBER}{tail}"), "PR0110");
        check(&format!("{head}{TEXT}{tail}"), "PR0110");
        check(&format!("{head}true{tail}"), "PR0124");
        check(&format!("{head}age({NUMBER}) == 1.0{tail}"), "PR0153");
    }
    check(&format!("count({BOOL}, \"1s\")"), "PR0111");
    check("sequence()", "PR0105");
    check(&format!("sequence([{BOOL}, {BOOL}])"), "PR0105");
    check("sequence([], \"1s\")", "PR0151");
    check(&format!("sequence([{BOOL}], \"1s\")"), "PR0151");
    check(&format!("sequence({BOOL}, \"1s\")"), "PR0151");
    check(&format!("sequence([{BOOL}, {NUMBER}], \"1s\")"), "PR0110");
    let many = vec![BOOL; 17].join(", ");
    check(&format!("sequence([{many}], \"1s\")"), "PR0151");
    check_windows(&format!("sequence([{BOOL}, !{BOOL}]"), "");
}

#[test]
fn functions_of_the_fleet() {
    for (name, tail) in [("vehicles", " > 1"), ("share", " > 0.5")] {
        check(&format!("{name}(){tail}"), "PR0105");
        check(&format!("{name}({BOOL}, \"1s\"){tail}"), "PR0105");
        check(&format!("{name}({NUMBER}){tail}"), "PR0110");
        check(&format!("{name}(true){tail}"), "PR0124");
        check(&format!("{name}(vehicles({BOOL}) > 1){tail}"), "PR0152");
        check(&format!("{name}({BOOL})"), "PR0111");
        check(&format!("{name}({BOOL}) == \"many\""), "PR0110");
    }
}

#[test]
fn functions_of_numbers_and_operators() {
    check("abs() > 1", "PR0105");
    check(&format!("abs({NUMBER}, 1) > 1"), "PR0105");
    check(&format!("abs({TEXT}) > 1"), "PR0110");
    check(&format!("{NUMBER} + {BOOL} > 1"), "PR0110");
    check(&format!("-{BOOL} > 1"), "PR0110");
    check(&format!("{BOOL} < true"), "PR0110");
    check(&format!("{NUMBER} in [\"a\"]"), "PR0110");
    check(&format!("{NUMBER} in []"), "PR0124");
    check(&format!("{NUMBER} in [{NUMBER}]"), "PR0126");
    check(&format!("{TEXT} in 1..3"), "PR0110");
    check("nothing(1)", "PR0104");
}

#[test]
fn facts_of_the_platform() {
    for object in ["node", "package", "model", "alert"] {
        check(&format!("{object}(\"x\")"), "PR0160");
        check(&format!("{object}(\"x\").colour == 1"), "PR0160");
        check(&format!("{object}(x).state == \"y\""), "PR0141");
    }
    check("node(\"x\").cpu == \"high\"", "PR0110");
    check("scenario(\"x\").active", "PR0161");
    check("scenario(\"s\").active", "PR0162");
    check("scenario(\"s\")", "PR0160");
}
