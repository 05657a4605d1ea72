//! What follows from what, also where many change at once or a server ends in between.

use piccolo_manager::{Cause, Change, Manager, ManagerError, Observed, Subject};
use piccolo_state::{ContainerState, Event, ModelState, NodeState, PackageState, observed};

use crate::support::{World, on, subject, to, world};

const PACKAGES: [&str; 2] = ["cruise", "park"];
const MODELS: [&str; 2] = ["lane", "brake"];
const CONTAINERS: [&str; 2] = ["camera", "control"];

fn every_model() -> Vec<Subject> {
    let of = |package: &&str| MODELS.map(|model| subject(&format!("{package}/{model}")));
    PACKAGES.iter().flat_map(of).collect()
}

fn every_container() -> Vec<Subject> {
    let of = |model: &Subject| CONTAINERS.map(|name| subject(&format!("{model}/{name}")));
    every_model().iter().flat_map(of).collect()
}

/// Packages and models that exist, and nothing else.
async fn launched() -> World {
    let world = world().await;
    for package in PACKAGES {
        let change = on::<PackageState>(Event::LaunchRequest, "launch");
        world.manager.apply(&subject(package), &change).await.unwrap();
    }
    for model in every_model() {
        let change = on::<ModelState>(Event::CreationRequest, "create");
        world.manager.apply(&model, &change).await.unwrap();
    }
    world
}

async fn see(manager: &Manager, name: &str, state: ContainerState, id: &str) -> Observed {
    manager.observe(&subject(name), &to(state, id).on("hpc")).await.unwrap()
}

async fn package(manager: &Manager, name: &str) -> PackageState {
    manager.get::<PackageState>(&subject(name)).await.unwrap().0.state
}

/// Every model and package is what follows from what belongs to it, as it is kept.
async fn check_all(manager: &Manager) {
    for name in PACKAGES {
        let mut models = Vec::new();
        for model in every_model().iter().filter(|model| model.owner() == Some(subject(name))) {
            let mut containers = Vec::new();
            for container in every_container() {
                if container.owner().as_ref() != Some(model) {
                    continue;
                }
                match manager.get::<ContainerState>(&container).await {
                    Ok((record, _)) => containers.push(record.state),
                    Err(ManagerError::NotFound { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            let (record, _) = manager.get::<ModelState>(model).await.unwrap();
            assert_eq!(record.state, observed::model(&containers), "{model} of {containers:?}");
            models.push(record.state);
        }
        assert_eq!(
            package(manager, name).await,
            observed::package(&models),
            "{name} of {models:?}"
        );
    }
}

#[tokio::test]
async fn a_package_follows_its_containers() {
    let World { manager, .. } = &launched().await;
    let seen = see(manager, "cruise/lane/camera", ContainerState::Running, "1").await;
    assert_eq!(seen.container.state, ContainerState::Running);
    assert_eq!(seen.model.unwrap().state, ModelState::Running);
    assert_eq!(seen.package.unwrap().state, PackageState::Running);
    let seen = see(manager, "cruise/lane/control", ContainerState::Running, "2").await;
    assert_eq!((seen.model, seen.package), (None, None));
    let seen = see(manager, "cruise/lane/control", ContainerState::Dead, "3").await;
    assert_eq!(seen.package.unwrap().state, PackageState::Degraded);
    let cause = manager.history::<PackageState>(&subject("cruise"), 2, 1).await.unwrap();
    let member = Cause::Member { kind: "model".into(), subject: "cruise/lane".into() };
    assert_eq!(cause[0].cause, member);
    see(manager, "cruise/brake/camera", ContainerState::Dead, "4").await;
    assert_eq!(package(manager, "cruise").await, PackageState::Error);
    assert_eq!(package(manager, "park").await, PackageState::Idle);
    check_all(manager).await;
}

#[tokio::test]
async fn while_it_is_updated_a_package_does_not_follow() {
    let World { manager, .. } = &launched().await;
    see(manager, "cruise/lane/camera", ContainerState::Running, "1").await;
    let update = on::<PackageState>(Event::UpdateRequest, "update");
    manager.apply(&subject("cruise"), &update).await.unwrap();
    let seen = see(manager, "cruise/lane/camera", ContainerState::Dead, "2").await;
    assert_eq!((seen.model.unwrap().state, seen.package), (ModelState::Dead, None));
    let end = on::<PackageState>(Event::UpdateFailed, "end");
    manager.apply(&subject("cruise"), &end).await.unwrap();
    manager.settle().await.unwrap();
    assert_eq!(package(manager, "cruise").await, PackageState::Degraded);
}

#[tokio::test]
async fn the_loss_of_a_node_takes_what_is_on_it() {
    let World { manager, .. } = &launched().await;
    let node = subject("hpc");
    manager.apply_node(&node, &on(Event::Registered, "1")).await.unwrap();
    manager.apply_node(&node, &on(Event::Heartbeat, "2")).await.unwrap();
    see(manager, "cruise/lane/camera", ContainerState::Running, "3").await;
    let elsewhere = to(ContainerState::Running, "4").on("zone");
    manager.observe(&subject("cruise/brake/camera"), &elsewhere).await.unwrap();
    manager.apply_node(&node, &on(Event::HeartbeatMissed, "5")).await.unwrap();
    let camera = subject("cruise/lane/camera");
    let (record, _) = manager.get::<ContainerState>(&camera).await.unwrap();
    assert_eq!(record.state, ContainerState::Unknown);
    assert_eq!(package(manager, "cruise").await, PackageState::Degraded);
    let last = manager.history::<ContainerState>(&camera, 2, 9).await.unwrap();
    assert_eq!(last[0].cause, Cause::Platform { reason: "node hpc is not-ready".into() });
    manager.apply_node(&node, &on(Event::Heartbeat, "6")).await.unwrap();
    see(manager, "cruise/lane/camera", ContainerState::Running, "7").await;
    assert_eq!(package(manager, "cruise").await, PackageState::Running);
    check_all(manager).await;
}

/// A random container in a random state.
fn random(rng: &mut fastrand::Rng, id: String) -> (Subject, Change<ContainerState>) {
    let containers = every_container();
    let container = containers[rng.usize(..containers.len())].clone();
    (container, to(ContainerState::ALL[rng.usize(..ContainerState::ALL.len())], id))
}

#[tokio::test]
async fn whatever_is_seen_all_follow() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = launched().await;
    let mut changed = 0;
    for number in 0..200 {
        let (container, change) = random(&mut rng, number.to_string());
        let seen = world.manager.observe(&container, &change).await.unwrap();
        changed += usize::from(seen.package.is_some());
        check_all(&world.manager).await;
    }
    assert!(changed > 10, "only {changed} changes of packages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_they_do_where_many_are_seen_at_once() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let world = launched().await;
    world.store.lose_every(7);
    let tasks = (0..4).map(|task| {
        let manager = world.manager.clone();
        tokio::spawn(async move {
            let mut rng = fastrand::Rng::with_seed(seed + task);
            for number in 0..40 {
                let (container, change) = random(&mut rng, format!("{task}-{number}"));
                while let Err(error) = manager.observe(&container, &change).await {
                    assert!(matches!(error, ManagerError::Raced { .. }), "{error}");
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    check_all(&world.manager).await;
}

/// A server that ends after any of its writes: the next one brings everything together again.
#[tokio::test]
async fn what_a_server_leaves_half_done_the_next_one_settles() {
    let mut torn = 0;
    for stop in 0..6 {
        let world = launched().await;
        let node = subject("hpc");
        world.manager.apply_node(&node, &on(Event::Registered, "1")).await.unwrap();
        world.manager.apply_node(&node, &on(Event::Heartbeat, "2")).await.unwrap();
        for (number, container) in every_container().iter().enumerate() {
            let change = to(ContainerState::Running, format!("c{number}")).on("hpc");
            world.manager.observe(container, &change).await.unwrap();
        }
        world.store.stop_after(stop);
        let lost = on(Event::HeartbeatMissed, "3");
        let error = world.manager.apply_node(&node, &lost).await.unwrap_err();
        assert!(matches!(error, ManagerError::Store(_)), "{error}");
        world.store.stop_after(i64::MAX);
        let is_lost =
            world.manager.get::<NodeState>(&node).await.unwrap().0.state == NodeState::NotReady;
        world.manager.settle().await.unwrap();
        check_all(&world.manager).await;
        let wanted = if is_lost { PackageState::Error } else { PackageState::Running };
        assert_eq!(package(&world.manager, "cruise").await, wanted, "after {stop} writes");
        torn += usize::from(is_lost);
    }
    assert_eq!(torn, 5);
}
