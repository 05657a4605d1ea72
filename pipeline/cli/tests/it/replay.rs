//! `piccolo replay`: the same decisions however it is done, and parts of them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::{DRIVE, Folder, Ran, SCENARIOS, piccolo, replay};

/// A drive of six seconds: a door opens in motion, then full throttle past a deadline
/// that lies between two samples.
const SHORT: &str = "t_us,signal,value
0,Vehicle.Speed,30
0,Vehicle.Cabin.Door.Row1.DriverSide.IsOpen,false
1000000,Vehicle.Cabin.Door.Row1.DriverSide.IsOpen,true
2000000,Vehicle.Chassis.Accelerator.PedalPosition,90
2250000,Vehicle.Speed,40
3000000,Vehicle.Cabin.Door.Row1.DriverSide.IsOpen,false
4000000,Vehicle.Chassis.Accelerator.PedalPosition,10
6000000,Vehicle.Speed,50
";

fn time_us(decision: &Value) -> u64 {
    decision["time_us"].as_u64().unwrap()
}

/// The lines whose decision is within these times.
fn within(all: &str, times: std::ops::Range<u64>) -> String {
    all.lines()
        .filter(|line| times.contains(&time_us(&serde_json::from_str(line).unwrap())))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn decisions_have_all_fields_and_are_in_order() {
    for why in [false, true] {
        let ran = replay(DRIVE, if why { &["--why"] } else { &[] });
        let decisions = ran.decisions();
        assert!(decisions.len() >= 20, "only {} decisions", decisions.len());
        for decision in &decisions {
            for field in ["id", "time_us", "vehicle", "scenario", "edge", "actions"] {
                assert!(!decision[field].is_null(), "no {field} in {decision}");
            }
            assert_eq!(decision["vehicle"], "aggressive_us06");
            assert_eq!(decision.get("why").is_some(), why, "{decision}");
        }
        assert!(decisions.is_sorted_by_key(time_us));
        let mut ids: Vec<&str> =
            decisions.iter().filter_map(|decision| decision["id"].as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), decisions.len(), "ids are not unique");
        check_summary(&ran, &decisions);
    }
}

fn check_summary(ran: &Ran, decisions: &[Value]) {
    let begins = decisions.iter().filter(|decision| decision["edge"] == "begin").count();
    let actions: usize =
        decisions.iter().map(|decision| decision["actions"].as_array().unwrap().len()).sum();
    let summary = format!(
        "11 scenarios, {begins} begins, {} ends, {actions} actions, 89178 samples, 0 faults, ",
        decisions.len() - begins
    );
    assert!(ran.err.starts_with(&summary), "{} does not start with {summary}", ran.err);
    assert_eq!(ran.err.lines().count(), 1);
}

#[test]
fn batches_and_workers_change_no_byte() {
    let reference = replay(DRIVE, &["--why", "--to", "120s"]).out;
    assert!(reference.lines().count() >= 8);
    for more in
        ["--batch 1", "--batch 7", "--batch 1000000", "--workers 2", "--workers 2 --batch 7"]
    {
        let mut args = vec!["--why", "--to", "120s"];
        args.extend(more.split(' '));
        assert_eq!(replay(DRIVE, &args).out, reference, "{more}");
    }
}

#[test]
fn speed_changes_no_byte_but_takes_its_time() {
    let folder = Folder::new();
    let short = folder.write("short.csv", SHORT);
    let reference = replay(&short, &["--why"]).out;
    assert_eq!(reference.lines().count(), 4);
    let started = Instant::now();
    assert_eq!(replay(&short, &["--why", "--speed", "10"]).out, reference);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(590), "six seconds at ten times the speed took {took:?}");
    assert_eq!(replay(&short, &["--why", "--speed", "1000"]).out, reference);
}

#[test]
fn from_and_to_print_a_part_of_the_whole() {
    let folder = Folder::new();
    let short = folder.write("short.csv", SHORT);
    let whole = replay(&short, &["--why"]).out;
    let times: Vec<u64> =
        whole.lines().map(|line| time_us(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(times, [1_000_000, 2_500_000, 3_000_000, 4_000_000]);
    for time_ms in [0, 1, 999, 1000, 1001, 2499, 2500, 2501, 2900, 3001, 5999] {
        let time = format!("{time_ms}ms");
        let to = replay(&short, &["--why", "--to", &time]).out;
        assert_eq!(to, within(&whole, 0..time_ms * 1000), "to {time}");
        let from = replay(&short, &["--why", "--from", &time]).out;
        assert_eq!(from, within(&whole, time_ms * 1000..u64::MAX), "from {time}");
    }
    let part = replay(DRIVE, &["--from", "100s", "--to", "2m"]).out;
    assert!(part.lines().count() >= 3);
    assert_eq!(part, within(&replay(DRIVE, &[]).out, 100_000_000..120_000_000));
}

#[test]
fn two_recordings_are_two_vehicles() {
    let args = ["fixtures/drives/city_udds.csv.gz", "--to", "5m", "--vehicle", "fast"];
    let both = replay(DRIVE, &args).decisions();
    assert!(both.is_sorted_by_key(time_us));
    let of = |vehicle: &str| -> Vec<Value> {
        both.iter().filter(|decision| decision["vehicle"] == vehicle).cloned().collect()
    };
    let fast = replay(DRIVE, &["--to", "5m", "--vehicle", "fast"]).decisions();
    let city = replay("fixtures/drives/city_udds.csv.gz", &["--to", "5m"]).decisions();
    assert!(fast.len() >= 4 && city.len() >= 2);
    assert_eq!(of("fast"), fast);
    assert_eq!(of("city_udds"), city);
    assert_eq!(both.len(), fast.len() + city.len());
}

#[test]
fn the_table_is_for_people() {
    let ran = piccolo(&["replay", DRIVE, "-r", SCENARIOS, "--to", "20s", "--why"]).with_code(0);
    let expected = "          TIME  EDGE   VEHICLE               SCENARIO                  ACTIONS
     13.602800 s  begin  aggressive_us06       weak-battery              pause map-download, network telemetry (rate_kbps: 16)";
    for (line, expected) in ran.out.lines().zip(expected.lines()) {
        assert_eq!(line.trim_start(), expected.trim_start());
    }
    for part in [
        "yes known(Vehicle.Powertrain.CombustionEngine.IsRunning)    \
         Vehicle.Powertrain.CombustionEngine.IsRunning = false, since 9.013300 s by false (line 83)\n",
        "yes Vehicle.LowVoltageBattery.CurrentVoltage < 11.5    \
         is 9.65, margin 1.85, since 13.402800 s by 9.65 (line 717)\n",
    ] {
        assert!(ran.out.contains(part), "{part} is not in {}", ran.out);
    }
}

#[test]
fn a_scenario_that_breaks_its_limits_is_named() {
    let long =
        (0..10).fold("\"xxxxxxxxxxxxxxxx\"".to_owned(), |text, _| format!("({text} + {text})"));
    let condition = format!("{{ if Vehicle.Speed > 20.0 {{ {long} != \"\" }} else {{ false }} }}");
    let folder = Folder::new();
    let text = format!("scenario \"long\" {{ when {condition} then launch(\"a\") }}");
    let rules = folder.write("long.rhai", text);
    let rows = "t_us,signal,value\n0,Vehicle.Speed,10\n1000,Vehicle.Speed,30\n";
    let drive = folder.write("drive.csv", rows);
    let ran = piccolo(&["replay", &drive, "--rules", &rules]).with_code(0);
    assert!(ran.err.contains("`long` broke the limits"), "{}", ran.err);
}
