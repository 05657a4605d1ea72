//! The rpcs of the states.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{Stream, unfold};
use piccolo_manager::stats::{Stats, flapping};
use piccolo_manager::{
    Change, Clock, HISTORY_PAGE_MAX, HISTORY_STEPS_MAX, Manager, ManagerError, StepWatch, Steps,
    Subject, Wanted, Was,
};
use piccolo_state::{
    ContainerState, Event, ModelState, NodeState, PackageState, ScenarioState, UnknownName,
};
use piccolo_wire::v1;
use piccolo_wire::v1::StateKind;
use piccolo_wire::v1::change_state_request::Wanted as Asked;
use piccolo_wire::v1::get_state_request::AsOf;
use piccolo_wire::v1::state_service_server::StateService as Rpcs;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Request, Response, Status};

use super::convert;
use super::kind::{Served, of_kind};

/// The most streams of [`v1::WatchStatesResponse`] at one time.
pub const WATCHES_MAX: usize = 64;

/// The most records of one page.
const PAGE_MAX: usize = 1_000;

/// Where a request says nothing, a thing flaps that took ten steps in ten minutes.
const FLAPPING_WINDOW_US: u64 = 600_000_000;
const FLAPPING_STEPS: usize = 10;

/// Serves states over gRPC.
#[derive(Clone)]
pub struct StateService {
    manager: Manager,
    clock: Arc<dyn Clock>,
    watches: Arc<Semaphore>,
}

impl StateService {
    /// A service of the states of a manager, with the clock that its history has.
    pub fn new(manager: Manager, clock: Arc<dyn Clock>) -> Self {
        Self { manager, clock, watches: Arc::new(Semaphore::new(WATCHES_MAX)) }
    }
}

#[tonic::async_trait]
impl Rpcs for StateService {
    type WatchStatesStream =
        Pin<Box<dyn Stream<Item = Result<v1::WatchStatesResponse, Status>> + Send>>;

    async fn change_state(
        &self,
        request: Request<v1::ChangeStateRequest>,
    ) -> Result<Response<v1::ChangeStateResponse>, Status> {
        let request = request.into_inner();
        of_kind!(request.kind(), change(&self.manager, request)).map(Response::new)
    }

    async fn get_state(
        &self,
        request: Request<v1::GetStateRequest>,
    ) -> Result<Response<v1::GetStateResponse>, Status> {
        let request = request.into_inner();
        let record = of_kind!(request.kind(), get(&self.manager, &request))?;
        Ok(Response::new(v1::GetStateResponse { record }))
    }

    async fn list_states(
        &self,
        request: Request<v1::ListStatesRequest>,
    ) -> Result<Response<v1::ListStatesResponse>, Status> {
        let request = request.into_inner();
        of_kind!(request.kind(), list(&self.manager, &request)).map(Response::new)
    }

    async fn get_history(
        &self,
        request: Request<v1::GetHistoryRequest>,
    ) -> Result<Response<v1::GetHistoryResponse>, Status> {
        let request = request.into_inner();
        let steps = of_kind!(request.kind(), history(&self.manager, &request))?;
        Ok(Response::new(v1::GetHistoryResponse { steps }))
    }

    async fn get_statistics(
        &self,
        request: Request<v1::GetStatisticsRequest>,
    ) -> Result<Response<v1::GetStatisticsResponse>, Status> {
        let request = request.into_inner();
        let until_us = self.clock.now_us();
        let things = of_kind!(request.kind(), statistics(&self.manager, &request, until_us))?;
        Ok(Response::new(v1::GetStatisticsResponse { things }))
    }

    async fn watch_states(
        &self,
        request: Request<v1::WatchStatesRequest>,
    ) -> Result<Response<Self::WatchStatesStream>, Status> {
        let request = request.into_inner();
        let place = Arc::clone(&self.watches).try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!("{WATCHES_MAX} watch states already"))
        })?;
        let watch = self.manager.watch(request.from_revision).await.map_err(said)?;
        let kinds: Vec<StateKind> = request.kinds().collect();
        let begin = v1::WatchStatesResponse { revision: watch.made_at(), steps: Vec::new() };
        let watching = Watching { watch, kinds, begin: Some(begin), _place: place };
        Ok(Response::new(Box::pin(unfold(Some(watching), Watching::step))))
    }
}

/// A stream of steps.
struct Watching {
    watch: StepWatch,
    /// Empty for all.
    kinds: Vec<StateKind>,
    begin: Option<v1::WatchStatesResponse>,
    _place: OwnedSemaphorePermit,
}

impl Watching {
    /// The next message, and the stream unless that is its end.
    async fn step(
        watching: Option<Self>,
    ) -> Option<(Result<v1::WatchStatesResponse, Status>, Option<Self>)> {
        let mut watching = watching?;
        match watching.next().await {
            Ok(message) => Some((Ok(message), Some(watching))),
            Err(error) => Some((Err(said(error)), None)),
        }
    }

    async fn next(&mut self) -> Result<v1::WatchStatesResponse, ManagerError> {
        if let Some(begin) = self.begin.take() {
            return Ok(begin);
        }
        loop {
            let Steps { revision, steps } = self.watch.next().await?;
            let wanted =
                |step: &v1::StateStep| self.kinds.is_empty() || self.kinds.contains(&step.kind());
            let steps: Vec<_> = steps.into_iter().map(convert::any_step).filter(wanted).collect();
            if !steps.is_empty() {
                return Ok(v1::WatchStatesResponse { revision, steps });
            }
        }
    }
}

async fn change<S: Served>(
    manager: &Manager,
    request: v1::ChangeStateRequest,
) -> Result<v1::ChangeStateResponse, Status> {
    let wrong = |error: UnknownName| Status::invalid_argument(error.to_string());
    let wanted = match &request.wanted {
        Some(Asked::Event(event)) => Wanted::Event(event.parse::<Event>().map_err(wrong)?),
        Some(Asked::State(state)) => Wanted::State(state.parse::<S>().map_err(wrong)?),
        None => return Err(Status::invalid_argument("neither an event nor a state is wanted")),
    };
    if request.id.is_empty() {
        return Err(Status::invalid_argument("the change has no id"));
    }
    let subject = subject(&request.name)?;
    let mut change = Change::new(wanted, convert::cause(request.cause)?, request.id);
    (change.expected, change.node) = (request.expected_revision, request.node);
    let applied = S::change(manager, &subject, &change).await.map_err(said)?;
    Ok(v1::ChangeStateResponse {
        state: applied.state.to_string(),
        step: applied.step,
        changed: applied.changed,
        revision: applied.revision,
    })
}

async fn get<S: Served>(
    manager: &Manager,
    request: &v1::GetStateRequest,
) -> Result<Option<v1::StateRecord>, Status> {
    let subject = subject(&request.name)?;
    match request.as_of {
        None => {
            let (record, revision) = manager.get::<S>(&subject).await.map_err(said)?;
            Ok(Some(convert::record(&subject, record, Some(revision))))
        }
        Some(AsOf::Revision(revision)) => {
            let record = manager.at_revision::<S>(&subject, revision).await.map_err(said)?;
            Ok(record.map(|record| convert::record(&subject, record, None)))
        }
        Some(AsOf::AtUs(at_us)) => {
            let was = manager.state_at::<S>(&subject, at_us).await.map_err(said)?;
            state_then(&subject, was)
        }
    }
}

/// How a thing was at a time.
fn state_then<S: Served>(
    subject: &Subject,
    was: Was<S>,
) -> Result<Option<v1::StateRecord>, Status> {
    match was {
        Was::State(state) => Ok(Some(v1::StateRecord {
            kind: S::OF.into(),
            name: subject.to_string(),
            state: state.to_string(),
            ..v1::StateRecord::default()
        })),
        Was::Absent => Ok(None),
        Was::Forgotten => {
            let text = format!("the history of {subject} does not go back so far any more");
            Err(Status::out_of_range(text))
        }
    }
}

async fn list<S: Served>(
    manager: &Manager,
    request: &v1::ListStatesRequest,
) -> Result<v1::ListStatesResponse, Status> {
    let wanted = |record: &v1::StateRecord| {
        (request.states.is_empty() || request.states.contains(&record.state))
            && (request.node.is_none() || request.node == record.node)
    };
    let size = match request.page_size as usize {
        0 => PAGE_MAX,
        size => size.min(PAGE_MAX),
    };
    let all = manager.of_kind::<S>().await.map_err(said)?.into_iter();
    let mut rest = all
        .map(|(subject, record)| convert::record(&subject, record, None))
        .filter(|record| record.name > request.page_token)
        .filter(wanted);
    let records: Vec<_> = rest.by_ref().take(size).collect();
    let last = records.last().map(|record| record.name.clone());
    let next_page_token = rest.next().and(last).unwrap_or_default();
    Ok(v1::ListStatesResponse { records, next_page_token })
}

async fn history<S: Served>(
    manager: &Manager,
    request: &v1::GetHistoryRequest,
) -> Result<Vec<v1::StateStep>, Status> {
    let subject = subject(&request.name)?;
    let limit = match request.limit as usize {
        0 => HISTORY_PAGE_MAX,
        limit => limit,
    };
    let steps = manager.history::<S>(&subject, request.after_step, limit).await.map_err(said)?;
    Ok(steps.into_iter().map(|step| convert::step(&subject, step)).collect())
}

async fn statistics<S: Served>(
    manager: &Manager,
    request: &v1::GetStatisticsRequest,
    until_us: u64,
) -> Result<Vec<v1::StateStatistics>, Status> {
    let subjects: Vec<Subject> = if request.name.is_empty() {
        let all = manager.of_kind::<S>().await.map_err(said)?;
        all.into_iter().map(|(subject, _)| subject).collect()
    } else {
        vec![subject(&request.name)?]
    };
    let window_us = match request.flapping_window_us {
        0 => FLAPPING_WINDOW_US,
        window_us => window_us,
    };
    let least = match request.flapping_steps as usize {
        0 => FLAPPING_STEPS,
        least => least,
    };
    let mut things = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let steps = manager.history::<S>(&subject, 0, HISTORY_STEPS_MAX as usize).await;
        let steps = steps.map_err(said)?;
        if steps.is_empty() {
            return Err(said(ManagerError::NotFound { kind: S::KIND, subject }));
        }
        let flaps = flapping(&steps, window_us, least);
        things.push(convert::statistics(&subject, &Stats::new(&steps, until_us), flaps));
    }
    Ok(things)
}

fn subject(name: &str) -> Result<Subject, Status> {
    Subject::new(name).map_err(|error| said(error.into()))
}

fn said(error: ManagerError) -> Status {
    convert::status(&error)
}
