//! Updates that become well, and those that do not.

use piccolo_recovery::{Criticality, Desired, Outcome, Policy};
use piccolo_state::{ContainerState, PackageState};

use crate::support::{Bench, desired, model, needs, package};

fn at(generation: u64, revision: u64) -> Desired {
    let mut one = package(Criticality::Medium, &[("m", model(&["n1", "n2"]))]);
    (one.generation, one.revision) = (generation, revision);
    desired(&[("a", one)])
}

/// Revision 1 was well for long enough to be good.
fn good() -> Bench {
    let mut bench = Bench::running(Policy::default(), at(1, 1));
    bench.run(60);
    bench
}

fn apply(bench: &mut Bench, generation: u64, revision: u64) {
    bench.recovery.desire(bench.now_us, at(generation, revision)).unwrap();
}

#[test]
fn an_update_that_becomes_well_stays() {
    let mut bench = good();
    apply(&mut bench, 2, 2);
    assert_eq!(bench.recovery.package("a"), Some(PackageState::Updating));
    bench.run(60);
    bench.is("a/m", "n1", 2, ContainerState::Running);
    bench.run(600);
    assert_eq!(bench.said(), [""; 0]);
    assert_eq!(bench.recovery.package("a"), Some(PackageState::Running));
}

#[test]
fn an_update_that_does_not_is_rolled_back_once() {
    let mut bench = good();
    apply(&mut bench, 2, 2);
    bench.is("a/m", "n1", 2, ContainerState::Dead);
    bench.run(119);
    assert_eq!(bench.said(), [""; 0], "while it is updating nothing is restarted");
    bench.run(1);
    assert_eq!(bench.said(), ["alert package a!rolled-back", "roll back a r2>r1"]);
    assert_eq!(bench.recovery.revision("a"), Some(1));
    bench.is("a/m", "n1", 1, ContainerState::Running);
    bench.run(300);
    assert_eq!(bench.said(), [""; 0]);
    // The desire is the same: the revision that was not well is not tried again.
    apply(&mut bench, 2, 2);
    bench.run(300);
    assert_eq!(bench.said(), [""; 0]);
    assert_eq!(bench.recovery.revision("a"), Some(1));
    // Somebody applies it anew: it is.
    apply(&mut bench, 3, 2);
    assert_eq!(bench.recovery.revision("a"), Some(2));
}

#[test]
fn a_rollback_that_fails_is_left_to_the_ladder() {
    let mut bench = good();
    apply(&mut bench, 2, 2);
    bench.is("a/m", "n1", 2, ContainerState::Dead);
    bench.run(120);
    bench.said();
    bench.outcome(Outcome::Failed);
    bench.run(6);
    assert_eq!(bench.said(), ["apply a/m@n1 r1"]);
}

#[test]
fn without_a_good_revision_the_ladder_takes_over() {
    let mut bench = Bench::new(Policy::default(), at(1, 1));
    bench.run(1);
    bench.dies("a/m", "n1");
    bench.run(119);
    assert_eq!(bench.said(), ["alert package a!no-good-revision", "restart a/m@n1"]);
}

#[test]
fn a_revision_is_good_only_after_it_soaked() {
    let mut bench = Bench::running(Policy::default(), at(1, 1));
    bench.run(30);
    bench.dies("a/m", "n1");
    bench.runs("a/m", "n1");
    bench.run(59);
    bench.said();
    apply(&mut bench, 2, 2);
    bench.is("a/m", "n1", 2, ContainerState::Dead);
    bench.run(120);
    let said = bench.said();
    assert!(said.contains(&"alert package a!no-good-revision".to_owned()), "{said:?}");
}

#[test]
fn a_lost_node_does_not_speak_against_an_update() {
    let mut bench = good();
    apply(&mut bench, 2, 2);
    bench.is("a/m", "n1", 2, ContainerState::Created);
    bench.run(110);
    bench.alive.remove("n1");
    bench.run(60);
    assert_eq!(bench.said(), ["alert node n1!node-lost", "move a/m n1>n2"]);
    bench.is("a/m", "n2", 2, ContainerState::Running);
    bench.run(100);
    assert_eq!(bench.recovery.revision("a"), Some(2));
    assert_eq!(bench.said(), [""; 0]);
}

#[test]
fn a_dependency_does_not_speak_against_an_update() {
    let both = |generation| {
        let mut lane = package(Criticality::Medium, &[("m", needs(&["n2"], "camera/m"))]);
        (lane.generation, lane.revision) = (generation, generation);
        let camera = package(Criticality::Medium, &[("m", model(&["n1"]))]);
        desired(&[("camera", camera), ("lane", lane)])
    };
    let mut bench = Bench::running(Policy::default(), both(1));
    bench.run(60);
    bench.recovery.desire(bench.now_us, both(2)).unwrap();
    bench.is("lane/m", "n2", 2, ContainerState::Dead);
    bench.dies("camera/m", "n1");
    bench.run(200);
    let said = bench.said();
    assert!(said.iter().all(|text| text.contains("camera")), "{said:?}");
    assert_eq!(bench.recovery.revision("lane"), Some(2));
}

#[test]
fn a_crash_of_an_old_revision_rolls_back_on_its_rung() {
    let mut bench = good();
    apply(&mut bench, 2, 2);
    bench.is("a/m", "n1", 2, ContainerState::Running);
    bench.run(5);
    // It was well for a moment, and is not any more.
    for _ in 0..400 {
        if bench.recovery.in_flight().next().is_some() {
            bench.outcome(Outcome::Failed);
        }
        let node = bench.recovery.placement(&crate::support::name("a/m")).unwrap().to_owned();
        let revision = bench.recovery.revision("a").unwrap();
        bench.is("a/m", &node, revision, ContainerState::Dead);
        bench.run(1);
    }
    let rolled = bench.said().into_iter().filter(|text| text.starts_with("roll back")).count();
    assert_eq!(rolled, 1);
}
