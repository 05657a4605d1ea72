//! Lets the server go on after any end as if there had been none.
//!
//! The engine decides from its inputs alone. Its steps and the changes of its rules go into a
//! [`journal`](piccolo_store::journal) with the decisions that they led to, and only then are
//! decisions published, samples acknowledged and changes answered. After any end the engine is
//! brought back from its last snapshot and the inputs after it; the decisions that are kept are in
//! the feed again, and sources go on where they were acknowledged.
//!
//! A thread of its own writes, all that waits in one write; the engine waits where the disk is
//! behind.

mod committer;
mod input;
mod notes;
mod open;
mod outlet;
mod queue;
mod resume;
mod texts;

use std::sync::Arc;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_engine::{EngineError, SnapshotError};
use piccolo_store::Error as StoreError;
use piccolo_store::journal::{Copier, Journal};
use thiserror::Error;

use crate::feed::{Decided, Feed};
use crate::signals::{SourceRecord, Sources};

pub use committer::Committing;
pub use open::{Opened, Options, open};
pub use outlet::Durable;
pub use resume::KeptEngine;

use texts::Texts;

/// How many bytes of inputs gather before a snapshot is taken, where nothing else is said.
pub const SNAPSHOT_BYTES: u64 = 64 << 20;

/// Why what was kept cannot be used.
#[derive(Debug, Error)]
pub enum DurableError {
    /// The directory or the file in it.
    #[error("what the server keeps cannot be opened")]
    Journal(#[from] StoreError),
    /// The directory cannot be made.
    #[error("the directory for what the server keeps cannot be made")]
    Folder(#[source] std::io::Error),
    /// Nothing is kept yet, and no rules are given.
    #[error("nothing is kept there yet: start with --rules")]
    NoRules,
    /// It was kept of other input.
    #[error("what is kept there comes from {kept}, not from {given}; take another directory")]
    OtherInput {
        /// Where the samples came from.
        kept: String,
        /// Where they are to come from.
        given: String,
    },
    /// A note cannot be read.
    #[error("what the server keeps is damaged: `{0}` cannot be read; restore a backup")]
    Damaged(String),
    /// The thread cannot be started.
    #[error("the thread that keeps could not be started")]
    Thread(#[source] std::io::Error),
}

impl DurableError {
    /// With what the process ends.
    pub fn code(&self) -> Code {
        match self {
            Self::NoRules => Code::Usage,
            Self::OtherInput { .. }
            | Self::Damaged(_)
            | Self::Journal(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {
                Code::InvalidInput
            }
            _ => Code::Negative,
        }
    }
}

/// Why the engine cannot be brought back.
#[derive(Debug, Error)]
pub enum ResumeError {
    /// The rules do not compile any more.
    #[error("the rules in force do not compile: {0}")]
    Rules(String),
    /// A signal that was sent is not in the catalogue.
    #[error("there is no signal `{0}` in the catalogue; use the one from before")]
    OtherCatalogue(Arc<str>),
    /// The snapshot cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The engine refuses it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An input cannot be read.
    #[error("an input that was kept cannot be read")]
    Damaged,
}

/// What was kept and is not the engine's, and where more is kept.
#[derive(Debug)]
pub struct Memory {
    journal: Journal,
    texts: Texts,
    snapshot_bytes: u64,
    snapshot_input: u64,
    /// The latest decisions.
    pub decisions: Vec<Decided>,
    /// The sources, by number.
    pub sources: Vec<SourceRecord>,
    /// How many samples of recordings the engine has.
    pub replayed: u64,
}

impl Memory {
    /// What makes copies of the journal while it is written.
    pub fn copier(&self) -> Copier {
        self.journal.copier()
    }
}

/// Who hears of what is kept.
#[derive(Clone, Debug)]
pub struct Told {
    /// The signals that samples are of.
    pub catalogue: Arc<Catalogue>,
    /// Takes the decisions.
    pub feed: Arc<Feed>,
    /// Hears what became of samples.
    pub sources: Arc<Sources>,
}
