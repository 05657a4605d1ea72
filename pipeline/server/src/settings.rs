//! The command line of `piccolo-server`, and what it makes of it.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, thread};

use clap::Parser;
use croner::Cron;
use piccolo_base::exit::Code;
use piccolo_catalogue::{Catalogue, CatalogueError};
use piccolo_engine::{EngineConfig, PolicyDefaults};
use piccolo_recording::{OpenError, Options};
use piccolo_script::{Diagnostic, RuleSet, render};
use piccolo_store::backups::STORE_FILE;
use piccolo_store::{Embedded, EmbeddedOptions};
use thiserror::Error;

use crate::backups::Schedule;
use crate::durable::{self, DurableError, Opened, SNAPSHOT_BYTES};
use crate::engine_thread::Place;
use crate::ports::{RuleFile, RuleFiles};
use crate::replay::{Replay, Speed};
use crate::rules::Known;

const EXAMPLES: &str = "\
Examples:
  piccolo-server --rules rules/ --listen 127.0.0.1:50061
  piccolo-server --rules rules/ --data /var/lib/piccolo
  piccolo-server --replay drive.csv.gz --rules rules/ --speed max --explain";

/// Serves the action feed: rules over signals that come in over gRPC, or over recordings.
#[derive(Clone, Debug, Parser)]
#[command(name = "piccolo-server", version, before_long_help = EXAMPLES)]
pub struct Settings {
    /// A rule file, or a directory of them; may be given several times
    #[arg(long, required_unless_present = "data", value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// A directory in which all is kept that the server must not lose: after any end it goes on
    /// there as if there had been none. With it, `--rules` become active only where they are others
    /// than at the last start
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Begin with a new engine at time zero, and keep rules, positions of sources and decisions
    #[arg(long, requires = "data")]
    pub reset_engine: bool,
    /// How many MiB of samples gather in `--data` before the state of the engine takes their place;
    /// starting again takes them once more. With 0 it does so as often as it can
    #[arg(long, default_value_t = SNAPSHOT_BYTES >> 20, value_name = "N", requires = "data", value_parser = clap::value_parser!(u64).range(..=65_536))]
    pub snapshot_mib: u64,
    /// A directory for backups of `--data`: see `piccolo backup`
    #[arg(long, value_name = "DIR", requires = "data")]
    pub backups: Option<PathBuf>,
    /// When backups are made by themselves, as cron writes it, in UTC, such as \"0 3 * * *\"
    #[arg(long, value_name = "CRON", requires = "backups")]
    pub backup_at: Option<Cron>,
    /// How many backups stay of those; the oldest go
    #[arg(long, default_value_t = 7, value_name = "N", requires = "backup_at", value_parser = clap::value_parser!(u16).range(1..))]
    pub backup_keep: u16,
    /// A recording to replay instead of taking signals over gRPC; may be given several times,
    /// each is one vehicle
    #[arg(long, value_name = "FILE")]
    pub replay: Vec<PathBuf>,
    /// Where to listen; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:50061", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Write the address that is listened on to this file
    #[arg(long, value_name = "FILE")]
    pub address_file: Option<PathBuf>,
    /// How fast recordings are replayed: 1, 10, any number above 0, or max
    #[arg(long, default_value = "1", requires = "replay")]
    pub speed: Speed,
    /// Worker threads of the engine
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub workers: usize,
    /// Threads for everything but the engine; with 0 one thread does all in turn, so that nobody
    /// has to be woken: decisions come soonest, and fewer samples go in. Without it, one for each
    /// processor that the engine leaves
    #[arg(long, value_name = "N")]
    pub io_threads: Option<usize>,
    /// Give the reason of each decision
    #[arg(long)]
    pub explain: bool,
    /// The kinds of actions that are done where no policy says anything: all, none, or kinds
    /// such as launch,notify
    #[arg(long, default_value = "all", value_name = "KINDS")]
    pub default_allow: PolicyDefaults,
    /// A VSS catalogue in place of the built-in VSS 6.0: .json, .vspec or .tsv
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// How long signals over gRPC may come out of order, in milliseconds; sources that promise
    /// their order need not wait for it
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=3_600_000))]
    pub lateness_ms: u64,
    /// The DBC file of recordings that are CAN logs
    #[arg(long, value_name = "FILE", requires = "map")]
    pub dbc: Option<PathBuf>,
    /// The map from CAN signals to VSS signals of recordings that are CAN logs
    #[arg(long, value_name = "FILE", requires = "dbc")]
    pub map: Option<PathBuf>,
}

/// Why the server cannot start with these settings.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file does not exist.
    #[error("{path} does not exist")]
    NotFound {
        /// The file or directory.
        path: PathBuf,
    },
    /// The catalogue is wrong.
    #[error("the catalogue cannot be used")]
    Catalogue(#[from] CatalogueError),
    /// A rule is wrong; the log says what.
    #[error("the rules have {0} errors")]
    Rules(usize),
    /// What is kept cannot be used.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// The store cannot be opened.
    #[error("the store of states cannot be opened")]
    Store(#[source] piccolo_store::Error),
    /// A recording cannot be opened.
    #[error("a recording cannot be replayed")]
    Recording(#[from] OpenError),
    /// The address file cannot be written.
    #[error("cannot write {path}")]
    AddressFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SettingsError {
    /// With what the process ends.
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::Durable(error) => error.code(),
            _ => Code::InvalidInput,
        }
    }
}

impl Settings {
    /// The catalogue.
    ///
    /// # Errors
    /// A file that does not exist or is no catalogue.
    pub fn catalogue(&self) -> Result<Arc<Catalogue>, SettingsError> {
        let Some(path) = &self.catalogue else {
            return Ok(Catalogue::vss6());
        };
        exists(path)?;
        Ok(Arc::new(Catalogue::load(path)?))
    }

    /// The rules, where there are any; warnings go to the log.
    ///
    /// # Errors
    /// A path that does not exist, or a rule with an error; the log says which.
    pub fn rules(&self, catalogue: &Catalogue) -> Result<Option<Known>, SettingsError> {
        if self.rules.is_empty() {
            return Ok(None);
        }
        self.rules.iter().try_for_each(|path| exists(path))?;
        let (mut files, mut diagnostics) = (Vec::new(), Vec::new());
        for read in RuleSet::read(&self.rules) {
            match read {
                Ok(source) => files.push(RuleFile::new(&source.name, &source.text)),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        let files: RuleFiles = files.into_iter().collect();
        let (rules, found) = RuleSet::parse_all(files.texts(), catalogue);
        diagnostics.extend(found);
        diagnostics.iter().for_each(tell);
        match diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count() {
            0 => Ok(Some(Known::new(Arc::new(rules), files))),
            errors => Err(SettingsError::Rules(errors)),
        }
    }

    /// What is kept, where anything is to be.
    ///
    /// # Errors
    /// As [`durable::open`].
    pub fn open(&self, given: Option<&Known>) -> Result<Option<Opened>, SettingsError> {
        let Some(folder) = &self.data else {
            return Ok(None);
        };
        let options = durable::Options {
            input: self.input_name(),
            reset_engine: self.reset_engine,
            snapshot_bytes: self.snapshot_mib << 20,
        };
        Ok(Some(durable::open(folder, given, &options)?))
    }

    /// The store of states: in the directory, or in memory where nothing is to be kept.
    ///
    /// # Errors
    /// A file that is no store, or that another process has open.
    pub async fn store(&self) -> Result<Arc<Embedded>, SettingsError> {
        let options = EmbeddedOptions::default();
        let store = match &self.data {
            Some(folder) => Embedded::open(folder.join(STORE_FILE), options).await,
            None => Embedded::in_memory(options).await,
        };
        Ok(Arc::new(store.map_err(SettingsError::Store)?))
    }

    /// When backups are made by themselves.
    pub fn schedule(&self) -> Option<Schedule> {
        let at = self.backup_at.clone()?;
        Some(Schedule { at, keep: self.backup_keep.into() })
    }

    /// Where samples come from, as people read it; a recording by its name and size.
    fn input_name(&self) -> String {
        if self.replay.is_empty() {
            return "signals over gRPC".to_owned();
        }
        let recording = |path: &PathBuf| {
            let bytes = fs::metadata(path).map_or(0, |file| file.len());
            format!("{} ({bytes} bytes)", path.file_name().unwrap_or_default().display())
        };
        let recordings: Vec<String> = self.replay.iter().map(recording).collect();
        format!("the recordings {}", recordings.join(", "))
    }

    /// The recordings; none where signals come over gRPC.
    ///
    /// # Errors
    /// A file that does not exist or is no recording.
    pub fn replay(&self, catalogue: &Arc<Catalogue>) -> Result<Option<Replay>, SettingsError> {
        if self.replay.is_empty() {
            return Ok(None);
        }
        self.replay.iter().chain(&self.dbc).chain(&self.map).try_for_each(|path| exists(path))?;
        let mut options = Options::new(Arc::clone(catalogue));
        options.dbc.clone_from(&self.dbc);
        options.map.clone_from(&self.map);
        Ok(Some(Replay::open(&self.replay, &options)?))
    }

    /// How the engine is set up.
    pub fn engine(&self) -> EngineConfig {
        EngineConfig { workers: self.workers, explain: self.explain, defaults: self.default_allow }
    }

    /// Threads for everything but the engine, one for each processor that its workers leave: with
    /// more they would take turns on one, and wake each other for nothing.
    pub fn io_threads(&self) -> usize {
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        self.io_threads.unwrap_or_else(|| processors().saturating_sub(self.workers).max(1))
    }

    /// Where the engine works.
    pub fn place(&self) -> Place {
        if self.io_threads() == 0 { Place::Here } else { Place::OwnThread }
    }

    /// Writes the address file, whole or not at all, where one is wanted.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_address(&self, address: SocketAddr) -> Result<(), SettingsError> {
        let Some(path) = &self.address_file else {
            return Ok(());
        };
        let mut unfinished = path.clone().into_os_string();
        unfinished.push(".tmp");
        fs::write(&unfinished, format!("{address}\n"))
            .and_then(|()| fs::rename(&unfinished, path))
            .map_err(|source| SettingsError::AddressFile { path: path.clone(), source })
    }
}

fn exists(path: &Path) -> Result<(), SettingsError> {
    if path.exists() {
        return Ok(());
    }
    Err(SettingsError::NotFound { path: path.to_owned() })
}

fn tell(diagnostic: &Diagnostic) {
    let text = render(diagnostic);
    if diagnostic.is_error() {
        tracing::error!(code = diagnostic.code, "{text}");
    } else {
        tracing::warn!(code = diagnostic.code, "{text}");
    }
}
