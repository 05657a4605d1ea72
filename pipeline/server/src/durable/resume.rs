//! From what was kept to an engine that goes on.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_engine::{EngineConfig, PreparedRules, Snapshot};
use piccolo_script::{Diagnostic, RuleSet, render};
use rustc_hash::FxHashMap;

use super::ResumeError;
use super::input::{Event, Input, Row, add};
use crate::engine_thread::Dataflow;
use crate::ports::{EnginePort, FileNames, LaneRules, Lanes, RuleFile, RuleFiles, Sample, Tick};

/// What brings the engine back to where it was.
#[derive(Debug)]
pub struct KeptEngine {
    /// Empty where there is none.
    pub(super) snapshot: Vec<u8>,
    /// What came after it.
    pub(super) inputs: Vec<Vec<u8>>,
    /// The rules of both lanes before the inputs.
    pub(super) lanes: [RuleFiles; 2],
    /// All texts of rules, by digest.
    pub(super) texts: FxHashMap<Arc<str>, Arc<str>>,
}

/// Files from their texts; none where one is missing.
pub(super) fn files(texts: &FxHashMap<Arc<str>, Arc<str>>, names: &FileNames) -> Option<RuleFiles> {
    let file = |(name, digest): &(Arc<str>, Arc<str>)| {
        let text = Arc::clone(texts.get(digest)?);
        Some(RuleFile { name: Arc::clone(name), text, digest: Arc::clone(digest) })
    };
    names.iter().map(file).collect()
}

/// The files of the changes of rules in an input.
pub(super) fn changes_of(bytes: &[u8]) -> impl Iterator<Item = FileNames> + use<> {
    let events = Input::from_bytes(bytes).map(|input| input.events).unwrap_or_default();
    events.into_iter().flat_map(|event| match event {
        Event::Change { active, shadow } => active.into_iter().chain(shadow),
        Event::Step { .. } => None.into_iter().chain(None),
    })
}

impl KeptEngine {
    /// An engine that decides from here on what the one would that made the snapshot and took the
    /// inputs. What they led to was told.
    ///
    /// # Errors
    /// Rules, catalogue or engine are not those that were.
    pub fn resume(
        self,
        config: EngineConfig,
        catalogue: Arc<Catalogue>,
    ) -> Result<Dataflow, ResumeError> {
        let [active, shadow] = self.lanes.each_ref().map(|files| prepare(files, &catalogue));
        let mut engine = Dataflow::with_lanes(config, Arc::clone(&catalogue), [active?, shadow?])?;
        if !self.snapshot.is_empty() {
            engine.restore(&Snapshot::from_bytes(&self.snapshot)?)?;
        }
        let mut otherwise = 0_u64;
        for bytes in &self.inputs {
            let input = Input::from_bytes(bytes).ok_or(ResumeError::Damaged)?;
            let decided = self.replay(&mut engine, &input, &catalogue)?;
            otherwise += u64::from(decided != input.decided);
        }
        let inputs = self.inputs.len();
        if otherwise > 0 {
            tracing::warn!(
                inputs,
                otherwise,
                "the engine decides otherwise than before; what was told stays"
            );
        }
        tracing::info!(now_us = engine.now_us(), inputs, "the engine goes on");
        Ok(engine)
    }

    /// Takes an input again; the sum of the ids of what it leads to.
    fn replay(
        &self,
        engine: &mut Dataflow,
        input: &Input,
        catalogue: &Catalogue,
    ) -> Result<u128, ResumeError> {
        let signals = signals(input, catalogue)?;
        let mut decided = 0;
        for event in &input.events {
            match event {
                Event::Step { tick_us, samples } => {
                    let sample = |row| sample(row, input, &signals).ok_or(ResumeError::Damaged);
                    let samples = samples.iter().map(sample).collect::<Result<_, _>>()?;
                    let stepped = engine.step(&Tick { tick_us: *tick_us, samples });
                    decided = stepped.decisions.iter().fold(decided, |sum, one| add(sum, one.id));
                }
                Event::Change { active, shadow } => {
                    let active = self.lane(active.as_ref(), catalogue)?;
                    let shadow = self.lane(shadow.as_ref(), catalogue)?;
                    // What it refuses it has refused before.
                    drop(engine.change(&Lanes { active, shadow }));
                }
            }
        }
        Ok(decided)
    }

    fn lane(
        &self,
        names: Option<&FileNames>,
        catalogue: &Catalogue,
    ) -> Result<Option<LaneRules>, ResumeError> {
        let Some(names) = names else { return Ok(None) };
        let files = files(&self.texts, names).ok_or(ResumeError::Damaged)?;
        let prepared = prepare(&files, catalogue)?;
        Ok(Some(LaneRules { prepared, files }))
    }
}

fn prepare(files: &RuleFiles, catalogue: &Catalogue) -> Result<Arc<PreparedRules>, ResumeError> {
    let (rules, found) = RuleSet::parse_all(files.texts(), catalogue);
    match found.iter().find(|found| Diagnostic::is_error(found)) {
        Some(error) => Err(ResumeError::Rules(render(error))),
        None => Ok(Arc::new(PreparedRules::new(&rules)?)),
    }
}

/// The signals of an input in the catalogue.
fn signals(input: &Input, catalogue: &Catalogue) -> Result<Vec<SignalId>, ResumeError> {
    let other = |path: &Arc<str>| ResumeError::OtherCatalogue(Arc::clone(path));
    input.signals.iter().map(|path| catalogue.find(path).ok_or_else(|| other(path))).collect()
}

fn sample(row: &Row, input: &Input, signals: &[SignalId]) -> Option<Sample> {
    Some(Sample {
        vehicle: Arc::clone(input.vehicles.get(row.vehicle as usize)?),
        signal: *signals.get(row.signal as usize)?,
        value: row.value.as_ref().map(Value::from),
        time_us: row.time_us,
        origin: row.origin,
        receipt: None,
    })
}
