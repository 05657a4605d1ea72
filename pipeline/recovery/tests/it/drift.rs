//! Desired and observed over the whole vehicle.

use piccolo_recovery::{Cause, Criticality, Policy};
use piccolo_state::{ContainerState, ModelState};

use crate::support::{Bench, desired, model, package};

#[test]
fn every_kind_of_difference_is_mended_after_it_settled() {
    let names = ["gone", "old", "paused", "there", "twice"];
    let packages =
        names.map(|name| (name, package(Criticality::Medium, &[("m", model(&["n1", "n2"]))])));
    let mut bench = Bench::running(Policy::default(), desired(&packages));
    bench.leaves("gone/m", "n1");
    bench.is("old/m", "n1", 7, ContainerState::Running);
    bench.is("paused/m", "n1", 1, ContainerState::Paused);
    bench.runs("there/m", "n2");
    bench.leaves("there/m", "n1");
    bench.runs("twice/m", "n2");
    bench.runs("strange/m", "n3");
    bench.run(4);
    assert_eq!((bench.recovery.drift(), bench.said()), (vec![], vec![]));
    bench.run(1);
    let drift = bench.recovery.drift();
    let causes: Vec<(String, Cause)> =
        drift.iter().map(|drift| (drift.thing.to_string(), drift.cause.clone())).collect();
    let expected = [
        ("model gone/m", Cause::Missing),
        ("model old/m", Cause::WrongRevision { revision: 7 }),
        ("model paused/m", Cause::WrongState { state: ModelState::Paused }),
        ("model there/m", Cause::WrongNode { node: "n2".to_owned() }),
        ("instance strange/m@n3", Cause::Extra),
        ("instance twice/m@n2", Cause::Extra),
    ];
    assert_eq!(causes, expected.map(|(thing, cause)| (thing.to_owned(), cause)));
    let mended: Vec<_> = bench.orders.iter().map(|order| order.action.clone()).collect();
    for drift in drift {
        assert!(mended.contains(&drift.mend), "{drift:?}");
    }
    assert_eq!(
        bench.said(),
        [
            "apply gone/m@n1 r1",
            "apply old/m@n1 r1",
            "apply paused/m@n1 r1",
            "move there/m n2>n1",
            "stop twice/m@n2",
            "stop strange/m@n3",
        ]
    );
}

#[test]
fn what_nobody_desires_any_more_is_stopped() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    bench.recovery.desire(bench.now_us, desired(&[])).unwrap();
    bench.run(6);
    assert_eq!(bench.said(), ["stop a/m@n1"]);
    bench.leaves("a/m", "n1");
    bench.run(6);
    assert_eq!(bench.recovery.drift(), []);
}

#[test]
fn a_difference_that_goes_by_itself_is_none() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    for _ in 0..10 {
        bench.leaves("a/m", "n1");
        bench.run(4);
        bench.runs("a/m", "n1");
        bench.run(1);
    }
    assert_eq!(bench.said(), [""; 0]);
}
