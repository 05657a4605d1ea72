//! Runs the tests that stand beside rules, and looks at what they and recordings cover.
//!
//! Each test has an engine of its own, over all rules of its set. It sees no clock:
//! equal rules and tests come to equal results.

mod check;
mod near;
mod play;
mod watch;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{Engine, EngineConfig, EngineError, Observer};
use piccolo_recording::{Item, Reader};
use piccolo_script::{RuleSet, RuleTest};
use rustc_hash::FxHashMap;
use thiserror::Error;

use crate::coverage::{CoverageReport, Observed, OriginKind, Subject};
use crate::drive::{Drive, DriveError};
use crate::results::{Outcome, Results, TestResult};
use check::{Ran, failures};
use watch::Watch;

/// How long a test runs on after its last sample: an hour of event time. Windows, `held` and
/// `cooldown` run out in it.
pub const RUN_ON_US: u64 = 3_600_000_000;

/// The vehicle of a test where it names none.
pub const VEHICLE: &str = "test";

/// The most recordings that are kept for further tests that play them.
pub const DRIVES_KEPT_MAX: usize = 16;

/// The samples of a recording that the engine takes in one step.
const BATCH: usize = 1_000;

/// Runs tests of one rule set and keeps what they, and recordings, have covered.
#[derive(Debug)]
pub struct Tester {
    rules: RuleSet,
    catalogue: Arc<Catalogue>,
    watch: Rc<RefCell<Watch>>,
    /// Recordings that tests have played, by path, at most [`DRIVES_KEPT_MAX`].
    drives: FxHashMap<PathBuf, Rc<Drive>>,
}

/// Why a test, or a recording, cannot be run.
#[derive(Debug, Error)]
pub enum TestError {
    /// The engine cannot go on.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A recording that is played does not exist.
    #[error("there is no {file}; it is looked for beside the rule file and in the current folder")]
    NoRecording {
        /// The file as the test names it.
        file: Arc<str>,
    },
    /// A recording that is played cannot be used.
    #[error("cannot play {file}: {source}")]
    Recording {
        /// The file as the test names it.
        file: Arc<str>,
        /// Why.
        source: DriveError,
    },
    /// A recording that is played has lines that cannot be read.
    #[error("{file} has {count} faults; a test plays recordings without any")]
    Faults {
        /// The file as the test names it.
        file: Arc<str>,
        /// How many.
        count: u64,
    },
}

impl Tester {
    /// A tester of these rules; `catalogue` is the one that they were compiled with.
    pub fn new(rules: &RuleSet, catalogue: Arc<Catalogue>) -> Self {
        let observed = Observed::new(Subject::of_rules(rules, &catalogue));
        let watch = Rc::new(RefCell::new(Watch::new(observed)));
        Self { rules: rules.clone(), catalogue, watch, drives: FxHashMap::default() }
    }

    /// The tests of the rule set, in the order of files and lines.
    pub fn tests(&self) -> Vec<Arc<RuleTest>> {
        let mut tests: Vec<Arc<RuleTest>> = self.rules.tests().cloned().collect();
        tests.sort_by(|a, b| (&a.source.name, a.span).cmp(&(&b.source.name, b.span)));
        tests
    }

    /// Runs all tests.
    pub fn run_all(&mut self) -> Results {
        let tests = self.tests();
        Results::new(tests.iter().map(|test| self.run(test)).collect())
    }

    /// Runs a test. Whatever becomes of it, a panic too, others can be run after it.
    ///
    /// The vehicle [`VEHICLE`] exists from time zero, also where nothing is played for it, and
    /// other vehicles from their first sample. The test ends [`RUN_ON_US`] after its last sample.
    /// As in a replay, actions of which no policy says anything are allowed.
    pub fn run(&mut self, test: &RuleTest) -> TestResult {
        let ran = catch_unwind(AssertUnwindSafe(|| self.try_run(test)));
        let outcome = match ran {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::Broken { message: error.to_string() },
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().copied();
                let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                let said = said.unwrap_or("it says nothing");
                Outcome::Broken {
                    message: format!("a defect of piccolo, please report it: {said}"),
                }
            }
        };
        TestResult {
            name: Arc::clone(&test.name),
            file: Arc::clone(&test.source.name),
            line: test.source.line_column(test.span.start).0,
            outcome,
        }
    }

    fn try_run(&mut self, test: &RuleTest) -> Result<Outcome, TestError> {
        let watched = check::watched(test, &self.rules);
        self.watch.borrow_mut().start(OriginKind::Test, &test.name, watched);
        let mut engine = self.engine(true)?;
        let samples = play::samples(self, test, &mut engine)?;
        let last_us = samples.iter().map(|sample| sample.time_us).max().unwrap_or_default();
        let decisions = engine.step(last_us.saturating_add(RUN_ON_US), samples)?;
        let watch = self.watch.borrow();
        let ran = Ran { decisions: &decisions, near: watch.near(), rules: &self.rules };
        let failures = failures(test, &ran);
        Ok(if failures.is_empty() { Outcome::Passed } else { Outcome::Failed { failures } })
    }

    /// Runs the rules over a recording, for coverage; returns how many faults it has, which are
    /// passed over. What comes after its last sample stays open.
    ///
    /// # Errors
    /// An engine that cannot go on.
    pub fn cover(&mut self, name: &str, reader: Reader) -> Result<u64, TestError> {
        self.watch.borrow_mut().start(OriginKind::Drive, name, Vec::new());
        let mut engine = self.engine(false)?;
        let vehicle = engine.vehicle(name)?;
        let (mut batch, mut faults, mut last_us) = (Vec::new(), 0, 0);
        for item in reader {
            let sample = match item {
                Item::Sample(sample) => sample,
                Item::Fault(_) => {
                    faults += 1;
                    continue;
                }
            };
            last_us = last_us.max(sample.time_us);
            let value = sample.value.as_ref();
            batch.push(engine.sample(
                vehicle,
                sample.signal,
                value,
                sample.time_us,
                sample.line,
            )?);
            if batch.len() >= BATCH {
                engine.step(last_us, std::mem::take(&mut batch))?;
            }
        }
        engine.step(last_us.saturating_add(1), batch)?;
        Ok(faults)
    }

    /// What all tests and recordings so far have covered.
    pub fn coverage(&self) -> CoverageReport {
        CoverageReport::new(self.watch.borrow().observed())
    }

    fn engine(&self, explain: bool) -> Result<Engine, TestError> {
        let config = EngineConfig { workers: 1, explain, ..EngineConfig::default() };
        let mut engine = Engine::new(config, Arc::clone(&self.catalogue))?;
        engine.load(&self.rules)?;
        let observer: Rc<RefCell<dyn Observer>> = self.watch.clone();
        engine.observe(observer)?;
        Ok(engine)
    }
}

#[cfg(test)]
mod tests;
