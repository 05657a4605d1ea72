//! States over gRPC: changed once, refused, followed, listed, watched, and there after a start.

use std::path::Path;

use piccolo_wire::v1::change_state_request::Wanted;
use piccolo_wire::v1::get_state_request::AsOf;
use piccolo_wire::v1::state_cause::By;
use piccolo_wire::v1::{
    ChangeStateRequest, ChangeStateResponse, GetHistoryRequest, GetStateRequest, GetStateResponse,
    GetStatisticsRequest, ListStatesRequest, ListStatesResponse, StateCause, StateKind,
    SubscribeRequest, WatchStatesRequest,
};
use tonic::{Code, Status};

use crate::rules::{Bench, rule};
use crate::support::soon;

async fn bench(data: Option<&Path>) -> Bench {
    Bench::open(&rule("a", 50, "one"), data, SubscribeRequest::default()).await.unwrap()
}

fn to(kind: StateKind, name: &str, state: &str, id: &str) -> ChangeStateRequest {
    ChangeStateRequest {
        kind: kind.into(),
        name: name.into(),
        wanted: Some(Wanted::State(state.into())),
        cause: Some(StateCause { by: Some(By::User("ann".into())) }),
        id: id.into(),
        expected_revision: None,
        node: Some("hpc".into()),
    }
}

impl Bench {
    async fn change(&mut self, request: ChangeStateRequest) -> Result<ChangeStateResponse, Status> {
        soon(self.states.change_state(request)).await.map(tonic::Response::into_inner)
    }

    async fn get(
        &mut self,
        kind: StateKind,
        name: &str,
        as_of: Option<AsOf>,
    ) -> Result<GetStateResponse, Status> {
        let request = GetStateRequest { kind: kind.into(), name: name.into(), as_of };
        soon(self.states.get_state(request)).await.map(tonic::Response::into_inner)
    }

    async fn list(&mut self, request: ListStatesRequest) -> ListStatesResponse {
        soon(self.states.list_states(request)).await.unwrap().into_inner()
    }

    /// Package, model and container, all running; the answers.
    async fn run_package(&mut self) -> [ChangeStateResponse; 3] {
        let package = to(StateKind::Package, "cruise", "idle", "p");
        let model = to(StateKind::Model, "cruise/lane", "created", "m");
        let container = to(StateKind::Container, "cruise/lane/camera", "running", "c");
        [
            self.change(package).await.unwrap(),
            self.change(model).await.unwrap(),
            self.change(container).await.unwrap(),
        ]
    }
}

#[tokio::test]
async fn a_container_takes_its_model_and_package_with_it() {
    let mut bench = bench(None).await;
    let answers = bench.run_package().await;
    assert_eq!(answers.each_ref().map(|answer| &*answer.state), ["idle", "created", "running"]);
    for (kind, name) in [(StateKind::Model, "cruise/lane"), (StateKind::Package, "cruise")] {
        let record = bench.get(kind, name, None).await.unwrap().record.unwrap();
        assert_eq!((&*record.state, record.node.as_deref()), ("running", Some("hpc")));
    }
    // Under the same id it is done once.
    let again = to(StateKind::Container, "cruise/lane/camera", "running", "c");
    let again = bench.change(again).await.unwrap();
    assert_eq!((again.changed, again.step), (false, answers[2].step));
    // A node that is lost takes what is known of its containers with it.
    bench.change(to(StateKind::Node, "hpc", "pending", "n1")).await.unwrap();
    bench.change(to(StateKind::Node, "hpc", "ready", "n2")).await.unwrap();
    bench.change(to(StateKind::Node, "hpc", "not-ready", "n3")).await.unwrap();
    let record = bench.get(StateKind::Container, "cruise/lane/camera", None).await.unwrap();
    assert_eq!(record.record.unwrap().state, "unknown");
    let request = GetHistoryRequest {
        kind: StateKind::Package.into(),
        name: "cruise".into(),
        ..GetHistoryRequest::default()
    };
    let history = bench.states.get_history(request).await.unwrap().into_inner().steps;
    let member = history[1].cause.clone().unwrap().by.unwrap();
    assert!(matches!(&member, By::Member(of) if of.kind == "model"), "{member:?}");
    let steps: Vec<_> = history.iter().map(|step| step.to.as_deref().unwrap()).collect();
    assert_eq!(steps[..2], ["idle", "running"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_can() {
    let mut bench = bench(None).await;
    let refused = bench.change(to(StateKind::Package, "p", "running", "1")).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("launch-request (to idle)"), "{refused}");
    let made = bench.change(to(StateKind::Package, "p", "idle", "1")).await.unwrap();
    let base = to(StateKind::Package, "p", "running", "2");
    let stale = ChangeStateRequest { expected_revision: Some(made.revision + 7), ..base.clone() };
    assert_eq!(bench.change(stale).await.unwrap_err().code(), Code::Aborted);
    let wrong: [ChangeStateRequest; 6] = [
        ChangeStateRequest { kind: 0, ..base.clone() },
        ChangeStateRequest { name: "a b".into(), ..base.clone() },
        ChangeStateRequest { name: "a/b".into(), ..base.clone() },
        ChangeStateRequest { wanted: None, ..base.clone() },
        ChangeStateRequest { wanted: Some(Wanted::State("happy".into())), ..base.clone() },
        ChangeStateRequest { cause: None, ..base.clone() },
    ];
    for request in wrong {
        let status = bench.change(request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{request:?}: {status}");
    }
    let none = bench.get(StateKind::Package, "none", None).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
    let future = Some(AsOf::Revision(made.revision + 1_000));
    let future = bench.get(StateKind::Package, "p", future).await.unwrap_err();
    assert_eq!(future.code(), Code::OutOfRange);
}

#[tokio::test]
async fn things_are_listed_in_pages_and_seen_as_they_were() {
    let mut bench = bench(None).await;
    let mut first = None;
    for number in 0..25 {
        let name = format!("p{number:02}");
        let made = bench.change(to(StateKind::Package, &name, "idle", "1")).await.unwrap();
        first.get_or_insert(made.revision);
        if number % 2 == 0 {
            bench.change(to(StateKind::Package, &name, "running", "2")).await.unwrap();
        }
    }
    let mut request = ListStatesRequest {
        kind: StateKind::Package.into(),
        states: vec!["running".into()],
        node: Some("hpc".into()),
        page_size: 5,
        ..ListStatesRequest::default()
    };
    let mut names = Vec::new();
    loop {
        let page = bench.list(request.clone()).await;
        assert!(page.records.len() <= 5);
        names.extend(page.records.into_iter().map(|record| record.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected: Vec<_> = (0..25).step_by(2).map(|number| format!("p{number:02}")).collect();
    assert_eq!(names, expected);
    let then = bench.get(StateKind::Package, "p00", first.map(AsOf::Revision)).await.unwrap();
    assert_eq!(then.record.unwrap().state, "idle");
    let before = bench.get(StateKind::Package, "p00", Some(AsOf::AtUs(1))).await.unwrap();
    assert_eq!(before.record, None);
    let request = GetStatisticsRequest {
        kind: StateKind::Package.into(),
        flapping_window_us: 3_600_000_000,
        flapping_steps: 2,
        ..GetStatisticsRequest::default()
    };
    let things = bench.states.get_statistics(request).await.unwrap().into_inner().things;
    let flapping: Vec<_> = things.iter().map(|thing| thing.flapping).collect();
    assert_eq!((flapping.len(), &flapping[..2]), (25, &[Some(2), None][..]));
    assert_eq!((things[0].transitions.len(), things[1].transitions.len()), (2, 1));
}

#[tokio::test]
async fn every_step_is_told_and_again_from_a_revision_after_a_start() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = bench(Some(data.path())).await;
    let watch = WatchStatesRequest { kinds: Vec::new(), from_revision: None };
    let mut watching = bench.states.watch_states(watch).await.unwrap().into_inner();
    let begin = soon(watching.message()).await.unwrap().unwrap();
    assert_eq!(begin.steps, []);
    bench.run_package().await;
    let mut told = Vec::new();
    while told.len() < 6 {
        let message = soon(watching.message()).await.unwrap().unwrap();
        assert!(message.revision > begin.revision);
        told.extend(message.steps);
    }
    let names: Vec<_> =
        told.iter().map(|step| (step.name.as_str(), step.to.as_deref().unwrap())).collect();
    assert_eq!(names[0], ("cruise", "idle"));
    assert!(names.contains(&("cruise/lane", "running")) && names.contains(&("cruise", "running")));
    drop(watching);
    bench.stop().await;

    let mut bench = self::bench(Some(data.path())).await;
    let record = bench.get(StateKind::Package, "cruise", None).await.unwrap().record.unwrap();
    assert_eq!(record.state, "running");
    let kinds = vec![StateKind::Package.into()];
    let watch = WatchStatesRequest { kinds, from_revision: Some(begin.revision + 1) };
    let mut watching = bench.states.watch_states(watch).await.unwrap().into_inner();
    soon(watching.message()).await.unwrap().unwrap();
    let again = soon(watching.message()).await.unwrap().unwrap();
    assert_eq!(again.steps, told[..1]);
    let again = soon(watching.message()).await.unwrap().unwrap();
    assert_eq!(again.steps[0].to.as_deref(), Some("running"));
}
