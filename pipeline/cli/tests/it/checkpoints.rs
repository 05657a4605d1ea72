//! Checkpoints: a replay that was cut goes on where it was.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::cluster::{Fleet, OWN, RULES, wait};
use crate::run::{Ran, piccolo};

/// The checkpoints in a directory.
pub(crate) fn checkpoints(dir: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".checkpoint"));
    names.sort();
    names
}

/// Waits until all of so many processes have a checkpoint.
pub(crate) fn wait_for_checkpoints(dir: &str, processes: usize) {
    let began = Instant::now();
    let has = |process| {
        checkpoints(dir).iter().any(|name| name.starts_with(&format!("process-{process}-")))
    };
    while !(0..processes).all(has) {
        assert!(began.elapsed() < Duration::from_secs(20), "no checkpoints in {dir}");
        std::thread::yield_now();
    }
}

/// Waits until there are none of these checkpoints any more, but others.
pub(crate) fn wait_for_another(dir: &str, before: &[String]) {
    let began = Instant::now();
    let gone = |now: &[String]| !now.is_empty() && now.iter().all(|name| !before.contains(name));
    while !gone(&checkpoints(dir)) {
        assert!(began.elapsed() < Duration::from_secs(20), "no other checkpoints in {dir}");
        std::thread::yield_now();
    }
}

/// A cluster of which a process is killed once there are checkpoints, and which then goes on.
#[track_caller]
fn killed_and_resumed(rules: &str, processes: usize) {
    let fleet = Fleet::new(rules, 600);
    let whole = fleet.whole(&["--why"]);
    let dir = fleet.folder.path("checkpoints");
    let more = ["--why", "--checkpoint", &dir, "--every", "5s", "--batch", "1"];
    let hosts = fleet.hosts(processes);
    let mut all: Vec<Child> =
        (0..processes).map(|process| fleet.start(processes, process, &hosts, &more)).collect();
    wait_for_checkpoints(&dir, processes);
    all[1].kill().unwrap();
    let killed = Instant::now();
    for (process, child) in all.into_iter().enumerate() {
        if process == 1 {
            drop(child.wait_with_output().unwrap());
            continue;
        }
        let ran = wait(child).with_code(5);
        assert!(killed.elapsed() < Duration::from_secs(10));
        assert!(ran.err.contains("process 1 (127.0.0.1:"), "{}", ran.err);
    }
    let part: usize = (0..processes)
        .map(|process| std::fs::read_to_string(fleet.out(process)).unwrap().lines().count())
        .sum();
    assert!(part < whole.lines().count(), "it was done before it was killed");
    let more: Vec<&str> =
        more.iter().copied().filter(|arg| !["--batch", "1"].contains(arg)).collect();
    let more = [more.as_slice(), &["--resume"]].concat();
    for ran in fleet.run(processes, &more) {
        assert!(ran.err.contains("goes on at "), "{}", ran.err);
        ran.with_code(0);
    }
    assert!(fleet.merged(processes) == whole, "it goes on otherwise");
}

#[test]
fn a_cluster_goes_on_after_one_was_killed() {
    killed_and_resumed(RULES, 2);
}

#[test]
fn four_processes_without_rules_about_the_fleet_go_on_too() {
    killed_and_resumed(OWN, 4);
}

/// A replay in one process, with checkpoints.
fn alone(fleet: &Fleet, more: &[&str]) -> Ran {
    let (out, dir) = (fleet.out(0), fleet.folder.path("checkpoints"));
    let mut args = vec!["replay", &fleet.drives, "--rules", &fleet.rules, "--out", &out];
    args.extend(["--checkpoint", &dir, "--every", "7s"]);
    args.extend_from_slice(more);
    piccolo(&args)
}

fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn one_process_goes_on_and_refuses_what_is_not_its_own() {
    let fleet = Fleet::new(RULES, 40);
    let whole = fleet.whole(&[]);
    let ran = alone(&fleet, &["--resume"]).with_code(4);
    assert!(ran.err.contains("has no checkpoint of process 0 of 1"), "{}", ran.err);
    alone(&fleet, &[]).with_code(0);
    let read = || std::fs::read_to_string(fleet.out(0)).unwrap();
    assert_eq!(read(), whole);
    let summary =
        |ran: &Ran| ran.err.lines().last().unwrap().rsplit_once(',').unwrap().0.to_owned();
    let again = alone(&fleet, &["--resume"]).with_code(0);
    assert_eq!(read(), whole);
    assert_eq!(summary(&again), summary(&alone(&fleet, &[]).with_code(0)));

    // A replay that begins anew does not go on from what one before it left.
    let begun = alone(&fleet, &["--to", "12s"]).with_code(0);
    assert!(checkpoints(&fleet.folder.path("checkpoints"))[0].contains("-at-7000000"), "{begun:?}");
    alone(&fleet, &[]).with_code(0);

    let refused = |more: &[&str], expected: &str| {
        let ran = alone(&fleet, &[&["--resume"], more].concat()).with_code(3);
        assert!(ran.err.contains(expected), "{}", ran.err);
    };
    refused(&["--why"], "is of other options");
    let other =
        fleet.folder.write("more.rhai", OWN.replace("fast", "faster").replace("mean", "meaner"));
    refused(&["--rules", &other], "is of other rules");
    std::fs::write(fleet.out(0), &whole[1..]).unwrap();
    refused(&[], "is not the output of the checkpoint");
    std::fs::write(fleet.out(0), &whole).unwrap();
    let drive = format!("{}/car-3.csv", fleet.drives);
    let rows = std::fs::read_to_string(&drive).unwrap();
    std::fs::write(&drive, rows.replacen("Vehicle.Speed,", "Vehicle.Speed,1", 1)).unwrap();
    refused(&[], "the recording car-3 changed");
    std::fs::write(&drive, rows).unwrap();
    let dir = fleet.folder.path("checkpoints");
    let names = checkpoints(&dir);
    assert_eq!(names.len(), 1, "{names:?}");
    damage(&Path::new(&dir).join(&names[0]));
    let ran = alone(&fleet, &["--resume"]).with_code(4);
    assert!(ran.err.contains("is passed over: it is damaged"), "{}", ran.err);
}
