//! `piccolo explain`: why, and why not.

use serde_json::Value;

use crate::run::{DRIVE, Ran, SCENARIOS, piccolo};

fn explain(more: &[&str]) -> Ran {
    let mut args = vec!["explain", DRIVE, "--rules", SCENARIOS];
    args.extend(more);
    piccolo(&args)
}

fn json(more: &[&str]) -> Value {
    let mut args = more.to_vec();
    args.extend(["-o", "json"]);
    serde_json::from_str(&explain(&args).with_code(0).out).unwrap()
}

#[test]
fn a_decision_is_explained_by_scenario_and_by_id() {
    let found = json(&["--scenario", "weak-battery"]);
    assert_eq!(found["decision"]["time_us"], 13_602_800);
    assert_eq!(found["held_since_us"], 13_402_800);
    assert_eq!(found["atoms"].as_array().unwrap().len(), 2);
    assert_eq!(found["atoms"][1]["flipped_by"]["origin"], 717);
    let id = found["decision"]["id"].as_str().unwrap();
    assert_eq!(json(&["--id", id]), found);
    let table = explain(&["--scenario", "weak-battery"]).with_code(0).out;
    assert!(table.contains("  2 of 2 atoms are enough:\n"), "{table}");
    assert!(table.contains("margin 1.85, since 13.402800 s by 9.65 (line 717)\n"), "{table}");
}

#[test]
fn what_stood_in_the_way_is_said() {
    let found = json(&["--not", "weak-battery", "--at", "13500ms"]);
    assert_eq!(found[0]["answer"], "waiting");
    assert_eq!(found[0]["left_us"], 102_800);
    let failing = explain(&["--not", "weak-battery", "--at", "12s"]).with_code(0).out;
    assert!(failing.contains("short by "), "{failing}");
    assert!(failing.contains("  1 of "), "{failing}");
    let nearest = json(&["--not", "engine-hot", "--nearest"]);
    assert_eq!(nearest[0]["answer"], "failing");
    assert!(nearest[0]["missing"][0]["margin"].as_f64().unwrap() > 0.0, "{nearest}");
}

#[test]
fn what_cannot_be_answered_is_said_with_its_code() {
    let check = |more: &[&str], code, err: &str| {
        let ran = explain(more).with_code(code);
        assert!(ran.err.contains(err) && ran.out.is_empty(), "{ran:?}");
    };
    check(&["--scenario", "nobody"], 4, "there is no scenario `nobody`");
    check(&["--not", "nobody", "--nearest"], 4, "there is no scenario `nobody`");
    let unknown = "0".repeat(32);
    check(&["--id", &unknown], 4, "no such decision");
    check(&["--id", "00"], 2, "32 hexadecimal digits");
    check(&["--scenario", "engine-hot", "--at", "10s"], 4, "no such decision");
    check(&["--not", "motorway"], 2, "--at DURATION, or --nearest");
    check(&["--scenario", "motorway", "--nearest"], 2, "--not");
    check(&[], 2, "--id");
    check(&["--id", &unknown, "--not", "motorway"], 2, "cannot be used with");
}
