//! The thread that owns the engine.

use std::sync::Arc;
use std::thread;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{Engine, EngineConfig, EngineError};
use piccolo_script::RuleSet;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::ports::{DecisionSink, EnginePort, Fate, SettleSink, Settled, Stepped, Tick};

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
    /// The thread ended while it started.
    #[error("the engine's thread ended while it started")]
    Ended,
}

/// Resolves when the engine's thread has ended, by itself or by a panic.
pub type Ended = oneshot::Receiver<()>;

/// Starts the thread, makes the engine in it, and waits until it is made.
///
/// The thread steps the engine with each tick, gives decisions to `decisions`
/// and settles the samples. It ends when all senders of ticks are gone, and
/// closes `decisions` then. An error of the engine is counted and logged, and
/// ends nothing.
///
/// # Errors
/// No thread, or an engine that cannot be made.
pub async fn start<E, F>(
    make: F,
    ticks: mpsc::Receiver<Tick>,
    decisions: Arc<dyn DecisionSink>,
    settle: Arc<dyn SettleSink>,
) -> Result<Ended, EngineThreadError>
where
    E: EnginePort,
    F: FnOnce() -> Result<E, EngineError> + Send + 'static,
{
    let (made, was_made) = oneshot::channel();
    let (alive, ended) = oneshot::channel::<()>();
    let body = move || {
        let _alive = alive;
        let closing = CloseOnDrop(decisions);
        match make() {
            Ok(engine) => {
                if made.send(Ok(())).is_ok() {
                    drive(engine, ticks, closing.0.as_ref(), settle.as_ref());
                }
            }
            // Where nobody waits for the answer any more, there is nobody to tell.
            Err(error) => drop(made.send(Err(error))),
        }
    };
    thread::Builder::new().name("engine".into()).spawn(body).map_err(EngineThreadError::Spawn)?;
    was_made.await.map_err(|_| EngineThreadError::Ended)??;
    Ok(ended)
}

/// The end of the thread, in whatever way, is the end of the feed.
struct CloseOnDrop(Arc<dyn DecisionSink>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn drive<E: EnginePort>(
    mut engine: E,
    mut ticks: mpsc::Receiver<Tick>,
    decisions: &dyn DecisionSink,
    settle: &dyn SettleSink,
) {
    while let Some(tick) = ticks.blocking_recv() {
        let stepped = engine.step(&tick);
        if !stepped.decisions.is_empty() {
            decisions.publish(stepped.decisions);
        }
        let settled = fates(&tick, stepped.refused);
        if !settled.is_empty() {
            settle.settle(settled);
        }
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
        let mut engine = Engine::new(config, catalogue)?;
        engine.load(rules)?;
        Ok(Self { engine, errors: 0 })
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
        stepped
    }
}

#[cfg(test)]
mod tests;
