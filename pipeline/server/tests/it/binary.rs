//! The binary: exit codes, and a replay with the real engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::EngineConfig;
use piccolo_recording::Options;
use piccolo_script::{Diagnostic, RULE_FILE_BYTES_MAX, RuleSet};
use piccolo_server::engine_thread::Dataflow;
use piccolo_server::ports::EnginePort;
use piccolo_server::replay::{Replay, Speed};
use piccolo_wire::client::{Feed, FeedEvent};
use piccolo_wire::v1::SubscribeRequest;

use crate::support::{ManualClock, soon};

const RULES: &str = r#"
scenario "quick" {
    when  Vehicle.Speed > 40.0
    until Vehicle.Speed < 30.0
    then  launch("lane-keeping")
    finally terminate("lane-keeping")
}
scenario "belt" {
    when  Vehicle.Speed > 10.0 && !Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted
    held  "200ms"
    then  notify("driver", "please fasten your seat belt")
}
"#;

/// The binary with these arguments.
pub(crate) fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_piccolo-server"));
    command.args(arguments).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

/// A drive through a city.
pub(crate) fn drive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/drives/city_udds.csv.gz")
}

/// Ends the process, whatever becomes of the test.
pub(crate) struct Ending(pub(crate) Child);

impl Drop for Ending {
    fn drop(&mut self) {
        drop(self.0.kill());
    }
}

/// Asks a process to end in good order.
pub(crate) fn terminate(process: &Child) {
    let kill = format!("kill -TERM {}", process.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

#[test]
fn wrong_settings_end_with_the_code_of_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.rhai", RULES);
    let bad = file("bad.rhai", "scenario \"x\" { when Vehicle.Sped > 1 }");
    // It would compile, but for its size.
    let large = file("large.rhai", &"\n".repeat(RULE_FILE_BYTES_MAX as usize + 1));
    let text = file("text.csv", "this is no recording\n");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    let cases: [(&[&str], i32); 10] = [
        (&[], 2),
        (&["--rules", &good, "--speed", "fast", "--replay", "x"], 2),
        (&["--rules", &good, "--listen", free, "--workers", "0"], 2),
        (&["--rules", &bad, "--listen", free], 3),
        (&["--rules", &large, "--listen", free], 3),
        (&["--rules", &good, "--listen", free, "--replay", &text], 3),
        (&["--rules", "/nowhere.rhai", "--listen", free], 4),
        (&["--rules", &good, "--listen", free, "--replay", "/nowhere.csv"], 4),
        (&["--rules", &good, "--listen", free, "--catalogue", "/nowhere.json"], 4),
        (&["--rules", &good, "--listen", &taken], 5),
    ];
    for (arguments, code) in cases {
        let status = server(arguments).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
    drop(listener);
}

/// The engine's decisions over the drive, as JSON, without any server.
pub(crate) fn expected(rules: &Path) -> Vec<String> {
    let catalogue = Catalogue::vss6();
    let (rules, diagnostics) = RuleSet::load(&[rules.to_owned()], &catalogue);
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:?}");
    let config = EngineConfig { workers: 1, explain: true, ..EngineConfig::default() };
    let mut engine = Dataflow::new(config, Arc::clone(&catalogue), &rules).unwrap();
    let replay = Replay::open(&[drive()], &Options::new(catalogue)).unwrap();
    let (ticks, mut due) = tokio::sync::mpsc::channel(1);
    let sending = std::thread::spawn(move || {
        let stop = tokio_util::sync::CancellationToken::new();
        replay.run(Speed::Max, &ticks, &ManualClock::default(), &stop);
    });
    let mut lines = Vec::new();
    while let Some(tick) = due.blocking_recv() {
        let decisions = engine.step(&tick).decisions;
        lines.extend(decisions.iter().map(|decision| serde_json::to_string(decision).unwrap()));
    }
    sending.join().unwrap();
    lines
}

#[tokio::test]
async fn a_replay_gives_what_the_engine_gives_byte_for_byte() {
    check_replay("1").await;
}

#[tokio::test]
async fn so_it_does_where_one_thread_does_all() {
    check_replay("0").await;
}

async fn check_replay(io_threads: &str) {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.rhai");
    fs::write(&rules, RULES).unwrap();
    let address = folder.path().join("address");
    let recording = drive();
    let arguments = [
        "--rules",
        rules.to_str().unwrap(),
        "--replay",
        recording.to_str().unwrap(),
        "--speed",
        "max",
        "--explain",
        "--io-threads",
        io_threads,
        "--listen",
        "127.0.0.1:0",
        "--address-file",
        address.to_str().unwrap(),
    ];
    let mut process = Ending(server(&arguments).spawn().unwrap());
    let rules = rules.clone();
    let expected = tokio::task::spawn_blocking(move || expected(&rules)).await.unwrap();
    assert!(expected.len() > 10, "{expected:?}");
    let bound = soon(async {
        loop {
            if let Ok(text) = fs::read_to_string(&address) {
                break text;
            }
            assert_eq!(process.0.try_wait().unwrap(), None);
            tokio::task::yield_now().await;
        }
    });
    let url = format!("http://{}", bound.await.trim());
    let request = SubscribeRequest { from_oldest: true, ..Default::default() };
    let mut feed = Feed::subscribe(&url, request).await.unwrap();
    let mut found = Vec::new();
    while found.len() < expected.len() {
        let event = soon(feed.next()).await.unwrap().unwrap();
        let FeedEvent::Decisions(decisions) = event else { panic!("{event:?}") };
        found.extend(decisions.iter().map(|decision| serde_json::to_string(decision).unwrap()));
    }
    assert_eq!(found, expected);
    terminate(&process.0);
    assert_eq!(soon(feed.next()).await.unwrap(), None);
    let status = tokio::task::spawn_blocking(move || process.0.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}
