//! An engine under steady load whose rules change all the time: what it takes, second by second.

mod changes;
mod plot;
mod report;

use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use piccolo_engine::{Lane, PreparedRules};

pub use plot::plot;
pub use report::{Report, Second};

use crate::memory::resident_bytes;
use crate::table::{BenchError, Plan, Runner};
use crate::workload::{Size, Walk, Workload};

/// How long samples gather before a step takes them.
const GATHER: Duration = Duration::from_millis(1);

/// The most samples of one step, where the machine does not keep up.
const STEP_SAMPLES_MAX: u64 = 100_000;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct SoakPlan {
    /// Rules that stay, and vehicles.
    pub size: Size,
    /// Samples in a second.
    pub rate: u32,
    /// Changes of one rule in a second: it is added, changed, removed, and then comes the next.
    pub changes: u32,
    /// How long it goes on, in whole seconds.
    pub seconds: u32,
    /// The seed of rules and samples.
    pub seed: u64,
}

/// Runs the engine for as long as the plan says.
///
/// Samples come as the clock on the wall says, also those that a slow step made late: nothing is
/// left out. Rule sets are compiled in another thread, as a server does it.
///
/// # Errors
/// What engine or compiler refuse.
pub fn run(plan: &SoakPlan) -> Result<Report, BenchError> {
    let workload = Workload::new(plan.size, 0, false, plan.seed);
    // One step takes all that has gathered.
    let single = Plan { batch: usize::MAX, ..Plan::plain(plan.size, plan.seed) };
    let runner = Runner::new(&single, &workload)?;
    let walk = workload.walk(plan.seed);
    thread::scope(|scope| {
        let sets = changes::prepare(scope, &workload, plan.seed);
        Soak {
            plan,
            runner,
            walk,
            sets,
            began: Instant::now(),
            given: 0,
            changed: 0,
            times: Vec::new(),
            second: Second::default(),
        }
        .run()
    })
}

struct Soak<'a> {
    plan: &'a SoakPlan,
    runner: Runner,
    walk: Walk,
    sets: Receiver<Result<PreparedRules, BenchError>>,
    began: Instant,
    /// Samples so far.
    given: u64,
    /// Changes of rules so far, done or passed over.
    changed: u64,
    /// The times of the steps of this second, in nanoseconds.
    times: Vec<u64>,
    second: Second,
}

impl Soak<'_> {
    fn run(mut self) -> Result<Report, BenchError> {
        let mut seconds = Vec::with_capacity(self.plan.seconds as usize);
        for number in 1..=self.plan.seconds {
            let end = Duration::from_secs(u64::from(number));
            while self.began.elapsed() < end {
                self.change()?;
                self.step()?;
                thread::sleep(GATHER);
            }
            seconds.push(self.close(number));
        }
        Ok(Report::new(self.plan, seconds))
    }

    /// How many of something are due by now, of so many a second.
    fn due(&self, a_second: u32) -> u64 {
        (self.began.elapsed().as_secs_f64() * f64::from(a_second)) as u64
    }

    /// Lets the next rule set come into force, if it is time for that.
    fn change(&mut self) -> Result<(), BenchError> {
        if self.due(self.plan.changes) <= self.changed {
            return Ok(());
        }
        self.changed += 1;
        let set = match self.sets.try_recv() {
            Ok(set) => set?,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                self.second.changes_passed_over += 1;
                return Ok(());
            }
        };
        let before = Instant::now();
        self.runner.engine().load_prepared(Lane::Active, &set)?;
        let took = before.elapsed().as_nanos() as u64;
        self.second.load_max_ns = self.second.load_max_ns.max(took);
        self.second.changes += 1;
        Ok(())
    }

    /// Gives the engine what is due.
    fn step(&mut self) -> Result<(), BenchError> {
        let due = self.due(self.plan.rate).saturating_sub(self.given).min(STEP_SAMPLES_MAX);
        if due == 0 {
            return Ok(());
        }
        let events: Vec<_> = self.walk.by_ref().take(due as usize).collect();
        let samples = self.runner.samples(&events)?;
        let (took, decisions) = self.runner.run(&samples)?;
        self.given += due;
        self.times.push(took.as_nanos() as u64);
        self.second.samples += due;
        self.second.decisions += decisions.len() as u64;
        Ok(())
    }

    /// What this second came to; the next one begins.
    fn close(&mut self, number: u32) -> Second {
        let mut second = std::mem::take(&mut self.second);
        self.times.sort_unstable();
        let at = |part: f64| {
            let last = self.times.len().saturating_sub(1);
            self.times.get((last as f64 * part) as usize).copied().unwrap_or_default()
        };
        (second.p50_ns, second.p99_ns, second.max_ns) = (at(0.5), at(0.99), at(1.0));
        second.second = number;
        second.steps = self.times.len() as u64;
        second.behind = self.due(self.plan.rate).saturating_sub(self.given);
        second.resident_bytes = resident_bytes();
        let engine = self.runner.engine();
        second.late_samples = engine.late_samples();
        second.slots = engine.slots_used() as u64;
        second.scenarios = engine.scenarios() as u64;
        self.times.clear();
        second
    }
}
