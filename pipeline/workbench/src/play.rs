//! Drives through an engine, from the first sample to the last.

use std::ops::RangeFull;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId};
use piccolo_engine::{Decision, Engine, EngineConfig, EngineError, Vehicle};
use piccolo_recording::Sample;

use crate::drive::{Drive, merge};

/// Samples in one step of the engine.
const BATCH_SAMPLES: usize = 1_000;

/// An engine with one vehicle for each drive, which has the drive's name.
pub(crate) struct Player<'a> {
    pub(crate) engine: Engine,
    vehicles: Vec<Vehicle>,
    drives: &'a [Drive],
    /// How many samples went in.
    pub(crate) samples: u64,
}

impl<'a> Player<'a> {
    pub(crate) fn new(
        drives: &'a [Drive],
        catalogue: &Arc<Catalogue>,
        explain: bool,
    ) -> Result<Self, EngineError> {
        let config = EngineConfig { explain, ..EngineConfig::default() };
        let mut engine = Engine::new(config, Arc::clone(catalogue))?;
        let vehicles: Result<Vec<Vehicle>, _> =
            drives.iter().map(|drive| engine.vehicle(drive.name())).collect();
        Ok(Self { vehicles: vehicles?, engine, drives, samples: 0 })
    }

    /// Plays the given signals of all drives, until before a time or just after their last sample,
    /// and as long as `each` says of the decisions of a step that there should be more.
    pub(crate) fn play(
        &mut self,
        signals: &[SignalId],
        end_us: Option<u64>,
        mut each: impl FnMut(&mut Engine, Vec<Decision>) -> bool,
    ) -> Result<(), EngineError> {
        let drives = self.drives;
        let mut batch = Vec::with_capacity(BATCH_SAMPLES);
        // A vehicle is there from its first sample on, of whatever signal.
        for (number, drive) in drives.iter().enumerate() {
            let first = drive.iter().next().filter(|first| !signals.contains(&first.signal));
            if let Some(first) = first {
                batch.push(self.sample(number, &first)?);
            }
        }
        for (number, sample) in merge(drives, signals, RangeFull) {
            if end_us.is_some_and(|end_us| sample.time_us >= end_us) {
                break;
            }
            batch.push(self.sample(number, &sample)?);
            if batch.len() >= BATCH_SAMPLES {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_SAMPLES));
                let decisions = self.engine.step(sample.time_us, full)?;
                if !each(&mut self.engine, decisions) {
                    return Ok(());
                }
            }
        }
        let last_us = drives.iter().filter_map(|drive| drive.span_us().map(|span| span.1)).max();
        let after_us = last_us.map_or(0, |last_us| last_us.saturating_add(1));
        let decisions = self.engine.step(end_us.unwrap_or(after_us), batch)?;
        each(&mut self.engine, decisions);
        Ok(())
    }

    fn sample(
        &mut self,
        number: usize,
        sample: &Sample,
    ) -> Result<piccolo_engine::Sample, EngineError> {
        self.samples += 1;
        let Sample { time_us, signal, value, line } = sample;
        self.engine.sample(self.vehicles[number], *signal, value.as_ref(), *time_us, *line)
    }
}
