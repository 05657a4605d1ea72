//! Rules that come, change and go while samples flow, and who has a target.

use piccolo_engine::{Decision, Edge, EngineConfig};

use crate::data::{catalogue, engine, rules};

/// Steps a vehicle's speed through values, one each second, with rules loaded before some of them.
fn play(config: EngineConfig, script: &[(Option<&str>, f64)]) -> Vec<Decision> {
    let catalogue = catalogue();
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let mut engine = engine(config, &catalogue, &rules("", &catalogue));
    let vehicle = engine.vehicle("car").unwrap();
    let mut decisions = Vec::new();
    for (second, (text, value)) in script.iter().enumerate() {
        let time_us = second as u64 * 1_000_000;
        decisions.extend(engine.step(time_us, Vec::new()).unwrap());
        if let Some(text) = text {
            engine.load(&rules(text, &catalogue)).unwrap();
        }
        let sample = engine.sample(vehicle, speed, Some(&(*value).into()), time_us, 0).unwrap();
        decisions.extend(engine.step(time_us + 1, vec![sample]).unwrap());
    }
    decisions.extend(engine.step(script.len() as u64 * 1_000_000, Vec::new()).unwrap());
    decisions
}

/// `second edge scenario actions`, one line a decision.
pub(crate) fn check(script: &[(Option<&str>, f64)], expected: &[&str]) {
    for workers in [1, 2] {
        let decisions =
            play(EngineConfig { workers, explain: true, ..EngineConfig::default() }, script);
        let found: Vec<String> = decisions.iter().map(line).collect();
        assert_eq!(found, expected, "{workers} workers");
    }
}

pub(crate) fn line(decision: &Decision) -> String {
    let edge = if decision.edge == Edge::Begin { "begin" } else { "end" };
    let mut text = format!("{} {edge} {}", decision.time_us / 1_000_000, decision.scenario);
    for action in &decision.actions {
        text.push_str(&format!(" {}({})", action.kind, action.target));
        if let Some(policy) = &action.changed_by {
            text.push_str(&format!(" by {policy}"));
        }
        if let Some(scenario) = &action.scenario {
            text.push_str(&format!(" for {scenario}"));
        }
    }
    for withheld in &decision.withheld {
        let reason = withheld.overruled_by.as_ref().or(withheld.no_value_for.as_ref());
        let reason = reason.or(withheld.reason.as_ref()).unwrap();
        text.push_str(&format!(" not {}({}): {reason}", withheld.kind, withheld.target));
    }
    text
}

const A: &str =
    r#"scenario "a" { when Vehicle.Speed > 10.0 then launch("x") finally terminate("x") }"#;
const A2: &str =
    r#"scenario "a" { when Vehicle.Speed > 30.0 then launch("x") finally terminate("x") }"#;
const B: &str = r#"scenario "b" { when Vehicle.Speed > 20.0 priority 5 then pause("x") }"#;

#[test]
fn a_new_rule_begins_on_what_is_known_and_an_old_one_ends_when_it_goes() {
    check(
        &[(None, 15.0), (Some(A), 15.0), (Some(""), 16.0), (None, 17.0)],
        &["1 begin a launch(x)", "2 end a terminate(x)"],
    );
}

#[test]
fn other_rules_do_not_notice_a_change() {
    let both = format!("{A}\n{B}");
    check(
        &[(Some(A), 15.0), (Some(&both), 16.0), (None, 25.0), (Some(A), 26.0), (None, 5.0)],
        &[
            "0 begin a launch(x)",
            "2 begin b pause(x)",
            "3 end b launch(x) for a",
            "4 end a terminate(x)",
        ],
    );
}

#[test]
fn a_replaced_rule_that_does_the_same_stays_active_where_it_still_holds() {
    let a3 = A.replace("10.0", "12.0");
    check(
        &[(Some(A), 15.0), (Some(&a3), 16.0), (None, 5.0)],
        &["0 begin a launch(x)", "2 end a terminate(x)"],
    );
}

#[test]
fn a_replaced_rule_that_does_something_else_ends_and_begins_anew() {
    let other = A.replace("launch(\"x\")", "restart(\"x\")");
    check(
        &[(Some(A), 15.0), (Some(&other), 16.0), (None, 5.0)],
        &[
            "0 begin a launch(x)",
            "1 end a not terminate(x): a",
            "1 begin a restart(x)",
            "2 end a terminate(x)",
        ],
    );
}

#[test]
fn cooldown_and_held_time_go_on_where_they_were() {
    let timed = |speed: &str, held: &str, cooldown: &str| {
        format!(
            "scenario \"a\" {{ when Vehicle.Speed > {speed} held \"{held}\" cooldown \"{cooldown}\" \
             then launch(\"x\") }}"
        )
    };
    let (first, longer, shorter) =
        (timed("10.0", "2s", "4s"), timed("10.0", "3s", "4s"), timed("10.0", "2s", "2s"));
    // Held since 0: with three seconds instead of two it begins at 3, not at 4.
    check(
        &[(Some(&first), 15.0), (Some(&longer), 15.0), (None, 15.0), (None, 15.0), (None, 15.0)],
        &["3 begin a launch(x)"],
    );
    // Another condition: how long that held before is not known.
    let other = timed("9.0", "2s", "4s");
    check(
        &[(Some(&first), 15.0), (Some(&other), 15.0), (None, 15.0), (None, 15.0), (None, 15.0)],
        &["3 begin a launch(x)"],
    );
    // It ended at 3 and rests until 7; with two seconds of rest only until 5.
    check(
        &[
            (Some(&first), 15.0),
            (None, 15.0),
            (None, 15.0),
            (None, 5.0),
            (Some(&shorter), 15.0),
            (None, 15.0),
            (None, 15.0),
            (None, 15.0),
        ],
        &["2 begin a launch(x)", "3 end a", "6 begin a launch(x)"],
    );
}

#[test]
fn windows_outlive_the_rules_that_read_them() {
    let over = |limit: &str| {
        format!("scenario \"a\" {{ when avg(Vehicle.Speed, \"4s\") > {limit} then launch(\"x\") }}")
    };
    // At 4 the average of the last four seconds is 20, for the new rule too; then it falls.
    check(
        &[
            (Some(&over("90.0")), 20.0),
            (None, 20.0),
            (None, 20.0),
            (None, 20.0),
            (Some(&over("19.0")), 0.0),
        ],
        &["4 begin a launch(x)", "4 end a"],
    );
}

#[test]
fn a_target_that_was_one_rule_s_own_is_contested_from_then_on() {
    let both = format!("{A}\n{B}");
    let no_value = r#"scenario "n" { when Vehicle.Speed > 1.0
        then network("x", #{ gear: Vehicle.Powertrain.Transmission.CurrentGear }) }"#;
    let second = no_value.replace("\"n\"", "\"m\"");
    check(
        &[(Some(A), 25.0), (Some(&both), 25.0), (None, 15.0), (None, 5.0)],
        &[
            "0 begin a launch(x)",
            "1 begin b pause(x)",
            "2 end b launch(x) for a",
            "3 end a terminate(x)",
        ],
    );
    check(
        &[(Some(no_value), 25.0), (Some(&format!("{no_value}{second}")), 25.0), (None, 0.0)],
        &["0 begin n not network(x): gear", "1 begin m not network(x): gear", "2 end m", "2 end n"],
    );
}

#[test]
fn a_replaced_rule_ends_where_its_successor_would_not_hold() {
    check(
        &[(Some(A), 15.0), (Some(A2), 16.0), (None, 35.0), (Some(A2), 36.0)],
        &["0 begin a launch(x)", "1 end a terminate(x)", "2 begin a launch(x)"],
    );
}

#[test]
fn the_higher_priority_has_the_target_and_gives_it_back() {
    let both = format!("{A}\n{B}");
    check(
        &[(Some(&both), 15.0), (None, 25.0), (None, 15.0), (None, 5.0), (None, 25.0), (None, 5.0)],
        &[
            "0 begin a launch(x)",
            "1 begin b pause(x)",
            "2 end b launch(x) for a",
            "3 end a terminate(x)",
            "4 begin a not launch(x): b",
            "4 begin b pause(x)",
            "5 end a terminate(x)",
            "5 end b",
        ],
    );
}

#[test]
fn what_another_still_needs_is_not_undone() {
    let shared = r#"
        scenario "a" { when Vehicle.Speed > 10.0 then launch("x") finally terminate("x") }
        scenario "c" { when Vehicle.Speed > 20.0 then launch("x") finally terminate("x") }"#;
    check(
        &[(Some(shared), 25.0), (None, 15.0), (None, 5.0)],
        &[
            "0 begin a launch(x)",
            "0 begin c not launch(x): a",
            "1 end c not terminate(x): a",
            "2 end a terminate(x)",
        ],
    );
}

#[test]
fn an_action_without_a_value_is_withheld() {
    let rule = r#"scenario "a" { when Vehicle.Speed > 1.0
        then [notify("driver", "gear " + Vehicle.Powertrain.Transmission.CurrentGear), notify("fleet", "at " + Vehicle.Speed)] }"#;
    check(&[(Some(rule), 5.0)], &["0 begin a notify(fleet) not notify(driver): text"]);
}

#[test]
fn rules_that_come_and_go_leave_nothing_behind() {
    let catalogue = catalogue();
    let mut engine = engine(EngineConfig::default(), &catalogue, &rules("", &catalogue));
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let vehicle = engine.vehicle("car").unwrap();
    let text = |round: u64| {
        format!(
            "scenario \"a\" {{ when avg(Vehicle.Speed, \"{}ms\") > 10.0 then launch(\"x\") }}
             scenario \"b\" {{ when scenario(\"a\").active && rose(Vehicle.Speed > {}.0) then launch(\"y\") }}
             scenario \"c\" {{ when vehicles(Vehicle.Speed > {}.5) > 0 then launch(\"z\") }}",
            1 + round % 50,
            round % 40,
            round % 30
        )
    };
    let mut used = Vec::new();
    for round in 0..300 {
        engine.load(&rules(&text(round), &catalogue)).unwrap();
        let value = (round * 7 % 60) as f64;
        let sample = engine.sample(vehicle, speed, Some(&value.into()), round * 1_000, 0).unwrap();
        engine.step(round * 1_000 + 1_000, vec![sample]).unwrap();
        used.push(engine.slots_used());
    }
    assert!(used[299] == used[50], "slots grow from {} to {}", used[50], used[299]);
}

#[test]
fn rules_about_the_fleet_go_and_come_again() {
    let rule = r#"scenario "f" { when vehicles(Vehicle.Speed > 10.0) > 0 then launch("x") }"#;
    check(
        &[(Some(rule), 20.0), (None, 5.0), (Some(""), 5.0), (Some(rule), 20.0), (None, 5.0)],
        &["0 begin f launch(x)", "1 end f", "3 begin f launch(x)", "4 end f"],
    );
}
