//! What can go wrong in the engine.

use thiserror::Error;

/// An error of the engine; each has a stable code.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The number of workers makes no sense here.
    #[error("{0} workers are not possible; use 1 to {max}", max = crate::WORKERS_MAX)]
    Workers(usize),
    /// Threads could not be started.
    #[error("the worker threads could not be started: {0}")]
    Start(String),
    /// A worker ended; the engine cannot go on.
    #[error("worker {0} ended unexpectedly; restart the engine")]
    WorkerGone(usize),
    /// Another process of the cluster is gone; the engine cannot go on.
    #[error("another process of the cluster is gone; start all of them again")]
    PeerGone,
    /// A table is full.
    #[error("more than {max} {what} are not possible in one engine")]
    Full {
        /// What the table holds.
        what: &'static str,
        /// How many of it.
        max: usize,
    },
    /// The signal is not in the engine's catalogue.
    #[error("signal number {0} is not in the catalogue")]
    UnknownSignal(u32),
    /// A fact that the engine does not keep: no rule reads it, or only policies know it.
    #[error("`{0}` is not kept by the engine; only facts that rules read are")]
    NotKept(String),
    /// Scenarios ask about each other in a circle.
    #[error("the scenario `{0}` asks about itself through others; run `piccolo check`")]
    Circle(String),
    /// An observer needs all vehicles in one worker.
    #[error("rules can be observed with one worker only")]
    ObservedByMany,
    /// An integer that a 64-bit float cannot hold exactly.
    #[error("{0} is beyond 2^53 and would lose digits")]
    TooLarge(i64),
    /// A value of another kind than the catalogue gives the signal.
    #[error("the value `{value}` does not fit `{path}`")]
    WrongKind {
        /// The signal.
        path: String,
        /// The value as text.
        value: String,
    },
    /// A sample from before the engine's present time.
    #[error("a sample at {time_us} us comes after the engine has reached {now_us} us")]
    Late {
        /// The sample's time.
        time_us: u64,
        /// The engine's time.
        now_us: u64,
    },
    /// A snapshot cannot be made or restored.
    #[error(transparent)]
    Snapshot(#[from] crate::SnapshotError),
    /// Time went backwards.
    #[error("the engine is at {now_us} us and cannot go back to {tick_us} us")]
    Backwards {
        /// The time asked for.
        tick_us: u64,
        /// The engine's time.
        now_us: u64,
    },
}

impl EngineError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Workers(_) => "E0001",
            Self::Start(_) => "E0002",
            Self::WorkerGone(_) => "E0003",
            Self::Full { .. } => "E0004",
            Self::UnknownSignal(_) => "E0005",
            Self::TooLarge(_) => "E0006",
            Self::WrongKind { .. } => "E0007",
            Self::Late { .. } => "E0008",
            Self::Backwards { .. } => "E0009",
            Self::NotKept(_) => "E0010",
            Self::ObservedByMany => "E0011",
            Self::Circle(_) => "E0012",
            Self::Snapshot(_) => "E0013",
            Self::PeerGone => "E0014",
        }
    }
}
