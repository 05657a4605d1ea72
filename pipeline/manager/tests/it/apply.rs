//! Changes: done once, in order, or refused with what was possible.

use std::sync::Arc;

use piccolo_manager::{Change, Manager, ManagerError, RECENT_MAX, Step, Subject};
use piccolo_state::{ContainerState, Event, ModelState, NodeState, PackageState, ScenarioState};
use piccolo_store::{Error, Key, Put, Store};

use crate::support::{by, on, subject, to, world};

#[tokio::test]
async fn a_change_is_kept_with_its_cause() {
    let world = world().await;
    let scenario = subject("lane-keeping");
    let mut change: Change<ScenarioState> = on(Event::ScenarioActivation, "1");
    change.cause = by("ann");
    world.clock.set(5);
    let applied = world.manager.apply(&scenario, &change).await.unwrap();
    assert_eq!((applied.state, applied.step, applied.changed), (ScenarioState::Idle, 1, true));
    world.clock.set(9);
    let next = to(ScenarioState::Waiting, "2").on("hpc");
    let applied = world.manager.apply(&scenario, &next).await.unwrap();
    let (record, revision) = world.manager.get::<ScenarioState>(&scenario).await.unwrap();
    assert_eq!((record.state, record.since_us, record.step), (ScenarioState::Waiting, 9, 2));
    assert_eq!((record.node.as_deref(), revision), (Some("hpc"), applied.revision));
    let steps: Vec<Step<ScenarioState>> = world.manager.history(&scenario, 0, 9).await.unwrap();
    let told: Vec<_> = steps.iter().map(|step| (step.from, step.event, step.at_us)).collect();
    let event = Some(Event::ScenarioActivation);
    let registered = Some(Event::ConditionRegistered);
    assert_eq!(told, [(None, event, 5), (Some(ScenarioState::Idle), registered, 9)]);
    assert_eq!((&steps[0].cause, &*steps[1].id), (&by("ann"), "2"));
}

#[tokio::test]
async fn what_the_machine_does_not_have_is_refused_and_nothing_changes() {
    let world = world().await;
    let package = subject("cruise");
    let error = world.manager.apply(&package, &to(PackageState::Running, "1")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cruise: a package that does not exist cannot become running; \
         possible are launch-request (to idle)"
    );
    let missing = world.manager.get::<PackageState>(&package).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no package cruise");
    assert_eq!(world.manager.history::<PackageState>(&package, 0, 9).await.unwrap(), []);
}

#[tokio::test]
async fn names_must_lead_to_such_a_thing() {
    let world = world().await;
    let error = world.manager.apply(&subject("a"), &to(ModelState::Created, "1")).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "a model has 2 names with `/` in between, and `a` has 1"
    );
    for text in ["", "a/", "/a", "a b", "a//b"] {
        let error = Subject::new(text).unwrap_err();
        assert_eq!(error.to_string(), format!("`{text}` names nothing"));
    }
}

#[tokio::test]
async fn what_is_asked_for_twice_is_done_once() {
    let world = world().await;
    let node = subject("hpc");
    world.manager.apply(&node, &on::<NodeState>(Event::Registered, "r")).await.unwrap();
    let first = world.manager.apply(&node, &on::<NodeState>(Event::Heartbeat, "h")).await.unwrap();
    world.manager.apply(&node, &on::<NodeState>(Event::HeartbeatMissed, "m")).await.unwrap();
    // Its answer is the one that it had, though the node has gone on since; it is refused under
    // another id only where the machine says so.
    let again = world.manager.apply(&node, &on::<NodeState>(Event::Heartbeat, "h")).await.unwrap();
    assert_eq!((again.state, again.step, again.changed), (first.state, first.step, false));
    assert_eq!(world.manager.get::<NodeState>(&node).await.unwrap().0.state, NodeState::NotReady);
    for number in 0..RECENT_MAX {
        let (ready, lost) = (on(Event::Heartbeat, format!("h{number}")), format!("m{number}"));
        world.manager.apply::<NodeState>(&node, &ready).await.unwrap();
        world.manager.apply::<NodeState>(&node, &on(Event::HeartbeatMissed, lost)).await.unwrap();
    }
    let (record, _) = world.manager.get::<NodeState>(&node).await.unwrap();
    assert_eq!((record.step, record.recent.len()), (3 + 2 * RECENT_MAX as u64, RECENT_MAX));
}

#[tokio::test]
async fn where_it_is_already_nothing_is_done() {
    let world = world().await;
    let node = subject("hpc");
    let pending = to(NodeState::Pending, "1");
    world.manager.apply(&node, &pending).await.unwrap();
    let again = world.manager.apply(&node, &to(NodeState::Pending, "2")).await.unwrap();
    assert_eq!((again.step, again.changed), (1, false));
}

#[tokio::test]
async fn a_change_that_is_based_on_what_is_no_longer_is_refused() {
    let world = world().await;
    let node = subject("hpc");
    let first = world.manager.apply(&node, &to(NodeState::Pending, "1")).await.unwrap();
    let second = to(NodeState::Ready, "2").expect(first.revision);
    let second = world.manager.apply(&node, &second).await.unwrap();
    let late = to(NodeState::Gone, "3").expect(first.revision);
    let error = world.manager.apply(&node, &late).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the key state/node/hpc was expected at revision {} and is at {} (0: absent): \
             read it and decide again",
            first.revision, second.revision
        )
    );
    let absent = to(NodeState::Gone, "4").expect(0);
    let error = world.manager.apply(&node, &absent).await.unwrap_err();
    assert!(matches!(error, ManagerError::Store(Error::Conflict { expected: 0, .. })), "{error}");
}

/// Many at once, with answers that get lost: each change is one step of an unbroken history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_make_one_history() {
    for lose_every in [0, 3] {
        let world = world().await;
        world.store.lose_every(lose_every);
        let container = subject("cruise/lane/camera");
        let created = to(ContainerState::Created, "first");
        assert!(world.manager.apply(&container, &created).await.unwrap().changed);
        let mut tasks = Vec::new();
        for task in 0..4 {
            let (manager, container) = (world.manager.clone(), container.clone());
            tasks.push(tokio::spawn(toggle(manager, container, task)));
        }
        let mut changed = 1;
        for task in tasks {
            changed += task.await.unwrap();
        }
        let steps = world.manager.history(&container, 0, 1_000).await.unwrap();
        let steps: Vec<Step<ContainerState>> = steps;
        assert_eq!(steps.len() as u64, changed);
        assert!(changed > 10, "{changed}");
        for pair in steps.windows(2) {
            assert_eq!((pair[0].to, pair[0].step + 1), (pair[1].from, pair[1].step));
        }
        let mut ids: Vec<&str> = steps.iter().map(|step| &*step.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), steps.len(), "a change was done twice");
    }
}

/// Wants one state after the other; how many changes were made.
async fn toggle(manager: Manager, container: Subject, task: usize) -> u64 {
    let mut changed = 0;
    for number in 0..25 {
        let state = ContainerState::ALL[(number * 3 + task) % ContainerState::ALL.len()];
        let change = to(state, format!("{task}-{number}"));
        loop {
            match manager.apply(&container, &change).await {
                Ok(applied) => {
                    // What was lost and found again says that it had been done: it counts too.
                    let own = manager.history::<ContainerState>(&container, applied.step - 1, 1);
                    changed += u64::from(own.await.unwrap()[0].id == change.id);
                    break;
                }
                Err(ManagerError::Raced { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    changed
}

#[tokio::test]
async fn who_may_no_longer_write_does_not() {
    let world = world().await;
    let key = Key::try_from("leader/a").unwrap();
    let created = world.store.put(Put::new(key.clone(), "me")).await.unwrap().revision;
    let leader = world.manager.clone().fenced(key.clone(), created);
    let node = subject("hpc");
    leader.apply(&node, &to(NodeState::Pending, "1")).await.unwrap();
    world.store.remove(&key, created).await.unwrap();
    for elected in [false, true] {
        if elected {
            world.store.put(Put::new(key.clone(), "another")).await.unwrap();
        }
        let error = leader.apply(&node, &to(NodeState::Ready, "2")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "this server is no longer the one that writes (leader/a): ask the one that is"
        );
    }
    assert_eq!(leader.get::<NodeState>(&node).await.unwrap().0.state, NodeState::Pending);
}

#[tokio::test]
async fn what_was_deleted_has_a_history_and_can_come_again() {
    let world = world().await;
    let node = subject("hpc");
    let pending = world.manager.apply(&node, &to(NodeState::Pending, "1")).await.unwrap();
    let gone = to(NodeState::Pending, "2").expect(pending.revision);
    world.manager.delete(&node, &gone).await.unwrap();
    let missing = world.manager.delete(&node, &gone).await.unwrap_err();
    assert!(matches!(missing, ManagerError::NotFound { .. }), "{missing}");
    let again = world.manager.apply(&node, &to(NodeState::Pending, "3")).await.unwrap();
    assert_eq!(again.step, 3);
    let steps: Vec<Step<NodeState>> = world.manager.history(&node, 0, 9).await.unwrap();
    let states: Vec<_> = steps.iter().map(|step| (step.from, step.to)).collect();
    let pending = Some(NodeState::Pending);
    assert_eq!(states, [(None, pending), (pending, None), (None, pending)]);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_written_over() {
    let world = world().await;
    let key = Key::try_from("state/node/hpc").unwrap();
    world.store.put(Put::new(key.clone(), "{}")).await.unwrap();
    let error = world.manager.apply(&subject("hpc"), &to(NodeState::Pending, "1")).await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "what the store has at state/node/hpc cannot be read: restore a backup"
    );
    let store: Arc<dyn Store> = world.store;
    assert_eq!(store.get(&key).await.unwrap().unwrap().value, "{}");
}
