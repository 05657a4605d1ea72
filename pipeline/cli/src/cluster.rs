//! Several processes that replay one fleet: who they are, how they meet, and what they agree on.

mod frame;
mod hosts;
mod join;
mod links;
mod shard;

use piccolo_base::exit::Code;
use thiserror::Error;

pub(crate) use hosts::hosts;
pub(crate) use join::{Hello, Setup, join};
pub(crate) use links::Links;
pub(crate) use shard::process_of;

/// Processes of one cluster.
pub(crate) const PROCESSES_MAX: usize = 64;

/// Why a cluster does not come up, or does not go on.
#[derive(Debug, Error)]
pub(crate) enum ClusterError {
    /// The file of hosts cannot be used.
    #[error("{path}: {what}")]
    Hosts {
        /// The file.
        path: String,
        /// What is wrong, and where.
        what: String,
    },
    /// The own address cannot be listened on.
    #[error(
        "process {process} cannot listen on {address}: {source}; end what uses it, or choose another address with --hosts"
    )]
    Listen { process: usize, address: String, source: std::io::Error },
    /// Processes did not come up.
    #[error("{} did not come up within {seconds} s; start every process, with the same --hosts", names(.missing))]
    Missing {
        /// Number and address of each.
        missing: Vec<(usize, String)>,
        seconds: u64,
    },
    /// A process was started otherwise than this one.
    #[error("process {process} ({address}) does not fit to this one: {what}")]
    Unlike { process: usize, address: String, what: String },
    /// A process is gone.
    #[error(
        "process {process} ({address}) is gone: {what}; start all processes again, with --resume if there are checkpoints"
    )]
    Gone { process: usize, address: String, what: String },
    /// A connection cannot be set up.
    #[error("the connections of the cluster cannot be set up: {0}")]
    Connection(#[from] std::io::Error),
}

impl ClusterError {
    /// The exit code of the command.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Hosts { .. } => Code::InvalidInput,
            Self::Unlike { .. } => Code::InvalidInput,
            Self::Missing { .. } => Code::TimedOut,
            Self::Listen { .. } | Self::Gone { .. } | Self::Connection(_) => Code::Unreachable,
        }
    }
}

fn names(missing: &[(usize, String)]) -> String {
    let named = missing.iter().map(|(process, address)| format!("process {process} ({address})"));
    named.collect::<Vec<_>>().join(", ")
}
