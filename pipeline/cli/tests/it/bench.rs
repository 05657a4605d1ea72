//! `piccolo bench soak` and `server`: short ones, for what they report; figures are no matter of
//! tests.

use piccolo_benchmark::Workload;
use piccolo_catalogue::Catalogue;
use serde_json::{Value, json};

use crate::live::Live;
use crate::run::{Folder, Ran, piccolo};

const SHORT: [&str; 10] =
    ["bench", "soak", "--minutes", "0.034", "--size", "20x3", "--rate", "5000", "--changes", "20"];

#[test]
fn a_soak_reports_each_second_and_draws_them() {
    let folder = Folder::new();
    let picture = folder.path("soak.svg");
    let ran = piccolo(&[&SHORT[..], &["-o", "json", "--plot", &picture]].concat()).with_code(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let seconds = report["seconds"].as_array().unwrap();
    assert_eq!((seconds.len(), &report["lost"]), (2, &0.into()));
    let sum =
        |name: &str| -> u64 { seconds.iter().map(|second| second[name].as_u64().unwrap()).sum() };
    assert!(sum("changes") > 0 && sum("decisions") > 0 && sum("steps") > 0, "{report}");
    assert!(sum("samples") + seconds[1]["behind"].as_u64().unwrap() >= 10_000, "{report}");
    let picture = std::fs::read_to_string(picture).unwrap();
    assert_eq!(picture.matches("<polyline").count(), 7);
    assert!(picture.trim_end().ends_with("</svg>") && !picture.contains("NaN"));
}

#[test]
fn a_soak_is_a_table_for_people() {
    let ran = piccolo(&SHORT).with_code(0);
    assert!(ran.out.contains(" 0 lost; "), "{}", ran.out);
    assert!(ran.out.contains("memory: too short"), "{}", ran.out);
    piccolo(&["bench", "soak", "--minutes", "0"]).with_code(2);
}

/// A short measurement of a server, which has other rules before and after.
fn server(live: &Live, more: &[&str]) -> Ran {
    let short = [
        "bench",
        "server",
        "--size",
        "1000x5",
        "--seconds",
        "1",
        "--rate",
        "5000",
        "--singles",
        "3",
        "--samples",
        "20000",
        "--batch",
        "100",
        "--server",
        &live.url,
    ];
    piccolo(&[&short[..], more].concat())
}

#[test]
fn every_sample_over_grpc_is_decided_and_every_subscriber_hears_of_it() {
    let live = Live::with(Workload::catalogue().unwrap().0);
    let before = live.versions();
    let subscribers = ["--subscribers", "0", "--subscribers", "1", "--subscribers", "20"];
    let forms: [&[&str]; 3] = [&["--streams", "1"], &["--streams", "3"], &["--rows"]];
    for form in forms {
        let args = [&subscribers[..], form, &["-o", "json"]].concat();
        let ran = server(&live, &args).with_code(0);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(report["single"]["samples"].as_u64().unwrap() >= 3, "{report}");
        let paced = report["paced"].as_array().unwrap();
        let saturated = report["saturated"].as_array().unwrap();
        assert_eq!((paced.len(), saturated.len()), (2, 3));
        let count = |row: &Value| row["subscribers"].as_u64().unwrap();
        assert_eq!(saturated.iter().map(count).collect::<Vec<_>>(), [0, 1, 20]);
        for row in paced.iter().chain(saturated) {
            assert_eq!((&row["wrong"], &row["faults"]), (&json!(0), &json!(0)), "{report}");
            assert!(count(row) == 0 || row["decisions"].as_u64().unwrap() > 0, "{report}");
            // The processor time of a server that was there before is none of ours.
            assert_eq!(row["cost"], Value::Null);
        }
        for row in paced {
            let order = ["p50_ns", "p99_ns", "p99_9_ns", "max_ns"].map(|key| row[key].as_u64());
            assert!(order[0] > Some(0) && order.is_sorted(), "{row}");
        }
    }
    // The rules are as they were, and the workload's are one more version.
    let after = live.versions();
    let active = |versions: &Value| {
        let is_active = |version: &&Value| version[1] == json!(["active"]);
        versions.as_array().unwrap().iter().find(is_active).cloned()
    };
    assert_eq!(active(&after), active(&before));
    assert_eq!(after.as_array().unwrap().len(), before.as_array().unwrap().len() + 1);
    let table = server(&live, &["--subscribers", "1"]).with_code(0).out;
    assert!(table.contains("one by one") && table.contains("as many as go in"), "{table}");
}

#[test]
fn a_server_that_cannot_be_measured_is_said_why() {
    let live = Live::with(Catalogue::vss6());
    let ran = server(&live, &[]).with_code(3);
    assert!(ran.err.contains("lacks 300 signals"), "{ran:?}");
    drop(live);
    let nobody = ["bench", "server", "--server", "http://127.0.0.1:1"];
    assert_eq!(piccolo(&nobody).with_code(5).out, "");
    piccolo(&["bench", "server", "--rate", "0"]).with_code(2);
    piccolo(&["bench", "server", "--streams", "0"]).with_code(2);
}

#[test]
fn the_workload_can_be_exported_for_a_server() {
    let folder = Folder::new();
    let export = |part: &str| {
        piccolo(&["bench", "export", "--size", "20x3", "--events", "9", "--part", part])
            .with_code(0)
            .out
    };
    let rules = folder.write("rules.rhai", export("rules"));
    let catalogue = folder.write("catalogue.tsv", export("catalogue"));
    piccolo(&["check", &rules, "--catalogue", &catalogue]).with_code(0);
    let document: Value = serde_json::from_str(&export("document")).unwrap();
    assert_eq!(document["rules"].as_array().unwrap().len(), 20);
    assert_eq!(document["events"].as_array().unwrap().len(), 9);
}
