//! Bad recordings: each fault is shown with its place, and the rest goes on.

use crate::run::{DRIVE, Folder, SCENARIOS, piccolo, root};

/// Replays a bad file; `faults` are the `line code` of those that are shown.
#[track_caller]
fn check(file: &str, faults: &[&str], hidden: Option<&str>, summary: &str) {
    let ran = piccolo(&["replay", file, "-r", SCENARIOS, "-o", "jsonl"]).with_code(0);
    let (last, lines) = ran
        .err
        .lines()
        .collect::<Vec<_>>()
        .split_last()
        .map(|(last, rest)| (*last, rest.to_vec()))
        .unwrap();
    let shown: Vec<String> = lines
        .iter()
        .filter_map(|line| line.strip_prefix(&format!("{file}:")))
        .map(|place| place.split(' ').take(2).collect::<Vec<_>>().join(" ").replacen(':', "", 1))
        .collect();
    assert_eq!(shown, faults, "{}", ran.err);
    let rest: Vec<&&str> =
        lines.iter().filter(|line| !line.starts_with(&format!("{file}:"))).collect();
    assert_eq!(rest, hidden.iter().collect::<Vec<_>>());
    assert!(last.contains(summary), "{summary} is not in {last}");
}

#[test]
fn every_fault_has_its_place_and_the_rest_goes_on() {
    check(
        "fixtures/recordings/bad/rows.csv",
        &[
            "3 F0001", "4 F0001", "5 F0001", "6 F0001", "7 F0001", "9 F0002", "10 F0002",
            "11 F0002", "12 F0003", "13 F0003", "14 F0003", "15 F0003", "16 F0003", "18 F0004",
            "22 F0002",
        ],
        Some("4 more faults F0001 were not shown"),
        " 3 samples, 19 faults, ",
    );
    check("fixtures/recordings/bad/empty.csv", &["0 F0006"], None, " 0 samples, 1 faults, ");
    check("fixtures/recordings/bad/tolerated.csv", &[], None, " 0 faults, ");
    let folder = Folder::new();
    let drive = std::fs::read(root().join(DRIVE)).unwrap();
    let cut = folder.write("cut.csv.gz", &drive[..100_000]);
    check(&cut, &["24445 F0005"], None, "7 begins, 7 ends, 14 actions, 24443 samples, 1 faults, ");
}

#[test]
fn what_was_good_before_and_after_a_fault_still_decides() {
    let folder = Folder::new();
    let half = folder.write(
        "half.csv",
        "t_us,signal,value
0,Vehicle.Speed,30
1,Vehicle.Cabin.Door.Row1.DriverSide.IsOpen,true
x,Vehicle.Speed,1
2,Vehicle.Speed,1
",
    );
    for (more, code, edges) in
        [(None, 0, vec!["begin", "end"]), (Some("--strict"), 3, vec!["begin"])]
    {
        for batch in ["1", "1000"] {
            let mut args =
                vec!["replay", half.as_str(), "-r", SCENARIOS, "-o", "jsonl", "--batch", batch];
            args.extend(more);
            let ran = piccolo(&args).with_code(code);
            let found: Vec<_> =
                ran.decisions().iter().map(|decision| decision["edge"].clone()).collect();
            assert_eq!(found, edges, "{args:?}");
            assert!(ran.err.contains("half.csv:4: F0001"), "{ran:?}");
        }
    }
}

#[test]
fn strict_stops_at_the_first_fault() {
    let ran = piccolo(&["replay", "fixtures/recordings/bad/rows.csv", "-r", SCENARIOS, "--strict"]);
    let ran = ran.with_code(3);
    let faults = ran.err.lines().filter(|line| line.contains(": F0")).count();
    assert_eq!(faults, 1, "{}", ran.err);
    assert!(ran.err.contains(" 1 samples, 1 faults, "), "{}", ran.err);
}
