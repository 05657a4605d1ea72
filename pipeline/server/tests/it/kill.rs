//! The binary is killed again and again, and comes to what it comes to where nobody kills it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::EngineConfig;
use piccolo_recording::Options;
use piccolo_script::RuleSet;
use piccolo_server::convert;
use piccolo_server::engine_thread::Dataflow;
use piccolo_server::ports::{self, EnginePort, Tick};
use piccolo_server::replay::{Replay, Speed};
use piccolo_wire::client::{Feed, FeedEvent};
use piccolo_wire::v1::{Acknowledgement, Decision, SubscribeRequest};
use tokio_util::sync::CancellationToken;

use crate::binary::{Ending, drive, expected, server};
use crate::support::{ManualClock, Source, soon};

/// How often it is killed, unless `PICCOLO_KILLS` says otherwise.
const KILLS: u32 = 200;

/// How long it lives at most while it starts, and how long after that.
const STARTING_MS: u64 = 40;
const SERVING_MS: u64 = 120;

/// How much of the drive is replayed and kept in one life, about, at the recording's own speed.
const REPLAYED_MS: u64 = 30;

/// Samples of one batch of a source, and how long it waits after each.
const BATCH: usize = 60;
const PACE: Duration = Duration::from_millis(2);

/// How long the drive is.
const DRIVE_MS: u64 = 1_370_000;

/// One of each kind of state: what holds, rests, was held, is averaged and counted; a scenario
/// without a condition begins once.
const RULES: &str = r#"
scenario "always" { when known(Vehicle.Speed) || !known(Vehicle.Speed) then launch("base") }
scenario "quick" {
    when  Vehicle.Speed > 40.0
    until Vehicle.Speed < 30.0
    then  launch("lane-keeping")
    finally terminate("lane-keeping")
}
scenario "held" {
    when  Vehicle.Speed > 10.0
    held  "700ms"
    then  notify("driver", "on the way")
}
scenario "rests" {
    when     Vehicle.Speed > 20.0
    cooldown "20s"
    then     notify("driver", "again")
}
scenario "average" {
    when avg(Vehicle.Speed, "10s") > 30.0
    then actuate(Vehicle.Cabin.Infotainment.HMI.Brightness, Vehicle.Speed)
}
scenario "stops" {
    when count(Vehicle.Speed < 1.0, "120s") > 2
    then launch("city")
}
scenario "both" {
    priority 5
    when     scenario("quick").active && Vehicle.Speed > 50.0
    then     launch("lane-keeping")
}
policy "no-city-at-speed" {
    on   launch("city")
    when Vehicle.Speed > 5.0
    deny "the vehicle moves"
}
"#;

/// A server with what it keeps, in a folder.
struct Bench {
    folder: tempfile::TempDir,
    found: Vec<Decision>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rules.rhai"), RULES).unwrap();
        Self { folder, found: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, arguments: &[&str]) -> Ending {
        self.start_as(server(&[]), arguments)
    }

    /// Starts a server by a command that begins so.
    fn start_as(&self, mut command: Command, arguments: &[&str]) -> Ending {
        let (rules, data) = (self.path("rules.rhai"), self.path("data"));
        let address = self.path("address");
        drop(fs::remove_file(&address));
        command.args(["--listen", "127.0.0.1:0", "--explain"]);
        command.arg("--rules").arg(rules).arg("--data").arg(data);
        command.arg("--address-file").arg(address).args(arguments);
        command.stderr(fs::File::create(self.path("log")).unwrap());
        Ending(command.spawn().unwrap())
    }

    /// Kills a server that should be alive.
    fn kill(&self, mut process: Ending) {
        let log = || fs::read_to_string(self.path("log"));
        assert_eq!(process.0.try_wait().unwrap(), None, "it ended by itself: {:?}", log());
        process.0.kill().unwrap();
        process.0.wait().unwrap();
    }

    /// Every decision came once, in order.
    fn check(&self, expected: &[String]) {
        let found: Vec<String> =
            self.found.iter().map(|decision| serde_json::to_string(decision).unwrap()).collect();
        assert!(expected.len() > 100, "{}", expected.len());
        assert_eq!(found, expected);
        assert_eq!(self.found.iter().filter(|one| one.scenario == "always").count(), 1);
    }

    /// Follows the feed from where it was, until the server is gone.
    async fn follow(&mut self, url: &str) {
        let after_id = self.found.last().map(|last| last.id.clone());
        let from_oldest = after_id.is_none();
        let request = SubscribeRequest { after_id, from_oldest, ..Default::default() };
        let Ok(mut feed) = Feed::subscribe(url, request).await else { return };
        while let Ok(Some(event)) = feed.next().await {
            match event {
                FeedEvent::Decisions(decisions) => self.found.extend(decisions),
                FeedEvent::Missed(missed) => panic!("{missed:?}"),
            }
        }
    }
}

/// Where the server listens, once it does.
async fn url(address: &Path) -> String {
    loop {
        if let Ok(text) = fs::read_to_string(address) {
            return format!("http://{}", text.trim());
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_is_killed_again_and_again_comes_to_the_same() {
    let kills = std::env::var("PICCOLO_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let mut bench = Bench::new();
    let rules = bench.path("rules.rhai");
    let expected = tokio::task::spawn_blocking(move || expected(&rules)).await.unwrap();
    let recording = drive();
    let speed = (DRIVE_MS / (u64::from(kills) * REPLAYED_MS)).to_string();
    let replay = ["--replay", recording.to_str().unwrap(), "--speed", &speed];
    let mut random = Rng::new();
    let mut killed = 0;
    // Some more at the end: nothing comes twice.
    let mut rest = 10;
    while rest > 0 {
        let snapshots: &[&str] = if random.bool() { &[] } else { &["--snapshot-mib", "0"] };
        let process = bench.start(&[&replay[..], snapshots].concat());
        if random.u8(..4) == 0 {
            tokio::time::sleep(Duration::from_millis(random.u64(1..=STARTING_MS))).await;
        } else {
            let url = soon(url(&bench.path("address"))).await;
            let life = Duration::from_millis(random.u64(1..=SERVING_MS));
            drop(tokio::time::timeout(life, bench.follow(&url)).await);
        }
        bench.kill(process);
        killed += 1;
        assert!(killed < 10 * kills, "{} of {}", bench.found.len(), expected.len());
        rest -= u32::from(bench.found.len() >= expected.len());
    }
    println!("{} decisions, killed {killed} times", bench.found.len());
    bench.check(&expected);
}

/// Samples that come out of order, and what is promised after each of them.
struct Sending {
    paths: Vec<String>,
    /// Signal, time and value.
    rows: Vec<(u32, u64, f64)>,
    watermarks_us: Vec<u64>,
}

/// The samples of the drive that are numbers, each some places from where it belongs.
fn sending(random: &mut Rng) -> Sending {
    let catalogue = Catalogue::vss6();
    let replay = Replay::open(&[drive()], &Options::new(Arc::clone(&catalogue))).unwrap();
    let mut paths = Vec::new();
    let mut rows = Vec::new();
    for sample in all_samples(replay) {
        let value = match sample.value {
            Some(Value::Float(value)) => value,
            Some(Value::Int(value)) => value as f64,
            Some(Value::Bool(value)) => f64::from(u8::from(value)),
            _ => continue,
        };
        let path = catalogue.get(sample.signal).unwrap().path.to_string();
        let signal = paths.iter().position(|known| *known == path).unwrap_or_else(|| {
            paths.push(path);
            paths.len() - 1
        });
        rows.push((signal as u32, sample.time_us, value));
    }
    for near in rows.chunks_mut(BATCH + 3) {
        random.shuffle(near);
    }
    let mut watermarks_us = Vec::with_capacity(rows.len());
    let mut least = u64::MAX;
    for row in rows.iter().rev() {
        watermarks_us.push(least);
        least = least.min(row.1);
    }
    watermarks_us.reverse();
    // A promise reaches to the end of what has come.
    let end = rows.iter().map(|row| row.1).max().unwrap() + 1;
    watermarks_us.iter_mut().for_each(|watermark| *watermark = end.min(*watermark));
    Sending { paths, rows, watermarks_us }
}

fn all_samples(replay: Replay) -> Vec<ports::Sample> {
    let (ticks, mut due) = tokio::sync::mpsc::channel(1);
    let body =
        move || replay.run(Speed::Max, &ticks, &ManualClock::default(), &CancellationToken::new());
    let thread = std::thread::spawn(body);
    let mut samples = Vec::new();
    while let Some(tick) = due.blocking_recv() {
        samples.extend(tick.samples);
    }
    thread.join().unwrap();
    samples
}

impl Sending {
    /// What an engine that nobody kills decides.
    fn expected(&self) -> Vec<String> {
        let catalogue = Catalogue::vss6();
        let (rules, _) = RuleSet::parse("rules", RULES, &catalogue);
        let config = EngineConfig { explain: true, ..EngineConfig::default() };
        let mut engine = Dataflow::new(config, Arc::clone(&catalogue), &rules).unwrap();
        let ids: Vec<_> = self.paths.iter().map(|path| catalogue.find(path).unwrap()).collect();
        let mut samples = Vec::new();
        for (place, (signal, time_us, value)) in self.rows.iter().enumerate() {
            let signal = ids[*signal as usize];
            let value = convert::number(catalogue.get(signal).unwrap(), *value).unwrap();
            samples.push(ports::Sample {
                vehicle: "v".into(),
                signal,
                value: Some(value),
                time_us: *time_us,
                origin: place as u32 + 1,
                receipt: None,
            });
        }
        samples.sort_by_key(|sample| sample.time_us);
        let tick_us = samples.last().unwrap().time_us + 1;
        let decisions = engine.step(&Tick { tick_us, samples }).decisions;
        decisions.iter().map(|decision| serde_json::to_string(decision).unwrap()).collect()
    }

    /// Sends on from what was acknowledged, until all is or the server is gone; what the last
    /// acknowledgement said.
    async fn send(&self, url: &str) -> Option<Acknowledgement> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        let mut source = Source::try_open(url, "drive", 1, &paths).await?;
        let first = source.opened.acknowledged_position as usize;
        assert_eq!(source.opened.lost_count, 0);
        for at in (first..self.rows.len()).step_by(BATCH) {
            let end = self.rows.len().min(at + BATCH);
            let row = |(signal, time_us, value): &(u32, u64, f64)| (0, *signal, *time_us, *value);
            let rows: Vec<_> = self.rows[at..end].iter().map(row).collect();
            let promise = Some(self.watermarks_us[end - 1]);
            source.try_send_numbers(at as u64 + 1, &rows, promise).await?;
            tokio::time::sleep(PACE).await;
        }
        let all = self.rows.len() as u64;
        loop {
            let told = source.next().await.ok()??;
            if told.acknowledged_position == all {
                return Some(told);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_sends_on_after_each_kill_comes_to_the_same() {
    let mut random = Rng::new();
    let mut shuffling = random.fork();
    let sending = tokio::task::spawn_blocking(move || sending(&mut shuffling)).await.unwrap();
    let sending = Arc::new(sending);
    let expected = sending.expected();
    let mut bench = Bench::new();
    let mut killed = 0;
    let mut last = None;
    let mut rest = 3;
    while rest > 0 {
        let snapshots: &[&str] = if random.bool() { &[] } else { &["--snapshot-mib", "0"] };
        // Promises alone move time, so that no sample is late however slow the machine is.
        let process = bench.start(&[&["--lateness-ms", "3600000"], snapshots].concat());
        let url = soon(url(&bench.path("address"))).await;
        let life = Duration::from_millis(random.u64(1..=2 * SERVING_MS));
        let done = {
            let (sending, url) = (Arc::clone(&sending), url.clone());
            tokio::spawn(async move { sending.send(&url).await })
        };
        drop(tokio::time::timeout(life, bench.follow(&url)).await);
        bench.kill(process);
        killed += 1;
        last = soon(done).await.unwrap().or(last);
        assert!(killed < 1_000, "{} of {}", bench.found.len(), expected.len());
        rest -= u32::from(last.is_some() && bench.found.len() >= expected.len());
    }
    println!("{} decisions, killed {killed} times", bench.found.len());
    assert!(killed > 20, "{killed}");
    bench.check(&expected);
    assert_eq!(last.unwrap().fault_counts, []);
}

/// A server whose directory is on a disk of so many bytes, in a mount namespace of its own; none
/// where that is not allowed here.
fn on_small_disk(data: &Path, bytes: u64) -> Option<Command> {
    fs::create_dir(data).unwrap();
    let script = "mount -t tmpfs -o size=$0 none \"$1\" && shift && exec \"$@\"";
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).arg(bytes.to_string()).arg(data);
        command
    };
    let allowed = unshare().arg("true").status().is_ok_and(|status| status.success());
    allowed.then(|| {
        let mut command = unshare();
        command.arg(env!("CARGO_BIN_EXE_piccolo-server"));
        command
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_full_disk_does_not_take_is_told_to_nobody() {
    let mut bench = Bench::new();
    let Some(command) = on_small_disk(&bench.path("data"), 1_000_000) else {
        println!("skipped: no disk can be mounted here");
        return;
    };
    let rules = bench.path("rules.rhai");
    let expected = tokio::task::spawn_blocking(move || expected(&rules)).await.unwrap();
    let recording = drive();
    let replay = ["--replay", recording.to_str().unwrap(), "--speed", "1000"];
    let process = bench.start_as(command, &replay);
    let url = soon(url(&bench.path("address"))).await;
    // The feed ends with what could be kept.
    soon(bench.follow(&url)).await;
    let found = bench.found.iter().map(|decision| serde_json::to_string(decision).unwrap());
    let found: Vec<String> = found.collect();
    assert!(!found.is_empty() && found.len() < expected.len(), "{}", found.len());
    assert_eq!(found, expected[..found.len()]);
    let log = fs::read_to_string(bench.path("log")).unwrap();
    assert!(log.contains("nothing can be kept any more"), "{log}");
    bench.kill(process);
}
