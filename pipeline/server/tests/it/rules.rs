//! The life of rules: real gRPC clients, the real engine, and time that samples move.

use std::path::Path;
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::EngineConfig;
use piccolo_script::RuleSet;
use piccolo_server::api::{ApiError, Input, Running, Setup, start};
use piccolo_server::backups::Backups;
use piccolo_server::durable::{self, Opened, SNAPSHOT_BYTES};
use piccolo_server::engine_thread::{Dataflow, Place};
use piccolo_server::feed::Limits;
use piccolo_server::ports;
use piccolo_server::rules::{Known, Versions};
use piccolo_store::{Embedded, EmbeddedOptions};
use piccolo_wire::client::{Feed, FeedEvent, connect};
use piccolo_wire::refusal::diagnostics;
use piccolo_wire::v1::backup_service_client::BackupServiceClient;
use piccolo_wire::v1::rule_service_client::RuleServiceClient;
use piccolo_wire::v1::sample::Signal;
use piccolo_wire::v1::state_service_client::StateServiceClient;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{
    ApplyRulesRequest, ApplyRulesResponse, DropShadowRequest, Edge, GetShadowDifferenceRequest,
    GetShadowDifferenceResponse, Lane, ListQuarantinedRequest, ListVersionsRequest,
    PromoteShadowRequest, RuleFile, SubscribeRequest, SwitchRulesRequest,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::{ManualClock, Source, sample, soon};

pub(crate) const SECOND: u64 = 1_000_000;

/// A server with the real engine, a source and a subscriber.
pub(crate) struct Bench {
    pub(crate) rules: RuleServiceClient<Channel>,
    pub(crate) states: StateServiceClient<Channel>,
    pub(crate) backups: BackupServiceClient<Channel>,
    pub(crate) source: Source,
    feed: Feed,
    clock: Arc<ManualClock>,
    sent: u64,
    stop: CancellationToken,
    running: Running,
    store: Arc<Embedded>,
}

/// A rule that launches `package` above a speed and ends it below.
pub(crate) fn rule(name: &str, speed: u32, package: &str) -> String {
    format!(
        "scenario \"{name}\" {{ when Vehicle.Speed > {speed} then launch(\"{package}\") \
         finally terminate(\"{package}\") }}\n"
    )
}

/// The store, once nobody else has it.
async fn alone(mut store: Arc<Embedded>) -> Embedded {
    loop {
        match Arc::try_unwrap(store) {
            Ok(store) => return store,
            Err(shared) => store = shared,
        }
        tokio::task::yield_now().await;
    }
}

/// The states beside what else is kept, or in memory.
async fn store(data: Option<&Path>) -> Arc<Embedded> {
    let options = EmbeddedOptions::default();
    Arc::new(match data {
        Some(data) => Embedded::open(data.join("store.redb"), options).await.unwrap(),
        None => Embedded::in_memory(options).await.unwrap(),
    })
}

impl Bench {
    async fn new(text: &str) -> Self {
        Self::open(text, None, SubscribeRequest::default()).await.unwrap()
    }

    /// A server that keeps things in a directory, where there is one; its subscriber begins so.
    pub(crate) async fn open(
        text: &str,
        data: Option<&Path>,
        subscribe: SubscribeRequest,
    ) -> Result<Self, ApiError> {
        let catalogue = Catalogue::vss6();
        let (rules, found) = RuleSet::parse("first.rhai", text, &catalogue);
        assert!(found.is_empty(), "{found:?}");
        let files = [ports::RuleFile::new("first.rhai", text)].into_iter().collect();
        let known = Known::new(Arc::new(rules), files);
        let options = durable::Options {
            input: "a test".into(),
            reset_engine: false,
            snapshot_bytes: SNAPSHOT_BYTES,
        };
        let opened = data.map(|data| durable::open(data, Some(&known), &options)).transpose()?;
        let (versions, kept, memory) = match opened {
            Some(Opened { versions, engine, memory }) => (versions, Some(engine), Some(memory)),
            None => (Versions::new(known.clone(), 0), None, None),
        };
        let (signals, first) = (Arc::clone(&catalogue), Arc::clone(known.rules().unwrap()));
        let (clock, stop) = (Arc::new(ManualClock::default()), CancellationToken::new());
        let store = store(data).await;
        let backups = data.zip(memory.as_ref()).map(|(data, memory)| {
            let folder = data.join("backups");
            Arc::new(Backups::new(folder, Arc::clone(&store), memory.copier()))
        });
        let setup = Setup {
            listen: "127.0.0.1:0".parse().unwrap(),
            catalogue,
            place: Place::OwnThread,
            engine: move || match kept {
                Some(kept) => Ok(kept.resume(EngineConfig::default(), signals)?),
                None => Ok(Dataflow::new(EngineConfig::default(), signals, &first)?),
            },
            versions,
            given: Some(known),
            memory,
            store: store.clone(),
            backups,
            input: Input::Sources { lateness_us: 0 },
            limits: Limits::default(),
            clock: clock.clone(),
        };
        let running = start(setup, stop.clone()).await?;
        let url = format!("http://{}", running.address);
        let source = Source::open(&url, "s", 1, &[]).await;
        let feed = Feed::subscribe(&url, subscribe).await.unwrap();
        let channel = connect(&url).await.unwrap();
        let rules = RuleServiceClient::new(channel.clone());
        let states = StateServiceClient::new(channel.clone());
        let backups = BackupServiceClient::new(channel);
        let sent = source.opened.acknowledged_position;
        Ok(Self { rules, states, backups, source, feed, clock, sent, stop, running, store })
    }

    /// Stops the server in good order; what its subscriber came to.
    pub(crate) async fn stop(self) -> Option<String> {
        self.stop.cancel();
        let last = self.feed.last_id().map(str::to_owned);
        soon(self.running.finished()).await.unwrap();
        let store = soon(alone(self.store)).await;
        store.close().await.unwrap();
        last
    }

    /// Sends a speed and waits until the engine has it.
    pub(crate) async fn drive(&mut self, time_us: u64, speed: f64) {
        self.sent += 1;
        let signal = Signal::Path("Vehicle.Speed".into());
        self.source.send(self.sent, "v", vec![sample(signal, time_us, Kind::Float(speed))]).await;
        let faults = self.source.settled(&self.clock, self.sent).await.faults;
        assert!(faults.is_empty(), "{faults:?}");
    }

    pub(crate) async fn try_apply(
        &mut self,
        text: &str,
        lane: Lane,
        dry_run: bool,
    ) -> Result<ApplyRulesResponse, Status> {
        let files = vec![RuleFile { name: "r.rhai".into(), text: text.into() }];
        let request = ApplyRulesRequest { files, lane: lane.into(), dry_run };
        Ok(soon(self.rules.apply_rules(request)).await?.into_inner())
    }

    pub(crate) async fn apply(&mut self, text: &str, lane: Lane) -> ApplyRulesResponse {
        self.try_apply(text, lane, false).await.unwrap()
    }

    /// The next decisions of the feed, as scenario, edge and first action's target.
    pub(crate) async fn decided(&mut self, expected: &[(&str, Edge, &str)]) {
        let mut found = Vec::new();
        while found.len() < expected.len() {
            let event = soon(self.feed.next()).await.unwrap().unwrap();
            let FeedEvent::Decisions(decisions) = event else { panic!("{event:?}") };
            found.extend(decisions);
        }
        let found: Vec<_> = found
            .iter()
            .map(|d| (d.scenario.as_str(), d.edge(), d.actions[0].target.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    /// Number and lanes of each version, the newest first.
    pub(crate) async fn versions(&mut self) -> Vec<(u64, Vec<i32>)> {
        let list = soon(self.rules.list_versions(ListVersionsRequest {})).await.unwrap();
        let versions = list.into_inner().versions.into_iter();
        versions.map(|version| (version.number, version.lanes)).collect()
    }

    async fn difference(&mut self) -> GetShadowDifferenceResponse {
        let request = GetShadowDifferenceRequest { limit: 10 };
        soon(self.rules.get_shadow_difference(request)).await.unwrap().into_inner()
    }
}

pub(crate) const ACTIVE: i32 = Lane::Active as i32;
pub(crate) const SHADOW: i32 = Lane::Shadow as i32;

#[tokio::test]
async fn rules_are_applied_and_switched_back() {
    let mut bench = Bench::new(&rule("a", 50, "one")).await;
    bench.drive(SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
    let applied = bench.apply(&rule("a", 50, "two"), Lane::Active).await;
    let change = applied.change.unwrap();
    assert_eq!((applied.version, change.replaced), (Some(2), vec!["a".to_owned()]));
    assert_eq!((change.added.len(), change.removed.len(), change.kept), (0, 0, 0));
    bench.drive(2 * SECOND, 60.0).await;
    bench.decided(&[("a", Edge::End, "one"), ("a", Edge::Begin, "two")]).await;
    assert_eq!(bench.versions().await, [(2, vec![ACTIVE]), (1, vec![])]);
    let request = SwitchRulesRequest { version: 1 };
    let back = soon(bench.rules.switch_rules(request)).await.unwrap().into_inner();
    assert_eq!((back.version, back.change.unwrap().replaced.len()), (1, 1));
    bench.drive(3 * SECOND, 60.0).await;
    bench.decided(&[("a", Edge::End, "two"), ("a", Edge::Begin, "one")]).await;
    assert_eq!(bench.versions().await, [(2, vec![]), (1, vec![ACTIVE])]);
    // What is the same is the same version, and nothing ends.
    let again = bench.apply(&rule("a", 50, "two").replace(' ', "  "), Lane::Active).await;
    assert_eq!(again.version, Some(2));
    let unknown = soon(bench.rules.switch_rules(SwitchRulesRequest { version: 9 })).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn rules_with_an_error_are_refused_whole() {
    let mut bench = Bench::new(&rule("a", 50, "one")).await;
    let text = format!("{}{}", rule("a", 10, "two"), rule("b", 1, "b").replace("Speed", "Sped"));
    for (lane, dry_run) in [(Lane::Active, false), (Lane::Shadow, false), (Lane::Active, true)] {
        let status = bench.try_apply(&text, lane, dry_run).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let found = diagnostics(&status);
        assert_eq!((found.len(), found[0].code.as_str()), (1, "PR0101"));
        assert_eq!((found[0].file.as_deref(), found[0].line), (Some("r.rhai"), Some(2)));
        assert!(found[0].rendered.contains("Vehicle.Sped"), "{}", found[0].rendered);
    }
    assert_eq!(bench.versions().await, [(1, vec![ACTIVE])]);
    bench.drive(SECOND, 20.0).await;
    bench.drive(2 * SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
}

#[tokio::test]
async fn more_errors_than_a_status_holds_are_refused_with_the_first_of_them() {
    let mut bench = Bench::new(&rule("a", 50, "one")).await;
    let wrong = |number: usize| rule(&format!("s{number}"), 1, "b").replace("Speed", "Sped");
    let text: String = (0..1_000).map(wrong).collect();
    let status = bench.try_apply(&text, Lane::Active, false).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert!(status.message().ends_with("of 1000 findings are told"), "{status}");
    let found = diagnostics(&status);
    assert_eq!(found[0].line, Some(1));
    assert!(found.len() > 3, "{}", found.len());
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let mut bench = Bench::new(&[rule("a", 50, "one"), rule("c", 80, "c")].concat()).await;
    let text = [rule("a", 10, "two"), rule("b", 10, "b")].concat();
    let dry = bench.try_apply(&text, Lane::Active, true).await.unwrap();
    assert_eq!((dry.version, dry.time_us), (None, None));
    let change = dry.change.unwrap();
    assert_eq!((&change.added[..], &change.replaced[..]), (&["b".into()][..], &["a".into()][..]));
    assert_eq!((&change.removed[..], change.kept), (&["c".into()][..], 0));
    assert_eq!(bench.versions().await, [(1, vec![ACTIVE])]);
    bench.drive(SECOND, 20.0).await;
    bench.drive(2 * SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
    // What was said is what is done.
    let done = bench.apply(&text, Lane::Active).await;
    assert_eq!((done.change.unwrap(), done.digest), (change, dry.digest));
}

#[tokio::test]
async fn a_shadow_decides_and_does_not_act_until_it_is_promoted() {
    let mut bench = Bench::new(&[rule("a", 50, "a"), rule("same", 50, "same")].concat()).await;
    bench.drive(SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, "a"), ("same", Edge::Begin, "same")]).await;
    let text = [rule("a", 70, "a"), rule("same", 50, "same"), rule("new", 10, "new")].concat();
    let applied = bench.apply(&text, Lane::Shadow).await;
    assert_eq!((applied.version, applied.change.unwrap().kept), (Some(2), 0));
    assert_eq!(bench.versions().await, [(2, vec![SHADOW]), (1, vec![ACTIVE])]);
    // `a` ends and begins; at 80 it begins in the shadow too, and at 60 it does not.
    for (at, speed) in [(10, 0.0), (20, 60.0), (30, 0.0), (40, 80.0), (60, 80.0)] {
        bench.drive(at * SECOND, speed).await;
    }
    let same = |edge| ("same", edge, "same");
    let a = |edge| ("a", edge, "a");
    let (begin, end) = (Edge::Begin, Edge::End);
    for edge in [end, begin, end, begin] {
        bench.decided(&[a(edge), same(edge)]).await;
    }
    let found = bench.difference().await;
    assert_eq!((found.active_version, found.shadow_version, found.waiting_count), (1, 2, 0));
    let counts: Vec<_> = found
        .scenarios
        .iter()
        .map(|s| {
            (s.scenario.as_str(), s.added_count, s.removed_count, s.moved_count, s.changed_count)
        })
        .collect();
    // The active `a` ends at 10, begins at 20 and ends at 30; `new` is in the shadow alone, where
    // it ends and begins twice.
    assert_eq!(counts, [("a", 0, 3, 0, 0), ("new", 4, 0, 0, 0)]);
    // `same` four times, and the begin of `a` at 40.
    assert_eq!((found.same_count, found.latest.len()), (5, 7));
    // What is active in both goes on: of the promoted rules only `new` begins.
    let promoted = soon(bench.rules.promote_shadow(PromoteShadowRequest {})).await.unwrap();
    assert_eq!(promoted.into_inner().version, 2);
    assert_eq!(bench.versions().await, [(2, vec![ACTIVE]), (1, vec![])]);
    bench.drive(70 * SECOND, 80.0).await;
    bench.drive(80 * SECOND, 0.0).await;
    bench.decided(&[("new", begin, "new"), a(end), ("new", end, "new"), same(end)]).await;
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let mut bench = Bench::new(&rule("a", 50, "one")).await;
    let code = |status: Status| status.code();
    let promoted = soon(bench.rules.promote_shadow(PromoteShadowRequest {})).await;
    assert_eq!(promoted.map(drop).map_err(code), Err(Code::NotFound));
    let dropped = soon(bench.rules.drop_shadow(DropShadowRequest {})).await;
    assert_eq!(dropped.map(drop).map_err(code), Err(Code::NotFound));
    let request = GetShadowDifferenceRequest { limit: 1 };
    let found = soon(bench.rules.get_shadow_difference(request)).await;
    assert_eq!(found.map(drop).map_err(code), Err(Code::NotFound));
    bench.apply(&rule("a", 10, "two"), Lane::Shadow).await;
    let dropped = soon(bench.rules.drop_shadow(DropShadowRequest {})).await.unwrap();
    assert_eq!(dropped.into_inner().version, 2);
    assert_eq!(bench.versions().await, [(2, vec![]), (1, vec![ACTIVE])]);
    bench.drive(SECOND, 20.0).await;
    bench.drive(2 * SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, "one")]).await;
    let list = soon(bench.rules.list_quarantined(ListQuarantinedRequest {})).await.unwrap();
    assert_eq!(list.into_inner().count, 0);
}

#[tokio::test]
async fn two_who_apply_at_once_come_one_after_the_other() {
    let bench = Bench::new(&rule("a", 50, "one")).await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        let mut rules = bench.rules.clone();
        let files = vec![RuleFile { name: "r".into(), text: rule("a", 50, &format!("p{number}")) }];
        let request = ApplyRulesRequest { files, ..Default::default() };
        tasks.push(tokio::spawn(async move {
            let applied = rules.apply_rules(request).await.unwrap().into_inner();
            (applied.version.unwrap(), format!("p{number}"))
        }));
    }
    let mut applied = vec![];
    for task in tasks {
        applied.push(soon(task).await.unwrap());
    }
    applied.sort();
    let numbers: Vec<u64> = applied.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (2..=21).collect::<Vec<_>>());
    // The version that was last is the one that is in force.
    let (last, package) = applied.pop().unwrap();
    let mut bench = bench;
    assert_eq!(bench.versions().await[0], (last, vec![ACTIVE]));
    bench.drive(SECOND, 60.0).await;
    bench.decided(&[("a", Edge::Begin, &package)]).await;
}
