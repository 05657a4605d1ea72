//! What counts as a fault, from when on, and what does not.

use piccolo_recovery::{Criticality, Desired, Policy};
use piccolo_state::ContainerState;

use crate::support::{Bench, desired, model, needs, package};

fn one() -> Desired {
    desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))])
}

/// A camera on `n1`, and a lane keeper on `n2` that needs it.
fn chain() -> Desired {
    let camera = package(Criticality::Medium, &[("m", model(&["n1"]))]);
    let lane = package(Criticality::Safety, &[("m", needs(&["n2"], "camera/m"))]);
    desired(&[("camera", camera), ("lane", lane)])
}

#[test]
fn a_dead_model_is_restarted_at_once() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.dies("a/m", "n1");
    assert_eq!(bench.said(), ["restart a/m@n1"]);
}

#[test]
fn probes_count_in_a_row() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.probes("a/m", false, 2);
    bench.probes("a/m", true, 1);
    bench.probes("a/m", false, 2);
    assert_eq!(bench.said(), [""; 0]);
    bench.probes("a/m", false, 1);
    assert_eq!(bench.said(), ["restart a/m@n1"]);
    // It is well again only when its probes say so.
    bench.runs("a/m", "n1");
    assert_eq!(bench.recovery.in_flight().count(), 1);
    bench.probes("a/m", true, 1);
    assert_eq!(bench.recovery.in_flight().count(), 0);
}

#[test]
fn a_model_that_stays_created_is_stuck() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.is("a/m", "n1", 1, ContainerState::Created);
    bench.run(29);
    assert_eq!(bench.said(), [""; 0]);
    bench.run(1);
    assert_eq!(bench.said(), ["restart a/m@n1"]);
}

#[test]
fn what_waits_for_a_dependency_is_left_alone() {
    let mut bench = Bench::running(Policy::default(), chain());
    // The one that needs the camera is seen first.
    bench.probes("lane/m", false, 3);
    bench.run(2);
    assert_eq!(bench.said(), [""; 0]);
    bench.dies("camera/m", "n1");
    bench.run(20);
    assert_eq!(bench.said(), ["restart camera/m@n1"]);
    // The dependency is there again: what needed it has its time to recover by itself, and is
    // blamed if it does not.
    bench.runs("camera/m", "n1");
    bench.run(4);
    assert_eq!(bench.said(), [""; 0]);
    bench.run(1);
    assert_eq!(bench.said(), ["restart lane/m@n2"]);
}

#[test]
fn a_dependency_on_a_suspect_node_is_not_well() {
    let mut bench = Bench::running(Policy::default(), chain());
    bench.alive.remove("n1");
    bench.run(2);
    bench.dies("lane/m", "n2");
    bench.run(30);
    let said = bench.said();
    assert!(!said.iter().any(|text| text.contains("lane/m@n2")), "{said:?}");
    assert!(said.contains(&"alert node n1!node-lost".to_owned()), "{said:?}");
}

#[test]
fn a_jobs_end_is_no_fault() {
    let mut job = one();
    let model = job.packages.get_mut("a").unwrap().models.get_mut("m").unwrap();
    model.state = piccolo_state::ModelState::Exited;
    let mut bench = Bench::running(Policy::default(), job);
    bench.is("a/m", "n1", 1, ContainerState::Exited);
    bench.run(30);
    assert_eq!(bench.said(), [""; 0]);
    bench.dies("a/m", "n1");
    assert_eq!(bench.said(), ["restart a/m@n1"]);
}

#[test]
fn what_is_about_nothing_known_is_counted() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.runs("a/m", "n9");
    bench.probes("b/m", false, 3);
    bench.recovery.observe(
        bench.now_us,
        piccolo_recovery::Observation::Outcome {
            key: "x".to_owned(),
            outcome: piccolo_recovery::Outcome::Done,
        },
    );
    assert_eq!(bench.recovery.ignored(), 5);
    assert_eq!(bench.said(), [""; 0]);
}
