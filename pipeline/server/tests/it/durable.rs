//! What is there after the server was started again.

use std::fs;
use std::path::Path;

use piccolo_wire::v1::sample::Signal;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{Edge, Lane, PromoteShadowRequest, SubscribeRequest, SwitchRulesRequest};

use crate::binary::{Ending, drive, server, terminate};
use crate::rules::{ACTIVE, Bench, SECOND, SHADOW, rule};
use crate::support::{sample, soon};

async fn open(rules: &str, data: &Path, after_id: Option<String>) -> Bench {
    let request = SubscribeRequest { after_id, ..Default::default() };
    soon(Bench::open(rules, Some(data), request)).await.unwrap()
}

#[tokio::test]
async fn scenarios_positions_and_the_feed_go_on() {
    let data = tempfile::tempdir().unwrap();
    let rules = [rule("a", 50, "one"), rule("b", 90, "two")].concat();
    let mut bench = open(&rules, data.path(), None).await;
    bench.drive(SECOND, 60.0).await;
    bench.drive(2 * SECOND, 70.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
    let last = bench.stop().await;
    assert!(last.is_some());

    let mut bench = open(&rules, data.path(), last.clone()).await;
    assert_eq!(bench.source.opened.acknowledged_position, 2);
    // It is active still, so that it does not begin again, and ends.
    bench.drive(3 * SECOND, 95.0).await;
    bench.drive(4 * SECOND, 10.0).await;
    let rest = [("b", Edge::Begin, "two"), ("a", Edge::End, "one"), ("b", Edge::End, "two")];
    bench.decided(&rest).await;
    bench.stop().await;

    // Whoever was away gets what was decided meanwhile, in a server that has just started.
    let mut bench = open(&rules, data.path(), last).await;
    bench.decided(&rest).await;
    // What was taken is late now.
    let signal = Signal::Path("Vehicle.Speed".into());
    bench.source.send(5, "v", vec![sample(signal, SECOND, Kind::Float(99.0))]).await;
    let late = bench.source.acknowledged(5).await;
    assert_eq!((late.acknowledged_position, late.faults.len()), (5, 1));
    bench.stop().await;
    // Faults are counted over all that time.
    let mut bench = open(&rules, data.path(), None).await;
    let signal = Signal::Path("Vehicle.Speed".into());
    bench.source.send(6, "v", vec![sample(signal, SECOND, Kind::Float(99.0))]).await;
    assert_eq!(bench.source.acknowledged(6).await.fault_counts[0].count, 2);
}

#[tokio::test]
async fn rules_that_were_applied_stay_and_others_that_are_given_are_applied() {
    let data = tempfile::tempdir().unwrap();
    let (first, second, third) =
        (rule("a", 50, "one"), rule("a", 50, "two"), rule("a", 60, "three"));
    let mut bench = open(&first, data.path(), None).await;
    bench.drive(SECOND, 70.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
    bench.apply(&second, Lane::Active).await;
    bench.apply(&third, Lane::Shadow).await;
    bench.drive(2 * SECOND, 70.0).await;
    bench.decided(&[("a", Edge::End, "one"), ("a", Edge::Begin, "two")]).await;
    let all = [(3, vec![SHADOW]), (2, vec![ACTIVE]), (1, vec![])];
    assert_eq!(bench.versions().await, all);
    bench.stop().await;

    // Started with what it was started with before: what was applied since stays.
    let mut bench = open(&first, data.path(), None).await;
    assert_eq!(bench.versions().await, all);
    soon(bench.rules.promote_shadow(PromoteShadowRequest {})).await.unwrap();
    bench.drive(3 * SECOND, 70.0).await;
    bench.decided(&[("a", Edge::End, "two"), ("a", Edge::Begin, "three")]).await;
    bench.stop().await;

    // Started with others: these are in force.
    let mut bench = open(&second, data.path(), None).await;
    assert_eq!(bench.versions().await, [(3, vec![]), (2, vec![ACTIVE]), (1, vec![])]);
    // A version from before the server started is compiled when it is asked for.
    soon(bench.rules.switch_rules(SwitchRulesRequest { version: 1 })).await.unwrap();
    bench.drive(4 * SECOND, 70.0).await;
    bench.decided(&[("a", Edge::End, "three"), ("a", Edge::Begin, "one")]).await;
    bench.stop().await;
    let mut bench = open(&second, data.path(), None).await;
    assert_eq!(bench.versions().await, [(3, vec![]), (2, vec![]), (1, vec![ACTIVE])]);
}

/// Runs the binary over the drive until it ends, or for as long as it needs to begin; what it says,
/// and its exit code where it has ended.
fn run(data: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let (log, address) = (data.join("log"), data.join("address"));
    drop(fs::remove_file(&address));
    let mut command = server(&["--listen", "127.0.0.1:0", "--data"]);
    command.arg(data.join("data")).arg("--address-file").arg(&address).args(arguments);
    command.stderr(fs::File::create(&log).unwrap());
    let mut process = Ending(command.spawn().unwrap());
    let code = loop {
        if let Some(status) = process.0.try_wait().unwrap() {
            break status.code();
        }
        if address.exists() {
            break None;
        }
        std::thread::yield_now();
    };
    if code.is_none() {
        terminate(&process.0);
        assert_eq!(process.0.wait().unwrap().code(), Some(0));
    }
    (fs::read_to_string(log).unwrap(), code)
}

#[test]
fn what_cannot_go_on_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.rhai");
    fs::write(&rules, rule("a", 50, "one")).unwrap();
    let (recording, rules) = (drive(), rules.to_str().unwrap().to_owned());
    let replay = ["--speed", "max", "--replay", recording.to_str().unwrap()];
    let with = |arguments: &[&str]| run(folder.path(), &[arguments, &replay[..]].concat());

    let (log, code) = with(&[]);
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("start with --rules"), "{log}");
    let (log, code) = with(&["--rules", &rules]);
    assert_eq!(code, None, "{log}");
    // Until it has something to go on from.
    loop {
        let (log, code) = with(&[]);
        assert_eq!(code, None, "{log}");
        if !log.contains("now_us=0") {
            break;
        }
    }

    let (log, code) = run(folder.path(), &[]);
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("city_udds.csv.gz") && log.contains("take another directory"), "{log}");

    // A catalogue in which there is no such signal.
    let catalogue = folder.path().join("catalogue.json");
    let signals = r#"{"Vehicle": {"type": "branch", "description": "", "children": {"Speed":
        {"type": "sensor", "datatype": "float", "unit": "km/h", "description": ""}}}}"#;
    fs::write(&catalogue, signals).unwrap();
    let catalogue = ["--catalogue", catalogue.to_str().unwrap()];
    let (log, code) = with(&catalogue);
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("--reset-engine begins anew"), "{log}");
    let (log, code) = with(&[&catalogue[..], &["--reset-engine"]].concat());
    assert_eq!(code, None, "{log}");
    assert!(log.contains("now_us=0"), "{log}");

    // The journal of another program.
    fs::write(folder.path().join("data/journal.redb"), "something else").unwrap();
    let (log, code) = with(&[]);
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("cannot be opened"), "{log}");
}
