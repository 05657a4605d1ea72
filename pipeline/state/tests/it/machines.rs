//! Every table is sound, and what it does not have is refused with what it has.

use std::collections::BTreeSet;

use piccolo_state::{
    Asked, ContainerState, Event, Machine, ModelState, NodeState, PackageState, ScenarioState,
    advance, possible, reach,
};

/// What must hold for every machine.
fn check<S: Machine>() {
    let mut seen = BTreeSet::new();
    for row in S::TABLE {
        let from = row.from.map(|state| state.to_string());
        assert!(seen.insert((from, row.event)), "{}: twice {row:?}", S::KIND);
        assert_ne!(row.from, Some(row.to), "{}: nothing changes", S::KIND);
    }
    // Exactly one way into existence, every state can be reached, and none is a dead end.
    assert_eq!(possible::<S>(None).count(), 1, "{}", S::KIND);
    for state in S::STATES {
        assert!(S::TABLE.iter().any(|row| row.to == *state), "{} never is {state}", S::KIND);
        assert!(possible(Some(*state)).next().is_some(), "{} stays {state}", S::KIND);
    }
    // All that can be asked: what the table has is done, all else is refused and says what it has.
    for from in S::STATES.iter().copied().map(Some).chain([None]) {
        for event in Event::ALL.iter().copied() {
            let row = S::TABLE.iter().find(|row| (row.from, row.event) == (from, event));
            match advance(from, event) {
                Ok(to) => assert_eq!(Some(to), row.map(|row| row.to)),
                Err(refused) => {
                    assert_eq!(row, None);
                    assert_eq!(refused.asked, Asked::Event(event));
                    assert_eq!(refused.possible.len(), possible(from).count());
                }
            }
        }
        for to in S::STATES.iter().copied() {
            let listed = S::TABLE.iter().any(|row| (row.from, row.to) == (from, to));
            assert_eq!(reach(from, to).is_ok(), listed, "{} from {from:?} to {to}", S::KIND);
            if let Ok(event) = reach(from, to) {
                assert_eq!(advance(from, event), Ok(to));
            }
        }
    }
}

#[test]
fn every_table_is_sound() {
    check::<ScenarioState>();
    check::<PackageState>();
    check::<ModelState>();
    check::<ContainerState>();
    check::<NodeState>();
}

#[test]
fn every_event_belongs_to_a_machine() {
    let mut used = BTreeSet::new();
    used.extend(events::<ScenarioState>());
    used.extend(events::<PackageState>());
    used.extend(events::<ModelState>());
    used.extend(events::<ContainerState>());
    used.extend(events::<NodeState>());
    assert_eq!(used, Event::ALL.iter().copied().collect());
}

fn events<S: Machine>() -> impl Iterator<Item = Event> {
    S::TABLE.iter().map(|row| row.event)
}

/// The transitions that Eclipse Pullpiri specifies (StateManager's design pages).
#[test]
fn what_pullpiri_specifies_is_there() {
    use ScenarioState::{Allowed, Completed, Denied, Idle, Satisfied, Waiting};
    let path = [Idle, Waiting, Satisfied, Allowed, Completed];
    assert_eq!(reach(None, Idle), Ok(Event::ScenarioActivation));
    for pair in path.windows(2) {
        assert!(reach(Some(pair[0]), pair[1]).is_ok(), "{pair:?}");
    }
    assert_eq!(advance(Some(Satisfied), Event::PolicyVerificationFailure), Ok(Denied));
    let packages = [
        (PackageState::Idle, "initialization-complete", PackageState::Running),
        (PackageState::Idle, "partial-initialization-failure", PackageState::Degraded),
        (PackageState::Idle, "critical-initialization-failure", PackageState::Error),
        (PackageState::Running, "model-issue-detected", PackageState::Degraded),
        (PackageState::Running, "critical-issue-detected", PackageState::Error),
        (PackageState::Running, "all-models-exited", PackageState::Exited),
        (PackageState::Degraded, "model-recovery", PackageState::Running),
        (PackageState::Degraded, "additional-model-issues", PackageState::Error),
        (PackageState::Error, "recovery-successful", PackageState::Running),
        (PackageState::Paused, "resume-request", PackageState::Running),
        (PackageState::Exited, "restart-request", PackageState::Running),
    ];
    for (from, event, to) in packages {
        assert_eq!(advance(Some(from), event.parse().unwrap()), Ok(to), "{from} {event}");
    }
    let models = [
        (ModelState::Created, "node-allocation-complete", ModelState::Running),
        (ModelState::Created, "node-allocation-failed", ModelState::Dead),
        (ModelState::Running, "all-containers-paused", ModelState::Paused),
        (ModelState::Running, "all-containers-exited", ModelState::Exited),
        (ModelState::Running, "container-dead-or-info-failure", ModelState::Dead),
        (ModelState::Paused, "resume-request", ModelState::Running),
        (ModelState::Exited, "restart-request", ModelState::Running),
    ];
    for (from, event, to) in models {
        assert_eq!(advance(Some(from), event.parse().unwrap()), Ok(to), "{from} {event}");
    }
}

#[test]
fn a_refusal_says_what_was_possible() {
    let refused = advance(Some(NodeState::Gone), Event::Heartbeat).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a node that is gone cannot follow heartbeat; possible are registered (to pending)"
    );
    let refused = reach(None, PackageState::Running).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a package that does not exist cannot become running; \
         possible are launch-request (to idle)"
    );
}

#[test]
fn names_are_read_as_they_are_written() {
    for event in Event::ALL {
        assert_eq!(event.name().parse(), Ok(*event));
    }
    let json = serde_json::to_string(&NodeState::NotReady).unwrap();
    assert_eq!(json, "\"not-ready\"");
    assert_eq!(serde_json::from_str::<NodeState>(&json).unwrap(), NodeState::NotReady);
    let error = "ready!".parse::<NodeState>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`ready!` is no state of a node; there are pending, ready, not-ready, maintenance, gone"
    );
}
