//! A server with an engine that decides on every sample, and a clock that stands still.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{
    Action, Arguments, Decision, DecisionId, Edge, EngineError, Snapshot, SnapshotError,
};
use piccolo_server::api::{Input, Running, Setup, start};
use piccolo_server::engine_thread::Place;
use piccolo_server::feed::Limits;
use piccolo_server::gateway::TICK_PERIOD;
use piccolo_server::ports::{Changed, Clock, EnginePort, Lanes, Stepped, Tick};
use piccolo_server::rules::{Known, Versions};
use piccolo_store::{Embedded, EmbeddedOptions};
use piccolo_wire::v1::publish_request::Message as Request;
use piccolo_wire::v1::publish_response::Message as Response;
use piccolo_wire::v1::sample::Signal;
use piccolo_wire::v1::signal_service_client::SignalServiceClient;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{
    Acknowledgement, NumberBatch, OpenSource, PublishRequest, PublishResponse, Sample, SampleBatch,
    SourceOpened, Value,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

/// The id that the engine of the tests gives a decision: vehicles are told apart by their first
/// letter.
pub(crate) fn id(vehicle: &str, time_us: u64) -> DecisionId {
    let letter = vehicle.bytes().next().unwrap_or_default();
    (u128::from(letter) << 64 | u128::from(time_us)).into()
}

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A minute of event time, in microseconds: longer than the clock moves in any test.
pub(crate) const MINUTE: u64 = 60_000_000;

/// The time of samples that the fake engine refuses.
pub(crate) const REFUSED_US: u64 = 13 * MINUTE;

/// What the fake engine saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) origins: Mutex<Vec<u32>>,
}

/// Decides on every sample: the scenario is the path's last word, and `id` is vehicle and time.
/// It refuses samples at one time.
struct FakeEngine {
    seen: Arc<Seen>,
    catalogue: Arc<Catalogue>,
}

impl EnginePort for FakeEngine {
    fn step(&mut self, tick: &Tick) -> Stepped {
        let mut stepped = Stepped::default();
        for (place, sample) in tick.samples.iter().enumerate() {
            self.seen.origins.lock().unwrap().push(sample.origin);
            if sample.time_us == REFUSED_US {
                stepped.refused.push((place, "thirteen".into()));
                continue;
            }
            let path = &self.catalogue.get(sample.signal).unwrap().path;
            let scenario = path.rsplit('.').next().unwrap();
            let kind = if scenario == "Speed" { "launch" } else { "notify" };
            stepped.decisions.push(Decision {
                id: id(&sample.vehicle, sample.time_us),
                time_us: sample.time_us,
                vehicle: sample.vehicle.clone(),
                scenario: scenario.into(),
                revision: "0".into(),
                edge: Edge::Begin,
                actions: vec![Action {
                    kind,
                    target: "t".into(),
                    arguments: Arguments(Vec::new()),
                    scenario: None,
                    changed_by: None,
                }],
                withheld: Vec::new(),
                why: None,
            });
        }
        stepped
    }

    fn change(&mut self, _: &Lanes) -> Result<Changed, EngineError> {
        Ok(Changed::default())
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        Err(SnapshotError::Unsettled.into())
    }

    fn now_us(&self) -> u64 {
        0
    }
}

/// A clock that moves when the test says so.
#[derive(Debug, Default)]
pub(crate) struct ManualClock(AtomicU64);

impl ManualClock {
    pub(crate) fn advance(&self, us: u64) {
        self.0.fetch_add(us, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_us(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) seen: Arc<Seen>,
    pub(crate) stop: CancellationToken,
    pub(crate) running: Running,
}

/// A server without lateness: a sample is due once a later one has come or the clock has moved.
pub(crate) async fn server(limits: Limits) -> TestServer {
    let clock = Arc::new(ManualClock::default());
    let seen = Arc::new(Seen::default());
    let catalogue = Catalogue::vss6();
    let engine = FakeEngine { seen: seen.clone(), catalogue: catalogue.clone() };
    let stop = CancellationToken::new();
    let setup = Setup {
        listen: "127.0.0.1:0".parse().unwrap(),
        catalogue,
        place: Place::OwnThread,
        engine: move || Ok(engine),
        versions: Versions::new(Known::default(), 0),
        given: None,
        memory: None,
        store: Arc::new(Embedded::in_memory(EmbeddedOptions::default()).await.unwrap()),
        backups: None,
        input: Input::Sources { lateness_us: 0 },
        limits,
        clock: clock.clone(),
    };
    let running = start(setup, stop.clone()).await.unwrap();
    let url = format!("http://{}", running.address);
    TestServer { url, clock, seen, stop, running }
}

/// Waits, and fails where it takes too long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it should not take so long")
}

/// One stream of a source.
pub(crate) struct Source {
    pub(crate) requests: mpsc::Sender<PublishRequest>,
    pub(crate) responses: Streaming<PublishResponse>,
    pub(crate) opened: SourceOpened,
}

impl Source {
    pub(crate) async fn open(url: &str, name: &str, first_position: u64, paths: &[&str]) -> Self {
        Self::try_open(url, name, first_position, paths).await.unwrap()
    }

    /// None where the server goes away meanwhile.
    pub(crate) async fn try_open(
        url: &str,
        name: &str,
        first_position: u64,
        paths: &[&str],
    ) -> Option<Self> {
        let (requests, stream) = mpsc::channel(1_024);
        let open = OpenSource {
            source: name.into(),
            signal_paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            first_position,
            vehicles: vec!["v".into(), "w".into()],
        };
        requests.send(PublishRequest { message: Some(Request::Open(open)) }).await.unwrap();
        let mut client = SignalServiceClient::connect(url.to_owned()).await.ok()?;
        let mut responses = client.publish(ReceiverStream::new(stream)).await.ok()?.into_inner();
        let first = soon(responses.message()).await.ok()??;
        let Some(Response::Opened(opened)) = first.message else { panic!("{first:?}") };
        Some(Self { requests, responses, opened })
    }

    pub(crate) async fn send(&self, first_position: u64, vehicle: &str, samples: Vec<Sample>) {
        let vehicle = vehicle.into();
        let batch = SampleBatch { first_position, vehicle, samples, watermark_us: None };
        self.requests.send(PublishRequest { message: Some(Request::Batch(batch)) }).await.unwrap();
    }

    /// Sends numbers: vehicle, signal, time and value, the first two by their places in the tables.
    pub(crate) async fn send_numbers(
        &self,
        first_position: u64,
        rows: &[(u32, u32, u64, f64)],
        watermark_us: Option<u64>,
    ) {
        self.try_send_numbers(first_position, rows, watermark_us).await.unwrap();
    }

    /// None where the server is gone.
    pub(crate) async fn try_send_numbers(
        &self,
        first_position: u64,
        rows: &[(u32, u32, u64, f64)],
        watermark_us: Option<u64>,
    ) -> Option<()> {
        let times = rows.iter().map(|row| row.2 as i64);
        let before = std::iter::once(0).chain(times.clone());
        let batch = NumberBatch {
            first_position,
            vehicles: rows.iter().map(|row| row.0).collect(),
            signals: rows.iter().map(|row| row.1).collect(),
            time_steps_us: times.zip(before).map(|(time_us, before)| time_us - before).collect(),
            values: rows.iter().map(|row| row.3).collect(),
            watermark_us,
        };
        self.try_send_batch(batch).await
    }

    pub(crate) async fn send_batch(&self, batch: NumberBatch) {
        self.try_send_batch(batch).await.unwrap();
    }

    async fn try_send_batch(&self, batch: NumberBatch) -> Option<()> {
        let message = Some(Request::Numbers(batch));
        self.requests.send(PublishRequest { message }).await.ok()
    }

    /// The next acknowledgement; none where the server ends the stream in good order.
    pub(crate) async fn next(&mut self) -> Result<Option<Acknowledgement>, Status> {
        let Some(response) = soon(self.responses.message()).await? else {
            return Ok(None);
        };
        match response.message {
            Some(Response::Acknowledgement(acknowledgement)) => Ok(Some(acknowledgement)),
            other => panic!("{other:?}"),
        }
    }

    /// Moves the clock until the position is acknowledged, and returns as `acknowledged` does.
    pub(crate) async fn settled(&mut self, clock: &ManualClock, position: u64) -> Acknowledgement {
        let mut moving = tokio::time::interval(TICK_PERIOD);
        let acknowledged = self.acknowledged(position);
        tokio::pin!(acknowledged);
        loop {
            tokio::select! {
                acknowledgement = &mut acknowledged => return acknowledgement,
                _ = moving.tick() => clock.advance(1_000),
            }
        }
    }

    /// All acknowledgements up to that of the position, with the faults of all of them.
    pub(crate) async fn acknowledged(&mut self, position: u64) -> Acknowledgement {
        let mut faults = Vec::new();
        loop {
            let mut next = self.next().await.unwrap().unwrap();
            faults.append(&mut next.faults);
            if next.acknowledged_position >= position {
                return Acknowledgement { faults, ..next };
            }
        }
    }
}

pub(crate) fn sample(signal: Signal, time_us: u64, kind: Kind) -> Sample {
    Sample { signal: Some(signal), time_us, value: Some(Value { kind: Some(kind) }) }
}

/// A sample of the vehicle's speed.
pub(crate) fn speed(time_us: u64) -> Sample {
    sample(Signal::Path("Vehicle.Speed".into()), time_us, Kind::Float(1.0))
}
