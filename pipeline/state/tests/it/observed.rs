//! The states that follow from others, and that no way between two of them is missing.

use piccolo_state::{ContainerState, ModelState, NodeState, PackageState, observed, reach};

#[test]
fn a_model_is_what_its_containers_are() {
    use ContainerState::{Created, Dead, Exited, Initialized, Paused, Running, Unknown};
    let cases: [(&[ContainerState], ModelState); 13] = [
        (&[], ModelState::Created),
        (&[Created, Initialized], ModelState::Created),
        (&[Created, Running], ModelState::Running),
        (&[Running], ModelState::Running),
        (&[Running, Exited], ModelState::Running),
        (&[Paused, Exited], ModelState::Running),
        (&[Paused, Paused], ModelState::Paused),
        (&[Exited], ModelState::Exited),
        (&[Created, Exited], ModelState::Running),
        (&[Dead], ModelState::Dead),
        (&[Running, Dead, Exited], ModelState::Dead),
        (&[Paused, Dead], ModelState::Dead),
        (&[Running, Unknown], ModelState::Dead),
    ];
    for (containers, state) in cases {
        assert_eq!(observed::model(containers), state, "{containers:?}");
    }
}

#[test]
fn a_package_is_what_its_models_are() {
    use ModelState::{Created, Dead, Exited, Paused, Running};
    let cases: [(&[ModelState], PackageState); 11] = [
        (&[], PackageState::Idle),
        (&[Created], PackageState::Idle),
        (&[Created, Running], PackageState::Running),
        (&[Running, Running], PackageState::Running),
        (&[Running, Paused], PackageState::Running),
        (&[Paused, Exited], PackageState::Running),
        (&[Paused], PackageState::Paused),
        (&[Exited, Exited], PackageState::Exited),
        (&[Dead], PackageState::Error),
        (&[Dead, Running], PackageState::Degraded),
        (&[Dead, Exited], PackageState::Degraded),
    ];
    for (models, state) in cases {
        assert_eq!(observed::package(models), state, "{models:?}");
    }
}

#[test]
fn a_node_that_is_lost_takes_its_containers_with_it() {
    let model = |node| observed::model(&[observed::container(ContainerState::Running, node)]);
    for (node, state) in [
        (NodeState::Ready, ModelState::Running),
        (NodeState::Maintenance, ModelState::Running),
        (NodeState::NotReady, ModelState::Dead),
        (NodeState::Gone, ModelState::Dead),
    ] {
        assert_eq!(model(node), state, "{node}");
    }
}

/// What is seen can be followed, whatever was seen before: nobody is stuck in what is no longer.
#[test]
fn what_is_observed_is_never_refused() {
    let seen = [
        PackageState::Idle,
        PackageState::Running,
        PackageState::Degraded,
        PackageState::Paused,
        PackageState::Exited,
        PackageState::Error,
    ];
    for (from, to) in pairs(&seen) {
        assert!(reach(Some(from), to).is_ok(), "{from} {to}");
    }
    for (from, to) in pairs(ContainerState::ALL) {
        assert!(reach(Some(from), to).is_ok(), "{from} {to}");
    }
    for (from, to) in pairs(ModelState::ALL) {
        assert!(reach(Some(from), to).is_ok(), "{from} {to}");
    }
}

fn pairs<S: Copy + PartialEq>(states: &[S]) -> Vec<(S, S)> {
    let all = states.iter().flat_map(|from| states.iter().map(move |to| (*from, *to)));
    all.filter(|(from, to)| from != to).collect()
}
