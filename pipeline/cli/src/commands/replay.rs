//! `piccolo replay`: what the rules would have done on recorded drives.

mod fleet;
mod input;
mod outlet;

pub(crate) use outlet::Position;

use std::sync::Arc;
use std::time::Duration;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_engine::{Decision, Engine, EngineConfig, Quarantined, Sample, Vehicle};
use piccolo_recording::{self as recording, Merge, Next};
use piccolo_script::RuleSet;

use super::sources::sources;
use crate::args::{OutputFormat, ReplayArgs};
use crate::error::CliError;
use crate::output::{Printer, note};
use crate::receipt::{Inputs, Proof, Receipt};
use crate::replay::{Faults, Pace, ProgressLine, Summary};

pub(crate) fn run(args: &ReplayArgs) -> Result<Code, CliError> {
    args.cluster.check(args)?;
    let prepared = Prepared::new(args)?;
    if !args.cluster.is_plain() {
        return fleet::run(args, &prepared);
    }
    let Some(path) = &args.receipt else {
        return play(args, &prepared, Some(args.output), None);
    };
    let sources = sources(&args.recordings, &args.vehicle)?;
    let (paths, names): (Vec<_>, Vec<_>) =
        sources.into_iter().map(|source| (source.path, source.vehicle)).unzip();
    let mut proof = Proof::new(&paths, &names)?;
    let code = play(args, &prepared, Some(args.output), Some(&mut proof))?;
    let inputs = Inputs::new(args, &prepared.catalogue, &prepared.rules);
    Receipt::new(inputs, proof.finish()).write(path)?;
    Ok(code)
}

/// What a replay needs before it opens recordings.
pub(crate) struct Prepared {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) rules: RuleSet,
}

impl Prepared {
    /// Catalogue and rules as they are named.
    pub(crate) fn new(args: &ReplayArgs) -> Result<Self, CliError> {
        let catalogue = super::catalogue(&args.signals.catalogue)?;
        let rules = super::rules(&args.rules, &catalogue)?;
        Ok(Self { catalogue, rules })
    }
}

/// Replays; prints decisions where a format is given, and hashes into a proof where there is one.
pub(crate) fn play(
    args: &ReplayArgs,
    prepared: &Prepared,
    format: Option<OutputFormat>,
    proof: Option<&mut Proof>,
) -> Result<Code, CliError> {
    let Prepared { catalogue, rules } = prepared;
    let sources = sources(&args.recordings, &args.vehicle)?;
    let config =
        EngineConfig { workers: args.workers, explain: args.why, defaults: args.default_allow };
    let mut engine = Engine::new(config, Arc::clone(catalogue))?;
    engine.load(rules)?;
    let vehicles: Result<Vec<Vehicle>, _> =
        sources.iter().map(|source| engine.vehicle(&source.vehicle)).collect();
    let vehicles = vehicles?;
    // A table starts with its heading: what can fail comes before it.
    let readers: Result<Vec<_>, _> =
        sources.iter().map(|source| super::open(&source.path, catalogue, &args.signals)).collect();
    let merge = Merge::new(readers?);
    let replay = Replay {
        args,
        catalogue,
        engine,
        vehicles,
        batch: Vec::new(),
        printer: format.map(Printer::new).transpose()?,
        proof,
        pace: Pace::new(args.speed),
        summary: Summary::new(rules.len()),
        faults: Faults::default(),
    };
    replay.run(merge)
}

struct Replay<'a> {
    args: &'a ReplayArgs,
    catalogue: &'a Catalogue,
    engine: Engine,
    vehicles: Vec<Vehicle>,
    batch: Vec<Sample>,
    printer: Option<Printer>,
    proof: Option<&'a mut Proof>,
    pace: Pace,
    summary: Summary,
    faults: Faults,
}

impl Replay<'_> {
    fn run(mut self, mut merge: Merge) -> Result<Code, CliError> {
        let progress = ProgressLine::new(merge.bytes().1);
        let mut code = Code::Done;
        let mut stop_us = None;
        while let Some(next) = merge.next() {
            match next {
                Next::Sample(index, sample) => {
                    stop_us = self.args.to.filter(|to| sample.time_us >= *to);
                    if stop_us.is_some() {
                        break;
                    }
                    self.take(index, &sample)?;
                    if self.batch.is_empty() {
                        progress.set(merge.bytes().0, self.summary.samples);
                    }
                }
                Next::Fault(fault) => {
                    self.faults.take(&fault);
                    self.summary.faults += 1;
                    if self.args.strict {
                        code = Code::InvalidInput;
                        break;
                    }
                }
            }
        }
        drop(progress);
        self.finish(stop_us)?;
        Ok(code)
    }

    fn take(&mut self, index: usize, sample: &recording::Sample) -> Result<(), CliError> {
        if let Some(proof) = &mut self.proof {
            proof.sample(index, sample, self.catalogue);
        }
        if let Some(ahead) = self.pace.ahead(sample.time_us) {
            self.step(sample.time_us)?;
            self.flush()?;
            self.wait(ahead);
        }
        let recording::Sample { time_us, signal, value, line } = sample;
        let vehicle = self.vehicles[index];
        let sample = self.engine.sample(vehicle, *signal, value.as_ref(), *time_us, *line)?;
        self.batch.push(sample);
        self.summary.samples += 1;
        if self.batch.len() >= self.args.batch as usize {
            self.step(*time_us)?;
        }
        Ok(())
    }

    fn wait(&mut self, ahead: Duration) {
        self.pace.wait(ahead);
        self.summary.waited += ahead;
    }

    /// Gives the batch to the engine; later samples are not earlier than `tick_us`.
    fn step(&mut self, tick_us: u64) -> Result<(), CliError> {
        let batch = std::mem::take(&mut self.batch);
        let decisions = self.engine.step(tick_us, batch)?;
        decisions.iter().try_for_each(|decision| self.print(decision))
    }

    fn print(&mut self, decision: &Decision) -> Result<(), CliError> {
        if self.args.from.is_some_and(|from| decision.time_us < from) {
            return Ok(());
        }
        self.summary.take(decision);
        if let Some(proof) = &mut self.proof {
            proof.decision(decision)?;
        }
        self.printer.as_mut().map_or(Ok(()), |printer| printer.print(decision))
    }

    fn flush(&mut self) -> Result<(), CliError> {
        self.printer.as_mut().map_or(Ok(()), Printer::flush)
    }

    /// Decides up to where the replay was stopped, or else what the last samples
    /// come to; deadlines after them stay open.
    fn finish(mut self, stop_us: Option<u64>) -> Result<(), CliError> {
        let last_us = self.batch.last().map_or(self.engine.now_us(), |sample| sample.time_us);
        self.step(stop_us.unwrap_or(last_us.saturating_add(1)))?;
        self.flush()?;
        self.faults.finish();
        for left_out in self.engine.take_quarantined() {
            let Quarantined { scenario, vehicle, time_us, .. } = left_out;
            note(format_args!(
                "`{scenario}` broke the limits of scripts in {vehicle} at {time_us} us and was left out"
            ));
        }
        note(format_args!("{}", self.summary));
        Ok(())
    }
}
