//! What can end a command, and with which exit code.

use std::path::PathBuf;

use piccolo_base::exit::Code;
use piccolo_benchmark::table::BenchError;
use piccolo_catalogue::CatalogueError;
use piccolo_engine::EngineError;
use piccolo_recording::{OpenError, WriteError};
use piccolo_workbench::DriveError;
use piccolo_workbench::results::JunitError;
use piccolo_workbench::testing::TestError;
use thiserror::Error;

use crate::checkpoint::CheckpointError;
use crate::cluster::ClusterError;
use crate::receipt::ReceiptError;

/// An error of a command.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    /// All has been said; only the exit code is left.
    #[error("")]
    Said(Code),
    /// A file does not exist.
    #[error("there is no {0}; check the path")]
    Missing(PathBuf),
    /// The catalogue cannot be used.
    #[error("the catalogue {path} cannot be used: {source}")]
    Catalogue {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CatalogueError,
    },
    /// A recording cannot be opened.
    #[error("{}", with_causes(.0))]
    Open(#[from] OpenError),
    /// A recording cannot be written.
    #[error("{}", with_causes(.0))]
    Write(#[from] WriteError),
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A recording cannot be run for coverage.
    #[error(transparent)]
    Test(#[from] TestError),
    /// A report cannot be written.
    #[error("cannot write {path}: {source}")]
    Report {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A cluster does not come up, or does not go on.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A checkpoint cannot be written or used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file of decisions cannot be merged.
    #[error("{path}:{line}: {what}")]
    Merge {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// Another process writes to a file.
    #[error("another process writes to {0}; give each process a file of its own")]
    InUse(PathBuf),
    /// A receipt cannot be used.
    #[error("{path} cannot be used as a receipt: {source}")]
    Receipt {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReceiptError,
    },
    /// JUnit XML cannot be made.
    #[error(transparent)]
    Junit(#[from] JunitError),
    /// A recording cannot be held in memory.
    #[error("{}", with_causes(.0))]
    Drive(#[from] DriveError),
    /// A benchmark cannot be run.
    #[error("{}", with_causes(.0))]
    Bench(#[from] BenchError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
    /// JSON cannot be written.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The command line contradicts itself.
    #[error("{0}")]
    Usage(String),
    /// The server cannot be reached or refused.
    #[error("{message}")]
    Server {
        /// What happened and what to do.
        message: String,
        /// The exit code.
        code: Code,
    },
}

impl CliError {
    /// Whether nothing is left to say: all was said, or nobody reads on.
    pub(crate) fn is_quiet(&self) -> bool {
        match self {
            Self::Said(_) => true,
            // A reader such as `head` that has seen enough is no error.
            Self::Output(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }

    /// The exit code of the command.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Said(code) | Self::Server { code, .. } => *code,
            Self::Missing(_) => Code::NotFound,
            Self::Cluster(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
            Self::Open(OpenError::Io { source, .. })
            | Self::Drive(DriveError::Open(OpenError::Io { source, .. }))
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Code::NotFound
            }
            Self::Output(_) if self.is_quiet() => Code::Done,
            Self::Open(OpenError::DatabaseNeeded { .. })
            | Self::Drive(DriveError::Open(OpenError::DatabaseNeeded { .. }))
            | Self::Usage(_) => Code::Usage,
            Self::Engine(EngineError::Workers(_)) => Code::Usage,
            _ => Code::InvalidInput,
        }
    }
}

/// The error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
