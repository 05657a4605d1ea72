//! Several processes replay one fleet: they decide what one does, and fail together.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{Folder, Ran, command, piccolo};

/// Rules about vehicles by themselves and about the fleet.
pub(crate) const RULES: &str = r#"
scenario "fast" { when Vehicle.Speed > 60.0 held "700ms" cooldown "2s" then launch("a") }
scenario "mean" { when avg(Vehicle.Speed, "3s") > 50.0 then notify("driver", "at " + Vehicle.Speed) }
scenario "jam" { when vehicles(Vehicle.Speed < 30.0) >= 3 then pause("a") finally restart("a") }
scenario "most" { when share(Vehicle.Speed > 50.0) > 0.5 && Vehicle.Speed > 20.0 held "300ms"
    then notify("desk", "most") }
"#;

/// The same without the fleet.
pub(crate) const OWN: &str = r#"
scenario "fast" { when Vehicle.Speed > 60.0 held "700ms" cooldown "2s" then launch("a") }
scenario "mean" { when avg(Vehicle.Speed, "3s") > 50.0 then notify("driver", "at " + Vehicle.Speed) }
"#;

/// A fleet on disk, with rules, and hosts for a number of processes.
pub(crate) struct Fleet {
    pub(crate) folder: Folder,
    pub(crate) rules: String,
    pub(crate) drives: String,
}

impl Fleet {
    /// Nine vehicles that change their speed at random, so many seconds long.
    pub(crate) fn new(rules: &str, seconds: u64) -> Self {
        let folder = Folder::new();
        let rules = folder.write("rules.rhai", rules);
        let drives = folder.path("drives");
        std::fs::create_dir_all(format!("{drives}/car-0")).unwrap();
        let mut rng = fastrand::Rng::with_seed(7);
        for car in 0..9 {
            let mut rows =
                [String::from("t_us,signal,value\n"), String::from("t_us,signal,value\n")];
            let mut time_us = 1_000_000 + car * 10_000;
            while time_us < seconds * 1_000_000 {
                let half = usize::from(time_us > seconds * 500_000);
                rows[half].push_str(&format!("{time_us},Vehicle.Speed,{}\n", rng.u32(..90)));
                time_us += rng.u64(50_000..900_000);
            }
            if car == 0 {
                // One vehicle has two recordings.
                std::fs::write(format!("{drives}/car-0/a.csv"), &rows[0]).unwrap();
                std::fs::write(format!("{drives}/car-0/b.csv"), &rows[1]).unwrap();
            } else {
                let all = rows[0].clone() + rows[1].trim_start_matches("t_us,signal,value\n");
                std::fs::write(format!("{drives}/car-{car}.csv"), all).unwrap();
            }
        }
        Self { folder, rules, drives }
    }

    /// The decisions of one process.
    pub(crate) fn whole(&self, more: &[&str]) -> String {
        let mut args = vec!["replay", &self.drives, "--rules", &self.rules, "-o", "jsonl"];
        args.extend_from_slice(more);
        let out = piccolo(&args).with_code(0).out;
        assert!(out.lines().count() > 60, "only {} decisions", out.lines().count());
        out
    }

    /// Starts a process of a cluster.
    pub(crate) fn start(
        &self,
        processes: usize,
        process: usize,
        hosts: &str,
        more: &[&str],
    ) -> Child {
        self.command(processes, process, hosts, more).spawn().unwrap()
    }

    pub(crate) fn command(
        &self,
        processes: usize,
        process: usize,
        hosts: &str,
        more: &[&str],
    ) -> Command {
        let (count, number) = (processes.to_string(), process.to_string());
        let out = self.out(process);
        let mut args = vec!["replay", &self.drives, "--rules", &self.rules, "--out", &out];
        args.extend(["--processes", &count, "--process", &number, "--hosts", hosts]);
        args.extend_from_slice(more);
        let mut command = command(&args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn out(&self, process: usize) -> String {
        self.folder.path(&format!("{process}.jsonl"))
    }

    /// Addresses of this machine that are free.
    pub(crate) fn hosts(&self, processes: usize) -> String {
        let listeners: Vec<TcpListener> =
            (0..processes).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let lines =
            listeners.iter().map(|listener| format!("{}\n", listener.local_addr().unwrap()));
        self.folder.write("hosts", lines.collect::<String>())
    }

    /// What all processes wrote, in order.
    pub(crate) fn merged(&self, processes: usize) -> String {
        let outs: Vec<String> = (0..processes).map(|process| self.out(process)).collect();
        let mut args = vec!["merge"];
        args.extend(outs.iter().map(String::as_str));
        piccolo(&args).with_code(0).out
    }

    /// Runs a whole cluster.
    pub(crate) fn run(&self, processes: usize, more: &[&str]) -> Vec<Ran> {
        let hosts = self.hosts(processes);
        let all: Vec<Child> =
            (0..processes).map(|process| self.start(processes, process, &hosts, more)).collect();
        all.into_iter().map(wait).collect()
    }
}

/// Waits for a process, which must end by itself in time.
pub(crate) fn wait(mut child: Child) -> Ran {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(40) {
            child.kill().unwrap();
            panic!("it hangs: {:?}", Ran::of(child.wait_with_output().unwrap()));
        }
        std::thread::yield_now();
    }
    Ran::of(child.wait_with_output().unwrap())
}

#[track_caller]
fn equal(rules: &str, processes: usize, more: &[&str]) {
    let fleet = Fleet::new(rules, 40);
    let whole = fleet.whole(more);
    for ran in fleet.run(processes, more) {
        ran.with_code(0);
    }
    let parts: Vec<String> = (0..processes)
        .map(|process| std::fs::read_to_string(fleet.out(process)).unwrap())
        .collect();
    let deciding = parts.iter().filter(|part| !part.is_empty()).count();
    assert!(deciding > 1, "only {deciding} processes decided anything");
    assert!(fleet.merged(processes) == whole, "{processes} processes decide otherwise than one");
}

#[test]
fn two_processes_decide_what_one_does() {
    equal(RULES, 2, &["--why", "--batch", "5"]);
    equal(OWN, 2, &["--why"]);
}

#[test]
fn four_processes_with_two_workers_decide_what_one_does() {
    equal(RULES, 4, &["--workers", "2", "--from", "5s", "--to", "30s"]);
}

#[test]
fn a_process_that_never_comes_is_named() {
    let fleet = Fleet::new(RULES, 10);
    let hosts = fleet.hosts(2);
    let ran = wait(fleet.start(2, 0, &hosts, &["--join-timeout", "300ms"])).with_code(7);
    assert!(ran.err.contains("process 1 (127.0.0.1:"), "{}", ran.err);
}

/// Two processes that do not fit; both must say so.
#[track_caller]
fn unlike(change: impl Fn(&Fleet, &mut Command), expected: &str) {
    let fleet = Fleet::new(RULES, 10);
    let hosts = fleet.hosts(2);
    let first = fleet.start(2, 0, &hosts, &["--join-timeout", "20s"]);
    let mut second = fleet.command(2, 1, &hosts, &["--join-timeout", "20s"]);
    change(&fleet, &mut second);
    let second = second.spawn().unwrap();
    for ran in [wait(first), wait(second)] {
        assert!(ran.err.contains(expected), "{}", ran.err);
        ran.with_code(3);
    }
}

#[test]
fn processes_with_other_rules_options_or_numbers_are_refused() {
    unlike(
        |fleet, second| {
            let other = OWN.replace("fast", "faster").replace("mean", "meaner");
            let other = fleet.folder.write("other.rhai", other);
            second.args(["--rules", &other]);
        },
        "its rules are others",
    );
    unlike(
        |_, second| {
            second.arg("--why");
        },
        "its options are others",
    );
    unlike(
        |fleet, second| {
            let hosts = std::fs::read_to_string(fleet.folder.path("hosts")).unwrap();
            let three = fleet.folder.write("three", hosts + "127.0.0.1:1\n");
            *second = fleet.command(3, 1, &three, &[]);
        },
        "it was started with --processes",
    );
    let resumed = |fleet: &Fleet, second: &mut Command| {
        let dir = fleet.folder.path("checkpoints");
        second.args(["--checkpoint", &dir, "--resume"]);
    };
    unlike(resumed, "--resume; start all or none with it");
}

#[test]
fn a_taken_port_and_bad_hosts_are_named() {
    let fleet = Fleet::new(RULES, 10);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let hosts = fleet.folder.write("hosts", format!("{address}\n127.0.0.1:1\n"));
    let ran = wait(fleet.start(2, 0, &hosts, &[])).with_code(5);
    assert!(ran.err.contains(&format!("process 0 cannot listen on {address}")), "{}", ran.err);
    let ran = wait(fleet.start(3, 0, &hosts, &[])).with_code(3);
    assert!(ran.err.contains("it names 2 processes, and --processes says 3"), "{}", ran.err);
    wait(fleet.start(2, 2, &hosts, &[])).with_code(2);
}

#[test]
fn one_file_is_not_for_two() {
    let fleet = Fleet::new(RULES, 10);
    let file = std::fs::File::create(fleet.out(0)).unwrap();
    file.lock().unwrap();
    let out = fleet.out(0);
    let args = ["replay", &fleet.drives, "--rules", &fleet.rules, "--out", &out];
    let ran = piccolo(&args).with_code(3);
    assert!(ran.err.contains("another process writes to"), "{}", ran.err);
}

#[test]
fn merge_refuses_what_is_no_output() {
    let folder = Folder::new();
    let line = |time_us: u64, vehicle: &str| {
        format!("{{\"time_us\":{time_us},\"vehicle\":\"{vehicle}\"}}\n")
    };
    let a = folder.write("a.jsonl", line(1, "a") + &*line(3, "a"));
    let b = folder.write("b.jsonl", line(1, "b") + &*line(2, "b"));
    let merged = piccolo(&["merge", &b, &a]).with_code(0).out;
    assert_eq!(merged, line(1, "a") + &*line(1, "b") + &*line(2, "b") + &*line(3, "a"));
    let back = folder.write("back.jsonl", line(2, "a") + &*line(1, "a"));
    let ran = piccolo(&["merge", &back]).with_code(3);
    assert!(ran.err.contains("back.jsonl:2: it comes before"), "{}", ran.err);
    let cut = folder.write("cut.jsonl", line(1, "a").trim_end());
    assert!(piccolo(&["merge", &cut]).with_code(3).err.contains("cut off"));
    piccolo(&["merge", &folder.path("none")]).with_code(4);
}
