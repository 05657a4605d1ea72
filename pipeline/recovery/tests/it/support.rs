//! A recovery on a bench: nodes that beat, what is seen, and what it says as short texts.

use std::collections::{BTreeMap, BTreeSet};

use piccolo_recovery::{
    Action, Alert, Criticality, Desired, DesiredModel, DesiredNode, DesiredPackage, ModelName,
    Observation, Order, Outcome, Policy, Recovery, Room,
};
use piccolo_state::{ContainerState, ModelState};

pub(crate) const S: u64 = 1_000_000;

/// A model that may run on these nodes, takes a tenth of one, and needs nothing.
pub(crate) fn model(nodes: &[&str]) -> DesiredModel {
    DesiredModel {
        nodes: nodes.iter().map(|&node| node.to_owned()).collect(),
        needs: Vec::new(),
        size: Room { cpu_milli: 100, memory_bytes: 100 },
        optional: false,
        state: ModelState::Running,
    }
}

pub(crate) fn needs(nodes: &[&str], need: &str) -> DesiredModel {
    DesiredModel { needs: vec![name(need)], ..model(nodes) }
}

pub(crate) fn optional(nodes: &[&str]) -> DesiredModel {
    DesiredModel { optional: true, ..model(nodes) }
}

/// A package in generation and revision 1.
pub(crate) fn package(criticality: Criticality, models: &[(&str, DesiredModel)]) -> DesiredPackage {
    let models = models.iter().map(|(name, model)| ((*name).to_owned(), model.clone())).collect();
    DesiredPackage { generation: 1, revision: 1, criticality, models }
}

/// These packages on nodes `n1`, `n2` and `n3`.
pub(crate) fn desired(packages: &[(&str, DesiredPackage)]) -> Desired {
    let room = Room { cpu_milli: 1_000, memory_bytes: 1_000 };
    let nodes = ["n1", "n2", "n3"].map(|name| (name.to_owned(), DesiredNode { room }));
    let packages = packages.iter().map(|(name, package)| ((*name).to_owned(), package.clone()));
    Desired { nodes: BTreeMap::from(nodes), packages: packages.collect() }
}

pub(crate) fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

pub(crate) struct Bench {
    pub(crate) recovery: Recovery,
    pub(crate) now_us: u64,
    /// The nodes that beat, once a second.
    pub(crate) alive: BTreeSet<String>,
    pub(crate) orders: Vec<Order>,
    pub(crate) alerts: Vec<Alert>,
    said: Vec<String>,
}

impl Bench {
    pub(crate) fn new(policy: Policy, desired: Desired) -> Self {
        let mut recovery = Recovery::new(policy).unwrap();
        let alive = desired.nodes.keys().cloned().collect();
        recovery.desire(0, desired).unwrap();
        let (orders, alerts, said) = (Vec::new(), Vec::new(), Vec::new());
        Self { recovery, now_us: 0, alive, orders, alerts, said }
    }

    /// All models run where they are to be, for ten seconds.
    pub(crate) fn running(policy: Policy, desired: Desired) -> Self {
        let mut bench = Self::new(policy, desired.clone());
        bench.run(1);
        bench.all_run(&desired);
        bench.run(9);
        assert_eq!(bench.said(), [""; 0]);
        bench
    }

    pub(crate) fn all_run(&mut self, desired: &Desired) {
        for (package, wanted) in &desired.packages {
            for model in wanted.models.keys() {
                let model = ModelName::new(package, model);
                let node = self.recovery.placement(&model).unwrap().to_owned();
                let revision = self.recovery.revision(package).unwrap();
                self.is(&model.to_string(), &node, revision, ContainerState::Running);
            }
        }
    }

    /// Seconds go by.
    pub(crate) fn run(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let next_us = self.now_us / S * S + S;
            while let Some(due_us) = self.recovery.next_due_us().filter(|due| *due < next_us) {
                self.now_us = self.now_us.max(due_us);
                self.advance();
                assert!(self.recovery.next_due_us() > Some(self.now_us), "it is due for ever");
            }
            self.now_us = next_us;
            for node in self.alive.clone() {
                self.recovery.observe(self.now_us, Observation::Heartbeat { node });
            }
            self.advance();
        }
    }

    pub(crate) fn see(&mut self, observation: Observation) {
        self.recovery.observe(self.now_us, observation);
        self.advance();
    }

    pub(crate) fn is(&mut self, model: &str, node: &str, revision: u64, state: ContainerState) {
        let (model, node) = (name(model), node.to_owned());
        self.see(Observation::Instance { model, node, revision, containers: vec![state] });
    }

    pub(crate) fn runs(&mut self, model: &str, node: &str) {
        self.is(model, node, 1, ContainerState::Running);
    }

    pub(crate) fn dies(&mut self, model: &str, node: &str) {
        self.is(model, node, 1, ContainerState::Dead);
    }

    pub(crate) fn leaves(&mut self, model: &str, node: &str) {
        self.see(Observation::Absent { model: name(model), node: node.to_owned() });
    }

    pub(crate) fn probes(&mut self, model: &str, healthy: bool, times: usize) {
        for _ in 0..times {
            self.see(Observation::Probe { model: name(model), healthy });
        }
    }

    /// Says of the last order what came of it.
    pub(crate) fn outcome(&mut self, outcome: Outcome) {
        let key = self.orders.last().unwrap().key.clone();
        self.see(Observation::Outcome { key, outcome });
    }

    /// What was ordered and told since this was asked last.
    pub(crate) fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    fn advance(&mut self) {
        let step = self.recovery.advance(self.now_us);
        let alerts = step.alerts.iter().map(|alert| {
            let (about, _) = alert.key.split_once('#').unwrap();
            format!("alert {about}")
        });
        self.said.extend(alerts);
        self.said.extend(step.orders.iter().map(text));
        self.orders.extend(step.orders);
        self.alerts.extend(step.alerts);
    }
}

/// An order in a few words.
pub(crate) fn text(order: &Order) -> String {
    match &order.action {
        Action::Restart { model, node, .. } => format!("restart {model}@{node}"),
        Action::Apply { model, node, revision, .. } => format!("apply {model}@{node} r{revision}"),
        Action::Move { model, from, to, .. } => format!("move {model} {from}>{to}"),
        Action::Stop { model, node } => format!("stop {model}@{node}"),
        Action::Degrade { package, without } => {
            format!("degrade {package} -{}", without.join(" -"))
        }
        Action::Restore { package, with } => {
            let with: Vec<String> =
                with.iter().map(|(model, node)| format!("+{model}@{node}")).collect();
            format!("restore {package} {}", with.join(" "))
        }
        Action::RollBack { package, from, to } => format!("roll back {package} r{from}>r{to}"),
        Action::GiveUp => format!("give up {}", order.thing),
    }
}
