//! The truth: what runs where, how it fails, what comes of orders, and what nodes say of it.

use std::collections::{BTreeMap, BTreeSet};

use piccolo_recovery::{Action, Desired, ModelName, Observation, Order, Outcome, Recovery};
use piccolo_state::ContainerState;

use super::world::Fault;
use crate::support::S;

/// How long after a start a bad revision, or what is in a crash loop, dies.
const LIVES_US: u64 = S;

/// What a node has of a model.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    revision: u64,
    state: ContainerState,
    runs_at_us: u64,
    dies_at_us: Option<u64>,
    hangs: bool,
}

#[derive(Default)]
pub(crate) struct Vehicle {
    away: BTreeMap<String, (u64, bool)>,
    pub(crate) instances: BTreeMap<(ModelName, String), Instance>,
    said: BTreeMap<(ModelName, String), (u64, ContainerState)>,
    bad: BTreeSet<(String, u64)>,
    loops: BTreeMap<ModelName, u64>,
    sticks: BTreeMap<ModelName, u64>,
    swallowed_until_us: u64,
    silent_until_us: u64,
    refused_until_us: u64,
    keys: BTreeSet<String>,
    jobs: Vec<(u64, Job)>,
}

enum Job {
    Order(Box<Order>),
    Outcome(String, Outcome),
    /// The server brings a package to its revision.
    Roll(String),
}

impl Vehicle {
    pub(crate) fn is_away(&self, node: &str) -> bool {
        self.away.contains_key(node)
    }

    /// Whether a model does its work: it runs where and as it should, answers, and so does what it
    /// needs.
    pub(crate) fn is_well(&self, recovery: &Recovery, desired: &Desired, name: &ModelName) -> bool {
        let Some(node) = recovery.placement(name) else { return false };
        let revision = recovery.revision(&name.package);
        let works = |instance: &Instance| {
            instance.state == ContainerState::Running
                && !instance.hangs
                && Some(instance.revision) == revision
        };
        let instance = self.instances.get(&(name.clone(), node.to_owned()));
        let needs = &desired.packages[&name.package].models[&name.model].needs;
        !self.is_away(node)
            && instance.is_some_and(works)
            && needs.iter().all(|need| self.is_well(recovery, desired, need))
    }

    /// Whether a model runs where it should, in the revision that is in force.
    pub(crate) fn runs(&self, recovery: &Recovery, name: &ModelName) -> bool {
        let Some(node) = recovery.placement(name) else { return false };
        let instance = self.instances.get(&(name.clone(), node.to_owned()));
        instance.is_some_and(|instance| {
            instance.state == ContainerState::Running
                && Some(instance.revision) == recovery.revision(&name.package)
        })
    }

    /// Brings a package to its revision in a moment.
    pub(crate) fn roll(&mut self, package: &str, now_us: u64) {
        self.jobs.push((now_us + S / 5, Job::Roll(package.to_owned())));
    }

    pub(crate) fn suffer(&mut self, fault: &Fault, recovery: &Recovery, now_us: u64) {
        let place = |model: &ModelName| {
            let node = recovery.placement(model).unwrap_or_default();
            (model.clone(), node.to_owned())
        };
        match fault {
            Fault::Away { node, until_us, keeps } => {
                self.away.insert(node.clone(), (*until_us, *keeps));
            }
            Fault::Crash(model) => {
                self.change(&place(model), |instance| instance.state = ContainerState::Dead);
            }
            Fault::CrashLoop { model, until_us } => {
                self.loops.insert(model.clone(), *until_us);
                self.change(&place(model), |instance| instance.dies_at_us = Some(now_us));
            }
            Fault::Hang(model) => self.change(&place(model), |instance| instance.hangs = true),
            Fault::Stick { model, until_us } => {
                self.sticks.insert(model.clone(), *until_us);
                self.change(&place(model), |instance| {
                    instance.state = ContainerState::Created;
                    instance.runs_at_us = *until_us;
                });
            }
            Fault::Vanish(model) => {
                self.instances.remove(&place(model));
            }
            Fault::Extra { model, node } => {
                let revision = recovery.revision(&model.package).unwrap_or(1);
                if !self.instances.contains_key(&(model.clone(), node.clone())) {
                    self.start(model, node, revision, now_us);
                }
            }
            Fault::Other(model) => self.change(&place(model), |instance| instance.revision = 99),
            Fault::Update { .. } => {}
            Fault::Swallow { until_us } => self.swallowed_until_us = *until_us,
            Fault::Silence { until_us } => self.silent_until_us = *until_us,
            Fault::Refuse { until_us } => self.refused_until_us = *until_us,
        }
    }

    /// A revision is bad from now on, whoever starts it.
    pub(crate) fn spoil(&mut self, package: &str, revision: u64) {
        self.bad.insert((package.to_owned(), revision));
    }

    /// Takes an order, once for each key. What comes of it comes later.
    pub(crate) fn take(&mut self, order: &Order, now_us: u64) {
        if order.action == Action::GiveUp || !self.keys.insert(order.key.clone()) {
            return;
        }
        if now_us < self.swallowed_until_us {
            return;
        }
        // By the key, not by chance: an order that comes in another order takes as long.
        let late_us = order.key.bytes().map(u64::from).sum::<u64>() % 7 * 50_000;
        self.jobs.push((now_us + S / 10 + late_us, Job::Order(Box::new(order.clone()))));
    }

    /// Time goes on; answers what is said of it.
    pub(crate) fn tick(
        &mut self,
        recovery: &Recovery,
        desired: &Desired,
        now_us: u64,
    ) -> Vec<Observation> {
        let mut said = self.come_back(now_us);
        said.extend(self.work(recovery, now_us));
        self.live(now_us);
        said.extend(self.reports());
        if now_us.is_multiple_of(S) {
            said.extend(self.signs_of_life(recovery, desired));
        }
        said
    }

    fn come_back(&mut self, now_us: u64) -> Vec<Observation> {
        let back: Vec<(String, bool)> = self
            .away
            .iter()
            .filter(|(_, (until_us, _))| *until_us <= now_us)
            .map(|(node, (_, keeps))| (node.clone(), *keeps))
            .collect();
        for (node, keeps) in &back {
            self.away.remove(node);
            self.said.retain(|(_, on), _| on != node);
            if !keeps {
                self.instances.retain(|(_, on), _| on != node);
            }
        }
        back.into_iter().map(|(node, _)| Observation::Connected { node }).collect()
    }

    /// Carries out what is due.
    fn work(&mut self, recovery: &Recovery, now_us: u64) -> Vec<Observation> {
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.jobs).into_iter().partition(|(at_us, _)| *at_us <= now_us);
        self.jobs = later;
        due.sort_by_key(|(at_us, job)| {
            let key = match job {
                Job::Order(order) => order.key.clone(),
                Job::Outcome(key, _) | Job::Roll(key) => key.clone(),
            };
            (*at_us, key)
        });
        let mut said = Vec::new();
        for (_, job) in due {
            match job {
                Job::Outcome(key, outcome) => said.push(Observation::Outcome { key, outcome }),
                Job::Roll(package) => {
                    self.roll_to(recovery, &package, now_us);
                }
                Job::Order(order) => {
                    let done = now_us >= self.refused_until_us
                        && self.carry_out(recovery, &order.action, now_us);
                    let outcome = if done { Outcome::Done } else { Outcome::Failed };
                    if now_us >= self.silent_until_us {
                        self.jobs.push((now_us + S / 5, Job::Outcome(order.key, outcome)));
                    }
                }
            }
        }
        said
    }

    fn carry_out(&mut self, recovery: &Recovery, action: &Action, now_us: u64) -> bool {
        match action {
            Action::Restart { model, node, revision } => self.start(model, node, *revision, now_us),
            Action::Apply { model, node, revision, .. } => {
                let key = (model.clone(), node.clone());
                let there = self.instances.get(&key).is_some_and(|instance| {
                    instance.revision == *revision && instance.state == ContainerState::Running
                });
                (there && !self.is_away(node)) || self.start(model, node, *revision, now_us)
            }
            Action::Move { model, from, to, revision } => {
                self.stop(model, from);
                self.start(model, to, *revision, now_us)
            }
            Action::Stop { model, node } => self.stop(model, node),
            Action::Degrade { package, without } => {
                let nodes: Vec<(ModelName, String)> = self
                    .instances
                    .keys()
                    .filter(|(name, _)| name.package == *package && without.contains(&name.model))
                    .cloned()
                    .collect();
                nodes.iter().fold(true, |all, (model, node)| self.stop(model, node) && all)
            }
            Action::Restore { package, with } => with.iter().fold(true, |all, (model, node)| {
                let model = ModelName::new(package, model);
                let revision = recovery.revision(package).unwrap_or_default();
                self.start(&model, node, revision, now_us) && all
            }),
            Action::RollBack { package, .. } => self.roll_to(recovery, package, now_us),
            Action::GiveUp => true,
        }
    }

    /// All models of a package that run somewhere, or are to, in the revision that is in force.
    fn roll_to(&mut self, recovery: &Recovery, package: &str, now_us: u64) -> bool {
        let Some(revision) = recovery.revision(package) else { return false };
        let models = ["x", "y", "z"].map(|model| ModelName::new(package, model));
        let placed: Vec<(ModelName, String)> = models
            .into_iter()
            .filter_map(|model| recovery.placement(&model).map(|node| (model.clone(), node.into())))
            .collect();
        placed
            .iter()
            .fold(true, |all, (model, node)| self.start(model, node, revision, now_us) && all)
    }

    fn start(&mut self, model: &ModelName, node: &str, revision: u64, now_us: u64) -> bool {
        if self.is_away(node) {
            return false;
        }
        let stuck_us = self.sticks.get(model).copied().filter(|until_us| *until_us > now_us);
        let instance = Instance {
            revision,
            state: ContainerState::Created,
            runs_at_us: stuck_us.unwrap_or(now_us + S / 2),
            dies_at_us: None,
            hangs: false,
        };
        self.instances.insert((model.clone(), node.to_owned()), instance);
        true
    }

    fn stop(&mut self, model: &ModelName, node: &str) -> bool {
        !self.is_away(node) && {
            self.instances.remove(&(model.clone(), node.to_owned()));
            true
        }
    }

    fn change(&mut self, key: &(ModelName, String), how: impl FnOnce(&mut Instance)) {
        if let Some(instance) = self.instances.get_mut(key) {
            how(instance);
        }
    }

    fn live(&mut self, now_us: u64) {
        for ((model, _), instance) in &mut self.instances {
            if instance.state == ContainerState::Created && instance.runs_at_us <= now_us {
                instance.state = ContainerState::Running;
                let loops = self.loops.get(model).is_some_and(|until_us| *until_us > now_us);
                let bad = self.bad.contains(&(model.package.clone(), instance.revision));
                instance.dies_at_us = (loops || bad).then_some(now_us + LIVES_US);
            }
            if instance.dies_at_us.is_some_and(|at_us| at_us <= now_us) {
                instance.state = ContainerState::Dead;
                instance.dies_at_us = None;
            }
        }
    }

    /// What changed on nodes that are there since they said so last.
    fn reports(&mut self) -> Vec<Observation> {
        let mut said = Vec::new();
        for ((model, node), instance) in &self.instances {
            let what = (instance.revision, instance.state);
            let key = (model.clone(), node.clone());
            if !self.is_away(node) && self.said.get(&key) != Some(&what) {
                said.push(Observation::Instance {
                    model: model.clone(),
                    node: node.clone(),
                    revision: instance.revision,
                    containers: vec![instance.state],
                });
                self.said.insert(key, what);
            }
        }
        let gone: Vec<(ModelName, String)> = self
            .said
            .keys()
            .filter(|key| !self.is_away(&key.1) && !self.instances.contains_key(*key))
            .cloned()
            .collect();
        for key in gone {
            self.said.remove(&key);
            said.push(Observation::Absent { model: key.0, node: key.1 });
        }
        said
    }

    /// Heartbeats of nodes, and probes of what runs where it should.
    fn signs_of_life(&self, recovery: &Recovery, desired: &Desired) -> Vec<Observation> {
        let nodes = desired.nodes.keys().filter(|node| !self.is_away(node));
        let mut said: Vec<Observation> =
            nodes.map(|node| Observation::Heartbeat { node: node.clone() }).collect();
        for ((model, node), instance) in &self.instances {
            let probed = recovery.placement(model) == Some(node)
                && !self.is_away(node)
                && instance.state == ContainerState::Running;
            if probed {
                let needs = &desired.packages[&model.package].models[&model.model].needs;
                let healthy = !instance.hangs
                    && needs.iter().all(|need| self.is_well(recovery, desired, need));
                said.push(Observation::Probe { model: model.clone(), healthy });
            }
        }
        said
    }
}
