//! Where the services meet: what passes between them, and the traits through which it does.

mod rules;

use std::sync::Arc;
use std::time::Instant;

use piccolo_catalogue::{SignalId, Value};
use piccolo_engine::{Decision, EngineError, Quarantined, Snapshot};
use thiserror::Error;
use tokio::sync::mpsc;

pub use self::rules::{
    Changed, FileNames, LaneNumbers, LaneRules, Lanes, ORDERS_MAX, RuleFile, RuleFiles, RuleOrder,
    VersionChange, VersionRecord,
};

/// The value of one signal of one vehicle at one time, on its way to the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The vehicle's name.
    pub vehicle: Arc<str>,
    /// The signal, by its position in the server's catalogue.
    pub signal: SignalId,
    /// The value, of the signal's datatype; none where the signal became unavailable.
    pub value: Option<Value>,
    /// Event time, in microseconds.
    pub time_us: u64,
    /// The line of the recording, or the position in the stream.
    pub origin: u32,
    /// Who waits to hear what became of it.
    pub receipt: Option<Receipt>,
}

/// Which sample of which source; what is settled with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The source's number.
    pub source: u32,
    /// The sample's position among that source's samples, from 1.
    pub position: u64,
}

/// What became of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which sample.
    pub receipt: Receipt,
    /// What became of it.
    pub fate: Fate,
}

/// The ways in which a sample can end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The engine has it.
    Taken,
    /// The catalogue has no such signal.
    UnknownSignal(Box<str>),
    /// The value is none that the signal can have.
    ValueDoesNotFit(Box<str>),
    /// It came after the engine had reached this time, in microseconds.
    Late(u64),
    /// The gateway was full and a newer value took its place.
    Superseded,
    /// The engine refused it.
    Refused(Box<str>),
    /// Its time is too far ahead of all others.
    Ahead,
}

/// Samples for one step of the engine, sorted by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tick {
    /// No later sample will be earlier than this, in microseconds.
    pub tick_us: u64,
    /// The samples; none of them is earlier than the tick before.
    pub samples: Vec<Sample>,
}

/// What a step of the engine gave.
#[derive(Debug, Default)]
pub struct Stepped {
    /// All decisions before the tick, in canonical order.
    pub decisions: Vec<Decision>,
    /// Places in the tick of samples that the engine did not take, ascending, with the reason.
    pub refused: Vec<(usize, Box<str>)>,
    /// What the shadow decided before the tick, in canonical order.
    pub shadow: Vec<Decision>,
    /// The scenarios that are left out in a vehicle since this step.
    pub quarantined: Vec<Quarantined>,
}

/// The engine as its thread drives it.
pub trait EnginePort {
    /// Takes the samples in and lets time pass until just before the tick.
    fn step(&mut self, tick: &Tick) -> Stepped;

    /// Changes the rules from the engine's present time on.
    ///
    /// # Errors
    /// What the engine says of them; then everything is as before.
    fn change(&mut self, lanes: &Lanes) -> Result<Changed, EngineError>;

    /// Its state, to go on from.
    ///
    /// # Errors
    /// Between a change of the rules and the next step there is none.
    fn snapshot(&mut self) -> Result<Snapshot, EngineError>;

    /// Everything before this time was decided.
    fn now_us(&self) -> u64;
}

/// Nothing more is taken: what was decided could not be kept.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("what the engine decides can no longer be kept")]
pub struct Closed;

/// Who takes what the engine's thread comes to, in order.
///
/// Nothing of it is told to anybody before it is kept, where it is to be kept at all.
pub trait Outlet: Send + Sync {
    /// A step with these samples led to these decisions. It waits where a disk is behind.
    ///
    /// # Errors
    /// [`Closed`]: the engine is to end.
    fn stepped(
        &self,
        tick: Tick,
        decisions: Vec<Decision>,
        settled: Vec<Settled>,
    ) -> Result<(), Closed>;

    /// A change of the rules came to this, and whoever waits for it is to be told.
    fn changed(&self, order: RuleOrder, result: Result<Changed, EngineError>);

    /// Whether to bring a snapshot now, or at the end of all steps.
    fn wants_snapshot(&self, at_the_end: bool) -> bool;

    /// The engine's state after all that was brought before.
    fn snapshot(&self, snapshot: Snapshot);

    /// Nothing comes after this.
    fn close(&self);
}

/// Who hears what the lanes do. It must not wait: the engine's thread calls it.
pub trait LaneSink: Send + Sync {
    /// The rules have changed at this event time; whether there is a shadow, where that changed.
    fn changed(&self, time_us: u64, shadow: Option<bool>);
    /// All decisions of both lanes before the tick that were not told before.
    fn stepped(&self, tick_us: u64, active: &[Decision], shadow: Vec<Decision>);
    /// Scenarios that are left out in a vehicle from now on.
    fn quarantined(&self, scenarios: Vec<Quarantined>);
}

/// Who takes decisions as they fall. It must not wait.
pub trait DecisionSink: Send + Sync {
    /// Takes decisions in canonical order.
    fn publish(&self, decisions: Vec<Decision>);
    /// Says that no decision comes after this.
    fn close(&self);
}

/// Who wants to hear what became of samples. It must not wait.
pub trait SettleSink: Send + Sync {
    /// Takes note of samples that are settled.
    fn settle(&self, settled: Vec<Settled>);

    /// Takes note that samples of a source up to this position never come: all of them count as
    /// settled.
    fn skipped(&self, source: u32, position: u64);
}

/// The passing of time at the edge, for gateway and replay; the engine has none.
pub trait Clock: Send + Sync {
    /// Microseconds since some moment; it never goes back.
    fn now_us(&self) -> u64;
}

/// The clock of the operating system, from the moment it is made.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now_us(&self) -> u64 {
        self.0.elapsed().as_micros() as u64
    }
}

/// One stream of a source among all that were ever opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId {
    /// The source's number.
    pub source: u32,
    /// The number of the stream among that source's.
    pub stream: u64,
}

/// What a stream of a source says to the gateway.
#[derive(Debug)]
pub struct Arrival {
    /// Which stream.
    pub from: StreamId,
    /// What it says.
    pub news: News,
}

/// What a stream of a source may say.
#[derive(Debug)]
pub enum News {
    /// It is open, and has promised nothing yet.
    Opened,
    /// Samples, and the event time in microseconds before which it promises to send no more.
    Samples(Vec<Sample>, Option<u64>),
    /// It has ended.
    Closed,
}

/// Messages on their way from sources to the gateway.
pub const INTAKE_BATCHES_MAX: usize = 64;

/// Where sources put their samples.
#[derive(Clone, Debug)]
pub struct Intake(mpsc::Sender<Arrival>);

impl Intake {
    /// An intake of [`INTAKE_BATCHES_MAX`] messages, and the end at which they come out.
    pub fn new() -> (Self, mpsc::Receiver<Arrival>) {
        let (sender, receiver) = mpsc::channel(INTAKE_BATCHES_MAX);
        (Self(sender), receiver)
    }

    /// Waits for room for one message; none where the server stops.
    pub async fn reserve(&self) -> Option<mpsc::Permit<'_, Arrival>> {
        self.0.reserve().await.ok()
    }
}
