//! What compiles, and what it means.

use std::collections::HashMap;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_script::{ActionKind, Expected, Fact, Play, RuleSet, Scenario, Verdict};

/// The scenarios of a text that must compile without a finding.
pub(crate) fn compile(text: &str) -> RuleSet {
    let (rules, diagnostics) = RuleSet::parse("test.rhai", text, &Catalogue::vss6());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    rules
}

fn scenario(clauses: &str) -> Scenario {
    let rules = compile(&format!("scenario \"s\" {{ {clauses} }}"));
    Scenario::clone(rules.scenario("s").unwrap())
}

const LANE_KEEPING: &str = r#"
// Lane keeping runs while the car cruises at motorway speed.
scenario "motorway" {
    when     Vehicle.Speed > 100.0 && Vehicle.ADAS.CruiseControl.IsActive
    until    Vehicle.Speed < 90.0
    held     "3s"
    cooldown "30s"
    priority 10
    then     launch("lane-keeping")
    finally  terminate("lane-keeping")
}
scenario "second" { then notify("driver", "hello") when true }
"#;

#[test]
fn a_scenario_has_what_its_clauses_say() {
    let rules = compile(LANE_KEEPING);
    assert_eq!(rules.len(), 2);
    let motorway = rules.scenario("motorway").unwrap();
    assert_eq!(
        &*motorway.when.text,
        "Vehicle.Speed > 100.0 && Vehicle.ADAS.CruiseControl.IsActive"
    );
    let atoms: Vec<&str> = motorway.when.atoms.iter().map(|atom| &*atom.text).collect();
    assert_eq!(atoms, ["Vehicle.Speed > 100.0", "Vehicle.ADAS.CruiseControl.IsActive"]);
    assert_eq!(&*motorway.until.as_ref().unwrap().text, "Vehicle.Speed < 90.0");
    assert_eq!((motorway.held_us, motorway.cooldown_us), (3_000_000, 30_000_000));
    assert_eq!(motorway.priority, 10);
    assert_eq!(motorway.then[0].kind, ActionKind::Launch);
    assert_eq!(motorway.then[0].claim(), Some(("package", &"lane-keeping".into())));
    assert_eq!(motorway.finally[0].kind, ActionKind::Terminate);
}

#[test]
fn the_revision_changes_exactly_with_the_meaning() {
    let base = scenario(r#"when Vehicle.Speed > 1.0 then launch("a")"#);
    let same = scenario("then   launch(\"a\")\n// a comment\nwhen Vehicle.Speed>1.0");
    assert_eq!(base.revision, same.revision);
    for other in [
        r#"when Vehicle.Speed >= 1.0 then launch("a")"#,
        r#"when Vehicle.Speed > 2.0 then launch("a")"#,
        r#"when Vehicle.Speed > 1.0 then launch("b")"#,
        r#"when Vehicle.Speed > 1.0 then launch("a") held "1s""#,
        r#"when Vehicle.Speed > 1.0 then launch("a") priority 1"#,
        r#"when Vehicle.Speed > 1.0 then launch("a") finally launch("a")"#,
    ] {
        assert_ne!(base.revision, scenario(other).revision, "{other}");
    }
}

/// `facts` maps paths to values; what is not there is unknown.
fn check(condition: &str, facts: &[(&str, Value)], expected: bool) {
    let scenario = scenario(&format!("when {condition} then launch(\"a\")"));
    let facts: HashMap<&str, Value> =
        facts.iter().map(|(text, value)| (*text, value.clone())).collect();
    let facts = |fact: &Fact| facts.get(fact.text()).cloned();
    assert_eq!(scenario.when.holds(&facts), expected, "by atoms: {condition}");
    assert_eq!(scenario.when.holds_by_rhai(&facts), expected, "by rhai: {condition}");
}

const SPEED: &str = "Vehicle.Speed";
const GEAR: &str = "Vehicle.Powertrain.Transmission.CurrentGear";
const BRAKE: &str = "Vehicle.Chassis.ParkingBrake.IsEngaged";
const LIGHT: &str = "Vehicle.Body.Lights.Brake.IsActive";

#[test]
fn conditions() {
    let at = |speed: f64| (SPEED, Value::Float(speed));
    let gear = |gear: i64| (GEAR, Value::Int(gear));
    check("Vehicle.Speed > 50.0", &[at(50.0)], false);
    check("Vehicle.Speed > 50.0", &[at(50.1)], true);
    check("Vehicle.Speed >= 50", &[at(50.0)], true);
    check("50 < Vehicle.Speed", &[at(51.0)], true);
    check("Vehicle.Speed != 3.0", &[at(3.0)], false);
    check("Vehicle.Speed in 10..20", &[at(19.9)], true);
    check("Vehicle.Speed in 10..20", &[at(20.0)], false);
    check("Vehicle.Speed in 10..=20", &[at(20.0)], true);
    check(&format!("{GEAR} in [1, 2]"), &[gear(2)], true);
    check(&format!("!({GEAR} in [1, 2])"), &[gear(2)], false);
    check(&format!("{GEAR} + 1 > 2 && {GEAR} * 2.0 < 5"), &[gear(2)], true);
    check(&format!("{GEAR} / 2 == 1"), &[gear(3)], true);
    check(&format!("10 / {GEAR} == 5 || Vehicle.Speed > 0"), &[gear(0), at(1.0)], true);
    check(&format!("abs({GEAR}) == 1"), &[gear(-1)], true);
    check(
        &format!("min({GEAR}, 3) == 3 && max(Vehicle.Speed, 7.0) == 7.0"),
        &[gear(5), at(1.0)],
        true,
    );
    check("-Vehicle.Speed < -5.0", &[at(6.0)], true);
    check(&format!(r#"{LIGHT} == "ACTIVE""#), &[(LIGHT, Value::from("ACTIVE"))], true);
    check(&format!(r#"{LIGHT} != "ACTIVE""#), &[(LIGHT, Value::from("INACTIVE"))], true);
    check(
        &format!(r#"{LIGHT} in ["ACTIVE", "ADAPTIVE"]"#),
        &[(LIGHT, Value::from("ADAPTIVE"))],
        true,
    );
    check(&format!("{BRAKE} == false"), &[(BRAKE, Value::Bool(false))], true);
}

#[test]
fn unknown_follows_three_valued_logic() {
    let at = |speed: f64| (SPEED, Value::Float(speed));
    check("Vehicle.Speed > 50.0", &[], false);
    check("!(Vehicle.Speed > 50.0)", &[], false);
    check("Vehicle.Speed != 50.0", &[], false);
    check(&format!("!{BRAKE}"), &[], false);
    check(&format!("{BRAKE} || Vehicle.Speed > 1.0"), &[at(2.0)], true);
    check(&format!("!({BRAKE} && Vehicle.Speed > 1.0)"), &[at(0.0)], true);
    check(&format!("!({BRAKE} && Vehicle.Speed > 1.0)"), &[at(2.0)], false);
    check("known(Vehicle.Speed)", &[], false);
    check("!known(Vehicle.Speed)", &[], true);
    check(&format!("known(Vehicle.Speed) && !known({BRAKE})"), &[at(0.0)], true);
    check(&format!("1 / {GEAR} == 1"), &[(GEAR, Value::Int(0))], false);
    check(&format!("!(1 / {GEAR} == 1)"), &[(GEAR, Value::Int(0))], false);
}

#[test]
fn what_has_no_index_is_left_to_rhai() {
    let catalogue = Catalogue::vss6();
    let text = format!(
        r#"scenario "s" {{ when {BRAKE} || {{ if Vehicle.Speed > 5.0 {{ {GEAR} > 2 }} else {{ false }} }} then launch("a") }}"#
    );
    let (rules, diagnostics) = RuleSet::parse("test.rhai", &text, &catalogue);
    let codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["PR0121"], "{diagnostics:#?}");
    let when = &rules.scenario("s").unwrap().when;
    assert_eq!(when.atoms.len(), 2);
    for (speed, gear, expected) in [(6.0, 3, true), (6.0, 2, false), (4.0, 3, false)] {
        let facts = |fact: &Fact| match fact.text() {
            SPEED => Some(Value::Float(speed)),
            GEAR => Some(Value::Int(gear)),
            _ => None,
        };
        assert_eq!(when.holds(&facts), expected);
        assert_eq!(when.holds_by_rhai(&facts), expected);
    }
}

#[test]
fn margins_are_positive_while_the_atom_holds() {
    for (condition, speed, expected) in [
        ("Vehicle.Speed > 50.0", 52.5, Some(2.5)),
        ("Vehicle.Speed > 50.0", 49.0, Some(-1.0)),
        ("Vehicle.Speed < 50.0", 49.0, Some(1.0)),
        ("60.0 > Vehicle.Speed", 49.0, Some(11.0)),
        ("Vehicle.Speed == 50.0", 49.0, None),
    ] {
        let scenario = scenario(&format!("when {condition} then launch(\"a\")"));
        let margin = scenario.when.atoms[0].margin(&|_: &Fact| Some(Value::Float(speed)));
        assert_eq!(margin, expected, "{condition} at {speed}");
    }
}

#[test]
fn every_action_has_its_target_and_arguments() {
    for (action, kind, target, arguments) in [
        (r#"launch("a")"#, ActionKind::Launch, "a", vec![]),
        (
            r#"actuate(Vehicle.Body.Lights.Beam.Low.IsOn, true)"#,
            ActionKind::Actuate,
            "Vehicle.Body.Lights.Beam.Low.IsOn",
            vec![("value", "true")],
        ),
        (
            r#"network("net", #{ rate: 10, name: "x" })"#,
            ActionKind::Network,
            "net",
            vec![("rate", "10"), ("name", "\"x\"")],
        ),
        (
            r#"unit("hpc", "nav.service", "restart")"#,
            ActionKind::Unit,
            "hpc/nav.service",
            vec![("operation", "\"restart\"")],
        ),
        (
            r#"notify("driver", "at " + Vehicle.Speed)"#,
            ActionKind::Notify,
            "driver",
            vec![("text", "\"at \" + Vehicle.Speed")],
        ),
        (r#"record("10s")"#, ActionKind::Record, "recording", vec![("duration_us", "10000000")]),
        (r#"schedule("rt")"#, ActionKind::Schedule, "rt", vec![]),
    ] {
        let scenario = scenario(&format!("when true then [{action}]"));
        let found = &scenario.then[0];
        assert_eq!((found.kind, &*found.target), (kind, target), "{action}");
        let texts: Vec<(String, String)> = found
            .arguments
            .iter()
            .map(|argument| (argument.name.to_string(), argument.expression.to_string()))
            .collect();
        let expected: Vec<(String, String)> = arguments
            .iter()
            .map(|(name, text)| (String::from(*name), String::from(*text)))
            .collect();
        assert_eq!(texts, expected, "{action}");
    }
}

#[test]
fn functions_over_time_are_facts_named_by_their_text() {
    let rules = compile(
        r#"
        scenario "s" {
            when avg(Vehicle.Speed,"10s") > 50.0 && min(Vehicle.Speed, "1000ms") >= 3
                && rose(Vehicle.Speed > 5.0 && Vehicle.ADAS.CruiseControl.IsActive)
                && !(age(Vehicle.Speed) < 2) && age(Vehicle.Speed) <= 60.5
                && count(Vehicle.ADAS.CruiseControl.IsActive, "1m") > 2
                && sequence([Vehicle.Speed > 1.0, changed(Vehicle.Speed)], "5s")
                && node("hpc").state == "ready" && scenario("t").active && share(Vehicle.Speed > 1.0) > 0.5
            then launch("a")
        }
        scenario "t" { when within(fell(fresh(Vehicle.Speed, "90s")), "3s") then launch("b") }"#,
    );
    let texts = |name: &str| -> Vec<String> {
        let atoms = &rules.scenario(name).unwrap().when.atoms;
        atoms.iter().flat_map(|atom| atom.reads()).map(|fact| fact.text().to_owned()).collect()
    };
    assert_eq!(
        texts("s"),
        [
            r#"avg(Vehicle.Speed, "10s")"#,
            r#"min(Vehicle.Speed, "1s")"#,
            "rose(Vehicle.Speed > 5.0 && Vehicle.ADAS.CruiseControl.IsActive)",
            "age(Vehicle.Speed) >= 2.0",
            "age(Vehicle.Speed) > 60.5",
            r#"count(Vehicle.ADAS.CruiseControl.IsActive, "1m")"#,
            r#"sequence([Vehicle.Speed > 1.0, changed(Vehicle.Speed)], "5s")"#,
            r#"node("hpc").state"#,
            r#"scenario("t").active"#,
            "share(Vehicle.Speed > 1.0)",
        ]
    );
    assert_eq!(texts("t"), [r#"within(fell(fresh(Vehicle.Speed, "90s")), "3s")"#]);
    let value = |fact: &Fact| match fact.text() {
        r#"node("hpc").state"# => Some(Value::from("ready")),
        text if text.starts_with("age") && !text.contains(['<', '>']) => Some(Value::Float(7.0)),
        text if text.starts_with("avg") => Some(Value::Float(51.0)),
        "age(Vehicle.Speed) > 60.5" => Some(Value::Bool(false)),
        text if text.starts_with(['c', 'm']) => Some(Value::Int(3)),
        "share(Vehicle.Speed > 1.0)" => Some(Value::Float(0.75)),
        _ => Some(Value::Bool(true)),
    };
    let when = &rules.scenario("s").unwrap().when;
    assert!(when.holds(&value) && when.holds_by_rhai(&value));
}

#[test]
fn a_policy_has_what_its_clauses_say() {
    let rules = compile(
        r#"
        policy "parked" {
            on   [update("*"), unit("hpc", "nav*"), actuate(Vehicle.Body.Horn.IsActive), any("x?")]
            when Vehicle.Speed > 0.0 || action.scenario == "s" || package.state == "running"
            deny "not at " + Vehicle.Speed
            priority 3
        }
        policy "slower" { on network("telemetry") change network("telemetry", #{ rate: 1 }) }
        policy "rest" { on any("*") allow }"#,
    );
    let parked = rules.policies().next().unwrap();
    assert_eq!((&*parked.name, parked.priority), ("parked", 3));
    for (kind, target, expected) in [
        (ActionKind::Update, "maps", true),
        (ActionKind::Launch, "maps", false),
        (ActionKind::Launch, "x1", true),
        (ActionKind::Unit, "hpc/navigation.service", true),
        (ActionKind::Unit, "tcu/navigation.service", false),
        (ActionKind::Actuate, "Vehicle.Body.Horn.IsActive", true),
    ] {
        assert_eq!(parked.guards(kind, target), expected, "{kind:?} {target}");
    }
    assert!(matches!(parked.verdict, Verdict::Deny(_)));
    let when = parked.when.as_ref().unwrap();
    let value = |fact: &Fact| (fact.text() == "package.state").then(|| Value::from("running"));
    assert!(when.holds(&value) && when.holds_by_rhai(&value));
}

#[test]
fn a_test_has_what_its_clauses_say() {
    let rules = compile(
        r#"
        scenario "motorway" { when Vehicle.Speed > 100.0 then launch("a") }
        test "a short burst" {
            given  #{ "Vehicle.ADAS.CruiseControl.IsActive": true, "node(\"hpc\").cpu": 7 }
            play   Vehicle.Speed, [[0, 95], [1000, 120.0], [3500.5, ()]]
            play   vehicle("b", Vehicle.Powertrain.Transmission.CurrentGear), [[0, 2]]
            play   recording("drive.csv", "10s", "60s")
            expect none("motorway")
            expect begins_at("motorway", "3s", "10ms")
            expect denied(launch("a"))
        }"#,
    );
    let test = rules.tests().next().unwrap();
    assert_eq!(test.given.len(), 2);
    let Play::Points { points, vehicle: None, .. } = &test.plays[0] else { panic!("{test:?}") };
    assert_eq!(points[1..], [(1_000_000, Some(Value::Float(120.0))), (3_500_500, None)]);
    assert!(matches!(&test.plays[2], Play::Recording { from_us: 10_000_000, .. }));
    assert_eq!(test.expects[2].what, Expected::Denied(ActionKind::Launch, "a".into()));
}
