//! The workers of an engine: in the caller's thread, or in threads of their own.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use piccolo_operators::ids::{Sample, Time};
use piccolo_operators::observe::Observer;
use timely::communication::WorkerGuards;
use timely::communication::allocator::{Allocator, thread::Thread};
use timely::worker::Worker;
use timely::{Config, WorkerConfig};

use crate::error::EngineError;
use crate::facts::Stage;
use crate::worker::{Dataflows, Findings, Order, Part};

/// Workers of one engine.
pub const WORKERS_MAX: usize = 64;

/// Orders with the tick up to which they are to be carried out.
type Work = (Vec<Order>, Time, Part);

/// All workers; vehicles are dealt to them in turn.
pub(crate) enum Crew {
    /// One worker in the caller's thread: no hand-over on the way of a sample.
    Own(Box<(Worker, Dataflows)>),
    /// Several workers of one timely process, each with its orders.
    Threads {
        orders: Vec<Sender<Work>>,
        findings: Vec<Receiver<Findings>>,
        /// Last, since dropping it waits for the threads, and they end once the orders do.
        _guards: WorkerGuards<()>,
    },
}

impl Crew {
    pub(crate) fn new(workers: usize, explain: bool) -> Result<Self, EngineError> {
        match workers {
            1 => {
                let allocator = Allocator::Thread(Thread::default());
                let mut worker = Worker::new(worker_config(), allocator, None);
                let dataflows = Dataflows::build(&mut worker, explain);
                Ok(Self::Own(Box::new((worker, dataflows))))
            }
            2..=WORKERS_MAX => Self::start(workers, explain),
            other => Err(EngineError::Workers(other)),
        }
    }

    fn start(workers: usize, explain: bool) -> Result<Self, EngineError> {
        let (mut orders, mut findings, mut seats) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..workers {
            let (order, taken) = channel();
            let (found, finding) = channel();
            orders.push(order);
            findings.push(finding);
            seats.push(Mutex::new(Some((taken, found))));
        }
        let mut config = Config::process(workers);
        config.worker = worker_config();
        let guards = timely::execute(config, move |worker| {
            let seat = seats.get(worker.index()).and_then(|seat| {
                seat.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
            });
            if let Some((taken, found)) = seat {
                work(worker, &taken, &found, explain);
            }
        });
        let guards = guards.map_err(EngineError::Start)?;
        Ok(Self::Threads { orders, findings, _guards: guards })
    }

    /// Lets an observer see all rules; only where all work is done in the caller's thread.
    pub(crate) fn observe(
        &mut self,
        stage: Stage,
        observer: Box<dyn Observer>,
    ) -> Result<(), EngineError> {
        match self {
            Self::Own(own) => {
                own.1.observe(stage, observer);
                Ok(())
            }
            Self::Threads { .. } => Err(EngineError::ObservedByMany),
        }
    }

    pub(crate) fn workers(&self) -> usize {
        match self {
            Self::Own(_) => 1,
            Self::Threads { orders, .. } => orders.len(),
        }
    }

    /// Lets all workers carry out their orders; the findings of all, worker by worker.
    pub(crate) fn step(
        &mut self,
        mut orders: Vec<Vec<Order>>,
        tick_us: Time,
        part: Part,
    ) -> Result<Findings, EngineError> {
        match self {
            Self::Own(own) => {
                let (worker, dataflows) = own.as_mut();
                Ok(dataflows.step(worker, orders.pop().unwrap_or_default(), tick_us, part))
            }
            Self::Threads { orders: senders, findings, .. } => {
                for (index, (sender, orders)) in senders.iter().zip(orders).enumerate() {
                    sender
                        .send((orders, tick_us, part))
                        .map_err(|_| EngineError::WorkerGone(index))?;
                }
                let mut all = Findings::default();
                for (index, receiver) in findings.iter().enumerate() {
                    let found = receiver.recv().map_err(|_| EngineError::WorkerGone(index))?;
                    all.edges.extend(found.edges);
                    all.winners.extend(found.winners);
                    all.counts.extend(found.counts);
                    all.quarantined.extend(found.quarantined);
                }
                Ok(all)
            }
        }
    }

    /// Deals samples to the workers by vehicle.
    pub(crate) fn deal(&self, samples: Vec<Sample>) -> Vec<Vec<Sample>> {
        let workers = self.workers();
        if workers == 1 {
            return vec![samples];
        }
        let mut dealt = vec![Vec::with_capacity(samples.len() / workers + 1); workers];
        for sample in samples {
            dealt[sample.vehicle as usize % workers].push(sample);
        }
        dealt
    }
}

fn work(worker: &mut Worker, orders: &Receiver<Work>, findings: &Sender<Findings>, explain: bool) {
    let mut dataflows = Dataflows::build(worker, explain);
    while let Ok((orders, tick_us, part)) = orders.recv() {
        let found = dataflows.step(worker, orders, tick_us, part);
        if findings.send(found).is_err() {
            return;
        }
    }
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
