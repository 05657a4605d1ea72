//! Checkpoints of a replay: the state of one process at a time that all processes agree on.
//!
//! A file is what it is, the version of its form, a checksum, then a header as JSON and the
//! snapshot of the engine. It is written beside its place and moved there, so that a file with its
//! name is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use piccolo_base::exit::Code;
use piccolo_engine::{Snapshot, SnapshotError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cluster::Setup;
use crate::commands::replay::Position;
use crate::output::note;

/// How the bytes begin.
const MAGIC: &[u8; 8] = b"PICCKPT\n";

/// The version of the form; another one is refused.
const FORM: u32 = 1;

/// The last checkpoints that are looked at to go on from: the others may lack the very last.
const LOOKED_AT_MAX: usize = 4;

/// How names of checkpoints end.
const ENDING: &str = ".checkpoint";

/// Why there is no checkpoint to write or to go on from.
#[derive(Debug, Error)]
pub(crate) enum CheckpointError {
    /// It cannot be written or read.
    #[error("the checkpoint {path} cannot be written or read: {source}")]
    Io { path: PathBuf, source: io::Error },
    /// There is none to go on from.
    #[error(
        "{dir} has no checkpoint of process {process} of {processes}{other}; start without --resume"
    )]
    None { dir: PathBuf, process: usize, processes: usize, other: String },
    /// No checkpoint is there in all processes.
    #[error("no checkpoint is whole in all processes; start all without --resume")]
    Incomplete,
    /// It is of another replay.
    #[error(
        "the checkpoint {path} is of other {what}; use those that it was made with, or start without --resume"
    )]
    Other { path: PathBuf, what: &'static str },
    /// The output is not the one that was written.
    #[error("{0} is not the output of the checkpoint, or was cut; start without --resume")]
    OtherOutput(PathBuf),
    /// A recording is not the one that was read.
    #[error("the recording {0} changed since the checkpoint; start without --resume")]
    OtherRecording(String),
}

impl CheckpointError {
    /// The exit code of the command.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::None { .. } => Code::NotFound,
            _ => Code::InvalidInput,
        }
    }
}

/// Why a file is no checkpoint.
#[derive(Debug, Error)]
enum Unusable {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is damaged")]
    Damaged,
    #[error("it has another form")]
    Form,
    #[error("{0}")]
    Header(#[from] serde_json::Error),
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
}

/// What a checkpoint says beside the engine's state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) process: usize,
    pub(crate) processes: usize,
    /// Everything before this is decided and written.
    pub(crate) time_us: u64,
    pub(crate) setup: Setup,
    pub(crate) output: Option<Position>,
    /// The recordings of this process: vehicle, samples before that time, and their hash.
    pub(crate) recordings: Vec<(String, u64, String)>,
    pub(crate) counts: Counts,
}

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) begins: u64,
    pub(crate) ends: u64,
    pub(crate) actions: u64,
    pub(crate) samples: u64,
    pub(crate) faults: u64,
}

/// The checkpoints of one process in a directory.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    dir: PathBuf,
    process: usize,
    processes: usize,
}

impl Checkpoints {
    /// Those in a directory, which is made where it is not there.
    pub(crate) fn new(
        dir: &Path,
        process: usize,
        processes: usize,
    ) -> Result<Self, CheckpointError> {
        let failed = |source| CheckpointError::Io { path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        Ok(Self { dir: dir.to_owned(), process, processes })
    }

    /// Writes a checkpoint; once this returns it outlasts the process and the machine.
    pub(crate) fn write(
        &self,
        header: &Header,
        snapshot: &Snapshot,
    ) -> Result<(), CheckpointError> {
        let path = self.dir.join(self.name(header.time_us));
        let failed = |source| CheckpointError::Io { path: path.clone(), source };
        let bytes = encode(header, snapshot).map_err(|error| failed(io::Error::other(error)))?;
        // One name for all: what a process that was killed left is written over.
        let beside = self.dir.join(format!(".{}part", self.prefix()));
        let mut file = File::create(&beside).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&beside, &path).map_err(failed)?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(failed)
    }

    /// The times of checkpoints that can be used, the last ones; what cannot is named and passed
    /// over.
    ///
    /// # Errors
    /// There is none, or one is of another replay.
    pub(crate) fn usable(&self, setup: &Setup) -> Result<Vec<u64>, CheckpointError> {
        let mut times = self.times();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let mut usable = Vec::new();
        for time_us in times.into_iter().take(LOOKED_AT_MAX) {
            let path = self.dir.join(self.name(time_us));
            match read(&path) {
                Ok((header, _)) => {
                    if let Some(what) = header.setup.differs(setup) {
                        return Err(CheckpointError::Other { path, what });
                    }
                    usable.push(time_us);
                }
                Err(error) => note(format_args!("{} is passed over: {error}", path.display())),
            }
        }
        if usable.is_empty() { Err(self.none()) } else { Ok(usable) }
    }

    /// Reads a checkpoint.
    pub(crate) fn read(&self, time_us: u64) -> Result<(Header, Snapshot), CheckpointError> {
        let path = self.dir.join(self.name(time_us));
        read(&path).map_err(|error| CheckpointError::Io { path, source: io::Error::other(error) })
    }

    /// Removes those of this process that were before: a replay begins anew.
    pub(crate) fn clear(&self) -> Result<(), CheckpointError> {
        self.times().into_iter().try_for_each(|time_us| {
            let path = self.dir.join(self.name(time_us));
            fs::remove_file(&path).map_err(|source| CheckpointError::Io { path, source })
        })
    }

    /// Removes all but one, which is whole in all processes.
    pub(crate) fn keep_only(&self, time_us: u64) {
        for other in self.times().into_iter().filter(|other| *other != time_us) {
            // One that stays goes with the next.
            let _ = fs::remove_file(self.dir.join(self.name(other)));
        }
    }

    fn prefix(&self) -> String {
        format!("process-{}-of-{}-at-", self.process, self.processes)
    }

    fn name(&self, time_us: u64) -> String {
        format!("{}{time_us}{ENDING}", self.prefix())
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    fn times(&self) -> Vec<u64> {
        let time = |name: &String| {
            name.strip_prefix(&self.prefix())?.strip_suffix(ENDING)?.parse::<u64>().ok()
        };
        self.names().iter().filter_map(time).collect()
    }

    fn none(&self) -> CheckpointError {
        let other = self.names().into_iter().find(|name| name.ends_with(ENDING));
        let other = other.map_or_else(String::new, |name| format!(" that can be used, but {name}"));
        let (dir, process, processes) = (self.dir.clone(), self.process, self.processes);
        CheckpointError::None { dir, process, processes, other }
    }
}

fn encode(header: &Header, snapshot: &Snapshot) -> Result<Vec<u8>, Unusable> {
    let header = serde_json::to_vec(header)?;
    let mut body = (header.len() as u32).to_le_bytes().to_vec();
    body.extend(header);
    body.extend(snapshot.to_bytes()?);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(FORM.to_le_bytes());
    bytes.extend(blake3::hash(&body).as_bytes());
    bytes.extend(body);
    Ok(bytes)
}

fn read(path: &Path) -> Result<(Header, Snapshot), Unusable> {
    let bytes = fs::read(path)?;
    let rest = bytes.strip_prefix(MAGIC).ok_or(Unusable::Form)?;
    let (form, rest) = rest.split_first_chunk::<4>().ok_or(Unusable::Damaged)?;
    if u32::from_le_bytes(*form) != FORM {
        return Err(Unusable::Form);
    }
    let (sum, body) = rest.split_first_chunk::<{ blake3::OUT_LEN }>().ok_or(Unusable::Damaged)?;
    if blake3::hash(body) != *sum {
        return Err(Unusable::Damaged);
    }
    let (length, rest) = body.split_first_chunk::<4>().ok_or(Unusable::Damaged)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (header, snapshot) = rest.split_at_checked(length).ok_or(Unusable::Damaged)?;
    Ok((serde_json::from_slice(header)?, Snapshot::from_bytes(snapshot)?))
}
