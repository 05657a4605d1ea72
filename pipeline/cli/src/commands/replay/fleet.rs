//! A replay in steps that several processes agree on, with checkpoints to go on from.
//!
//! Each process has the vehicles that a hash of their names gives it. Between checkpoints a process
//! waits for others only where rules are about the fleet; there all step to the same ticks, each of
//! them the least up to which some process has read its samples.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_engine::{Engine, EngineConfig, EngineError, Peers, Quarantined, Sample, Vehicle};
use piccolo_recording::{Fault, Merge};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::input::Input;
use super::outlet::Outlet;
use super::{Position, Prepared};
use crate::args::ReplayArgs;
use crate::checkpoint::{CheckpointError, Checkpoints, Header};
use crate::cluster::{Hello, Links, Setup, hosts, join, process_of};
use crate::commands::sources::{Source, sources};
use crate::error::CliError;
use crate::output::note;
use crate::receipt::Inputs;
use crate::replay::{Faults, Summary};

/// Replays the vehicles of this process.
pub(super) fn run(args: &ReplayArgs, prepared: &Prepared) -> Result<Code, CliError> {
    let all = sources(&args.recordings, &args.vehicle)?;
    let setup = setup(args, prepared, &all)?;
    let (links, streams) = match args.cluster.processes {
        1 => (None, Vec::new()),
        _ => meet(args, &setup).map(|(links, streams)| (Some(links), streams))?,
    };
    let config =
        EngineConfig { workers: args.workers, explain: args.why, defaults: args.default_allow };
    let catalogue = Arc::clone(&prepared.catalogue);
    let engine = match &links {
        None => Engine::new(config, catalogue)?,
        Some(links) => {
            let peers = Peers { process: args.cluster.own(), streams, gone: links.gone() };
            Engine::in_cluster(config, catalogue, peers)?
        }
    };
    let result = Fleet::open(args, prepared, all, setup, engine, links.as_ref())
        .and_then(Fleet::run)
        .map_err(|error| named(error, links.as_ref()));
    match (&result, &links) {
        (Ok(_), Some(links)) => links.bye(),
        (Err(error), Some(links)) if error.is_quiet() => links.fail("it stopped at a fault"),
        (Err(error), Some(links)) => links.fail(&error.to_string()),
        _ => {}
    }
    result
}

/// The engine only knows that some process is gone.
fn named(error: CliError, links: Option<&Links>) -> CliError {
    match (error, links) {
        (CliError::Engine(EngineError::PeerGone), Some(links)) => links.lost().into(),
        (error, _) => error,
    }
}

fn meet(
    args: &ReplayArgs,
    setup: &Setup,
) -> Result<(Links, Vec<Option<std::net::TcpStream>>), CliError> {
    let cluster = &args.cluster;
    let hosts = hosts(cluster.hosts.as_deref(), cluster.processes)?;
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: cluster.own(),
        processes: cluster.processes,
        resume: cluster.resume,
        setup: setup.clone(),
    };
    Ok(join(&hello, &hosts, Duration::from_micros(cluster.join_timeout))?)
}

/// What must be the same in every process, and when a replay goes on.
fn setup(args: &ReplayArgs, prepared: &Prepared, all: &[Source]) -> Result<Setup, CliError> {
    let inputs = Inputs::new(args, &prepared.catalogue, &prepared.rules);
    let (catalogue, rules) = inputs.hashes();
    let mut vehicles = blake3::Hasher::new();
    for Source { path, vehicle } in all {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        vehicles.update(format!("{vehicle:?} {name:?}\n").as_bytes());
    }
    let file = |path: &Option<PathBuf>| -> Result<String, CliError> {
        let Some(path) = path else { return Ok("none".to_owned()) };
        let bytes = std::fs::read(path).map_err(|_| CliError::Missing(path.clone()))?;
        Ok(blake3::hash(&bytes).to_string())
    };
    let ReplayArgs { from, to, why, strict, cluster, signals, .. } = args;
    let options = format!(
        "from {from:?} to {to:?} why {why} strict {strict} every {:?} dbc {} map {}",
        cluster.every_us(),
        file(&signals.dbc)?,
        file(&signals.map)?
    );
    Ok(Setup {
        catalogue: catalogue.to_owned(),
        rules: rules.to_owned(),
        vehicles: vehicles.finalize().to_string(),
        options,
    })
}

/// How far the input of a process is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Status {
    /// The time of its next sample.
    next_us: Option<u64>,
    /// The time of its last one so far.
    last_us: Option<u64>,
    /// Whether it stopped before the end of its recordings.
    stopped: bool,
}

struct Fleet<'a> {
    args: &'a ReplayArgs,
    engine: Engine,
    names: Vec<String>,
    vehicles: Vec<Vehicle>,
    input: Input<'a>,
    batch: Vec<Sample>,
    outlet: Outlet,
    links: Option<&'a Links>,
    checkpoints: Option<Checkpoints>,
    setup: Setup,
    summary: Summary,
    faults: Faults,
}

impl<'a> Fleet<'a> {
    fn open(
        args: &'a ReplayArgs,
        prepared: &'a Prepared,
        all: Vec<Source>,
        setup: Setup,
        mut engine: Engine,
        links: Option<&'a Links>,
    ) -> Result<Self, CliError> {
        let (own, processes) = (args.cluster.own(), args.cluster.processes);
        let mine = |source: &Source| process_of(&source.vehicle, processes) == own;
        let sources: Vec<Source> = all.into_iter().filter(mine).collect();
        let checkpoints = args.cluster.checkpoint.as_deref();
        let checkpoints =
            checkpoints.map(|dir| Checkpoints::new(dir, own, processes)).transpose()?;
        let from = match &checkpoints {
            Some(checkpoints) if args.cluster.resume => last(checkpoints, &setup, links)?,
            Some(checkpoints) => checkpoints.clear().map(|()| None)?,
            None => None,
        };
        engine.load(&prepared.rules)?;
        let vehicles: Result<Vec<Vehicle>, _> =
            sources.iter().map(|source| engine.vehicle(&source.vehicle)).collect();
        let catalogue: &Arc<Catalogue> = &prepared.catalogue;
        let readers: Result<Vec<_>, _> = sources
            .iter()
            .map(|source| crate::commands::open(&source.path, catalogue, &args.signals))
            .collect();
        let mut input = Input::new(Merge::new(readers?), catalogue, args.to);
        if checkpoints.is_some() {
            input.hash(sources.len());
        }
        let position = from.as_ref().and_then(|(header, _)| header.output.as_ref());
        let outlet = outlet(args, position)?;
        let mut fleet = Self {
            args,
            engine,
            names: sources.into_iter().map(|source| source.vehicle).collect(),
            vehicles: vehicles?,
            input,
            batch: Vec::new(),
            outlet,
            links,
            checkpoints,
            setup,
            summary: Summary::new(prepared.rules.len()),
            faults: Faults::default(),
        };
        if let Some((header, snapshot)) = &from {
            fleet.engine.restore(snapshot)?;
            fleet.skip(header)?;
        }
        Ok(fleet)
    }

    /// Reads what was decided before a checkpoint again, and checks that it is what it was.
    fn skip(&mut self, header: &Header) -> Result<(), CliError> {
        let seen = |_: &Fault| Ok::<(), CliError>(());
        while self.input.peek(seen)?.is_some_and(|time_us| time_us < header.time_us) {
            self.input.take();
        }
        let now = self.recordings();
        let other = header.recordings.iter().zip(&now).find(|(then, now)| then != now);
        if header.recordings.len() != now.len() || other.is_some() {
            let name = other.map_or_else(String::new, |(then, _)| then.0.clone());
            return Err(CheckpointError::OtherRecording(name).into());
        }
        self.summary.resume(&header.counts);
        Ok(())
    }

    fn run(mut self) -> Result<Code, CliError> {
        let mut all = self.status()?;
        while let Some(start_us) = all.iter().filter_map(|status| status.next_us).min() {
            let horizon_us = self.horizon(start_us);
            self.play_until(horizon_us)?;
            all = self.status()?;
            if all.iter().all(|status| status.next_us.is_none()) {
                break;
            }
            self.step(horizon_us)?;
            self.checkpoint(horizon_us)?;
        }
        self.finish(&all)
    }

    /// The time of the next checkpoint, or the end of time without them.
    fn horizon(&self, start_us: u64) -> u64 {
        let after = |every_us: u64| (start_us / every_us + 1).saturating_mul(every_us);
        self.args.cluster.every_us().map_or(u64::MAX, after)
    }

    /// Takes all samples before a time in; the last of them stay in the batch.
    fn play_until(&mut self, horizon_us: u64) -> Result<(), CliError> {
        let together = self.links.is_some() && self.engine.is_about_the_fleet();
        loop {
            let more = self.fill(horizon_us)?;
            let read_us = self.batch.last().map_or(horizon_us, |sample| sample.time_us);
            let own_us = if more { read_us } else { horizon_us };
            let tick_us = match together {
                true => self.agree(own_us)?.into_iter().min().unwrap_or(horizon_us),
                false => own_us,
            };
            if tick_us == horizon_us {
                return Ok(());
            }
            self.links.map_or(Ok(()), Links::check)?;
            let ready = self.batch.partition_point(|sample| sample.time_us < tick_us);
            let later = self.batch.split_off(ready);
            self.step(tick_us)?;
            self.batch = later;
        }
    }

    /// Fills the batch with samples before a time, of two times at least; whether there are more.
    fn fill(&mut self, horizon_us: u64) -> Result<bool, CliError> {
        loop {
            let next_us = self.peek()?;
            if next_us.is_none_or(|time_us| time_us >= horizon_us) {
                return Ok(false);
            }
            let ends = self.batch.first().zip(self.batch.last());
            let moves = ends.is_some_and(|(first, last)| first.time_us < last.time_us);
            if moves && self.batch.len() >= self.args.batch as usize {
                return Ok(true);
            }
            if let Some((index, sample)) = self.input.take() {
                let (vehicle, value) = (self.vehicles[index], sample.value.as_ref());
                let (time_us, line) = (sample.time_us, sample.line);
                let sample = self.engine.sample(vehicle, sample.signal, value, time_us, line)?;
                self.batch.push(sample);
                self.summary.samples += 1;
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u64>, CliError> {
        let (faults, summary, strict) = (&mut self.faults, &mut self.summary, self.args.strict);
        self.input.peek(|fault| {
            faults.take(fault);
            summary.faults += 1;
            if strict { Err(CliError::Said(Code::InvalidInput)) } else { Ok(()) }
        })
    }

    /// Decides everything before a time.
    fn step(&mut self, tick_us: u64) -> Result<(), CliError> {
        let batch = std::mem::take(&mut self.batch);
        for decision in self.engine.step(tick_us, batch)? {
            if self.args.from.is_none_or(|from| decision.time_us >= from) {
                self.summary.take(&decision);
                self.outlet.write(&decision)?;
            }
        }
        for left_out in self.engine.take_quarantined() {
            let Quarantined { scenario, vehicle, time_us, .. } = left_out;
            note(format_args!(
                "`{scenario}` broke the limits of scripts in {vehicle} at {time_us} us and was left out"
            ));
        }
        Ok(())
    }

    fn status(&mut self) -> Result<Vec<Status>, CliError> {
        let next_us = self.peek()?;
        let (last_us, stopped) = (self.input.last_us(), self.input.stopped());
        self.agree(Status { next_us, last_us, stopped })
    }

    fn agree<T: Serialize + DeserializeOwned>(&self, own: T) -> Result<Vec<T>, CliError> {
        agree(self.links, own)
    }

    /// Writes a checkpoint; once all have, those before it go.
    fn checkpoint(&mut self, time_us: u64) -> Result<(), CliError> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(()) };
        let header = Header {
            process: self.args.cluster.own(),
            processes: self.args.cluster.processes,
            time_us,
            setup: self.setup.clone(),
            output: self.outlet.sync()?,
            recordings: self.recordings(),
            counts: self.summary.counts(),
        };
        checkpoints.write(&header, &self.engine.snapshot()?)?;
        self.agree(())?;
        checkpoints.keep_only(time_us);
        Ok(())
    }

    /// The recordings of this process, as far as they were read.
    fn recordings(&self) -> Vec<(String, u64, String)> {
        let hashes = self.input.hashes().into_iter();
        let named = self.names.iter().cloned().zip(hashes);
        named.map(|(name, (samples, hash))| (name, samples, hash)).collect()
    }

    /// Decides up to where the replay was stopped, or else what the last samples of all come to;
    /// deadlines after them stay open.
    fn finish(mut self, all: &[Status]) -> Result<Code, CliError> {
        let stopped = all.iter().any(|status| status.stopped);
        let last_us = all.iter().filter_map(|status| status.last_us).max();
        let end_us = last_us.unwrap_or(self.engine.now_us()).saturating_add(1);
        self.step(self.args.to.filter(|_| stopped).unwrap_or(end_us))?;
        self.outlet.sync()?;
        self.agree(())?;
        self.faults.finish();
        note(format_args!("{}", self.summary));
        Ok(Code::Done)
    }
}

/// The last checkpoint that all processes have.
fn last(
    checkpoints: &Checkpoints,
    setup: &Setup,
    links: Option<&Links>,
) -> Result<Option<(Header, piccolo_engine::Snapshot)>, CliError> {
    let all = agree(links, checkpoints.usable(setup)?)?;
    let common = all[0].iter().filter(|time_us| all.iter().all(|times| times.contains(time_us)));
    let time_us = common.copied().max().ok_or(CheckpointError::Incomplete)?;
    note(format_args!("goes on at {:.6} s", time_us as f64 / 1e6));
    Ok(Some(checkpoints.read(time_us)?))
}

fn agree<T: Serialize + DeserializeOwned>(
    links: Option<&Links>,
    own: T,
) -> Result<Vec<T>, CliError> {
    Ok(match links {
        None => vec![own],
        Some(links) => links.agree(own)?,
    })
}

fn outlet(args: &ReplayArgs, from: Option<&Position>) -> Result<Outlet, CliError> {
    match &args.cluster.out {
        Some(path) => Outlet::file(path, from),
        None => Outlet::stdout(args.output),
    }
}
