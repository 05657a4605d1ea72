//! What is desired of the vehicle: nodes with their room, packages with their models.

use std::collections::{BTreeMap, BTreeSet};

use piccolo_state::ModelState;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::thing::is_name;
use crate::{ModelName, Thing};

/// How much depends on a package. What is more critical is recovered first and takes room from
/// what is less.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Criticality {
    /// Nobody is harmed where it is missing.
    Low,
    /// It is missed.
    #[default]
    Medium,
    /// The vehicle is of little use without it.
    High,
    /// Somebody may be harmed.
    Safety,
}

/// All that is desired of a vehicle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Desired {
    /// The nodes by name.
    pub nodes: BTreeMap<String, DesiredNode>,
    /// The packages by name.
    pub packages: BTreeMap<String, DesiredPackage>,
}

/// What a node can carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DesiredNode {
    /// For all models that are placed on it together.
    pub room: Room,
}

/// Room on a node, or what a model needs of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Room {
    /// Thousandths of a processor core.
    pub cpu_milli: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

/// A package in one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredPackage {
    /// Counts up each time somebody applies the package. With a new one the past is forgiven: what
    /// was given up, reduced or rolled back is tried again.
    pub generation: u64,
    /// Which revision of the package.
    pub revision: u64,
    /// Which ladder is for it.
    #[serde(default)]
    pub criticality: Criticality,
    /// Its models by name.
    pub models: BTreeMap<String, DesiredModel>,
}

/// A model of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredModel {
    /// The nodes that it may run on, the preferred one first.
    pub nodes: Vec<String>,
    /// Models without which it cannot be well. Its node need not be said.
    #[serde(default)]
    pub needs: Vec<ModelName>,
    /// The room that it takes.
    #[serde(default)]
    pub size: Room,
    /// Whether the package's reduced mode goes without it.
    #[serde(default)]
    pub optional: bool,
    /// What it should be: running, paused, or exited, which is well while it runs and when it has
    /// ended.
    #[serde(default = "running")]
    pub state: ModelState,
}

fn running() -> ModelState {
    ModelState::Running
}

/// Why what is desired cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DesiredError {
    /// A name is empty or has a mark in it.
    #[error("`{name}` is no name: it must not be empty nor have `/`, `@` or a space")]
    Name {
        /// What should be a name.
        name: String,
    },
    /// A model may run nowhere.
    #[error("{model} has no candidate node: name one")]
    NoCandidate {
        /// Which model.
        model: ModelName,
    },
    /// What a model names is not desired.
    #[error("{model} names the {named}, which is not desired: add it, or name another")]
    Unknown {
        /// Which model.
        model: ModelName,
        /// What it names.
        named: Thing,
    },
    /// A model needs itself, over others.
    #[error("{model} needs itself over what it needs: break the circle")]
    Circle {
        /// One of the models.
        model: ModelName,
    },
    /// What must be there needs what may be left out.
    #[error("{model} needs {need}, which is optional: make both optional, or none")]
    NeedsOptional {
        /// Which model.
        model: ModelName,
        /// What it needs.
        need: ModelName,
    },
    /// Nobody can want a model to be so.
    #[error("{model} cannot be wanted {state}: only running, paused or exited")]
    State {
        /// Which model.
        model: ModelName,
        /// What was wanted.
        state: ModelState,
    },
    /// Another revision came without being applied.
    #[error("package {package} has another revision in the same generation: count that up")]
    Generation {
        /// Which package.
        package: String,
    },
}

impl Room {
    /// Whether another fits in.
    pub(crate) fn fits(self, other: Self) -> bool {
        self.cpu_milli >= other.cpu_milli && self.memory_bytes >= other.memory_bytes
    }

    /// What is left without another; none is less than nothing.
    pub(crate) fn less(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_sub(other.cpu_milli),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
        }
    }
}

impl Desired {
    /// A model and its package.
    pub(crate) fn model(&self, name: &ModelName) -> Option<(&DesiredPackage, &DesiredModel)> {
        let package = self.packages.get(&name.package)?;
        Some((package, package.models.get(&name.model)?))
    }

    /// All models, in order of their names.
    pub(crate) fn models(
        &self,
    ) -> impl Iterator<Item = (ModelName, &DesiredPackage, &DesiredModel)> {
        self.packages.iter().flat_map(|(name, package)| {
            let named = move |model: &String| ModelName::new(name, model);
            package.models.iter().map(move |(model, desired)| (named(model), package, desired))
        })
    }

    /// Whether it makes sense in itself.
    ///
    /// # Errors
    /// [`DesiredError`]; the first, in order of names.
    pub fn check(&self) -> Result<(), DesiredError> {
        let parts = self.packages.values().flat_map(|package| package.models.keys());
        for name in self.nodes.keys().chain(self.packages.keys()).chain(parts) {
            if !is_name(name) {
                return Err(DesiredError::Name { name: name.clone() });
            }
        }
        for (model, _, desired) in self.models() {
            self.check_model(&model, desired)?;
        }
        self.check_circles()
    }

    fn check_model(&self, model: &ModelName, desired: &DesiredModel) -> Result<(), DesiredError> {
        use ModelState::{Exited, Paused, Running};
        let model = || model.clone();
        if desired.nodes.is_empty() {
            return Err(DesiredError::NoCandidate { model: model() });
        }
        if let Some(node) = desired.nodes.iter().find(|node| !self.nodes.contains_key(*node)) {
            return Err(DesiredError::Unknown { model: model(), named: Thing::Node(node.clone()) });
        }
        if !matches!(desired.state, Running | Paused | Exited) {
            return Err(DesiredError::State { model: model(), state: desired.state });
        }
        for need in &desired.needs {
            let Some((_, needed)) = self.model(need) else {
                let named = Thing::Model(need.clone());
                return Err(DesiredError::Unknown { model: model(), named });
            };
            if needed.optional && !desired.optional {
                return Err(DesiredError::NeedsOptional { model: model(), need: need.clone() });
            }
        }
        Ok(())
    }

    /// Takes away what needs nothing that is left, until nothing is left or all that is needs.
    fn check_circles(&self) -> Result<(), DesiredError> {
        let mut left: BTreeSet<ModelName> = self.models().map(|(name, ..)| name).collect();
        loop {
            let free: Vec<ModelName> = self
                .models()
                .filter(|(name, _, desired)| {
                    left.contains(name) && !desired.needs.iter().any(|need| left.contains(need))
                })
                .map(|(name, ..)| name)
                .collect();
            if free.is_empty() {
                let circle = left.into_iter().next();
                return circle.map_or(Ok(()), |model| Err(DesiredError::Circle { model }));
            }
            for name in free {
                left.remove(&name);
            }
        }
    }
}
