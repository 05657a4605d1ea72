//! Tests of the runner itself: each expectation met and missed, plays, and what is covered.

use std::fs;
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_recording::{Options, Reader};
use piccolo_script::RuleSet;

use super::Tester;
use crate::coverage::{Clause, CoverageReport, RuleKind};
use crate::results::{Outcome, Results};

const RULES: &str = r#"
scenario "fast" {
    when    Vehicle.Speed > 100.0
    until   Vehicle.Speed < 90.0
    held    "3s"
    then    launch("lane-keeping")
    finally terminate("lane-keeping")
}
scenario "moving" { when Vehicle.Speed > 10.0 then [launch("moving"), pause("map")] }
scenario "braking" {
    when Vehicle.Chassis.Brake.PedalPosition > 50 && !Vehicle.IsMoving
    then notify("driver", "speed " + Vehicle.Speed)
}
scenario "flying" { when Vehicle.Speed > 240.0 then launch("wings") }
policy "no-map-pause" { on pause("map") when Vehicle.Speed > 0.0 deny "the map is needed" }
policy "other-wings" { on launch("wings") change launch("kites") }
"#;

fn tester(text: &str) -> Tester {
    let catalogue = Catalogue::vss6();
    let (rules, findings) = RuleSet::parse("t.rhai", text, &catalogue);
    assert!(findings.iter().all(|finding| !finding.is_error()), "{findings:#?}");
    Tester::new(&rules, catalogue)
}

fn run(text: &str) -> Results {
    tester(text).run_all()
}

/// Runs one test over [`RULES`]; the failure as text, nothing where it passes.
fn failure(body: &str) -> Option<String> {
    let results = run(&format!("{RULES}\ntest \"t\" {{ {body} }}"));
    assert_eq!(results.tests.len(), 1);
    match &results.tests[0].outcome {
        Outcome::Passed => None,
        Outcome::Failed { failures } => Some(
            failures.iter().map(|one| format!("{} -> {}\n", one.expected, one.found)).collect(),
        ),
        Outcome::Broken { message } => Some(format!("broken: {message}")),
    }
}

#[track_caller]
fn check(play: &str, met: &str, missed: &str, found: &str) {
    let failed = failure(&format!("{play} expect {met}"));
    assert_eq!(failed, None, "{met}");
    let failed = failure(&format!("{play} expect {missed}"));
    assert_eq!(failed.as_deref(), Some(&*format!("{missed} -> {found}\n")), "{missed}");
}

const DRIVE: &str =
    "play Vehicle.Speed, [[0, 0.0], [1000, 120.0], [6500, 80.0], [8000, 0.0], [9000, 50.0]]";

#[test]
fn none_and_counts() {
    check(DRIVE, r#"none("flying")"#, r#"none("moving")"#, "it began at 1 s, 9 s");
    check(
        DRIVE,
        r#"begins("moving", 2)"#,
        r#"begins("moving", 1)"#,
        "it began 2 times, at 1 s, 9 s",
    );
    check(DRIVE, r#"ends("fast", 1)"#, r#"ends("fast", 2)"#, "it ended once, at 6.5 s");
    check(DRIVE, r#"begins("flying", 0)"#, r#"begins("fast", 0)"#, "it began once, at 4 s");
}

#[test]
fn times_with_tolerance() {
    let at = |missed: &str, found: &str| check(DRIVE, r#"begins_at("fast", "4s")"#, missed, found);
    at(r#"begins_at("fast", "3999999us")"#, "it began at 4 s, 0.000001 s late");
    at(r#"begins_at("fast", "5s", "500ms")"#, "it began at 4 s, 1 s early");
    at(r#"ends_at("fast", "5300ms")"#, "it ended at 6.5 s, 1.2 s late");
    check(
        DRIVE,
        r#"ends_at("fast", "6s", "500ms")"#,
        r#"begins_at("moving", "8s", "999ms")"#,
        "it began at 9 s, 1 s late",
    );
    assert_eq!(failure(&format!(r#"{DRIVE} expect begins_at("moving", "9s")"#)), None);
}

#[test]
fn what_never_began_says_what_was_missing() {
    let slow = "play Vehicle.Speed, [[0, 0.0], [3500, 97.5], [5000, 50.0]]";
    let missing = |play: &str, missed: &str, found: &str| {
        check(play, r#"none("flying")"#, missed, found);
    };
    missing(
        slow,
        r#"begins("fast", 1)"#,
        "it never began; its `when` came nearest at 3.5 s: `Vehicle.Speed > 100.0` was 2.5 short",
    );
    missing(
        "play Vehicle.Speed, [[0, 0.0], [1000, 120.0], [3500, 50.0]]",
        r#"begins_at("fast", "4s")"#,
        "it never began; its `when` held from 1 s to 3.5 s, and must hold for 3s",
    );
    missing(
        "play Vehicle.Chassis.Brake.PedalPosition, [[0, 0], [1000, 70]]",
        r#"begins("braking", 1)"#,
        "it never began; its `when` came nearest at 1 s: `Vehicle.IsMoving` was unknown",
    );
    missing(
        "given #{ \"Vehicle.IsMoving\": true } \
         play Vehicle.Chassis.Brake.PedalPosition, [[0, 0], [1000, 70]]",
        r#"ends("braking", 1)"#,
        "it never began; its `when` came nearest at 1 s: `Vehicle.IsMoving` was true",
    );
    missing(
        "play Vehicle.Speed, [[0, 120.0]]",
        r#"ends("moving", 1)"#,
        "it never ended; it began at 0 s",
    );
}

#[test]
fn order() {
    check(
        DRIVE,
        r#"order(["moving", "fast"])"#,
        r#"order(["fast", "moving"])"#,
        "`moving` began at 1 s, `fast` at 4 s",
    );
    check(
        "play Vehicle.Speed, [[0, 50.0]]",
        r#"order(["moving"])"#,
        r#"order(["moving", "fast"])"#,
        "`fast` never began; its `when` came nearest at 0 s: `Vehicle.Speed > 100.0` was 50 short",
    );
}

#[test]
fn actions_done_and_denied() {
    check(
        DRIVE,
        r#"denied(pause("map"))"#,
        r#"does(pause("map"))"#,
        "it was denied by policy `no-map-pause` (the map is needed) at 1 s",
    );
    check(
        DRIVE,
        r#"does(terminate("lane-keeping"))"#,
        r#"denied(launch("lane-keeping"))"#,
        "it was done at 4 s for `fast`",
    );
    check(
        "play Vehicle.Speed, [[0, 250.0]]",
        r#"does(launch("kites"))"#,
        r#"does(launch("wings"))"#,
        "policy `other-wings` changed it to `launch(kites)` at 0 s",
    );
    check(
        DRIVE,
        r#"does(launch("moving"))"#,
        r#"does(launch("nothing"))"#,
        "no scenario asks for it",
    );
    check(
        DRIVE,
        r#"does(launch("moving"))"#,
        r#"does(launch("kites"))"#,
        "no scenario asks for it",
    );
    check(
        "given #{ \"Vehicle.IsMoving\": false } \
         play Vehicle.Chassis.Brake.PedalPosition, [[0, 0], [1000, 70]]",
        r#"begins("braking", 1)"#,
        r#"does(notify("driver", "x"))"#,
        "it was left out, as `text` has no value, at 1 s",
    );
}

#[test]
fn every_failure_has_its_line() {
    let text = format!(
        "{RULES}test \"t\" {{\n    play Vehicle.Speed, [[0, 0.0]]\n    expect none(\"moving\")\n    \
         expect begins(\n        \"fast\", 1)\n    expect does(launch(\"a(b\"))\n}}\n"
    );
    let results = run(&text);
    let Outcome::Failed { failures } = &results.tests[0].outcome else { panic!("{results:?}") };
    let before = RULES.lines().count();
    let lines: Vec<(usize, &str)> =
        failures.iter().map(|one| (one.line - before, &*one.expected)).collect();
    assert_eq!(lines, [(4, "begins( \"fast\", 1)"), (6, "does(launch(\"a(b\"))")]);
    assert_eq!((results.tests[0].line - before, results.counts()), (1, (0, 1, 0)));
}

#[test]
fn tests_are_run_in_the_order_of_the_file_and_each_by_itself() {
    let text = format!(
        "{RULES}test \"z\" {{ given #{{ \"Vehicle.Speed\": 50.0 }} expect begins(\"moving\", 1) }}\n\
         test \"a\" {{ play Vehicle.IsMoving, [[0, true]] expect none(\"moving\") }}"
    );
    let results = run(&text);
    let names: Vec<&str> = results.tests.iter().map(|test| &*test.name).collect();
    assert_eq!(names, ["z", "a"]);
    assert!(results.all_passed(), "{}", results.to_text());
}

/// Runs tests that stand beside these rules; all must pass.
#[track_caller]
fn passes(text: &str) {
    let results = run(text);
    assert!(results.counts().0 > 0 && results.all_passed(), "{}", results.to_text());
}

#[test]
fn the_vehicle_exists_from_the_start() {
    passes(
        r#"scenario "mute" { when !known(Vehicle.Speed) then notify("workshop", "mute") }
           test "nothing is played" { given #{ } expect begins_at("mute", "0s") }
           test "late" { play Vehicle.IsMoving, [[9000, true]] expect begins_at("mute", "0s") }
           test "given" { given #{ "Vehicle.Speed": 1.0 } expect none("mute") }"#,
    );
}

#[test]
fn a_test_runs_on_for_an_hour() {
    passes(
        r#"scenario "long" { when Vehicle.IsMoving held "59m" then launch("p") }
           scenario "longer" { when Vehicle.IsMoving held "61m" then launch("p") }
           test "t" {
               play   Vehicle.IsMoving, [[0, false], [1000, true]]
               expect begins_at("long", "3541s")
               expect none("longer")
           }"#,
    );
}

#[test]
fn facts_of_the_platform_are_the_same_for_all() {
    passes(
        r#"scenario "s" { when node("hpc").cpu > 80.0 && Vehicle.Speed > 1.0 then launch("p") }
           test "both vehicles" {
               given  #{ "Vehicle.Speed": 5.0 }
               play   node("hpc").cpu, [[0, 10.0], [1000, 90.0], [2000, 95.0]]
               play   vehicle("b", Vehicle.Speed), [[5000, 5.0]]
               expect begins_at("s", "1s")
               expect begins_at("s", "5s")
               expect begins("s", 2)
           }
           test "or of one" {
               given  #{ "Vehicle.Speed": 5.0 }
               play   vehicle("b", node("hpc").cpu), [[1000, 90.0]]
               play   vehicle("b", Vehicle.Speed), [[5000, 5.0]]
               expect begins("s", 1)
               expect begins_at("s", "5s")
           }
           test "given" {
               given  #{ "node(\"hpc\").cpu": 90.0 }
               play   Vehicle.Speed, [[3000, 5.0]]
               expect begins_at("s", "3s")
           }"#,
    );
}

#[test]
fn a_part_of_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "t_us,signal,value\n0,Vehicle.IsMoving,true\n2000000,Vehicle.Speed,50\n\
                5000000,Vehicle.Speed,0\n7000000,Vehicle.Speed,50\n9000000,Vehicle.Speed,0\n";
    fs::write(folder.path().join("drive.csv"), rows).unwrap();
    fs::write(folder.path().join("bad.csv"), "t_us,signal,value\n0,Vehicle.Sped,1\n").unwrap();
    let text = r#"
scenario "s" { when Vehicle.Speed > 10.0 && Vehicle.IsMoving then launch("p") }
test "1 from three to nine" {
    play   recording("drive.csv", "3s", "9s")
    expect begins_at("s", "0s")
    expect ends_at("s", "2s")
    expect begins_at("s", "4s")
    expect begins("s", 2)
    expect ends("s", 1)
}
test "2 no such file" { play recording("no-such.csv", "0s", "1s") expect none("s") }
test "3 a fault" { play recording("bad.csv", "0s", "1s") expect none("s") }
test "4 still runs" { given #{ "Vehicle.Speed": 1.0 } expect none("s") }
"#;
    let path = folder.path().join("rules.rhai");
    fs::write(&path, text).unwrap();
    let catalogue = Catalogue::vss6();
    let (rules, findings) = RuleSet::load(&[path], &catalogue);
    assert!(findings.is_empty(), "{findings:#?}");
    let results = Tester::new(&rules, catalogue).run_all();
    assert_eq!(results.counts(), (2, 0, 2), "{}", results.to_text());
    let broken: Vec<&str> = results
        .tests
        .iter()
        .filter_map(|test| match &test.outcome {
            Outcome::Broken { message } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    assert!(broken[0].starts_with("there is no no-such.csv"), "{broken:?}");
    assert!(broken[1].starts_with("bad.csv has 1 faults"), "{broken:?}");
}

/// What was seen of a condition: how many vectors, and its totals of condition and MC/DC.
fn seen(report: &CoverageReport, rule: &str, clause: Clause) -> (usize, String, String) {
    let found = report.conditions.iter().find(|one| *one.rule == *rule && one.clause == clause);
    let found = found.unwrap_or_else(|| panic!("{rule} is not covered"));
    (found.vectors, found.totals.condition.to_string(), found.totals.mcdc.to_string())
}

#[test]
fn tests_and_recordings_cover() {
    let text = r#"
scenario "s" {
    when  Vehicle.Speed > 10.0 && Vehicle.IsMoving
    until Vehicle.Speed < 5.0 || Vehicle.Chassis.ParkingBrake.IsEngaged
    then  launch("p")
}
policy "p" { on launch("p") when Vehicle.Speed > 50.0 || Vehicle.IsBrokenDown deny "no" }
test "t" {
    given  #{ "Vehicle.IsMoving": true, "Vehicle.Chassis.ParkingBrake.IsEngaged": false }
    play   Vehicle.Speed, [[0, 1.0], [1000, 20.0], [2000, 1.0]]
    expect begins("s", 1)
}"#;
    let mut tester = tester(text);
    let results = tester.run_all();
    assert!(results.all_passed(), "{}", results.to_text());
    let report = tester.coverage();
    let full = |ratio: &str| format!("{ratio} 100 %");
    assert_eq!(seen(&report, "s", Clause::When), (2, "3/4 75 %".into(), "1/2 50 %".into()));
    // Not at the start, where it is not active: only from the begin to the end.
    assert_eq!(seen(&report, "s", Clause::Until), (2, "3/4 75 %".into(), "1/2 50 %".into()));
    // It cannot be judged, so it denies, and shows nothing.
    assert_eq!(seen(&report, "p", Clause::When), (0, "0/4 0 %".into(), "0/2 0 %".into()));
    assert_eq!(report.conditions.last().map(|one| one.kind), Some(RuleKind::Policy));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drive.csv");
    let rows = "t_us,signal,value\n0,Vehicle.IsBrokenDown,false\n0,Vehicle.IsMoving,false\n\
                0,Vehicle.Chassis.ParkingBrake.IsEngaged,false\n1,Vehicle.Speed,20\n\
                2,Vehicle.IsMoving,true\n3,Vehicle.Chassis.ParkingBrake.IsEngaged,true\n\
                4,Vehicle.Sped,1\n4,Vehicle.IsMoving,false\n5,Vehicle.Speed,90\n\
                5,Vehicle.Chassis.ParkingBrake.IsEngaged,false\n6,Vehicle.IsMoving,true\n\
                7,Vehicle.Speed,0\n8,Vehicle.IsBrokenDown,true\n9,Vehicle.Speed,30\n";
    fs::write(&path, rows).unwrap();
    let reader = Reader::open(&path, Options::new(Catalogue::vss6())).unwrap();
    assert_eq!(tester.cover("drive", reader).unwrap(), 1);
    let report = tester.coverage();
    let of = |rule, clause| {
        let (_, condition, mcdc) = seen(&report, rule, clause);
        (condition, mcdc)
    };
    assert_eq!(of("s", Clause::When), (full("4/4"), full("2/2")));
    assert_eq!(of("s", Clause::Until), (full("4/4"), full("2/2")));
    assert_eq!(of("p", Clause::When), (full("4/4"), full("2/2")));
    let origins: Vec<Arc<str>> = report.origins.iter().map(|one| Arc::clone(&one.name)).collect();
    assert_eq!(origins, ["t".into(), "drive".into()]);
}

#[test]
fn a_panic_hides_no_other_test() {
    let tester = &mut tester(&format!(
        "{RULES}test \"a\" {{ given #{{ }} expect none(\"fast\") }}\n\
         test \"b\" {{ given #{{ }} expect none(\"fast\") }}"
    ));
    let [a, b] = tester.tests().try_into().unwrap();
    let watch = std::rc::Rc::clone(&tester.watch);
    let held = watch.borrow_mut();
    let result = tester.run(&a);
    assert!(matches!(&result.outcome, Outcome::Broken { message } if message.contains("defect")));
    drop(held);
    assert_eq!(tester.run(&b).outcome, Outcome::Passed);
}

/// What a naive reader of the samples sees: the truths of both conditions, `until` while active.
fn naive(rows: &[(u64, usize, Option<f64>)]) -> [std::collections::BTreeSet<String>; 2] {
    let mut values = [None; 3];
    let mut active = false;
    let mut seen = [const { std::collections::BTreeSet::new() }; 2];
    let letters = |truths: &[Option<bool>]| {
        let letter =
            |truth: &Option<bool>| truth.map_or('?', |truth| if truth { 'T' } else { 'F' });
        truths.iter().map(letter).collect::<String>()
    };
    for at_once in rows.chunk_by(|a, b| a.0 == b.0) {
        for (_, signal, value) in at_once {
            values[*signal] = *value;
        }
        let [speed, pedal, brake] = values;
        let when = [speed.map(|value| value > 10.0), pedal.map(|value| value >= 50.0)];
        let until = [speed.map(|value| value < 5.0), brake.map(|value| value > 50.0)];
        seen[0].insert(letters(&when));
        let was = active;
        let holds = when == [Some(true); 2];
        let ends = until.contains(&Some(true));
        active = if was { !ends } else { holds && !ends };
        if was || active {
            seen[1].insert(letters(&until));
        }
    }
    seen
}

#[test]
fn what_is_noted_is_what_a_naive_reader_sees() {
    let signals = ["Speed", "Chassis.Accelerator.PedalPosition", "Chassis.Brake.PedalPosition"];
    let text = r#"scenario "s" {
        when  Vehicle.Speed > 10.0 && Vehicle.Chassis.Accelerator.PedalPosition >= 50
        until Vehicle.Speed < 5.0 || Vehicle.Chassis.Brake.PedalPosition > 50
        then  launch("p")
    }"#;
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut time_us = 0;
        let mut rows = Vec::new();
        for _ in 0..random.usize(1..40) {
            time_us += random.u64(0..3);
            let value = (random.u8(0..8) > 0).then(|| f64::from(random.u8(0..=10)) * 10.0);
            rows.push((time_us, random.usize(0..3), value));
        }
        let lines = rows.iter().map(|(time_us, signal, value)| {
            let value = value.map(|value| value.to_string()).unwrap_or_default();
            format!("{time_us},Vehicle.{},{value}\n", signals[*signal])
        });
        let path = folder.path().join(format!("{seed}.csv"));
        fs::write(&path, format!("t_us,signal,value\n{}", lines.collect::<String>())).unwrap();
        let reader = Reader::open(&path, Options::new(Catalogue::vss6())).unwrap();
        let mut tester = tester(text);
        assert_eq!(tester.cover("drive", reader).unwrap(), 0, "seed {seed}");
        let watch = tester.watch.borrow();
        let noted = watch.observed().iter().map(|(_, seen)| {
            let letter =
                |truth: Option<bool>| truth.map_or('?', |truth| if truth { 'T' } else { 'F' });
            seen.iter().map(|(vector, _)| vector.truths().map(letter).collect::<String>()).collect()
        });
        let noted: Vec<std::collections::BTreeSet<String>> = noted.collect();
        assert_eq!(noted, naive(&rows), "seed {seed}: {rows:?}");
    }
}
