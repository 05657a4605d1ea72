//! Puts the services together, serves them over gRPC, and takes them down in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_engine::EngineError;
use piccolo_manager::{Manager, ManagerError};
use piccolo_store::Store;
use piccolo_wire::FILE_DESCRIPTOR_SET;
use piccolo_wire::ready::ActionFeedServiceServer;
use piccolo_wire::v1::backup_service_server::BackupServiceServer;
use piccolo_wire::v1::rule_service_server::RuleServiceServer;
use piccolo_wire::v1::signal_service_server::SignalServiceServer;
use piccolo_wire::v1::state_service_server::StateServiceServer;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::backups::{BackupService, Backups};
use crate::direct::Direct;
use crate::durable::{Committing, DurableError, Memory, Told};
use crate::engine_thread::{self, Ended, EngineThreadError, Outlets, Place, Started};
use crate::feed::{Feed, FeedService, Limits};
use crate::gateway::{self, Gateway, PENDING_SAMPLES_MAX};
use crate::ports::{Clock, EnginePort, Intake, ORDERS_MAX, Outlet, SettleSink, Tick};
use crate::replay::{Replay, Speed};
use crate::rules::{Known, RULES_BYTES_MAX, RulesService, Versions, Watch};
use crate::signals::{Signals, Sources};
use crate::states::StateService;

/// How long streams may take to end after the server was asked to stop.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// How often a quiet connection is asked whether it is still there.
pub const KEEP_ALIVE_PERIOD: Duration = Duration::from_secs(20);

/// The most streams of one connection at a time.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 256;

/// The services whose health is told, besides that of the whole server.
const SERVICES: [&str; 6] = [
    "",
    "piccolo.v1.ActionFeedService",
    "piccolo.v1.BackupService",
    "piccolo.v1.RuleService",
    "piccolo.v1.SignalService",
    "piccolo.v1.StateService",
];

/// What a server is made of.
pub struct Setup<F> {
    /// Where to listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The signals that exist.
    pub catalogue: Arc<Catalogue>,
    /// Makes the engine, in the thread that will own it.
    pub engine: F,
    /// Where the engine works.
    pub place: Place,
    /// The rule sets that are known, and those that the engine has in its lanes as it starts.
    pub versions: Versions,
    /// The rules with which the server is started, where they are to be active.
    pub given: Option<Known>,
    /// What was kept; without it, nothing is.
    pub memory: Option<Memory>,
    /// Where the states of scenarios, packages, models, containers and nodes are.
    pub store: Arc<dyn Store>,
    /// Makes backups, where there is a folder for them.
    pub backups: Option<Arc<Backups>>,
    /// Where samples come from.
    pub input: Input,
    /// The bounds of the feed.
    pub limits: Limits,
    /// The time at the edge.
    pub clock: Arc<dyn Clock>,
}

/// Where samples come from.
pub enum Input {
    /// From sources, over gRPC.
    Sources {
        /// How long samples may come out of order, in microseconds.
        lateness_us: u64,
    },
    /// From recordings.
    Replay {
        /// The recordings.
        replay: Box<Replay>,
        /// How fast.
        speed: Speed,
    },
}

/// Why the server cannot start or go on.
#[derive(Debug, Error)]
pub enum ApiError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; is another server there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The engine cannot start.
    #[error(transparent)]
    Engine(#[from] EngineThreadError),
    /// What was kept cannot be used, or nothing can be kept.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// The engine refuses the rules with which the server is started.
    #[error("the rules cannot be taken: {}", .0.message())]
    Given(Box<tonic::Status>),
    /// The states in the store cannot be used.
    #[error("the states cannot be used")]
    States(#[from] ManagerError),
    /// Reflection refuses the descriptors of the build.
    #[error("the descriptors for reflection are broken")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// Serving failed.
    #[error("serving failed")]
    Serve(#[from] tonic::transport::Error),
    /// A task of the server panicked.
    #[error("a task of the server ended unexpectedly")]
    Task(#[from] tokio::task::JoinError),
}

impl ApiError {
    /// With what the process ends.
    pub fn code(&self) -> Code {
        match self {
            Self::Listen { .. } => Code::Unreachable,
            Self::Engine(EngineThreadError::Engine(EngineError::Workers(_))) => Code::Usage,
            Self::Engine(EngineThreadError::Engine(_) | EngineThreadError::Resume(_))
            | Self::Given(_) => Code::InvalidInput,
            Self::Durable(error) => error.code(),
            _ => Code::Negative,
        }
    }
}

/// A server that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Resolves when all is kept.
    kept: Option<oneshot::Receiver<()>>,
    stop: CancellationToken,
}

impl Running {
    /// Waits until the server was asked to stop and has drained, at most [`DRAIN_MAX`], and then
    /// until all is kept, as long as that takes.
    ///
    /// # Errors
    /// Serving failed.
    pub async fn finished(mut self) -> Result<(), ApiError> {
        let deadline = async {
            self.stop.cancelled().await;
            tokio::time::sleep(DRAIN_MAX).await;
        };
        let result = tokio::select! {
            result = &mut self.server => result?,
            () = deadline => {
                tracing::warn!(seconds = DRAIN_MAX.as_secs(), "streams that did not end were cut off");
                self.server.abort();
                Ok(())
            }
        };
        if let Some(kept) = self.kept {
            // The thread says it by ending, in whatever way.
            drop(kept.await);
        }
        Ok(result?)
    }
}

/// Starts a server, which serves until `stop` is cancelled.
///
/// Then it takes nothing more; what it has goes through the engine and out to
/// the subscribers, acknowledgements are sent, and streams end.
///
/// # Errors
/// An address that cannot be listened on, an engine that cannot start.
pub async fn start<E, F>(setup: Setup<F>, stop: CancellationToken) -> Result<Running, ApiError>
where
    E: EnginePort + 'static,
    F: FnOnce() -> Result<E, EngineThreadError> + Send + 'static,
{
    let listen = |source| ApiError::Listen { address: setup.listen, source };
    let listener = TcpListener::bind(setup.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let feed = Arc::new(Feed::new(setup.limits));
    tokio::spawn(Arc::clone(&feed).run());
    let (replayed, sources) = match &setup.memory {
        Some(memory) => (memory.replayed, Arc::new(Sources::kept(&memory.sources))),
        None => (0, Arc::default()),
    };
    let (ticks, due) = mpsc::channel(engine_thread::TICKS_MAX);
    let (orders, ordered) = mpsc::channel(ORDERS_MAX);
    let watch = Arc::new(Watch::default());
    let told = Told { catalogue: Arc::clone(&setup.catalogue), feed: feed.clone(), sources };
    let Keeping { outlet, settle, kept } = Keeping::start(setup.memory, &told)?;
    let outlets = Outlets { outlet, lanes: watch.clone() };
    let Started { now_us, ended } =
        engine_thread::start(setup.place, setup.engine, due, ordered, outlets).await?;
    let rules = RulesService::new(Arc::clone(&setup.catalogue), setup.versions, orders, watch);
    if let Some(given) = setup.given {
        rules.give(given).await.map_err(|status| ApiError::Given(Box::new(status)))?;
    }
    let rules = RuleServiceServer::new(rules).max_decoding_message_size(RULES_BYTES_MAX);
    let from = Start { now_us, replayed };
    let intake = drive(setup.input, from, ticks, &settle, setup.clock, &stop);
    let signals = Signals::new(setup.catalogue, told.sources, settle, intake, stop.clone());

    let states_clock = Arc::new(piccolo_manager::SystemClock);
    let manager = Manager::new(setup.store, states_clock.clone());
    manager.settle().await?;
    let states = StateService::new(manager, states_clock);

    let (reporter, health) = tonic_health::server::health_reporter();
    for service in SERVICES {
        reporter.set_service_status(service, ServingStatus::Serving).await;
    }
    let closing = CancellationToken::new();
    tokio::spawn(tell_health(reporter, ended, stop.clone(), closing.clone()));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let router = Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE_PERIOD))
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .add_service(health)
        .add_service(reflection)
        .add_service(ActionFeedServiceServer::new(FeedService::new(feed)))
        .add_service(rules)
        .add_service(StateServiceServer::new(states))
        .add_service(BackupServiceServer::new(BackupService(setup.backups)))
        .add_service(SignalServiceServer::new(signals));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server =
        tokio::spawn(router.serve_with_incoming_shutdown(incoming, closing.cancelled_owned()));
    Ok(Running { address, server, kept, stop })
}

/// Where the engine's thread and others bring what they come to.
struct Keeping {
    outlet: Arc<dyn Outlet>,
    settle: Arc<dyn SettleSink>,
    /// Resolves when all is kept.
    kept: Option<oneshot::Receiver<()>>,
}

impl Keeping {
    fn start(memory: Option<Memory>, told: &Told) -> Result<Self, DurableError> {
        let (feed, settle) = (told.feed.clone(), told.sources.clone());
        let Some(mut memory) = memory else {
            let outlet = Direct { decisions: feed, settle: settle.clone() };
            return Ok(Self { outlet: Arc::new(outlet), settle, kept: None });
        };
        feed.put(std::mem::take(&mut memory.decisions));
        let Committing { outlet, ended } = Committing::start(memory, told.clone())?;
        let settle = Arc::new(outlet.clone());
        Ok(Self { outlet: Arc::new(outlet), settle, kept: Some(ended) })
    }
}

/// From where on samples flow.
#[derive(Clone, Copy)]
struct Start {
    /// Everything before this time is decided.
    now_us: u64,
    /// So many samples of recordings are taken.
    replayed: u64,
}

/// Lets samples flow to the engine, and returns where sources put theirs.
fn drive(
    input: Input,
    from: Start,
    ticks: mpsc::Sender<Tick>,
    settle: &Arc<dyn SettleSink>,
    clock: Arc<dyn Clock>,
    stop: &CancellationToken,
) -> Option<Intake> {
    let stop = stop.clone();
    match input {
        Input::Sources { lateness_us } => {
            let (intake, samples) = Intake::new();
            let mut gateway = Gateway::new(lateness_us, PENDING_SAMPLES_MAX);
            gateway.resume(from.now_us);
            tokio::spawn(gateway::run(gateway, samples, ticks, settle.clone(), clock, stop));
            Some(intake)
        }
        Input::Replay { mut replay, speed } => {
            // The engine's thread lives as long as there is a sender: until the server stops.
            let kept = ticks.clone();
            let until = stop.clone();
            tokio::task::spawn_blocking(move || {
                replay.resume(from.replayed, from.now_us);
                replay.run(speed, &ticks, clock.as_ref(), &stop);
            });
            tokio::spawn(async move {
                until.cancelled().await;
                drop(kept);
            });
            None
        }
    }
}

/// Tells that the server no longer serves, once its engine has ended or it is to stop, and only
/// then lets connections end.
async fn tell_health(
    reporter: HealthReporter,
    ended: Ended,
    stop: CancellationToken,
    closing: CancellationToken,
) {
    tokio::select! {
        _ = ended => tracing::error!("the engine has ended: restart the server"),
        () = stop.cancelled() => {}
    }
    for service in SERVICES {
        reporter.set_service_status(service, ServingStatus::NotServing).await;
    }
    stop.cancelled().await;
    closing.cancel();
    // Who watches the health would keep the server from ending: this ends their streams.
    let mut reporter = reporter;
    for service in SERVICES {
        reporter.clear_service_status(service).await;
    }
}
