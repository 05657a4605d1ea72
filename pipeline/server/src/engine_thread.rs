//! The engine at work: in a thread of its own, or in turn with the rest of the server.

use std::sync::Arc;
use std::thread;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{Engine, EngineConfig, EngineError, Lane, PreparedRules, Snapshot};
use piccolo_script::RuleSet;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::durable::ResumeError;
use crate::ports::{
    Changed, Closed, EnginePort, Fate, LaneRules, LaneSink, Lanes, Outlet, RuleOrder, Settled,
    Stepped, Tick,
};

/// The most ticks that wait for the engine.
pub const TICKS_MAX: usize = 8;

/// Why the engine's thread cannot start.
#[derive(Debug, Error)]
pub enum EngineThreadError {
    /// The operating system gives no thread.
    #[error("the engine's thread could not be started")]
    Spawn(#[source] std::io::Error),
    /// The engine refuses its configuration or its rules.
    #[error("the engine could not be started")]
    Engine(#[from] EngineError),
    /// What was kept does not bring the engine back.
    #[error("the engine cannot go on where it was; --reset-engine begins anew and keeps all else")]
    Resume(#[from] ResumeError),
    /// The thread ended while it started.
    #[error("the engine's thread ended while it started")]
    Ended,
}

/// Resolves when the engine's thread has ended, by itself or by a panic.
pub type Ended = oneshot::Receiver<()>;

/// An engine at work.
#[derive(Debug)]
pub struct Started {
    /// Everything before this time was decided when it started.
    pub now_us: u64,
    /// Its end.
    pub ended: Ended,
}

/// Who hears what the engine's thread does.
#[derive(Clone)]
pub struct Outlets {
    /// Takes the decisions of the active lane, and what became of samples and changes.
    pub outlet: Arc<dyn Outlet>,
    /// Compares the lanes.
    pub lanes: Arc<dyn LaneSink>,
}

/// Where the engine works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a thread of its own: nothing else keeps it from deciding.
    OwnThread,
    /// In the thread that starts it, in turn with all that runs there: nobody has to be woken
    /// between a sample and its decision. That thread must be inside of a `LocalSet` of tokio.
    Here,
}

/// Makes the engine where it is to work, and lets it work.
///
/// It takes each tick, gives decisions to the outlets and settles the samples. A
/// change of rules that waits is carried out before the next tick. It ends when
/// all senders of ticks are gone, and closes the decisions then. An error of the
/// engine is counted and logged, and ends nothing.
///
/// # Errors
/// No thread, or an engine that cannot be made.
pub async fn start<E, F>(
    place: Place,
    make: F,
    ticks: mpsc::Receiver<Tick>,
    orders: mpsc::Receiver<RuleOrder>,
    outlets: Outlets,
) -> Result<Started, EngineThreadError>
where
    E: EnginePort + 'static,
    F: FnOnce() -> Result<E, EngineThreadError> + Send + 'static,
{
    let work = Work { ticks, orders };
    match place {
        Place::OwnThread => start_thread(make, work, outlets).await,
        Place::Here => {
            let (alive, ended) = oneshot::channel::<()>();
            let closing = CloseOnDrop(Arc::clone(&outlets.outlet));
            let engine = make()?;
            let now_us = engine.now_us();
            tokio::task::spawn_local(async move {
                let (_alive, _closing) = (alive, closing);
                drive(engine, work, &outlets).await;
            });
            Ok(Started { now_us, ended })
        }
    }
}

async fn start_thread<E, F>(
    make: F,
    work: Work,
    outlets: Outlets,
) -> Result<Started, EngineThreadError>
where
    E: EnginePort,
    F: FnOnce() -> Result<E, EngineThreadError> + Send + 'static,
{
    let (made, was_made) = oneshot::channel();
    let (alive, ended) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let body = move || {
        let _alive = alive;
        let _closing = CloseOnDrop(Arc::clone(&outlets.outlet));
        match make() {
            Ok(engine) => {
                if made.send(Ok(engine.now_us())).is_ok() {
                    runtime.block_on(drive(engine, work, &outlets));
                }
            }
            // Where nobody waits for the answer any more, there is nobody to tell.
            Err(error) => drop(made.send(Err(error))),
        }
    };
    thread::Builder::new().name("engine".into()).spawn(body).map_err(EngineThreadError::Spawn)?;
    let now_us = was_made.await.map_err(|_| EngineThreadError::Ended)??;
    Ok(Started { now_us, ended })
}

/// The end of the engine's work, in whatever way, is the end of the feed.
struct CloseOnDrop(Arc<dyn Outlet>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What the engine has to do.
struct Work {
    ticks: mpsc::Receiver<Tick>,
    orders: mpsc::Receiver<RuleOrder>,
}

enum Next {
    Change(RuleOrder),
    Step(Tick),
}

impl Work {
    /// What comes next, a change of rules before a tick; none where no more ticks come.
    async fn next(&mut self) -> Option<Next> {
        tokio::select! {
            biased;
            Some(order) = self.orders.recv() => Some(Next::Change(order)),
            tick = self.ticks.recv() => tick.map(Next::Step),
        }
    }
}

async fn drive<E: EnginePort>(mut engine: E, mut work: Work, outlets: &Outlets) {
    while let Some(next) = work.next().await {
        match next {
            Next::Change(order) => change(&mut engine, order, outlets),
            Next::Step(tick) => {
                if step(&mut engine, tick, outlets).is_err() {
                    return;
                }
            }
        }
        if outlets.outlet.wants_snapshot(false) {
            keep(&mut engine, outlets);
        }
        // Whoever shares the thread has a turn, also while there is always something to do.
        tokio::task::yield_now().await;
    }
    if outlets.outlet.wants_snapshot(true) {
        keep(&mut engine, outlets);
    }
}

fn change<E: EnginePort>(engine: &mut E, order: RuleOrder, outlets: &Outlets) {
    let changed = engine.change(&order.lanes);
    if let Ok(changed) = &changed {
        let shadow = order.lanes.shadow.as_ref().map(|rules| !rules.prepared.is_empty());
        outlets.lanes.changed(changed.time_us, shadow);
    }
    outlets.outlet.changed(order, changed);
}

fn step<E: EnginePort>(engine: &mut E, tick: Tick, outlets: &Outlets) -> Result<(), Closed> {
    let stepped = engine.step(&tick);
    outlets.lanes.stepped(tick.tick_us, &stepped.decisions, stepped.shadow);
    if !stepped.quarantined.is_empty() {
        outlets.lanes.quarantined(stepped.quarantined);
    }
    let settled = fates(&tick, stepped.refused);
    outlets.outlet.stepped(tick, stepped.decisions, settled)
}

/// Brings the engine's state to where it is kept; a later step does where it cannot be had now.
fn keep<E: EnginePort>(engine: &mut E, outlets: &Outlets) {
    match engine.snapshot() {
        Ok(snapshot) => outlets.outlet.snapshot(snapshot),
        Err(error) => tracing::debug!(%error, "there is no snapshot of the engine now"),
    }
}

/// What became of the tick's samples.
fn fates(tick: &Tick, refused: Vec<(usize, Box<str>)>) -> Vec<Settled> {
    let mut refused = refused.into_iter().peekable();
    let mut settled = Vec::new();
    for (place, sample) in tick.samples.iter().enumerate() {
        let reason = refused.next_if(|(refused, _)| *refused == place);
        let Some(receipt) = sample.receipt else {
            continue;
        };
        let fate = reason.map_or(Fate::Taken, |(_, reason)| Fate::Refused(reason));
        settled.push(Settled { receipt, fate });
    }
    settled
}

/// The real engine behind its port.
#[derive(Debug)]
pub struct Dataflow {
    engine: Engine,
    /// The rules of the active lane and of the shadow.
    rules: [Arc<PreparedRules>; 2],
    errors: u64,
}

impl Dataflow {
    /// An engine with rules.
    ///
    /// # Errors
    /// What the engine says of the configuration and the rules.
    pub fn new(
        config: EngineConfig,
        catalogue: Arc<Catalogue>,
        rules: &RuleSet,
    ) -> Result<Self, EngineError> {
        Self::with_lanes(config, catalogue, [Arc::new(PreparedRules::new(rules)?), Arc::default()])
    }

    /// An engine with rules in both lanes, the active one first.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_lanes(
        config: EngineConfig,
        catalogue: Arc<Catalogue>,
        rules: [Arc<PreparedRules>; 2],
    ) -> Result<Self, EngineError> {
        let mut engine = Engine::new(config, catalogue)?;
        for (lane, rules) in [Lane::Active, Lane::Shadow].into_iter().zip(&rules) {
            engine.load_prepared(lane, rules)?;
        }
        Ok(Self { engine, rules, errors: 0 })
    }

    /// Goes on from a snapshot of an engine with the same rules.
    ///
    /// # Errors
    /// As [`Engine::restore`].
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), EngineError> {
        self.engine.restore(snapshot)
    }

    /// Loads what is given, and the lanes as they were for what is not.
    fn load(&mut self, lanes: &Lanes) -> Result<Changed, EngineError> {
        let mut changed = Changed { time_us: self.engine.now_us(), ..Changed::default() };
        if let Some(rules) = &lanes.active {
            changed.active = self.engine.load_prepared(Lane::Active, &rules.prepared)?;
        }
        if let Some(rules) = &lanes.shadow {
            changed.shadow = self.engine.load_prepared(Lane::Shadow, &rules.prepared)?;
        }
        Ok(changed)
    }

    /// Counts an error, and logs it when the count has doubled.
    fn count(&mut self, error: &EngineError) -> Box<str> {
        self.errors += 1;
        if self.errors.is_power_of_two() {
            let (code, count) = (error.code(), self.errors);
            tracing::error!(code, count, %error, "the engine refused something");
        }
        error.to_string().into()
    }
}

impl EnginePort for Dataflow {
    fn step(&mut self, tick: &Tick) -> Stepped {
        let mut samples = Vec::with_capacity(tick.samples.len());
        let mut stepped = Stepped::default();
        for (place, sample) in tick.samples.iter().enumerate() {
            let encoded = self.engine.vehicle(&sample.vehicle).and_then(|vehicle| {
                let value = sample.value.as_ref();
                self.engine.sample(vehicle, sample.signal, value, sample.time_us, sample.origin)
            });
            match encoded {
                Ok(sample) => samples.push(sample),
                Err(error) => stepped.refused.push((place, self.count(&error))),
            }
        }
        match self.engine.step(tick.tick_us, samples) {
            Ok(decisions) => stepped.decisions = decisions,
            Err(error) => {
                let reason = self.count(&error);
                stepped.refused =
                    (0..tick.samples.len()).map(|place| (place, reason.clone())).collect();
            }
        }
        stepped.shadow = self.engine.take_shadow_decisions();
        stepped.quarantined = self.engine.take_quarantined();
        stepped
    }

    fn change(&mut self, lanes: &Lanes) -> Result<Changed, EngineError> {
        match self.load(lanes) {
            Ok(changed) => {
                let given = [&lanes.active, &lanes.shadow];
                for (kept, given) in self.rules.iter_mut().zip(given) {
                    if let Some(rules) = given {
                        *kept = Arc::clone(&rules.prepared);
                    }
                }
                Ok(changed)
            }
            Err(error) => {
                self.count(&error);
                let [active, shadow] = self
                    .rules
                    .clone()
                    .map(|prepared| Some(LaneRules { prepared, ..LaneRules::default() }));
                let before = Lanes { active, shadow };
                if let Err(error) = self.load(&before) {
                    self.count(&error);
                }
                Err(error)
            }
        }
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        self.engine.snapshot()
    }

    fn now_us(&self) -> u64 {
        self.engine.now_us()
    }
}

#[cfg(test)]
mod tests;
