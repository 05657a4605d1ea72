//! What one rule set decides otherwise than another on recorded drives.

mod relevant;

use std::ops::RangeFull;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId};
use piccolo_engine::{Comparison, DecisionChange, Engine, EngineConfig, EngineError, Vehicle};
use piccolo_recording::Sample;
use piccolo_script::RuleSet;

use crate::drive::{Drive, merge};

pub use relevant::{Relevant, signals_of};

/// Samples in one step of the engine.
const BATCH_SAMPLES: usize = 1_000;

/// How two rule sets are compared.
#[derive(Clone, Copy, Debug)]
pub struct DiffOptions {
    /// Decisions of one scenario, vehicle and edge that are not further apart count as moved.
    pub move_within_us: u64,
    /// Whether decisions carry their reason.
    pub explain: bool,
    /// Whether scenarios that cannot matter are evaluated all the same.
    pub full: bool,
}

/// What came of a comparison.
#[derive(Debug)]
pub struct Diff {
    /// The changes, in canonical order.
    pub changes: Vec<DecisionChange>,
    /// How many scenarios of each set were evaluated.
    pub evaluated: [usize; 2],
    /// How many samples they read.
    pub samples: u64,
    /// How many decisions each set made, as far as it was evaluated.
    pub decisions: [u64; 2],
}

/// The decisions that `new` adds, removes, moves or changes against `old` on the given drives,
/// each the drive of one vehicle that has the drive's name.
///
/// One engine runs both: `old` in its active lane and `new` in its shadow, so that what is the
/// same in both is evaluated once. Scenarios whose decisions cannot differ, and that no such
/// scenario depends on, are left out ([`Relevant`]), and of the drives only the signals are read
/// that the others read. The changes are the same as with [`DiffOptions::full`].
///
/// # Errors
/// Those of the engine.
pub fn diff(
    old: &RuleSet,
    new: &RuleSet,
    drives: &[Drive],
    catalogue: &Arc<Catalogue>,
    options: DiffOptions,
) -> Result<Diff, EngineError> {
    let [old, new] = if options.full {
        [old.clone(), new.clone()]
    } else {
        let relevant = Relevant::of(old, new);
        [old, new].map(|rules| rules.clone().retain(|rule| relevant.contains(&rule.name)))
    };
    let evaluated = [old.len(), new.len()];
    let config = EngineConfig { explain: options.explain, ..EngineConfig::default() };
    let mut engine = Engine::new(config, Arc::clone(catalogue))?;
    engine.load(&old)?;
    engine.load_shadow(&new)?;
    let mut run = Run {
        vehicles: drives
            .iter()
            .map(|drive| engine.vehicle(drive.name()))
            .collect::<Result<_, _>>()?,
        engine,
        comparison: Comparison::new(options.move_within_us),
        samples: 0,
    };
    if evaluated != [0, 0] {
        run.play(drives, &signals_of([&old, &new]))?;
    }
    let (samples, decisions) = (run.samples, run.comparison.decisions());
    Ok(Diff { changes: run.comparison.finish(), evaluated, samples, decisions })
}

struct Run {
    engine: Engine,
    vehicles: Vec<Vehicle>,
    comparison: Comparison,
    samples: u64,
}

impl Run {
    fn play(&mut self, drives: &[Drive], signals: &[SignalId]) -> Result<(), EngineError> {
        let mut batch = Vec::with_capacity(BATCH_SAMPLES);
        // A vehicle is there from its first sample on, of whatever signal.
        for (number, drive) in drives.iter().enumerate() {
            let first = drive.iter().next().filter(|first| !signals.contains(&first.signal));
            if let Some(first) = first {
                batch.push(self.sample(number, &first)?);
            }
        }
        for (number, sample) in merge(drives, signals, RangeFull) {
            batch.push(self.sample(number, &sample)?);
            if batch.len() >= BATCH_SAMPLES {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_SAMPLES));
                self.step(sample.time_us, full)?;
            }
        }
        let end_us = drives.iter().filter_map(|drive| drive.span_us().map(|span| span.1)).max();
        self.step(end_us.map_or(0, |end_us| end_us.saturating_add(1)), batch)
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

    fn step(
        &mut self,
        tick_us: u64,
        batch: Vec<piccolo_engine::Sample>,
    ) -> Result<(), EngineError> {
        let active = self.engine.step(tick_us, batch)?;
        let shadow = self.engine.take_shadow_decisions();
        self.comparison.feed(&active, &shadow);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
