//! How faults are found and answered, as data: thresholds, ladders, budgets, objectives.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Criticality;

/// The most recoveries that a budget may allow: it remembers each.
pub const RECOVERIES_MAX: u32 = 10_000;

const S: u64 = 1_000_000;

/// Everything that can be set. What is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How faults are found.
    pub detection: Detection,
    /// How they are answered.
    pub ladders: Ladders,
    /// For the whole vehicle, over all things.
    pub vehicle: VehicleBudget,
}

/// How faults are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detection {
    /// How often a node gives a sign of life.
    pub heartbeat_us: u64,
    /// From so many missed in a row a node is suspect: nothing is ordered that needs it.
    pub suspect_after: u32,
    /// From so many missed in a row it is lost.
    pub lost_after: u32,
    /// A node that was lost so often within `flap_window_us` is flapping.
    pub flaps: u32,
    /// See `flaps`.
    pub flap_window_us: u64,
    /// From so many failed in a row a probe says that its model is ill.
    pub probe_failures: u32,
    /// From so many good ones in a row it is well again.
    pub probe_successes: u32,
    /// How long desired and observed may differ before that is mended, and how long a node must be
    /// there before anything is placed on it.
    pub settle_us: u64,
    /// How long what has dependencies must have been ill before it is blamed itself: in this time
    /// the fault of a dependency is found.
    pub blame_us: u64,
    /// How long a node may be pending.
    pub node_pending_us: u64,
    /// How long a model may be created without running.
    pub model_created_us: u64,
    /// How long a package may be updating: from then on the update is unhealthy.
    pub package_updating_us: u64,
    /// How long a revision must have been well in one piece to be good.
    pub soak_us: u64,
    /// How long a thing must have been well for its tries and its backoff to begin anew.
    pub calm_us: u64,
}

/// A ladder for each criticality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ladders {
    /// For [`Criticality::Low`].
    pub low: Ladder,
    /// For [`Criticality::Medium`].
    pub medium: Ladder,
    /// For [`Criticality::High`].
    pub high: Ladder,
    /// For [`Criticality::Safety`].
    pub safety: Ladder,
}

/// What is tried, in which order, how often and how fast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// What is tried: the first that can be done and has tries left. After all, nothing more is
    /// tried.
    pub rungs: Vec<Rung>,
    /// The time from one order to the next.
    pub backoff: Backoff,
    /// For one thing.
    pub budget: Budget,
    /// How long an order may take until its effect is seen.
    pub deadline_us: u64,
    /// How long it should take at most from when a fault is detected until all is well.
    pub objective_us: u64,
}

/// One thing to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// What.
    pub remedy: Remedy,
    /// How often at most, until the thing is calm.
    pub tries: u32,
}

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Start it anew where it is, or bring it there to what is desired.
    Restart,
    /// Start it on another node.
    Move,
    /// Go on without what is optional, or take room from what is less critical.
    Degrade,
    /// Go back to the last good revision of its package, once for each time it was applied.
    RollBack,
}

/// Exponential backoff with a cap and jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// The time after the first order.
    pub first_us: u64,
    /// By how much it grows with each.
    pub factor: u32,
    /// The most that it grows to.
    pub cap_us: u64,
    /// Up to so much of it is taken off, by the key of the order.
    pub jitter_percent: u8,
}

/// At most so many recoveries in any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// How many.
    pub recoveries: u32,
    /// The length of the window.
    pub window_us: u64,
}

/// The budget of the whole vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VehicleBudget {
    /// How many.
    pub recoveries: u32,
    /// How many of these only what is critical for safety may use.
    pub reserved: u32,
    /// The length of the window.
    pub window_us: u64,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PolicyError {
    /// A figure must not be zero.
    #[error("{field} is 0: it must be at least 1")]
    Zero {
        /// Its place, such as `ladders.low.deadline_us`.
        field: String,
    },
    /// A figure is greater than another.
    #[error("{field} is greater than {bound}: lower it, or raise {bound}")]
    Above {
        /// Its place.
        field: String,
        /// What it must not be greater than.
        bound: String,
    },
    /// A remedy stands on two rungs.
    #[error("{field} has {remedy:?} twice: put all its tries on one rung")]
    Twice {
        /// The rungs.
        field: String,
        /// The remedy.
        remedy: Remedy,
    },
}

impl Default for Detection {
    fn default() -> Self {
        Self {
            heartbeat_us: S,
            suspect_after: 2,
            lost_after: 4,
            flaps: 3,
            flap_window_us: 600 * S,
            probe_failures: 3,
            probe_successes: 1,
            settle_us: 5 * S,
            blame_us: 5 * S,
            node_pending_us: 60 * S,
            model_created_us: 30 * S,
            package_updating_us: 120 * S,
            soak_us: 60 * S,
            calm_us: 120 * S,
        }
    }
}

impl Default for Ladders {
    fn default() -> Self {
        use Remedy::{Degrade, Move, Restart, RollBack};
        let ladder =
            |rungs: &[(Remedy, u32)], backoff: (u64, u64), budget, deadline, objective| Ladder {
                rungs: rungs.iter().map(|&(remedy, tries)| Rung { remedy, tries }).collect(),
                backoff: Backoff {
                    first_us: backoff.0,
                    factor: 2,
                    cap_us: backoff.1,
                    jitter_percent: 20,
                },
                budget: Budget { recoveries: budget, window_us: 600 * S },
                deadline_us: deadline,
                objective_us: objective,
            };
        let low = [(Restart, 3), (Move, 1), (RollBack, 1), (Degrade, 1)];
        let medium = [(Restart, 3), (Move, 2), (RollBack, 1), (Degrade, 1)];
        let high = [(Restart, 2), (Move, 3), (RollBack, 1), (Degrade, 2)];
        let safety = [(Restart, 1), (Move, 4), (RollBack, 1), (Degrade, 2)];
        Self {
            low: ladder(&low, (10 * S, 300 * S), 5, 60 * S, 300 * S),
            medium: ladder(&medium, (5 * S, 120 * S), 8, 30 * S, 60 * S),
            high: ladder(&high, (S, 30 * S), 12, 15 * S, 30 * S),
            safety: ladder(&safety, (S / 5, 5 * S), 20, 5 * S, 10 * S),
        }
    }
}

impl Default for VehicleBudget {
    fn default() -> Self {
        Self { recoveries: 40, reserved: 10, window_us: 60 * S }
    }
}

impl Ladders {
    /// The ladder for a criticality.
    #[must_use]
    pub fn of(&self, criticality: Criticality) -> &Ladder {
        match criticality {
            Criticality::Low => &self.low,
            Criticality::Medium => &self.medium,
            Criticality::High => &self.high,
            Criticality::Safety => &self.safety,
        }
    }
}

impl Policy {
    /// Whether it makes sense in itself.
    ///
    /// # Errors
    /// [`PolicyError`]; the first, in order of the fields.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.detection.check()?;
        let ladders = &self.ladders;
        for (name, ladder) in [
            ("low", &ladders.low),
            ("medium", &ladders.medium),
            ("high", &ladders.high),
            ("safety", &ladders.safety),
        ] {
            ladder.check(&format!("ladders.{name}"))?;
        }
        let vehicle = &self.vehicle;
        at_least_one("vehicle.window_us", vehicle.window_us)?;
        at_least_one("vehicle.recoveries", vehicle.recoveries.into())?;
        let others = u64::from(vehicle.recoveries) - 1;
        at_most("vehicle.reserved", vehicle.reserved.into(), "vehicle.recoveries - 1", others)?;
        recoveries("vehicle.recoveries", vehicle.recoveries)
    }
}

impl Detection {
    fn check(&self) -> Result<(), PolicyError> {
        for (field, value) in [
            ("heartbeat_us", self.heartbeat_us),
            ("suspect_after", self.suspect_after.into()),
            ("flaps", self.flaps.into()),
            ("flap_window_us", self.flap_window_us),
            ("probe_failures", self.probe_failures.into()),
            ("probe_successes", self.probe_successes.into()),
            ("node_pending_us", self.node_pending_us),
            ("model_created_us", self.model_created_us),
            ("package_updating_us", self.package_updating_us),
        ] {
            at_least_one(&format!("detection.{field}"), value)?;
        }
        let (suspect, lost) = (self.suspect_after.into(), self.lost_after.into());
        at_most("detection.suspect_after", suspect, "detection.lost_after", lost)
    }
}

impl Ladder {
    fn check(&self, place: &str) -> Result<(), PolicyError> {
        for (index, rung) in self.rungs.iter().enumerate() {
            at_least_one(&format!("{place}.rungs[{index}].tries"), rung.tries.into())?;
            if self.rungs[..index].iter().any(|other| other.remedy == rung.remedy) {
                let field = format!("{place}.rungs");
                return Err(PolicyError::Twice { field, remedy: rung.remedy });
            }
        }
        let Backoff { first_us, factor, cap_us, jitter_percent } = self.backoff;
        at_least_one(&format!("{place}.backoff.first_us"), first_us)?;
        at_least_one(&format!("{place}.backoff.factor"), factor.into())?;
        let cap = format!("{place}.backoff.cap_us");
        at_most(&format!("{place}.backoff.first_us"), first_us, &cap, cap_us)?;
        at_most(&format!("{place}.backoff.jitter_percent"), jitter_percent.into(), "100", 100)?;
        at_least_one(&format!("{place}.budget.recoveries"), self.budget.recoveries.into())?;
        at_least_one(&format!("{place}.budget.window_us"), self.budget.window_us)?;
        recoveries(&format!("{place}.budget.recoveries"), self.budget.recoveries)?;
        at_least_one(&format!("{place}.deadline_us"), self.deadline_us)?;
        at_least_one(&format!("{place}.objective_us"), self.objective_us)
    }
}

fn at_least_one(field: &str, value: u64) -> Result<(), PolicyError> {
    if value == 0 { Err(PolicyError::Zero { field: field.to_owned() }) } else { Ok(()) }
}

fn at_most(field: &str, value: u64, bound: &str, most: u64) -> Result<(), PolicyError> {
    if value <= most {
        return Ok(());
    }
    Err(PolicyError::Above { field: field.to_owned(), bound: bound.to_owned() })
}

fn recoveries(field: &str, value: u32) -> Result<(), PolicyError> {
    at_most(field, value.into(), "RECOVERIES_MAX", RECOVERIES_MAX.into())
}
