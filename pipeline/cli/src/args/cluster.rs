//! Arguments of a replay in several processes, with checkpoints.

use std::path::PathBuf;

use super::{OutputFormat, ReplayArgs, Speed, moment};
use crate::cluster::PROCESSES_MAX;
use crate::error::CliError;

/// Seconds of recorded time between checkpoints.
const EVERY_US: u64 = 60_000_000;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Several processes, and checkpoints")]
pub(crate) struct ClusterArgs {
    /// How many processes replay together; vehicles are shared out by a hash of their names
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) processes: usize,
    /// Which of them this is, from 0
    #[arg(long, value_name = "I")]
    pub(crate) process: Option<usize>,
    /// Addresses of all processes, HOST:PORT, a line each; without it, ports of this machine from
    /// 4720 on. Only for networks that you trust: whoever reaches a port can speak to the engine
    #[arg(long, value_name = "FILE")]
    pub(crate) hosts: Option<PathBuf>,
    /// How long to wait for the other processes
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = moment)]
    pub(crate) join_timeout: u64,
    /// Write decisions to a file, as JSON lines, not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write checkpoints to a directory, to go on from
    #[arg(long, value_name = "DIR", requires = "out")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Recorded time between checkpoints; 60s where it is not given
    #[arg(long, value_name = "DURATION", value_parser = moment, requires = "checkpoint")]
    pub(crate) every: Option<u64>,
    /// Go on from the last checkpoint that all processes have
    #[arg(long, requires = "checkpoint")]
    pub(crate) resume: bool,
}

impl ClusterArgs {
    /// One process, without checkpoints.
    pub(crate) fn alone() -> Self {
        Self {
            processes: 1,
            process: None,
            hosts: None,
            join_timeout: 0,
            out: None,
            checkpoint: None,
            every: None,
            resume: false,
        }
    }

    /// Whether nothing is asked for that a replay by itself has not.
    pub(crate) fn is_plain(&self) -> bool {
        self.processes == 1 && self.out.is_none()
    }

    /// The number of this process.
    pub(crate) fn own(&self) -> usize {
        self.process.unwrap_or(0)
    }

    /// Recorded time between checkpoints, in microseconds; none without them.
    pub(crate) fn every_us(&self) -> Option<u64> {
        self.checkpoint.as_ref().map(|_| self.every.unwrap_or(EVERY_US))
    }

    /// Fails where arguments contradict each other.
    pub(crate) fn check(&self, args: &ReplayArgs) -> Result<(), CliError> {
        let processes = self.processes;
        let what = if !(1..=PROCESSES_MAX).contains(&processes) {
            format!("--processes {processes} is not possible; use 1 to {PROCESSES_MAX}")
        } else if processes > 1 && self.process.is_none() {
            "say which of the processes this is: --process 0 and so on".to_owned()
        } else if self.own() >= processes {
            format!("there is no process {} of {processes}; they count from 0", self.own())
        } else if self.every == Some(0) {
            "--every 0s is no time between checkpoints".to_owned()
        } else if self.is_plain() {
            return Ok(());
        } else if args.receipt.is_some() {
            "--receipt is for a replay in one process without --out".to_owned()
        } else if args.speed != Speed::Max {
            "--speed is for a replay in one process without --out".to_owned()
        } else if args.output == OutputFormat::Table && processes > 1 && self.out.is_none() {
            "several processes print JSON lines, to be merged: add --out FILE or -o jsonl"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(CliError::Usage(what))
    }
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo merge 0.jsonl 1.jsonl > decisions.jsonl")]
pub(crate) struct MergeArgs {
    /// What each process of a replay has written
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
