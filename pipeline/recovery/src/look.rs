//! What each model looks like now, and whether something that it needs is down.

use std::collections::BTreeMap;

use piccolo_state::ModelState;

use crate::node::Standing;
use crate::turn::Turn;
use crate::{Cause, DesiredModel, ModelName, Recovery};

/// What a model looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is as it should be.
    Well,
    /// It may become so by itself.
    Coming,
    /// Something is wrong with it.
    Ill(Cause),
    /// Its package goes without it.
    LeftOut,
}

/// A model, and whether it waits for what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) look: Look,
    pub(crate) waits: bool,
}

pub(crate) type Looks = BTreeMap<ModelName, Looked>;

impl Recovery {
    /// All models that are desired.
    pub(crate) fn looks(&self, turn: &mut Turn) -> Looks {
        let mut looks: Looks = self
            .desired
            .models()
            .map(|(name, _, model)| {
                let look = self.look(turn, &name, model);
                (name, Looked { look, waits: false })
            })
            .collect();
        // As often as needs are deep.
        loop {
            let waiting = self.next_waiting(&looks);
            if waiting.is_empty() {
                return looks;
            }
            for name in waiting {
                looks.entry(name).and_modify(|looked| looked.waits = true);
            }
        }
    }

    /// The models that need one that is down or waits, and do not wait yet.
    fn next_waiting(&self, looks: &Looks) -> Vec<ModelName> {
        let waits = |name: &ModelName| looks.get(name).is_some_and(|looked| looked.waits);
        let models = looks.iter().filter(|(name, looked)| {
            let (_, model) = self.desired.model(name).unzip();
            let mut needs = model.into_iter().flat_map(|model| &model.needs);
            looked.look != Look::LeftOut
                && !looked.waits
                && needs.any(|need| waits(need) || self.is_down(need, looks))
        });
        models.map(|(name, _)| name.clone()).collect()
    }

    /// Whether what needs a model can not be blamed: the model is not well, or may not be.
    fn is_down(&self, need: &ModelName, looks: &Looks) -> bool {
        let well = looks.get(need).is_some_and(|looked| looked.look == Look::Well);
        let doubtful = self.models.get(need).is_some_and(|track| {
            let standing = self.standing(&track.node);
            track.probe.doubtful() || matches!(standing, Standing::Doubtful | Standing::Lost)
        });
        !well || doubtful
    }

    /// The state of a model where it is to be: created while it is not there, dead where its node is
    /// lost.
    pub(crate) fn state_of(&self, name: &ModelName) -> ModelState {
        let Some(node) = self.placement(name) else { return ModelState::Created };
        if self.standing(node) == Standing::Lost {
            return ModelState::Dead;
        }
        let instance = self.instances.get(name).and_then(|nodes| nodes.get(node));
        instance.map_or(ModelState::Created, |instance| instance.state)
    }

    pub(crate) fn standing(&self, node: &str) -> Standing {
        self.nodes.get(node).map_or(Standing::Lost, crate::node::NodeWatch::standing)
    }

    fn look(&self, turn: &mut Turn, name: &ModelName, model: &DesiredModel) -> Look {
        let (Some(package), Some(track)) =
            (self.packages.get(&name.package), self.models.get(name))
        else {
            return Look::Ill(Cause::Missing);
        };
        if model.optional && package.reduced.is_some() {
            return Look::LeftOut;
        }
        let node = &track.node;
        if self.standing(node) == Standing::Lost {
            return Look::Ill(Cause::NodeLost { node: node.clone() });
        }
        let instances = self.instances.get(name);
        let Some(instance) = instances.and_then(|nodes| nodes.get(node)) else {
            let other = instances.and_then(|nodes| nodes.keys().next());
            return Look::Ill(
                other.map_or(Cause::Missing, |node| Cause::WrongNode { node: node.clone() }),
            );
        };
        if instance.revision != package.revision {
            return Look::Ill(Cause::WrongRevision { revision: instance.revision });
        }
        let stuck_us = instance.since_us.saturating_add(self.policy.detection.model_created_us);
        look_at(turn, model.state, instance.state, stuck_us, track.probe.failing)
    }
}

/// What a model looks like that is where it should be, in the revision that it should be.
fn look_at(
    turn: &mut Turn,
    wanted: ModelState,
    state: ModelState,
    stuck_us: u64,
    probe_failing: bool,
) -> Look {
    use ModelState::{Created, Dead, Exited, Running};
    match (wanted, state) {
        (_, Dead) => Look::Ill(Cause::Dead),
        (_, Created) if turn.passed(stuck_us) => Look::Ill(Cause::Stuck { state }),
        (_, Created) => Look::Coming,
        (Running | Exited, Running) if probe_failing => Look::Ill(Cause::ProbeFailed),
        (Exited, Running) => Look::Well,
        (wanted, state) if wanted == state => Look::Well,
        _ => Look::Ill(Cause::WrongState { state }),
    }
}
