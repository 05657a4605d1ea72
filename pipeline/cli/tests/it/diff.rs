//! `piccolo diff`: what a change of rules changes, and that it costs what the change costs.

use std::fmt::Write as _;

use crate::run::{DRIVE, Folder, Ran, SCENARIOS, piccolo, shared};

const BEFORE: &str = r#"scenario "fast" { when Vehicle.Speed > 80.0 held "1s" then launch("x") }
scenario "slow" { when Vehicle.Speed < 20.0 then launch("y") }
"#;

#[test]
fn the_same_rules_make_no_difference() {
    let ran = piccolo(&["diff", SCENARIOS, SCENARIOS, "--on", DRIVE, "-o", "jsonl"]).with_code(0);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("0 of 11 and 0 of 11 scenarios evaluated on 0 of 89178"), "{ran:?}");
}

#[test]
fn a_change_is_said_with_its_reason_and_nothing_else_is_evaluated() {
    let folder = Folder::new();
    let before = folder.write("before.rhai", BEFORE);
    let after = folder.write("after.rhai", BEFORE.replace("1s", "2s"));
    let diff = |more: &[&str]| {
        let mut args = vec!["diff", &before, &after, "--on", DRIVE, "--move-within", "3s"];
        args.extend(more);
        piccolo(&args).with_code(1)
    };
    let ran = diff(&["-o", "jsonl", "--why"]);
    let changes = ran.decisions();
    assert!(!changes.is_empty());
    for change in &changes {
        assert_eq!(
            (&change["scenario"], &change["vehicle"]),
            (&"fast".into(), &"aggressive_us06".into())
        );
        let what = change["change"].as_str().unwrap();
        assert_eq!(change.get("from").is_some(), what != "added", "{change}");
        assert_eq!(change.get("to").is_some(), what != "removed", "{change}");
        let decision = change.get("to").unwrap_or(&change["from"]);
        assert_eq!(change["time_us"], decision["time_us"]);
        assert!(decision["why"]["atoms"].is_array(), "{change}");
    }
    assert!(changes.iter().any(|change| change["change"] == "moved"));
    assert!(ran.err.contains("1 of 2 and 1 of 2 scenarios evaluated"), "{}", ran.err);
    assert!(ran.err.starts_with("fast: "), "{}", ran.err);
    let full = diff(&["-o", "jsonl", "--why", "--full"]);
    assert_eq!(full.out, ran.out);
    assert!(full.err.contains("2 of 2 and 2 of 2 scenarios evaluated"), "{}", full.err);
    let table = diff(&[]).out;
    assert!(table.contains("1.000000 s later"), "{table}");
    assert!(table.lines().count() > changes.len());
}

#[test]
fn other_actions_are_shown_side_by_side() {
    let folder = Folder::new();
    let before = folder.write("before.rhai", BEFORE);
    let after = folder.write("after.rhai", BEFORE.replace("launch(\"y\")", "pause(\"y\")"));
    let ran = piccolo(&["diff", &before, &after, "--on", DRIVE]).with_code(1);
    assert!(ran.out.contains("slow                      changed\n"), "{}", ran.out);
    assert!(ran.out.contains("  - launch y\n") && ran.out.contains("  + pause y\n"), "{}", ran.out);
}

/// Rules over signals of the commute that are met within it.
fn hundred_rules() -> String {
    let signals = [
        ("Vehicle.Acceleration.Longitudinal", 0.1),
        ("Vehicle.Acceleration.Lateral", 0.1),
        ("Vehicle.AngularVelocity.Yaw", 0.5),
        ("Vehicle.Speed", 10.0),
        ("Vehicle.Powertrain.CombustionEngine.Speed", 1_500.0),
    ];
    let mut text = String::new();
    for number in 0..100usize {
        let (first, step) = signals[number % 5];
        let (second, other) = signals[(number + 1) % 5];
        let factor = 1.0 + (number / 5) as f64 / 20.0;
        let _ = writeln!(
            text,
            "scenario \"s{number}\" {{ when {first} > {:?} && {second} < {:?} held \"500ms\" \
             then launch(\"app{number}\") }}",
            step * factor,
            other * factor * 2.0,
        );
    }
    text
}

fn compared(ran: &Ran) -> f64 {
    let (_, after) = ran.err.split_once("compared in ").expect("the time is said");
    after.trim_end().trim_end_matches(" s").parse().unwrap()
}

#[test]
fn one_changed_rule_of_a_hundred_costs_a_fifth_at_most() {
    let Some(commute) = shared("css_commute_am_2021-07-26/signals_vss6.csv.gz") else { return };
    let Some(overlay) = shared("catalogs/vss/OBD_overlay_main.vspec") else { return };
    let folder = Folder::new();
    let rules = hundred_rules();
    let before = folder.write("before.rhai", &rules);
    let changed: Vec<String> = rules
        .lines()
        .map(|line| match line.starts_with("scenario \"s3\"") {
            true => line.replace("500ms", "600ms"),
            false => line.to_owned(),
        })
        .collect();
    let after = folder.write("after.rhai", changed.join("\n"));
    let diff = |more: &[&str]| {
        let mut args = vec!["diff", &before, &after, "--on", &commute, "--catalogue", &overlay];
        args.extend(more);
        piccolo(&args).with_code(1)
    };
    let (reduced, full) = (diff(&[]), diff(&["--full"]));
    assert_eq!(reduced.out, full.out);
    assert!(reduced.err.contains("1 of 100 and 1 of 100 scenarios evaluated"), "{}", reduced.err);
    let (reduced, full) = (compared(&reduced), compared(&full));
    assert!(reduced * 5.0 < full, "{reduced} s against {full} s for all");
}
