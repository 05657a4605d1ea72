//! What policies say of actions, and rules that are left out.

use piccolo_catalogue::Value;
use piccolo_engine::{Engine, EngineConfig, PolicyDefaults};
use piccolo_script::ActionKind;

use crate::data::{catalogue, engine, rules};
use crate::rule_changes::line;

const SPEED: &str = "Vehicle.Speed";
const BRAKE: &str = "Vehicle.Chassis.ParkingBrake.IsEngaged";

/// An engine with rules, and what it decides on values of speed and parking brake, one a second.
fn decide(
    config: EngineConfig,
    text: &str,
    values: &[(f64, Option<bool>)],
) -> (Engine, Vec<String>) {
    let catalogue = catalogue();
    let mut engine = engine(config, &catalogue, &rules(text, &catalogue));
    let vehicle = engine.vehicle("car").unwrap();
    let mut lines = Vec::new();
    for (second, (speed, brake)) in values.iter().enumerate() {
        let time_us = second as u64 * 1_000_000;
        let mut samples = Vec::new();
        for (path, value) in [(SPEED, Some(Value::Float(*speed))), (BRAKE, brake.map(Value::Bool))]
        {
            let signal = catalogue.find(path).unwrap();
            samples.push(engine.sample(vehicle, signal, value.as_ref(), time_us, 0).unwrap());
        }
        lines.extend(engine.step(time_us + 1, samples).unwrap().iter().map(line));
    }
    (engine, lines)
}

/// What becomes of `update("maps")` at 50 km/h with the brake unknown, and of its end after that.
#[track_caller]
fn check(policies: &str, expected: &[&str]) {
    let scenario = r#"scenario "s" { when Vehicle.Speed > 10.0 then update("maps") finally rollback("maps") }"#;
    let text = format!("{scenario}\n{policies}");
    for workers in [1, 2] {
        let config = EngineConfig { workers, ..EngineConfig::default() };
        let (_, lines) = decide(config, &text, &[(50.0, None), (0.0, Some(true))]);
        assert_eq!(lines, expected, "{policies}");
    }
}

#[test]
fn a_policy_decides_where_it_applies() {
    check("", &["0 begin s update(maps)", "1 end s rollback(maps)"]);
    check(
        r#"policy "p" { on [update("*"), rollback("*")] when Vehicle.Speed > 0.0 deny "at " + Vehicle.Speed }"#,
        &["0 begin s not update(maps): at 50", "1 end s rollback(maps)"],
    );
    check(
        r#"policy "p" { on any("ma?s") deny "never" }"#,
        &["0 begin s not update(maps): never", "1 end s not rollback(maps): never"],
    );
    check(
        r#"policy "p" { on update("*") when action.kind == "update" && action.target == "maps"
            && action.scenario == "s" && action.subject == "s" deny "by name" }"#,
        &["0 begin s not update(maps): by name", "1 end s rollback(maps)"],
    );
}

#[test]
fn what_cannot_be_judged_is_denied() {
    check(
        r#"policy "p" { on update("*") when !Vehicle.Chassis.ParkingBrake.IsEngaged deny "moving" }"#,
        &[
            "0 begin s not update(maps): it cannot be judged: \
             `Vehicle.Chassis.ParkingBrake.IsEngaged` is unknown",
            "1 end s rollback(maps)",
        ],
    );
    check(
        r#"policy "p" { on update("*") when package.state == "running" change restart("maps") }"#,
        &[
            "0 begin s not update(maps): it cannot be judged: `package.state == \"running\"` is unknown",
            "1 end s rollback(maps)",
        ],
    );
    check(
        r#"policy "p" { on update("*") when package.state == "running" allow }"#,
        &["0 begin s update(maps)", "1 end s rollback(maps)"],
    );
}

#[test]
fn the_highest_priority_decides_and_among_equals_deny_change_allow() {
    let deny = r#"policy "d" { on update("*") deny "no" priority D }"#;
    let change = r#"policy "c" { on update("*") change restart("maps") priority C }"#;
    let allow = r#"policy "a" { on update("*") allow priority A }"#;
    for (d, c, a, expected) in [
        (0, 0, 0, "0 begin s not update(maps): no"),
        (0, 1, 1, "0 begin s restart(maps) by c"),
        (0, 0, 1, "0 begin s update(maps)"),
        (2, 1, 1, "0 begin s not update(maps): no"),
    ] {
        let text = format!("{deny}\n{change}\n{allow}")
            .replace("priority D", &format!("priority {d}"))
            .replace("priority C", &format!("priority {c}"))
            .replace("priority A", &format!("priority {a}"));
        check(&text, &[expected, "1 end s rollback(maps)"]);
    }
}

#[test]
fn a_changed_action_is_judged_once_more() {
    let change = r#"policy "c" { on update("*") change restart("maps") }"#;
    check(
        &format!("{change}\npolicy \"d\" {{ on restart(\"*\") deny \"not that either\" }}"),
        &["0 begin s not update(maps): not that either", "1 end s rollback(maps)"],
    );
    check(
        &format!("{change}\npolicy \"e\" {{ on restart(\"*\") change pause(\"maps\") }}"),
        &[
            "0 begin s not update(maps): `c` changed it before, and a second change denies",
            "1 end s rollback(maps)",
        ],
    );
    // A change that fits its own policy is the same the second time.
    check(
        r#"policy "c" { on any("maps") when action.kind != "rollback" change restart("maps") }"#,
        &["0 begin s restart(maps) by c", "1 end s rollback(maps)"],
    );
}

#[test]
fn without_a_word_the_default_decides() {
    let text = r#"scenario "s" { when Vehicle.Speed > 10.0 then [update("maps"), notify("driver", "hello")] }"#;
    let defaults = PolicyDefaults::default().allow(ActionKind::Notify);
    let config = EngineConfig { defaults, ..EngineConfig::default() };
    let (_, lines) = decide(config, text, &[(50.0, None)]);
    let expected = "0 begin s notify(driver) not update(maps): no policy allows it, and `update` is denied by default";
    assert_eq!(lines, [expected]);
}

#[test]
fn a_target_that_is_given_back_passes_policies_too() {
    let text = r#"
        scenario "a" { when Vehicle.Speed > 10.0 then launch("x") }
        scenario "b" { when Vehicle.Speed > 20.0 priority 5 then pause("x") }
        policy "p" { on launch("x") when Vehicle.Chassis.ParkingBrake.IsEngaged deny "parked" }"#;
    let steps = [(15.0, Some(false)), (25.0, Some(true)), (15.0, Some(true))];
    let (_, lines) = decide(EngineConfig::default(), text, &steps);
    assert_eq!(
        lines,
        ["0 begin a launch(x)", "1 begin b pause(x)", "2 end b not launch(x): parked"]
    );
}

#[test]
fn a_script_that_breaks_its_limits_is_left_out_and_nothing_else() {
    let long =
        (0..10).fold("\"xxxxxxxxxxxxxxxx\"".to_owned(), |text, _| format!("({text} + {text})"));
    let text = format!(
        "scenario \"s\" {{ when {{ if Vehicle.Speed > 20.0 {{ {long} != \"\" }} else {{ Vehicle.Speed > 5.0 }} }} then launch(\"a\") }}
         scenario \"t\" {{ when Vehicle.Speed > 20.0 then launch(\"b\") }}"
    );
    for workers in [1, 2] {
        let config = EngineConfig { workers, explain: true, ..EngineConfig::default() };
        let steps = [(10.0, None), (30.0, None), (10.0, None), (30.0, None)];
        let (mut engine, lines) = decide(config, &text, &steps);
        assert_eq!(
            lines,
            [
                "0 begin s launch(a)",
                "1 end s",
                "1 begin t launch(b)",
                "2 end t",
                "3 begin t launch(b)"
            ]
        );
        let left_out = engine.take_quarantined();
        assert_eq!(left_out.len(), 1);
        assert_eq!((left_out[0].time_us, &*left_out[0].scenario), (1_000_000, "s"));
    }
}
