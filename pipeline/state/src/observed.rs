//! The states that follow from others: containers as their node lets them be seen, models from
//! containers, packages from models.

use crate::{ContainerState, ModelState, NodeState, PackageState};

/// A container's state where its runtime said `said` last, and its node is in a state.
///
/// Of what runs on a node that gives no sign of life, nothing is known.
pub fn container(said: ContainerState, node: NodeState) -> ContainerState {
    match node {
        NodeState::NotReady | NodeState::Gone => ContainerState::Unknown,
        NodeState::Pending | NodeState::Ready | NodeState::Maintenance => said,
    }
}

/// A model's state, from those of its containers.
///
/// Dead where one is dead or unknown; created, paused or exited where all are, and created where
/// there is none; running otherwise. One that ended with an error is
/// [`ContainerState::Dead`], not exited.
pub fn model(containers: &[ContainerState]) -> ModelState {
    use ContainerState::{Created, Dead, Exited, Initialized, Paused, Unknown};
    let all = |wanted: &[ContainerState]| containers.iter().all(|state| wanted.contains(state));
    if containers.iter().any(|state| matches!(state, Dead | Unknown)) {
        ModelState::Dead
    } else if all(&[Created, Initialized]) {
        ModelState::Created
    } else if all(&[Paused]) {
        ModelState::Paused
    } else if all(&[Exited]) {
        ModelState::Exited
    } else {
        ModelState::Running
    }
}

/// A package's state, from those of its models, while it is not updated.
///
/// Idle where no model has started, or there is none; error where all are dead, degraded where
/// some are; paused or exited where all are; running otherwise.
pub fn package(models: &[ModelState]) -> PackageState {
    let all = |wanted| models.iter().all(|state| *state == wanted);
    if all(ModelState::Created) {
        PackageState::Idle
    } else if all(ModelState::Dead) {
        PackageState::Error
    } else if models.contains(&ModelState::Dead) {
        PackageState::Degraded
    } else if all(ModelState::Paused) {
        PackageState::Paused
    } else if all(ModelState::Exited) {
        PackageState::Exited
    } else {
        PackageState::Running
    }
}
