//! Faults that random worlds found, each with the least that shows it.

use piccolo_catalogue::Value;
use piccolo_engine::{Decision, EngineConfig};

use crate::data::{catalogue, engine, rules};
use crate::rule_changes::{check, line};

const SPEED: &str = "Vehicle.Speed";
const GEAR: &str = "Vehicle.Powertrain.Transmission.CurrentGear";

/// Rules from a second on, and values of a signal in it.
type Second<'s> = (Option<&'s str>, &'s [(&'s str, Value)]);

/// What comes of values in a vehicle, with the values of arguments, one step a second.
#[track_caller]
fn check_values(seconds: &[Second<'_>], expected: &[&str]) {
    let catalogue = catalogue();
    let mut engine = engine(EngineConfig::default(), &catalogue, &rules("", &catalogue));
    let mut lines = Vec::new();
    for (second, (text, values)) in seconds.iter().enumerate() {
        let time_us = second as u64 * 1_000_000;
        lines.extend(engine.step(time_us, Vec::new()).unwrap());
        if let Some(text) = text {
            engine.load(&rules(text, &catalogue)).unwrap();
        }
        let mut samples = Vec::new();
        for (path, value) in *values {
            let vehicle = engine.vehicle("car").unwrap();
            let signal = catalogue.find(path).unwrap();
            samples.push(engine.sample(vehicle, signal, Some(value), time_us, 0).unwrap());
        }
        lines.extend(engine.step(time_us + 1, samples).unwrap());
    }
    let with_values = |decision: &Decision| {
        let arguments = decision.actions.iter().flat_map(|action| &action.arguments.0);
        arguments.fold(line(decision), |text, (_, value)| format!("{text} {value}"))
    };
    let lines: Vec<String> = lines.iter().map(with_values).collect();
    assert_eq!(lines, expected);
}

#[test]
fn arguments_see_what_functions_over_time_are_at_that_time() {
    let rule = r#"scenario "s" { when Vehicle.Speed > 10.0
        then network("n", #{ rate: max(Vehicle.Speed, "9s") }) }"#;
    check_values(
        &[(Some(rule), &[(SPEED, Value::Float(5.0))]), (None, &[(SPEED, Value::Float(20.0))])],
        &["1 begin s network(n) 20"],
    );
}

#[test]
fn an_end_does_not_undo_what_one_other_scenario_claims() {
    let text = r#"
        scenario "a" { when Vehicle.Speed > 10.0 then launch("x") }
        scenario "b" { when Vehicle.Speed > 20.0 then launch("y") finally terminate("x") }"#;
    check(
        &[(Some(text), 25.0), (None, 15.0), (None, 5.0), (None, 25.0), (None, 5.0)],
        &[
            "0 begin a launch(x)",
            "0 begin b launch(y)",
            "1 end b not terminate(x): a",
            "2 end a",
            "3 begin a launch(x)",
            "3 begin b launch(y)",
            "4 end a",
            "4 end b terminate(x)",
        ],
    );
}

const HOLDER: &str = r#"scenario "b" { when Vehicle.Speed > 1.0 then launch("x") }"#;

#[test]
fn a_scenario_that_goes_on_under_another_revision_gives_its_target_back() {
    let first =
        format!("{HOLDER} scenario \"a\" {{ when Vehicle.Speed > 10.0 then pause(\"x\") }}");
    let second = first.replace("10.0", "12.0");
    check(
        &[(Some(&first), 20.0), (Some(&second), 20.0), (None, 5.0)],
        &["0 begin a pause(x)", "0 begin b not launch(x): a", "2 end a launch(x) for b"],
    );
    // The new revision ends at once.
    check(
        &[(Some(&first), 20.0), (Some(&second), 11.0)],
        &["0 begin a pause(x)", "0 begin b not launch(x): a", "1 end a launch(x) for b"],
    );
}

#[test]
fn the_end_of_a_rule_that_goes_is_judged_by_the_policies_that_come() {
    let rule = r#"scenario "a" { when Vehicle.Speed > 10.0 then update("x") finally rollback("x") }
        policy "p" { on update("x") when Vehicle.Powertrain.Transmission.CurrentGear == 9 deny "nine" }"#;
    let policy = r#"policy "q" { on any("*")
        when Vehicle.Speed < 0.0 || Vehicle.Powertrain.Transmission.CurrentGear == 2 deny "two" }
        scenario "c" { when Vehicle.Speed > 90.0 then update("x") }"#;
    let values = [(SPEED, Value::Float(20.0)), (GEAR, Value::Int(2))];
    check_values(
        &[(Some(rule), &values), (Some(policy), &[])],
        &["0 begin a update(x)", "1 end a not rollback(x): two"],
    );
}

#[test]
fn what_is_held_goes_on_where_the_scenario_that_it_asks_about_does() {
    let text = |speed: &str| {
        format!(
            "scenario \"a\" {{ when Vehicle.Speed > {speed} then launch(\"x\") }}
             scenario \"b\" {{ when scenario(\"a\").active held \"1s\" then launch(\"y\") }}"
        )
    };
    let (first, second) = (text("10.0"), text("12.0"));
    check(
        &[(Some(&first), 20.0), (None, 20.0), (Some(&second), 20.0), (None, 20.0), (None, 5.0)],
        &["0 begin a launch(x)", "1 begin b launch(y)", "4 end a", "4 end b"],
    );
}

#[test]
fn a_when_that_was_false_once_counts_again_after_a_change() {
    let text = |cooldown: &str| {
        format!(
            "scenario \"a\" {{ when Vehicle.Speed > 10.0 until Vehicle.Speed > 50.0
             cooldown \"{cooldown}\" then launch(\"x\") }}"
        )
    };
    let (first, second) = (text("1s"), text("2s"));
    // It began at 0, was false at 1 and true again at 2; `until` ends it at 4.
    check(
        &[
            (Some(&first), 20.0),
            (None, 5.0),
            (None, 20.0),
            (Some(&second), 20.0),
            (None, 60.0),
            (None, 20.0),
            (None, 20.0),
        ],
        &["0 begin a launch(x)", "4 end a", "6 begin a launch(x)"],
    );
}

#[test]
fn a_rest_that_is_over_stays_over() {
    let text = |cooldown: &str| {
        format!(
            "scenario \"a\" {{ when Vehicle.Speed > 10.0 cooldown \"{cooldown}\" then launch(\"x\") }}"
        )
    };
    let (first, second) = (text("1s"), text("9s"));
    check(
        &[(Some(&first), 20.0), (None, 5.0), (None, 5.0), (Some(&second), 5.0), (None, 20.0)],
        &["0 begin a launch(x)", "1 end a", "4 begin a launch(x)"],
    );
}

#[test]
fn arguments_and_policies_may_count_vehicles() {
    let text = r#"
        scenario "a" { when Vehicle.Speed > 10.0
            then network("n", #{ rate: vehicles(Vehicle.Speed > 1.0) }) }
        scenario "b" { when vehicles(Vehicle.Speed > 1.0) > 0
            then network("m", #{ rate: scenario("c").active }) }
        scenario "c" { when Vehicle.Speed > 1.0 then launch("x") }
        policy "p" { on launch("*") when share(Vehicle.Speed > 1.0) > 0.5 deny "many" }"#;
    check_values(
        &[(Some(text), &[(SPEED, Value::Float(20.0))])],
        &["0 begin a network(n) 1", "0 begin b network(m) true", "0 begin c not launch(x): many"],
    );
}

#[test]
fn what_leaves_both_lanes_at_once_ends_once_in_each() {
    let catalogue = catalogue();
    let mut engine = engine(EngineConfig::default(), &catalogue, &rules(HOLDER, &catalogue));
    engine.load_shadow(&rules(HOLDER, &catalogue)).unwrap();
    let vehicle = engine.vehicle("car").unwrap();
    let speed = catalogue.find(SPEED).unwrap();
    let sample = engine.sample(vehicle, speed, Some(&Value::Float(5.0)), 0, 0).unwrap();
    assert_eq!(engine.step(1_000_000, vec![sample]).unwrap().len(), 1);
    assert_eq!(engine.take_shadow_decisions().len(), 1);
    engine.load(&rules("", &catalogue)).unwrap();
    engine.load_shadow(&rules("", &catalogue)).unwrap();
    let lines: Vec<String> = engine.step(2_000_000, Vec::new()).unwrap().iter().map(line).collect();
    assert_eq!(lines, ["1 end b"]);
    let lines: Vec<String> = engine.take_shadow_decisions().iter().map(line).collect();
    assert_eq!(lines, ["1 end b"]);
}

/// A sample that waits for its time when the first rule about the fleet comes is seen by it too.
#[test]
fn what_waits_when_the_fleet_is_first_asked_about_is_not_lost() {
    let catalogue = catalogue();
    // At the present time a step only hands samples over; after it the operators have them.
    for tick_us in [0, 1] {
        let mut engine = engine(EngineConfig::default(), &catalogue, &rules("", &catalogue));
        let vehicle = engine.vehicle("car").unwrap();
        let speed = catalogue.find(SPEED).unwrap();
        let sample = engine.sample(vehicle, speed, Some(&Value::Float(20.0)), 5, 0).unwrap();
        engine.step(tick_us, vec![sample]).unwrap();
        let rule =
            r#"scenario "many" { when vehicles(Vehicle.Speed > 10.0) > 0 then launch("x") }"#;
        engine.load(&rules(rule, &catalogue)).unwrap();
        let lines: Vec<String> = engine.step(9, Vec::new()).unwrap().iter().map(line).collect();
        assert_eq!(lines, ["0 begin many launch(x)"], "a step to {tick_us} before");
    }
}

#[test]
fn what_only_arguments_ask_about_the_fleet_is_counted() {
    let rule = r#"scenario "s" { when Vehicle.Speed > 10.0
        then network("n", #{ rate: vehicles(Vehicle.Speed > 10.0) }) }"#;
    check_values(&[(Some(rule), &[(SPEED, Value::Float(20.0))])], &["0 begin s network(n) 1"]);
}

/// What `when` was before a change of rules counts also where a rule without `until` was in between.
#[test]
fn a_when_that_was_false_counts_again_after_two_changes() {
    let rule = |clauses: &str| format!("scenario \"a\" {{ {clauses} then pause(\"x\") }}");
    let gear = |gear| (GEAR, Value::Int(gear));
    let first = rule("when Vehicle.Speed > 10.0 until Vehicle.Speed > 90.0");
    let second = rule("when Vehicle.Speed < 10.0");
    let third =
        rule("when Vehicle.Speed < 15.0 until Vehicle.Powertrain.Transmission.CurrentGear == 2");
    check_values(
        &[
            (Some(&first), &[(SPEED, Value::Float(20.0))]),
            (None, &[(SPEED, Value::Float(5.0))]),
            (Some(&second), &[]),
            (Some(&third), &[gear(2)]),
            (None, &[gear(3)]),
        ],
        &["0 begin a pause(x)", "3 end a", "4 begin a pause(x)"],
    );
    // Where it was not false, the second begins and ends by itself.
    check_values(
        &[
            (Some(&first), &[(SPEED, Value::Float(12.0))]),
            (Some(&rule("when Vehicle.Speed > 5.0")), &[]),
            (Some(&third), &[gear(2)]),
            (None, &[gear(3)]),
        ],
        &["0 begin a pause(x)", "2 end a"],
    );
}

/// A scenario that stays as it is, while one that it asks about changes, has held for as long as it
/// has held: also where it is active and its `when` was false.
#[test]
fn what_asks_about_a_scenario_that_changes_is_held_from_when_it_holds() {
    let rules = |speed: &str| {
        format!(
            "scenario \"a\" {{ when Vehicle.Speed > {speed} then launch(\"y\") }}
             scenario \"b\" {{ when scenario(\"a\").active || Vehicle.Speed < 5.0
                 until Vehicle.Powertrain.Transmission.CurrentGear == 2 held \"3s\"
                 then pause(\"x\") }}"
        )
    };
    let gear = |gear| (GEAR, Value::Int(gear));
    check_values(
        &[
            (Some(&rules("50.0")), &[(SPEED, Value::Float(1.0))]),
            (None, &[]),
            (None, &[]),
            (None, &[]),
            (None, &[(SPEED, Value::Float(20.0))]),
            (Some(&rules("15.0")), &[]),
            (None, &[gear(2)]),
            (None, &[gear(3)]),
            (None, &[]),
            (None, &[]),
        ],
        &["3 begin b pause(x)", "5 begin a launch(y)", "6 end b", "8 begin b pause(x)"],
    );
}
