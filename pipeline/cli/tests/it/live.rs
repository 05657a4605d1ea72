//! `piccolo rules` against a server with the real engine.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::EngineConfig;
use piccolo_script::RuleSet;
use piccolo_server::api::{Input, Setup, start};
use piccolo_server::engine_thread::{Dataflow, Place};
use piccolo_server::feed::Limits;
use piccolo_server::ports::{RuleFile, SystemClock};
use piccolo_server::rules::{Known, Versions};
use piccolo_store::{Embedded, EmbeddedOptions, Put, Store, backups};
use piccolo_wire::client::connect;
use piccolo_wire::v1::change_state_request::Wanted;
use piccolo_wire::v1::state_cause::By;
use piccolo_wire::v1::state_service_client::StateServiceClient;
use piccolo_wire::v1::{ChangeStateRequest, StateCause, StateKind};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::run::{Folder, Ran, piccolo};

const RULE: &str = r#"scenario "a" { when Vehicle.Speed > 50 then launch("one") }"#;

/// Long, so that a test's pauses make no sample late.
const LATENESS_US: u64 = 60_000_000;

/// A server in a thread of its own, until this is dropped.
pub(crate) struct Live {
    pub(crate) url: String,
    stop: CancellationToken,
}

impl Live {
    fn new() -> Self {
        Self::with(Catalogue::vss6())
    }

    /// A server over these signals; its rules are those of [`RULE`] as far as they fit.
    pub(crate) fn with(catalogue: Arc<Catalogue>) -> Self {
        let stop = CancellationToken::new();
        let (until, (address, bound)) = (stop.clone(), mpsc::channel());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let rules = Arc::new(RuleSet::parse("a", RULE, &catalogue).0);
                let files = [RuleFile::new("a", RULE)].into_iter().collect();
                let (first, signals) = (Arc::clone(&rules), Arc::clone(&catalogue));
                let setup = Setup {
                    listen: "127.0.0.1:0".parse().unwrap(),
                    catalogue,
                    place: Place::OwnThread,
                    engine: move || Ok(Dataflow::new(EngineConfig::default(), signals, &first)?),
                    versions: Versions::new(Known::new(rules, files), 0),
                    given: None,
                    memory: None,
                    store: Arc::new(Embedded::in_memory(EmbeddedOptions::default()).await.unwrap()),
                    backups: None,
                    input: Input::Sources { lateness_us: LATENESS_US },
                    limits: Limits::default(),
                    clock: Arc::new(SystemClock::default()),
                };
                let running = start(setup, until).await.unwrap();
                address.send(running.address).unwrap();
                running.finished().await.unwrap();
            });
        });
        Self { url: format!("http://{}", bound.recv().unwrap()), stop }
    }

    /// Lets a thing be in a state.
    fn change(&self, kind: StateKind, name: &str, state: &str) {
        let request = ChangeStateRequest {
            kind: kind.into(),
            name: name.into(),
            wanted: Some(Wanted::State(state.into())),
            cause: Some(StateCause { by: Some(By::User("ann".into())) }),
            id: state.into(),
            ..ChangeStateRequest::default()
        };
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut client = StateServiceClient::new(connect(&self.url).await.unwrap());
            client.change_state(request).await.unwrap();
        });
    }

    pub(crate) fn rules(&self, args: &[&str]) -> Ran {
        piccolo(&[&["rules"], args, &["--server", &self.url]].concat())
    }

    /// What `-o json` prints.
    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let ran = self.rules(&[args, &["-o", "json"]].concat()).with_code(0);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Version and lanes of each, the newest first.
    pub(crate) fn versions(&self) -> Value {
        let list = self.json(&["list"]);
        let of = |version: &Value| json!([version["version"], version["lanes"]]);
        list["versions"].as_array().unwrap().iter().map(of).collect()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[test]
fn rules_go_through_their_life() {
    let (live, folder) = (Live::new(), Folder::new());
    let next = folder.write("next.rhai", RULE.replace("50", "60"));
    let dry = live.rules(&["apply", &next, "--dry-run"]).with_code(0);
    let said = "nothing was changed: this would be a new version: \
                0 added, 1 replaced, 0 removed, 0 kept\n  ~ a\n";
    assert_eq!(dry.out, said);
    assert_eq!(live.versions(), json!([[1, ["active"]]]));
    let applied = live.json(&["apply", &next, "--shadow"]);
    assert_eq!((&applied["version"], &applied["change"]["added"]), (&json!(2), &json!(["a"])));
    assert_eq!(live.versions(), json!([[2, ["shadow"]], [1, ["active"]]]));
    let difference = live.rules(&["difference"]).with_code(0).out;
    assert!(difference.starts_with("version 2 in the shadow against 1, since 0."), "{difference}");
    let promoted = live.rules(&["promote"]).with_code(0).out;
    assert!(promoted.starts_with("version 2 is in force from "), "{promoted}");
    assert_eq!(live.versions(), json!([[2, ["active"]], [1, []]]));
    assert_eq!(live.json(&["switch", "1"])["change"]["replaced"], json!(["a"]));
    live.rules(&["apply", &next, "--shadow"]).with_code(0);
    live.rules(&["drop-shadow"]).with_code(0);
    assert_eq!(live.versions(), json!([[2, []], [1, ["active"]]]));
    assert_eq!(live.json(&["quarantined"]), json!({ "count": 0, "scenarios": [] }));
}

#[test]
fn states_and_their_history_are_shown() {
    let live = Live::new();
    let ask = |args: &[&str]| piccolo(&[args, &["--server", &live.url]].concat());
    assert_eq!(ask(&["states", "package", "-o", "json"]).with_code(0).out.trim(), "[]");
    live.change(StateKind::Package, "cruise", "idle");
    live.change(StateKind::Package, "cruise", "running");
    live.change(StateKind::Package, "other", "idle");
    let list = ask(&["states", "package", "--in", "running"]).with_code(0).out;
    assert!(list.contains("cruise") && list.contains("running") && !list.contains("other"));
    let states: Value =
        serde_json::from_str(&ask(&["states", "package", "-o", "json"]).with_code(0).out).unwrap();
    assert_eq!((&states[0]["state"], &states[1]["name"]), (&json!("running"), &json!("other")));
    let history = ask(&["history", "package", "cruise", "--last", "1"]).with_code(0).out;
    assert!(history.contains("idle -> running") && history.contains("user ann"), "{history}");
    assert!(!history.contains("(none) -> idle"), "{history}");
    let stats: Value =
        serde_json::from_str(&ask(&["stats", "package", "cruise", "-o", "json"]).with_code(0).out)
            .unwrap();
    assert_eq!(stats[0]["transitions"][1], json!({"from": "idle", "to": "running", "count": 1}));
    let before = ["states", "package", "cruise", "--at", "1999-01-01T00:00:00Z"];
    assert_eq!(ask(&before).with_code(0).out.lines().count(), 1);
    let ran = ask(&["states", "package", "none"]).with_code(4);
    assert!(ran.err.contains("there is no package none"), "{ran:?}");
    ask(&["states", "packages"]).with_code(2);
    ask(&["states", "package", "cruise", "--at", "yesterday"]).with_code(2);
}

#[test]
fn backups_are_listed_verified_and_restored() {
    let (live, folder) = (Live::new(), Folder::new());
    let nowhere = piccolo(&["backup", "create", "--server", &live.url]).with_code(5);
    assert!(nowhere.err.contains("start it with --data and --backups"), "{nowhere:?}");
    let kept = folder.path("kept");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Embedded::in_memory(EmbeddedOptions::default()).await.unwrap();
        store.put(Put::new("key".try_into().unwrap(), "value")).await.unwrap();
        backups::create(Path::new(&kept), "one", 7, &store, None).await.unwrap();
    });
    let list = piccolo(&["backup", "list", &kept, "-o", "json"]).with_code(0).out;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["made_ms"]), (&json!("one"), &json!(7)));
    let (one, data) = (format!("{kept}/one"), folder.path("data"));
    let whole = piccolo(&["backup", "verify", &one]).with_code(0).out;
    assert!(whole.contains("one is whole: 0.0 MB, made 1970-01-01T00:00:00.007"), "{whole}");
    piccolo(&["backup", "restore", &one, "--data", &data]).with_code(0);
    assert!(Path::new(&data).join("store.redb").exists());
    let again = piccolo(&["backup", "restore", &one, "--data", &data]).with_code(3);
    assert!(again.err.contains("restore over data that exists"), "{again:?}");
    std::fs::write(format!("{one}/store.backup"), "cut").unwrap();
    let damaged = piccolo(&["backup", "verify", &one]).with_code(3);
    assert!(damaged.err.contains("the backup's file store.backup is damaged"), "{damaged:?}");
    piccolo(&["backup", "list", &folder.path("absent")]).with_code(4);
}

#[test]
fn what_cannot_be_done_has_its_exit_code() {
    let (live, folder) = (Live::new(), Folder::new());
    let wrong = folder.write("wrong.rhai", RULE.replace("Speed", "Sped"));
    let ran = live.rules(&["apply", &wrong]).with_code(3);
    assert!(ran.out.is_empty() && ran.err.contains("wrong.rhai:1:21"), "{ran:?}");
    assert!(ran.err.contains("PR0101") && ran.err.contains("the rules have 1 errors"), "{ran:?}");
    let cases: [&[&str]; 5] = [
        &["switch", "7"],
        &["promote"],
        &["drop-shadow"],
        &["difference"],
        &["apply", "no-such-rules"],
    ];
    for args in cases {
        let ran = live.rules(args).with_code(4);
        assert!(ran.out.is_empty() && ran.err.contains("there is no "), "{ran:?}");
    }
    assert_eq!(live.versions(), json!([[1, ["active"]]]));
    let nobody = ["rules", "list", "--server", "http://127.0.0.1:1"];
    assert_eq!(piccolo(&nobody).with_code(5).out, "");
    piccolo(&["rules", "list", "--server", "nowhere"]).with_code(2);
    piccolo(&["rules"]).with_code(2);
}

#[test]
fn what_no_policy_speaks_of_is_done_where_the_default_allows_it() {
    let folder = Folder::new();
    let rules = folder.write("rules.rhai", RULE);
    let drive = folder.write("v.csv", "t_us,signal,value\n0,Vehicle.Speed,60\n");
    for (kinds, done) in
        [("all", 1), ("none", 0), ("launch", 1), ("notify,launch", 1), ("notify", 0)]
    {
        let args = ["replay", &drive, "-r", &rules, "-o", "jsonl", "--default-allow", kinds];
        let decisions = piccolo(&args).with_code(0).decisions();
        assert_eq!(decisions[0]["actions"].as_array().unwrap().len(), done, "{kinds}");
    }
    let args = ["replay", &drive, "-r", &rules, "--default-allow", "lunch"];
    let ran = piccolo(&args).with_code(2);
    assert!(ran.err.contains("there is no action kind `lunch`"), "{ran:?}");
}
