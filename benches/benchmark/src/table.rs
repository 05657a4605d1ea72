//! Rows of the table: engine and loops on the same events, in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use piccolo_catalogue::CatalogueError;
use piccolo_engine::{
    Decision, Edge as Kind, Engine, EngineConfig, EngineError, PolicyDefaults, Sample,
};
use piccolo_script::RuleSet;
use serde::Serialize;
use thiserror::Error;

use crate::workload::{Event, Size, Workload};
use crate::{Edge, LoopA, LoopB};

/// How a row is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rules and vehicles.
    pub size: Size,
    /// Events in one step of the engine.
    pub batch: usize,
    /// Rounds; each has events of its own, and the median counts.
    pub rounds: usize,
    /// Events of a round.
    pub events: usize,
    /// As many decisions as there can be.
    pub chatter: bool,
    /// Workers of the engine.
    pub workers: usize,
    /// Whether policies guard every action and pairs of rules claim one target.
    pub governed: bool,
    /// The seed of rules and events.
    pub seed: u64,
}

impl Plan {
    /// One worker, no policies, batches of a thousand, one round.
    pub fn plain(size: Size, seed: u64) -> Self {
        let (batch, rounds, events, workers) = (1_000, 1, 0, 1);
        Self { size, batch, rounds, events, chatter: false, workers, governed: false, seed }
    }
}

/// One row: medians, in nanoseconds for each event.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// Scenarios.
    pub rules: u32,
    /// Vehicles.
    pub vehicles: u32,
    /// Events in one step of the engine.
    pub batch: usize,
    /// Workers of the engine.
    pub workers: usize,
    /// Whether policies and arbitration are on.
    pub governed: bool,
    /// How many decisions fall for each event.
    pub decisions_per_event: f64,
    /// Every rule that depends on the signal, evaluated by hand-written code.
    pub loop_a_ns: f64,
    /// A predicate index with counters, written by hand for these rules.
    pub loop_b_ns: f64,
    /// The engine, from samples in memory to decisions in memory.
    pub engine_ns: f64,
    /// The fastest and the slowest round of the engine.
    pub engine_range_ns: (f64, f64),
    /// What the engine holds in memory, for each rule of each vehicle; measured apart.
    pub bytes_per_pair: Option<f64>,
}

/// Why a row cannot be measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The engine refuses something.
    #[error("the engine refuses the workload")]
    Engine(#[from] EngineError),
    /// The catalogue refuses something.
    #[error("the catalogue refuses the workload's signals")]
    Catalogue(#[from] CatalogueError),
    /// The compiler refuses rules.
    #[error("{missing} rules do not compile")]
    Rules {
        /// How many.
        missing: usize,
    },
    /// Engine and loops found different edges, so that times compare nothing.
    #[error(
        "in round {round} the engine found {engine} edges, loop A {loop_a} and loop B {loop_b}, and they are not the same"
    )]
    Different {
        /// In which round.
        round: usize,
        /// Edges of the engine.
        engine: usize,
        /// Edges of loop A.
        loop_a: usize,
        /// Edges of loop B.
        loop_b: usize,
    },
}

/// Measures a row. Every round checks that all three found the same edges.
///
/// # Errors
/// A workload that is refused, or different edges.
pub fn row(plan: &Plan) -> Result<Row, BenchError> {
    let workload = Workload::new(plan.size, plan.events * plan.rounds, plan.chatter, plan.seed);
    let mut runner = Runner::new(plan, &workload)?;
    let (mut loop_a, mut loop_b) = (LoopA::new(&workload), LoopB::new(&workload));
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut decided = 0;
    for (round, events) in workload.events.chunks(plan.events).enumerate() {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        times[0].push(timed(|| loop_a.run(events, &mut a)));
        times[1].push(timed(|| loop_b.run(events, &mut b)));
        let samples = runner.samples(events)?;
        let (took, decisions) = runner.run(&samples)?;
        times[2].push(took);
        decided += decisions.len();
        let mut engine: Vec<Edge> = decisions.iter().filter_map(edge).collect();
        [&mut engine, &mut a, &mut b].into_iter().for_each(|edges| edges.sort_unstable());
        if engine != a || a != b {
            let (engine, loop_a, loop_b) = (engine.len(), a.len(), b.len());
            return Err(BenchError::Different { round, engine, loop_a, loop_b });
        }
    }
    let each = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        let of = |time: Duration| time.as_nanos() as f64 / plan.events as f64;
        (of(times[0]), of(times[times.len() / 2]), of(times[times.len() - 1]))
    };
    let [a, b, engine] = times.each_mut().map(each);
    Ok(Row {
        rules: plan.size.rules,
        vehicles: plan.size.vehicles,
        batch: plan.batch,
        workers: plan.workers,
        governed: plan.governed,
        decisions_per_event: decided as f64 / workload.events.len() as f64,
        loop_a_ns: a.1,
        loop_b_ns: b.1,
        engine_ns: engine.1,
        engine_range_ns: (engine.0, engine.2),
        bytes_per_pair: None,
    })
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// An engine with the workload's rules.
#[derive(Debug)]
pub struct Runner {
    engine: Engine,
    signals: Vec<piccolo_catalogue::SignalId>,
    vehicles: Vec<u32>,
    batch: usize,
    now_us: u64,
}

impl Runner {
    /// Makes the engine and lets it see the start.
    ///
    /// # Errors
    /// What is refused.
    pub fn new(plan: &Plan, workload: &Workload) -> Result<Self, BenchError> {
        let mut runner = Self::idle(plan, workload)?;
        let start = runner.samples(&workload.start)?;
        runner.run(&start)?;
        Ok(runner)
    }

    /// Makes the engine, which has seen nothing yet.
    ///
    /// # Errors
    /// What is refused.
    pub fn idle(plan: &Plan, workload: &Workload) -> Result<Self, BenchError> {
        let (catalogue, signals) = Workload::catalogue()?;
        let text = if plan.governed { workload.governed_text() } else { workload.text() };
        let (rules, _) = RuleSet::parse("workload.rhai", &text, &catalogue);
        if rules.len() < workload.rules.len() {
            return Err(BenchError::Rules { missing: workload.rules.len() - rules.len() });
        }
        let defaults =
            if plan.governed { PolicyDefaults::default() } else { PolicyDefaults::allow_all() };
        let config = EngineConfig { workers: plan.workers, explain: false, defaults };
        let mut engine = Engine::new(config, Arc::clone(&catalogue))?;
        engine.load(&rules)?;
        let names = workload.vehicle_names();
        let vehicles: Result<Vec<u32>, EngineError> =
            names.iter().map(|name| engine.vehicle(name)).collect();
        Ok(Self { engine, signals, vehicles: vehicles?, batch: plan.batch, now_us: 0 })
    }

    /// Events as the engine takes them, each at a time of its own; they follow what was run.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn samples(&mut self, events: &[Event]) -> Result<Vec<Sample>, BenchError> {
        let mut samples = Vec::with_capacity(events.len());
        for (place, event) in events.iter().enumerate() {
            let (vehicle, signal) =
                (self.vehicles[event.vehicle as usize], self.signals[event.signal as usize]);
            let (value, time_us) = (event.as_value(), self.now_us + place as u64);
            samples.push(self.engine.sample(vehicle, signal, Some(&value), time_us, 0)?);
        }
        Ok(samples)
    }

    /// Steps through samples, batch by batch: the time that took, and the decisions. The engine is
    /// given each batch as its own, which is made before the clock starts.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn run(&mut self, samples: &[Sample]) -> Result<(Duration, Vec<Decision>), BenchError> {
        let batches: Vec<Vec<Sample>> = samples.chunks(self.batch).map(<[_]>::to_vec).collect();
        let mut decisions = Vec::new();
        let began = Instant::now();
        for batch in batches {
            let tick_us = batch.last().map_or(self.now_us, |sample| sample.time_us) + 1;
            decisions.append(&mut self.engine.step(tick_us, batch)?);
        }
        let took = began.elapsed();
        self.now_us = self.engine.now_us();
        Ok((took, decisions))
    }

    /// The engine, for what this does not do.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Steps with one sample.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn step(&mut self, sample: Sample) -> Result<Vec<Decision>, EngineError> {
        self.engine.step(sample.time_us + 1, vec![sample])
    }
}

/// The edge that a decision is about.
fn edge(decision: &Decision) -> Option<Edge> {
    let Decision { time_us, vehicle, scenario, .. } = decision;
    Edge::named(*time_us, vehicle, scenario, decision.edge == Kind::Begin)
}
