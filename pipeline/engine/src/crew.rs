//! The workers of an engine: one in the caller's thread, more in threads of their own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use piccolo_operators::ids::{Rule, Sample, Time, Vehicle};
use piccolo_operators::observe::Observer;
use timely::WorkerConfig;
use timely::communication::Hooks;
use timely::communication::allocator::{Allocator, ProcessBuilder, thread::Thread};

use crate::cluster::{Builder, Peers, Place, join};
use crate::decide::Job;
use crate::error::EngineError;
use crate::facts::Stage;
use crate::worker::{Dataflows, Findings, Order, Part, Resume, Work, Workers};

/// Workers of one engine.
pub const WORKERS_MAX: usize = 64;

/// For how long a worker that waits for another looks again and again before it sleeps: waking up
/// takes longer than most steps do.
const SPIN: Duration = Duration::from_micros(300);

/// All workers; vehicles are dealt to them in turn. They are the workers of one timely process.
pub(crate) struct Crew {
    /// The worker in the caller's thread: no hand-over on the way of its samples.
    own: Box<(Workers, Dataflows)>,
    /// The others, each in a thread of its own.
    hands: Vec<Hand>,
}

/// A worker in a thread of its own.
struct Hand {
    /// None once the thread is to end.
    orders: Option<Sender<Work>>,
    findings: Receiver<Findings>,
    thread: Option<JoinHandle<()>>,
}

impl Crew {
    pub(crate) fn new(workers: usize, explain: bool) -> Result<Self, EngineError> {
        match workers {
            1 => {
                let place = Place { workers, ..Place::default() };
                let allocator = Allocator::Thread(Thread::default());
                Ok(Self::of(allocator, explain, place, Vec::new()))
            }
            2..=WORKERS_MAX => {
                let hooks = Hooks::default();
                let builders = ProcessBuilder::new_typed_vector(workers, hooks.refill, hooks.spill);
                let builders = builders.into_iter().map(Builder::Process).collect();
                Self::start(builders, explain, Arc::default())
            }
            other => Err(EngineError::Workers(other)),
        }
    }

    /// The workers of one process of a cluster.
    pub(crate) fn in_cluster(
        workers: usize,
        explain: bool,
        peers: Peers,
    ) -> Result<Self, EngineError> {
        if !(1..=WORKERS_MAX).contains(&workers) {
            return Err(EngineError::Workers(workers));
        }
        let gone = Arc::clone(&peers.gone);
        Self::start(join(workers, peers)?, explain, gone)
    }

    fn start(
        builders: Vec<Builder>,
        explain: bool,
        gone: Arc<AtomicBool>,
    ) -> Result<Self, EngineError> {
        let workers = builders.len();
        let place = |index| Place { index, workers, gone: Arc::clone(&gone) };
        let mut builders = builders.into_iter();
        let own = builders.next().ok_or(EngineError::Workers(workers))?;
        let mut hands = Vec::with_capacity(workers - 1);
        for (index, builder) in (1..).zip(builders) {
            match Hand::start(builder, explain, place(index)) {
                Ok(hand) => hands.push(hand),
                Err(error) => {
                    // Those that run wait for this one; without it they end, and can be waited for.
                    drop(own);
                    return Err(error);
                }
            }
        }
        // The threads are there already: each waits here for the others to be built.
        Ok(Self::of(own.build(), explain, place(0), hands))
    }

    fn of(allocator: Allocator, explain: bool, place: Place, hands: Vec<Hand>) -> Self {
        let mut workers = Workers::new(&worker_config(), allocator);
        let dataflows = Dataflows::build(&mut workers, explain, place);
        Self { own: Box::new((workers, dataflows)), hands }
    }

    /// Lets an observer see all rules; only where all work is done in the caller's thread.
    pub(crate) fn observe(
        &mut self,
        stage: Stage,
        observer: Box<dyn Observer>,
    ) -> Result<(), EngineError> {
        if !self.hands.is_empty() {
            return Err(EngineError::ObservedByMany);
        }
        self.own.1.observe(stage, observer);
        Ok(())
    }

    pub(crate) fn workers(&self) -> usize {
        1 + self.hands.len()
    }

    /// Lets all workers carry out their orders; the findings of each.
    pub(crate) fn step(
        &mut self,
        orders: Vec<Vec<Order>>,
        tick_us: Time,
        part: Part,
    ) -> Result<Vec<Findings>, EngineError> {
        self.ask(orders.into_iter().map(|orders| Work::Step(orders, tick_us, part)))
    }

    /// The state of all vehicles; atoms are looked for in these rules and truths, in order.
    pub(crate) fn save(&mut self, owners: &Arc<[Rule]>) -> Result<Vec<Findings>, EngineError> {
        self.ask(std::iter::repeat_with(|| Work::Save(Arc::clone(owners))))
    }

    /// Takes vehicles up again, those of each worker.
    pub(crate) fn resume(&mut self, resumes: Vec<Resume>) -> Result<Vec<Findings>, EngineError> {
        self.ask(resumes.into_iter().map(|resume| Work::Resume(Box::new(resume))))
    }

    /// Lets all workers decide.
    pub(crate) fn decide(&mut self, jobs: Vec<Job>) -> Result<Vec<Findings>, EngineError> {
        self.ask(jobs.into_iter().map(|job| Work::Decide(Box::new(job))))
    }

    /// Asks each worker for its work; the findings of each.
    fn ask(&mut self, works: impl IntoIterator<Item = Work>) -> Result<Vec<Findings>, EngineError> {
        let mut works = works.into_iter();
        let own = works.next();
        for (index, (hand, work)) in self.hands.iter().zip(works).enumerate() {
            let sent = hand.orders.as_ref().map(|sender| sender.send(work));
            if !matches!(sent, Some(Ok(()))) {
                return Err(EngineError::WorkerGone(index + 1));
            }
        }
        let mut all = Vec::with_capacity(self.workers());
        let (workers, dataflows) = self.own.as_mut();
        all.push(own.map(|work| dataflows.carry_out(workers, work)).unwrap_or_default());
        for (index, hand) in self.hands.iter().enumerate() {
            all.push(wait(&hand.findings).map_err(|_| EngineError::WorkerGone(index + 1))?);
        }
        if all.iter().any(|one| one.lost) { Err(EngineError::PeerGone) } else { Ok(all) }
    }

    /// The worker that has a vehicle.
    pub(crate) fn worker_of(&self, vehicle: Vehicle) -> usize {
        vehicle as usize % self.workers()
    }

    /// Deals samples to the workers by vehicle.
    pub(crate) fn deal(&self, samples: Vec<Sample>) -> Vec<Vec<Sample>> {
        let workers = self.workers();
        if workers == 1 {
            return vec![samples];
        }
        // Shares are seldom equal; some more room spares most of them a move.
        let room = samples.len() / workers + samples.len() / 16 + 1;
        let mut dealt: Vec<Vec<Sample>> =
            std::iter::repeat_with(|| Vec::with_capacity(room)).take(workers).collect();
        for sample in samples {
            dealt[self.worker_of(sample.vehicle)].push(sample);
        }
        dealt
    }
}

impl Hand {
    fn start(builder: Builder, explain: bool, place: Place) -> Result<Self, EngineError> {
        let (orders, taken) = channel();
        let (found, findings) = channel();
        let body = move || {
            let mut workers = Workers::new(&worker_config(), builder.build());
            let dataflows = Dataflows::build(&mut workers, explain, place);
            work(workers, dataflows, &taken, &found);
        };
        let thread = thread::Builder::new()
            .name("engine worker".into())
            .spawn(body)
            .map_err(|error| EngineError::Start(error.to_string()))?;
        Ok(Self { orders: Some(orders), findings, thread: Some(thread) })
    }
}

impl Drop for Hand {
    /// Lets the thread end, and waits for it; one that panicked has said so.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(
    mut workers: Workers,
    mut dataflows: Dataflows,
    orders: &Receiver<Work>,
    findings: &Sender<Findings>,
) {
    while let Ok(work) = wait(orders) {
        let found = dataflows.carry_out(&mut workers, work);
        if findings.send(found).is_err() {
            return;
        }
    }
}

/// Waits for the next message, at first wide awake.
fn wait<T>(messages: &Receiver<T>) -> Result<T, RecvError> {
    let began = Instant::now();
    while began.elapsed() < SPIN {
        match messages.try_recv() {
            Ok(message) => return Ok(message),
            Err(TryRecvError::Disconnected) => return Err(RecvError),
            Err(TryRecvError::Empty) => std::hint::spin_loop(),
        }
    }
    messages.recv()
}

/// How every worker of the engine is set up.
pub(crate) fn worker_config() -> WorkerConfig {
    let mut config = WorkerConfig::default();
    let options = differential_dataflow::Config::default().idle_merge_effort(Some(1000));
    differential_dataflow::configure(&mut config, &options);
    config
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crew({} workers)", self.workers())
    }
}
