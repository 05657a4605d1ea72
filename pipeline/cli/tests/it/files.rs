//! `piccolo convert` and `piccolo record`, and CAN logs.

use serde_json::Value;

use crate::run::{DRIVE, Folder, Ran, SCENARIOS, piccolo, piccolo_fed, replay, shared};

#[test]
fn a_converted_drive_decides_the_same() {
    let folder = Folder::new();
    let mut from = DRIVE.to_owned();
    let vehicle = ["--vehicle", "car"];
    let reference = replay(DRIVE, &vehicle).out;
    assert!(reference.lines().count() >= 20);
    for (name, format) in
        [("a.mcap", None), ("b.csv", None), ("c.csv.gz", None), ("d.txt", Some("mcap"))]
    {
        let to = folder.path(name);
        let mut args = vec!["convert", &from, &to];
        args.extend(format.iter().flat_map(|format| ["--format", format]));
        let ran = piccolo(&args).with_code(0);
        assert_eq!(ran.out, "");
        assert_eq!(ran.err, format!("89178 samples written to {to}, 0 faults\n"));
        assert_eq!(replay(&to, &vehicle).out, reference, "{name}");
        from = to;
    }
}

#[test]
fn what_cannot_be_converted_is_counted() {
    let folder = Folder::new();
    let to = folder.path("good.csv");
    let ran = piccolo(&["convert", "fixtures/recordings/bad/rows.csv", &to]).with_code(0);
    assert!(ran.err.ends_with(&format!("3 samples written to {to}, 19 faults\n")), "{}", ran.err);
    let good = "t_us,signal,value\n0,Vehicle.Speed,10\n30,Vehicle.Speed,30\n30,Vehicle.Speed,32\n";
    assert_eq!(std::fs::read_to_string(to).unwrap(), good);
}

#[test]
fn standard_input_is_recorded() {
    let folder = Folder::new();
    let input = "t_us,signal,value\n0,Vehicle.Speed,10\nnonsense\n30,Vehicle.Speed,32\n";
    let to = folder.path("recorded.csv");
    let ran = piccolo_fed(&["record", &to], input).with_code(0);
    assert!(ran.err.contains(":3: F0001"), "{}", ran.err);
    assert!(ran.err.ends_with(&format!("2 samples written to {to}, 1 faults\n")), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&to).unwrap(), input.replace("nonsense\n", ""));
    let log = "(1.000000) can0 010#0019000000000000\n(1.500000) can0 010#0020000000000000\n";
    let dbc = ["--dbc", "fixtures/recordings/own.dbc", "--map", "fixtures/recordings/own_map.yaml"];
    let ran = piccolo_fed(&[&["record", &to], &dbc[..]].concat(), log).with_code(0);
    assert!(ran.err.ends_with(&format!("2 samples written to {to}, 0 faults\n")), "{}", ran.err);
    let rows = "t_us,signal,value\n0,Vehicle.Speed,12.5\n500000,Vehicle.Speed,16\n";
    assert_eq!(std::fs::read_to_string(&to).unwrap(), rows);
}

#[test]
fn a_real_can_log_decides_as_its_decoded_signals_do() {
    let Some(log) = shared("rav4_2017_comma2k19/can.candump.log.gz") else { return };
    let Some(dbc) = shared("rav4_2017_comma2k19/toyota_new_mc_pt_generated.dbc") else { return };
    let Some(decoded) = shared("rav4_2017_comma2k19/signals_vss6.csv.gz") else { return };
    let folder = Folder::new();
    let rules = folder
        .write("rules.rhai", r#"scenario "fast" { when Vehicle.Speed > 50.0 then launch("a") }"#);
    let run = |recording: &str, more: &[&str]| {
        let args =
            ["replay", recording, "-r", SCENARIOS, &rules, "--vehicle", "rav4", "-o", "jsonl"];
        piccolo(&[&args, more].concat()).with_code(0)
    };
    let from_log = run(&log, &["--dbc", &dbc, "--map", "fixtures/maps/rav4.yaml"]);
    assert!(from_log.err.contains(", 0 faults, "), "{}", from_log.err);
    assert!(from_log.out.lines().count() >= 1);
    // The log counts time from its first frame, the decoded file from its first signal.
    let first_signal_us = 14;
    let edges = |ran: &Ran, later_us: u64| -> Vec<(u64, Value, Value)> {
        let edge = |decision: &Value| {
            let time_us = decision["time_us"].as_u64().unwrap() + later_us;
            (time_us, decision["scenario"].clone(), decision["edge"].clone())
        };
        ran.decisions().iter().map(edge).collect()
    };
    assert_eq!(edges(&from_log, 0), edges(&run(&decoded, &[]), first_signal_us));
}
