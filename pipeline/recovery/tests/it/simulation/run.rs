//! One world from its start until all is well: the caller, as a server would be it.

use std::collections::BTreeMap;

use fastrand::Rng;
use piccolo_recovery::{Alert, Desired, Order, Policy, Recovery, Remedy, Step};

use super::judge::Judge;
use super::mutants::Mutant;
use super::vehicle::Vehicle;
use super::world::{FAULTS_US, Fault, World};
use crate::support::{S, text};

const TICK_US: u64 = S / 10;
/// For how long all must be well and nothing ordered, at the end.
const CALM_US: u64 = 25 * S;

/// How a caller behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mode {
    /// It crashes between keeping and carrying out, and sometimes in the middle of that.
    pub(crate) crashes: bool,
    /// It comes more often than it must.
    pub(crate) eager: bool,
    /// It comes only when it must.
    pub(crate) lazy: bool,
    pub(crate) mutant: Option<Mutant>,
}

/// What came of a world.
#[derive(Default)]
pub(crate) struct Run {
    /// All orders and alerts, once for each key.
    pub(crate) log: Vec<String>,
    pub(crate) violations: Vec<String>,
    pub(crate) models: u64,
    /// Models that need not be well at the end, since they were given up.
    pub(crate) excused: u64,
    pub(crate) recoveries: u64,
    pub(crate) crashes: u64,
    /// How long after the last fault all was well, and how long that may take.
    pub(crate) took_us: u64,
    pub(crate) bound_us: u64,
    words: Vec<String>,
}

impl Run {
    pub(crate) fn words(&self) -> Vec<String> {
        self.words.clone()
    }
}

struct Caller {
    recovery: Recovery,
    vehicle: Vehicle,
    judge: Judge,
    desired: Desired,
    mode: Mode,
    rng: Rng,
    given: BTreeMap<String, String>,
    run: Run,
}

pub(crate) fn simulate(seed: u64, mode: Mode) -> Run {
    let world = World::new(seed);
    let policy = mode.mutant.map_or(world.policy.clone(), |mutant| mutant.policy(&world.policy));
    let mut caller = Caller {
        recovery: Recovery::new(policy).unwrap(),
        vehicle: Vehicle::default(),
        judge: Judge::new(&world),
        desired: world.desired.clone(),
        mode,
        rng: Rng::with_seed(seed ^ 0x5eed),
        given: BTreeMap::new(),
        run: Run::default(),
    };
    caller.desire(0);
    for package in world.desired.packages.keys() {
        caller.vehicle.roll(package, 0);
    }
    caller.live(&world);
    caller.run.models = world.models().len() as u64;
    let times = world.models().into_iter().filter_map(|model| {
        caller.recovery.times(&piccolo_recovery::Thing::Model(model)).map(|times| times.count())
    });
    caller.run.recoveries = times.sum();
    caller.run.violations.append(&mut caller.judge.violations);
    caller.run
}

impl Caller {
    fn live(&mut self, world: &World) {
        self.run.bound_us = bound_us(&world.policy, &world.desired);
        let end_us = FAULTS_US.end + self.run.bound_us;
        let mut faults = world.faults.iter().peekable();
        let mut calm_since_us = None;
        let mut now_us = 0;
        while now_us < end_us {
            now_us += TICK_US;
            self.between(now_us);
            while let Some((_, fault)) = faults.next_if(|(at_us, _)| *at_us <= now_us) {
                self.suffer(fault, now_us);
            }
            let said = self.vehicle.tick(&self.recovery, &self.desired, now_us);
            for observation in said {
                self.judge.hears(&observation);
                self.recovery.observe(now_us, observation);
            }
            let given = self.run.log.len();
            self.judge.looks(&self.recovery, &self.vehicle, &self.desired, now_us);
            if !self.mode.lazy || self.recovery.next_due_us().is_some_and(|due_us| due_us <= now_us)
            {
                self.step(now_us);
            }
            let calm = now_us > FAULTS_US.end
                && self.run.log.len() == given
                && self.recovery.in_flight().next().is_none()
                && self.judge.left(&self.recovery, &self.vehicle, &self.desired).is_empty();
            calm_since_us = calm.then(|| calm_since_us.unwrap_or(now_us));
            if calm_since_us.is_some_and(|since_us| now_us - since_us >= CALM_US) {
                break;
            }
        }
        let left = self.judge.left(&self.recovery, &self.vehicle, &self.desired);
        self.run.excused = self.judge.excused(&self.recovery, &self.desired);
        let well_us = calm_since_us.unwrap_or(now_us);
        self.run.took_us = well_us.saturating_sub(FAULTS_US.end);
        if calm_since_us.is_none() || !left.is_empty() {
            self.judge.violations.push(format!("liveness: at {now_us}: {left:?}"));
        }
    }

    /// What is due before the next tick, and when an eager caller comes as well.
    fn between(&mut self, now_us: u64) {
        let mut early: Vec<u64> = Vec::new();
        if self.mode.eager && self.rng.bool() {
            early = (0..3).map(|_| now_us - self.rng.u64(1..TICK_US)).collect();
            early.sort_unstable();
        }
        for at_us in early.into_iter().chain([now_us]) {
            while let Some(due_us) = self.recovery.next_due_us().filter(|due_us| *due_us < at_us) {
                self.step(due_us);
            }
            if at_us < now_us {
                self.step(at_us);
            }
        }
    }

    fn suffer(&mut self, fault: &Fault, now_us: u64) {
        let Fault::Update { package, bad } = fault else {
            return self.vehicle.suffer(fault, &self.recovery, now_us);
        };
        if let Some(desired) = self.desired.packages.get_mut(package) {
            desired.generation += 1;
            desired.revision += 1;
            if *bad {
                self.vehicle.spoil(package, desired.revision);
            }
        }
        self.judge.applied(package);
        self.desire(now_us);
        self.vehicle.roll(package, now_us);
    }

    fn desire(&mut self, now_us: u64) {
        let mutant = self.mode.mutant;
        let desired = mutant.map_or(self.desired.clone(), |mutant| mutant.desired(&self.desired));
        self.recovery.desire(now_us, desired).unwrap();
    }

    fn step(&mut self, now_us: u64) {
        let step = self.recovery.advance(now_us);
        let mut step = self.mode.mutant.map_or(step.clone(), |mutant| mutant.step(step));
        if self.mode.crashes && self.rng.u8(..20) == 0 {
            step = self.crash(step);
        }
        for alert in step.alerts {
            self.tell(&alert);
        }
        for order in step.orders {
            self.order(&order, now_us);
        }
    }

    /// Goes on from what was kept, in the middle of carrying the step out.
    fn crash(&mut self, step: Step) -> Step {
        let kept = serde_json::to_value((&self.recovery, &step)).unwrap();
        let done = self.rng.usize(..4);
        for alert in step.alerts.iter().take(done) {
            self.tell(alert);
        }
        for order in step.orders.iter().take(done.saturating_sub(step.alerts.len())) {
            self.order(order, order.issued_us);
        }
        let kept = self.mode.mutant.map_or(kept.clone(), |mutant| mutant.kept(kept));
        let (recovery, mut step): (Recovery, Step) = serde_json::from_value(kept).unwrap();
        self.recovery = recovery;
        step.orders.extend(self.recovery.in_flight().cloned());
        self.run.crashes += 1;
        step
    }

    fn tell(&mut self, alert: &Alert) {
        if self.is_new(&alert.key, &serde_json::to_string(alert).unwrap()) {
            let (_, what) = alert.key.split_once('!').unwrap();
            self.run.words.push(what.split('#').next().unwrap().to_owned());
            self.judge.told(alert);
        }
    }

    fn order(&mut self, order: &Order, now_us: u64) {
        if self.is_new(&order.key, &serde_json::to_string(order).unwrap()) {
            let text = text(order);
            let two = ["give up", "roll back"].into_iter().find(|word| text.starts_with(word));
            let one = text.split(' ').next().unwrap_or_default();
            self.run.words.push(two.unwrap_or(one).to_owned());
            self.judge.ordered(order, &self.recovery, &self.vehicle, &self.desired);
            if self.mode.mutant == Some(Mutant::AppliedAgain) && two == Some("roll back") {
                self.apply_again(order, now_us);
            }
        }
        self.vehicle.take(order, now_us);
    }

    /// As a caller does that applies what is desired whenever something is rolled back.
    fn apply_again(&mut self, order: &Order, now_us: u64) {
        if let Some(desired) = order.thing.package().and_then(|p| self.desired.packages.get_mut(p))
        {
            desired.generation += 1;
        }
        self.desire(now_us);
    }

    /// Whether a key was not there before. What has the same key must be the same.
    fn is_new(&mut self, key: &str, text: &str) -> bool {
        match self.given.get(key) {
            Some(before) if before == text => false,
            Some(before) => {
                self.judge.violations.push(format!("keys: {text} after {before}"));
                false
            }
            None => {
                self.given.insert(key.to_owned(), text.to_owned());
                self.run.log.push(text.to_owned());
                true
            }
        }
    }
}

/// How long after the last fault all must be well, or given up.
///
/// Each model, one after the other as they may need each other, climbs its whole ladder twice: once
/// for a fault of before, and once more where a place came. Each order waits for every budget.
fn bound_us(policy: &Policy, desired: &Desired) -> u64 {
    let detection = &policy.detection;
    let models = desired.packages.values().map(|package| package.models.len() as u64).sum::<u64>();
    let ladders = &policy.ladders;
    let all = [&ladders.low, &ladders.medium, &ladders.high, &ladders.safety];
    let climb_us = all.map(|ladder| {
        let orders: u64 = 2 * ladder.rungs.iter().map(|rung| u64::from(rung.tries)).sum::<u64>();
        let back = ladder.rungs.iter().any(|rung| rung.remedy == Remedy::RollBack);
        let back_us = u64::from(back) * detection.package_updating_us;
        let try_us = ladder.deadline_us.max(ladder.backoff.cap_us);
        let windows = orders.div_ceil(ladder.budget.recoveries.into());
        orders * try_us + back_us + windows * ladder.budget.window_us
    });
    let climb_us = climb_us.into_iter().max().unwrap_or_default();
    let orders = models * 2 * 10;
    let free = u64::from(policy.vehicle.recoveries - policy.vehicle.reserved);
    let vehicle_us = orders.div_ceil(free) * policy.vehicle.window_us;
    let found_us = detection.node_pending_us
        + detection.flap_window_us
        + detection.package_updating_us
        + detection.model_created_us
        + detection.settle_us
        + detection.blame_us
        + detection.calm_us;
    2 * found_us + models * climb_us + vehicle_us + CALM_US
}
