//! `piccolo test`: results, coverage, reports and exit codes.

use serde_json::Value;

use crate::run::{Folder, Ran, SCENARIOS, piccolo};

const RULES: &str = r#"
scenario "fast" { when Vehicle.Speed > 100.0 && Vehicle.IsMoving held "3s" then launch("p") }
test "three seconds" {
    given  #{ "Vehicle.IsMoving": true }
    play   Vehicle.Speed, [[0, 90.0], [1000, 120.0], [9000, 90.0]]
    expect begins_at("fast", "4s")
}
test "a burst" {
    given  #{ "Vehicle.IsMoving": true }
    play   Vehicle.Speed, [[0, 90.0], [1000, 120.0], [2000, 90.0]]
    expect none("fast")
}
"#;

const WRONG: &str = r#"
test "too late" {
    given  #{ "Vehicle.IsMoving": true }
    play   Vehicle.Speed, [[0, 90.0], [1000, 120.0], [9000, 90.0]]
    expect begins_at("fast", "3s")
}
"#;

/// Rules in a folder, and more tests for them.
fn rules(more: &str) -> (Folder, String) {
    let folder = Folder::new();
    let path = folder.write("rules.rhai", format!("{RULES}{more}"));
    (folder, path)
}

/// Runs `piccolo test` over the rules.
#[track_caller]
fn check(path: &str, more: &[&str], code: i32) -> Ran {
    let mut args = vec!["test", path];
    args.extend_from_slice(more);
    piccolo(&args).with_code(code)
}

#[test]
fn passing_tests_are_0_and_a_failing_one_is_1() {
    let (_folder, path) = rules("");
    let ran = check(&path, &[], 0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3, "{ran:?}");
    assert!(lines[0].starts_with("PASS ") && lines[0].contains(" s  three seconds  ("), "{ran:?}");
    assert!(lines[0].ends_with("rules.rhai:3)"), "{ran:?}");
    assert!(lines[2].starts_with("2 tests passed, 0 failed, in "), "{ran:?}");
    assert_eq!(ran.err, "");

    let (_folder, path) = rules(WRONG);
    let ran = check(&path, &[], 1);
    assert!(ran.out.contains("FAIL ") && ran.out.contains("too late"), "{ran:?}");
    let found = "line 17: expected begins_at(\"fast\", \"3s\"), but it began at 4 s, 1 s late";
    assert!(ran.out.contains(found), "{ran:?}");
    assert!(ran.out.contains("2 tests passed, 1 failed, in "), "{ran:?}");
}

#[test]
fn a_name_picks_tests() {
    let (_folder, path) = rules(WRONG);
    let ran = check(&path, &["--run", "^(three|a burst$)"], 0);
    assert!(ran.out.contains("2 tests passed, 0 failed"), "{ran:?}");
    let ran = check(&path, &["--run", "late"], 1);
    assert!(ran.out.contains("0 tests passed, 1 failed"), "{ran:?}");
    let ran = check(&path, &["--run", "nothing like it"], 4);
    assert!(ran.out.is_empty() && ran.err.contains("none of 3 tests fits --run"), "{ran:?}");
    check(&path, &["--run", "("], 2);
}

#[test]
fn a_threshold_that_is_not_reached_is_1_and_says_what_is_missing() {
    let (_folder, path) = rules("");
    let ran = check(&path, &["--coverage"], 0);
    assert!(ran.out.contains("MC/DC 1/2 50 %"), "{ran:?}");
    check(&path, &["--threshold", "50"], 0);
    let ran = check(&path, &["--threshold", "100"], 1);
    assert!(ran.out.contains("`Vehicle.IsMoving` was never false"), "{ran:?}");
    assert!(ran.out.contains("MC/DC coverage is 1/2 50 %, less than 100 %"), "{ran:?}");
    assert!(ran.out.contains("2 tests passed, 0 failed"), "{ran:?}");
    let covered = "scenario \"covered\" { when Vehicle.Speed > 91.0 then launch(\"q\") }";
    let (_folder, path) = rules(covered);
    let ran = check(&path, &["--threshold", "100"], 1);
    assert!(
        ran.out.contains("\nscenario fast (") && !ran.out.contains("scenario covered"),
        "{ran:?}"
    );
    let ran = check(&path, &["--threshold", "100", "--coverage"], 1);
    assert!(ran.out.contains("\nscenario covered ("), "{ran:?}");
    for percent in ["101", "-1", "much", "NaN"] {
        check(&path, &[&format!("--threshold={percent}")], 2);
    }
}

#[test]
fn recordings_count_for_coverage() {
    let (folder, path) = rules("");
    let rows = "t_us,signal,value\n0,Vehicle.Speed,120\n0,Vehicle.IsMoving,false\nnonsense\n";
    let drive = folder.write("standing.csv", rows);
    let ran = check(&path, &["--threshold", "100", "--on", &drive], 0);
    assert!(ran.err.contains("standing: 1 faults were passed over"), "{ran:?}");
    check(&path, &["--on", "no-such.csv"], 4);
}

#[test]
fn reports_are_written() {
    let (folder, path) = rules(WRONG);
    let (html, junit, json) =
        (folder.path("coverage.html"), folder.path("tests.xml"), folder.path("coverage.json"));
    let files = ["--html", &html, "--junit", &junit, "--coverage-json", &json];
    check(&path, &files, 1);
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let html = read(&html);
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("fast"), "{html}");
    let junit = read(&junit);
    assert!(junit.contains("tests=\"3\"") && junit.contains("failures=\"1\""), "{junit}");
    assert!(junit.contains("it began at 4 s, 1 s late"), "{junit}");
    let json: Value = serde_json::from_str(&read(&json)).unwrap();
    assert_eq!(json["totals"]["mcdc"]["of"], 2);
    let ran = check(&path, &["--html", "no-such-folder/coverage.html"], 3);
    assert!(ran.err.contains("cannot write no-such-folder/coverage.html"), "{ran:?}");
}

#[test]
fn json_is_one_object() {
    let (_folder, path) = rules(WRONG);
    let ran = check(&path, &["-o", "json", "--threshold", "100"], 1);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let outcomes: Vec<&str> = json["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["passed", "passed", "failed"]);
    assert_eq!(json["tests"][2]["failures"][0]["line"], 17);
    assert_eq!(json["below_threshold"][0]["metric"], "condition");
    assert_eq!(json["coverage"]["totals"]["branch"]["covered"], 2);
    let ran = check(&path, &["-o", "json"], 1);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(json.get("coverage").is_none() && json.get("below_threshold").is_none());
}

#[test]
fn one_that_cannot_run_hides_no_other() {
    let (_folder, path) = rules(
        "test \"no file\" { play recording(\"no-such.csv\", \"0s\", \"1s\") expect none(\"fast\") }\n\
         test \"the last\" { given #{ \"Vehicle.Speed\": 1.0 } expect none(\"fast\") }\n",
    );
    let ran = check(&path, &[], 1);
    assert!(ran.out.contains("it cannot be run: there is no no-such.csv"), "{ran:?}");
    assert!(ran.out.contains("3 tests passed, 1 failed"), "{ran:?}");
}

#[test]
fn rules_that_do_not_compile_are_3() {
    let folder = Folder::new();
    let path = folder.write(
        "wrong.rhai",
        r#"test "t" { given #{ "Vehicle.Speed": 1.0 } expect none("nobody") }"#,
    );
    let ran = check(&path, &[], 3);
    assert!(ran.out.is_empty() && ran.err.contains("PR0161"), "{ran:?}");
    check("no-such-rules", &[], 4);
}

#[test]
fn rules_without_a_test_pass_and_say_so() {
    let folder = Folder::new();
    let path =
        folder.write("bare.rhai", r#"scenario "s" { when Vehicle.IsMoving then launch("p") }"#);
    let ran = check(&path, &[], 0);
    assert!(ran.err.contains("there is no test in these files"), "{ran:?}");
    check(&path, &["--threshold", "1"], 1);
}

#[test]
fn what_ships_passes_with_full_coverage() {
    for folder in [SCENARIOS, "fixtures/cookbook"] {
        let ran = check(folder, &["--coverage", "--threshold", "100"], 0);
        assert!(ran.out.contains(" 0 failed, in "), "{ran:?}");
    }
}
