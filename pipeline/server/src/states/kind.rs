//! From the kind in a request to the machine that has its states.

use std::str::FromStr;

use piccolo_manager::stats::Health;
use piccolo_manager::{Applied, Change, Manager, ManagerError, Subject};
use piccolo_state::{
    ContainerState, ModelState, NodeState, PackageState, ScenarioState, UnknownName,
};
use piccolo_wire::v1::StateKind;

/// A machine whose things can be asked for.
pub(super) trait Served: Health + FromStr<Err = UnknownName> {
    /// Its kind in messages.
    const OF: StateKind;

    /// Changes one, and lets others follow.
    fn change(
        manager: &Manager,
        subject: &Subject,
        change: &Change<Self>,
    ) -> impl Future<Output = Result<Applied<Self>, ManagerError>> + Send {
        manager.apply(subject, change)
    }
}

impl Served for ScenarioState {
    const OF: StateKind = StateKind::Scenario;
}

impl Served for PackageState {
    const OF: StateKind = StateKind::Package;
}

impl Served for ModelState {
    const OF: StateKind = StateKind::Model;

    async fn change(
        manager: &Manager,
        subject: &Subject,
        change: &Change<Self>,
    ) -> Result<Applied<Self>, ManagerError> {
        manager.apply_model(subject, change).await
    }
}

impl Served for ContainerState {
    const OF: StateKind = StateKind::Container;

    async fn change(
        manager: &Manager,
        subject: &Subject,
        change: &Change<Self>,
    ) -> Result<Applied<Self>, ManagerError> {
        Ok(manager.observe(subject, change).await?.container)
    }
}

impl Served for NodeState {
    const OF: StateKind = StateKind::Node;

    async fn change(
        manager: &Manager,
        subject: &Subject,
        change: &Change<Self>,
    ) -> Result<Applied<Self>, ManagerError> {
        manager.apply_node(subject, change).await
    }
}

/// Calls a function that is generic over the machine with the machine of a kind.
macro_rules! of_kind {
    ($kind:expr, $call:ident ( $($argument:expr),* )) => {
        match $kind {
            StateKind::Scenario => $call::<ScenarioState>($($argument),*).await,
            StateKind::Package => $call::<PackageState>($($argument),*).await,
            StateKind::Model => $call::<ModelState>($($argument),*).await,
            StateKind::Container => $call::<ContainerState>($($argument),*).await,
            StateKind::Node => $call::<NodeState>($($argument),*).await,
            StateKind::Unspecified => Err(Status::invalid_argument("the kind is missing")),
        }
    };
}

pub(super) use of_kind;
