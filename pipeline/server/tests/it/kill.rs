//! The binary is killed again and again, and comes to what it comes to where nobody kills it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;
use piccolo_wire::client::{Feed, FeedEvent};
use piccolo_wire::v1::{Decision, SubscribeRequest};

use crate::binary::{Ending, drive, expected, server};
use crate::support::soon;

/// How often it is killed, unless `PICCOLO_KILLS` says otherwise.
const KILLS: u32 = 200;

/// How long it lives at most while it starts, and how long after that.
const STARTING_MS: u64 = 40;
const SERVING_MS: u64 = 120;

/// How much of the drive is replayed and kept in one life, about, at the recording's own speed.
const REPLAYED_MS: u64 = 30;

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
        let (rules, data) = (self.path("rules.rhai"), self.path("data"));
        let address = self.path("address");
        drop(fs::remove_file(&address));
        let mut command = server(&["--listen", "127.0.0.1:0", "--explain"]);
        command.arg("--rules").arg(rules).arg("--data").arg(data);
        command.arg("--address-file").arg(address).args(arguments);
        command.stderr(fs::File::create(self.path("log")).unwrap());
        Ending(command.spawn().unwrap())
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
        tokio::time::sleep(Duration::from_millis(1)).await;
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
        let mut process = bench.start(&[&replay[..], snapshots].concat());
        if random.u8(..4) == 0 {
            tokio::time::sleep(Duration::from_millis(random.u64(1..=STARTING_MS))).await;
        } else {
            let url = soon(url(&bench.path("address"))).await;
            let life = Duration::from_millis(random.u64(1..=SERVING_MS));
            drop(tokio::time::timeout(life, bench.follow(&url)).await);
        }
        let log = || fs::read_to_string(bench.path("log"));
        assert_eq!(process.0.try_wait().unwrap(), None, "it ended by itself: {:?}", log());
        process.0.kill().unwrap();
        process.0.wait().unwrap();
        killed += 1;
        assert!(killed < 10 * kills, "{} of {}", bench.found.len(), expected.len());
        rest -= u32::from(bench.found.len() >= expected.len());
    }
    let found: Vec<String> =
        bench.found.iter().map(|decision| serde_json::to_string(decision).unwrap()).collect();
    println!("{} decisions, killed {killed} times", found.len());
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(found, expected);
    assert_eq!(bench.found.iter().filter(|one| one.scenario == "always").count(), 1);
}
