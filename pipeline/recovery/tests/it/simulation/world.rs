//! A vehicle, a policy and a list of faults, from a seed.

use std::collections::BTreeMap;

use fastrand::Rng;
use piccolo_recovery::{
    Backoff, Budget, Criticality, Desired, DesiredModel, DesiredNode, DesiredPackage, Detection,
    Ladder, ModelName, Policy, Room, VehicleBudget,
};
use piccolo_state::ModelState;

use crate::support::S;

/// When faults begin and cease.
pub(crate) const FAULTS_US: std::ops::Range<u64> = 2 * S..150 * S;

pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) desired: Desired,
    /// In order of time.
    pub(crate) faults: Vec<(u64, Fault)>,
}

/// Something that goes wrong, or that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A node is away until then; whether it still has everything when it is back.
    Away { node: String, until_us: u64, keeps: bool },
    /// What runs dies.
    Crash(ModelName),
    /// Whatever starts dies, until then.
    CrashLoop { model: ModelName, until_us: u64 },
    /// It runs and does not answer.
    Hang(ModelName),
    /// It does not get beyond being created, until then.
    Stick { model: ModelName, until_us: u64 },
    /// It is not there any more.
    Vanish(ModelName),
    /// Somebody starts a second one, or something that nobody desires.
    Extra { model: ModelName, node: String },
    /// Somebody starts another revision in its place.
    Other(ModelName),
    /// A package is applied in a new revision, which crashes if it is bad.
    Update { package: String, bad: bool },
    /// What is ordered does not arrive, until then.
    Swallow { until_us: u64 },
    /// It does, and nobody says so.
    Silence { until_us: u64 },
    /// It fails.
    Refuse { until_us: u64 },
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let policy = policy(&mut rng);
        assert_eq!(policy.check(), Ok(()));
        let desired = desired(&mut rng);
        let count = rng.usize(2..16);
        let mut faults: Vec<(u64, Fault)> =
            (0..count).flat_map(|_| fault(&mut rng, &desired)).collect();
        faults.sort_by_key(|(at_us, _)| *at_us);
        Self { policy, desired, faults }
    }

    pub(crate) fn models(&self) -> Vec<ModelName> {
        names(&self.desired)
    }
}

fn names(desired: &Desired) -> Vec<ModelName> {
    let packages = desired.packages.iter();
    packages
        .flat_map(|(name, package)| {
            package.models.keys().map(move |model| ModelName::new(name, model))
        })
        .collect()
}

/// The default, a few times faster, with small budgets.
fn policy(rng: &mut Rng) -> Policy {
    let mut policy = Policy::default();
    policy.detection = Detection {
        flap_window_us: 60 * S,
        probe_failures: rng.u32(1..3),
        probe_successes: rng.u32(1..3),
        settle_us: 3 * S,
        blame_us: 4 * S,
        node_pending_us: 20 * S,
        model_created_us: 10 * S,
        package_updating_us: 30 * S,
        soak_us: 10 * S,
        calm_us: 20 * S,
        ..policy.detection
    };
    let ladders = &mut policy.ladders;
    for ladder in [&mut ladders.low, &mut ladders.medium, &mut ladders.high, &mut ladders.safety] {
        let first_us = rng.u64(S / 2..2 * S);
        *ladder = Ladder {
            rungs: ladder.rungs.clone(),
            backoff: Backoff {
                first_us,
                factor: rng.u32(1..4),
                cap_us: first_us + rng.u64(0..10 * S),
                jitter_percent: rng.u8(0..50),
            },
            budget: Budget { recoveries: rng.u32(2..9), window_us: 40 * S },
            deadline_us: rng.u64(4 * S..10 * S),
            objective_us: rng.u64(5 * S..30 * S),
        };
    }
    let recoveries = rng.u32(3..20);
    let reserved = rng.u32(0..recoveries.min(4));
    policy.vehicle = VehicleBudget { recoveries, reserved, window_us: 20 * S };
    policy
}

fn desired(rng: &mut Rng) -> Desired {
    let nodes: Vec<String> = (1..=rng.usize(2..5)).map(|number| format!("n{number}")).collect();
    let room = Room { cpu_milli: 1_000, memory_bytes: 1_000 };
    let mut desired = Desired {
        nodes: nodes.iter().map(|node| (node.clone(), DesiredNode { room })).collect(),
        packages: BTreeMap::new(),
    };
    let all = [Criticality::Low, Criticality::Medium, Criticality::High, Criticality::Safety];
    for package in ["a", "b", "c", "d"].iter().take(rng.usize(2..5)) {
        let criticality = all[rng.usize(..all.len())];
        let mut models = BTreeMap::new();
        for model in ["x", "y", "z"].iter().take(rng.usize(1..4)) {
            // Only what was made before is needed, so nothing needs itself.
            let before = names(&desired);
            models.insert((*model).to_owned(), random_model(rng, &nodes, &desired, &before));
        }
        let package_of = DesiredPackage { generation: 1, revision: 1, criticality, models };
        desired.packages.insert((*package).to_owned(), package_of);
    }
    assert_eq!(desired.check(), Ok(()));
    desired
}

fn random_model(
    rng: &mut Rng,
    nodes: &[String],
    desired: &Desired,
    before: &[ModelName],
) -> DesiredModel {
    let mut nodes = nodes.to_vec();
    rng.shuffle(&mut nodes);
    nodes.truncate(rng.usize(1..=nodes.len()));
    let optional = rng.u8(..3) == 0;
    let is_optional =
        |name: &ModelName| desired.packages[&name.package].models[&name.model].optional;
    let mut needs = Vec::new();
    if let Some(need) = rng.choice(before)
        && rng.bool()
        && (optional || !is_optional(need))
    {
        needs.push(need.clone());
    }
    let size = Room { cpu_milli: rng.u64(50..350), memory_bytes: rng.u64(50..250) };
    DesiredModel { nodes, needs, size, optional, state: ModelState::Running }
}

/// One fault, or several that belong together.
fn fault(rng: &mut Rng, desired: &Desired) -> Vec<(u64, Fault)> {
    let at_us = rng.u64(FAULTS_US);
    let until_us = (at_us + rng.u64(S..40 * S)).min(FAULTS_US.end);
    let models = names(desired);
    let model = models[rng.usize(..models.len())].clone();
    let nodes: Vec<&String> = desired.nodes.keys().collect();
    let node = nodes[rng.usize(..nodes.len())].clone();
    let package = model.package.clone();
    let one = |fault| vec![(at_us, fault)];
    match rng.u8(..15) {
        0 | 1 => one(Fault::Away { node, until_us, keeps: rng.bool() }),
        2 => (0..4)
            .map(|round| {
                let at_us = at_us + round * 10 * S;
                let until_us = at_us + 5 * S;
                (at_us, Fault::Away { node: node.clone(), until_us, keeps: rng.bool() })
            })
            .filter(|(at_us, _)| *at_us + 5 * S < FAULTS_US.end)
            .collect(),
        3 | 4 => one(Fault::Crash(model)),
        5 | 6 => one(Fault::CrashLoop { model, until_us }),
        7 => one(Fault::Hang(model)),
        8 => one(Fault::Stick { model, until_us }),
        9 => one(Fault::Vanish(model)),
        10 => {
            let stranger = ModelName::new("stranger", "m");
            one(Fault::Extra { model: if rng.bool() { stranger } else { model }, node })
        }
        11 => one(Fault::Other(model)),
        12 | 13 => one(Fault::Update { package, bad: rng.u8(..3) > 0 }),
        _ => one(match rng.u8(..3) {
            0 => Fault::Swallow { until_us },
            1 => Fault::Silence { until_us },
            _ => Fault::Refuse { until_us },
        }),
    }
}
