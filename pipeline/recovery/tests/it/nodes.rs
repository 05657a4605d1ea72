//! Nodes that are lost, come back, flap, or are taken out.

use piccolo_recovery::{Criticality, Desired, Observation, Policy, Room};
use piccolo_state::{Event, NodeState};

use crate::support::{Bench, S, desired, model, name, optional, package};

fn one() -> Desired {
    desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1", "n2", "n3"]))]))])
}

#[test]
fn what_ran_on_a_lost_node_moves() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.alive.remove("n1");
    bench.run(3);
    assert_eq!(bench.said(), [""; 0]);
    assert_eq!(bench.recovery.node("n1"), Some(NodeState::Ready));
    bench.run(1);
    assert_eq!(bench.recovery.node("n1"), Some(NodeState::NotReady));
    assert_eq!(bench.said(), ["alert node n1!node-lost", "move a/m n1>n2"]);
    bench.runs("a/m", "n2");
    // The node comes back and still has it.
    bench.alive.insert("n1".to_owned());
    bench.run(1);
    bench.runs("a/m", "n1");
    bench.run(4);
    assert_eq!(bench.said(), [""; 0]);
    bench.run(1);
    assert_eq!(bench.said(), ["stop a/m@n1"]);
    bench.leaves("a/m", "n1");
    bench.run(600);
    assert_eq!(bench.said(), [""; 0]);
    assert_eq!(bench.recovery.placement(&name("a/m")), Some("n2"));
}

#[test]
fn a_target_that_is_lost_as_well_is_not_waited_for() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.alive.remove("n1");
    bench.run(4);
    assert_eq!(bench.said(), ["alert node n1!node-lost", "move a/m n1>n2"]);
    bench.alive.remove("n2");
    // Before the deadline of the order, after its backoff.
    bench.run(6);
    assert_eq!(bench.said(), ["alert node n2!node-lost", "move a/m n2>n3"]);
}

#[test]
fn without_room_what_is_less_critical_yields_and_gets_it_back() {
    let size = Room { cpu_milli: 600, memory_bytes: 100 };
    let mut brake = model(&["n1", "n2"]);
    let mut film = optional(&["n2"]);
    (brake.size, film.size) = (size, size);
    let wanted = desired(&[
        ("brake", package(Criticality::Safety, &[("m", brake)])),
        ("film", package(Criticality::Low, &[("menu", model(&["n2"])), ("player", film)])),
    ]);
    let mut bench = Bench::running(Policy::default(), wanted);
    bench.alive.remove("n1");
    bench.run(4);
    assert_eq!(
        bench.said(),
        ["alert node n1!node-lost", "alert package film!degraded", "degrade film -player"]
    );
    bench.leaves("film/player", "n2");
    bench.run(1);
    assert_eq!(bench.said(), ["move brake/m n1>n2"]);
    bench.runs("brake/m", "n2");
    bench.run(300);
    // `n1` is back and free, but what went without it may only run on `n2`.
    bench.alive.insert("n1".to_owned());
    bench.run(300);
    assert_eq!(bench.said(), [""; 0]);
    assert!(bench.recovery.is_reduced("film"));
    bench.alive.remove("n2");
    bench.run(4);
    bench.runs("brake/m", "n1");
    bench.alive.insert("n2".to_owned());
    bench.run(1);
    bench.runs("film/menu", "n2");
    bench.run(5);
    let said = bench.said();
    assert_eq!(said.last().map(String::as_str), Some("restore film +player@n2"), "{said:?}");
}

#[test]
fn what_found_no_place_is_tried_again_when_a_node_comes() {
    let wanted = desired(&[("a", package(Criticality::High, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    bench.alive.remove("n1");
    bench.run(4);
    assert_eq!(
        bench.said(),
        ["alert node n1!node-lost", "alert model a/m!gave-up", "give up model a/m"]
    );
    bench.run(100);
    bench.alive.insert("n1".to_owned());
    bench.run(6);
    // The node was restarted and has nothing.
    assert_eq!(bench.said(), ["alert model a/m!objective-breached", "apply a/m@n1 r1"]);
}

#[test]
fn nothing_is_placed_on_a_flapping_node() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1", "n2"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    for _ in 0..3 {
        bench.alive.remove("n2");
        bench.run(4);
        bench.alive.insert("n2".to_owned());
        bench.run(10);
    }
    let lost = "alert node n2!node-lost";
    assert_eq!(bench.said(), [lost, lost, lost, "alert node n2!node-flapping"]);
    bench.alive.remove("n1");
    bench.run(4);
    let said = bench.said();
    assert_eq!(said, ["alert node n1!node-lost", "alert model a/m!gave-up", "give up model a/m"]);
    // When the first of its losses is long enough ago it may be used again.
    bench.run(557);
    assert_eq!(bench.said(), ["alert model a/m!objective-breached"]);
    bench.run(1);
    assert_eq!(bench.said(), ["move a/m n1>n2"]);
}

#[test]
fn maintenance_keeps_what_runs_and_takes_nothing_new() {
    let mut bench = Bench::running(Policy::default(), one());
    let event = |event| Observation::Node { node: "n2".to_owned(), event };
    bench.see(event(Event::MaintenanceBegun));
    bench.run(60);
    assert_eq!(bench.recovery.node("n2"), Some(NodeState::Maintenance));
    bench.alive.remove("n1");
    bench.run(4);
    assert_eq!(bench.said(), ["alert node n1!node-lost", "move a/m n1>n3"]);
    let before = bench.recovery.ignored();
    bench.see(event(Event::Registered));
    assert_eq!(bench.recovery.ignored(), before + 1, "the table of nodes has no such way");
    bench.see(event(Event::MaintenanceEnded));
    bench.run(1);
    assert_eq!(bench.recovery.node("n2"), Some(NodeState::Ready));
}

#[test]
fn a_node_that_never_comes_is_lost() {
    let mut bench = Bench::new(Policy::default(), one());
    bench.alive.remove("n1");
    bench.run(59);
    assert_eq!(bench.said(), [""; 0]);
    bench.run(1);
    assert_eq!(bench.said(), ["alert node n1!node-lost", "move a/m n1>n2"]);
    assert_eq!(bench.orders[0].issued_us, 60 * S);
}

#[test]
fn a_caller_that_was_away_waits_for_nodes_anew() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.now_us += 60 * S;
    bench.recovery.resume(bench.now_us);
    bench.alive.remove("n1");
    bench.run(3);
    assert_eq!(bench.said(), [""; 0]);
    bench.run(1);
    assert_eq!(bench.said(), ["alert node n1!node-lost", "move a/m n1>n2"]);
}

#[test]
fn a_heartbeat_of_a_node_that_is_there_makes_nothing_due() {
    let mut bench = Bench::running(Policy::default(), one());
    bench.recovery.advance(bench.now_us);
    let due_us = bench.recovery.next_due_us();
    assert!(due_us > Some(bench.now_us));
    for healthy in [true, false] {
        bench.recovery.observe(bench.now_us + 1, Observation::Heartbeat { node: "n1".to_owned() });
        assert_eq!(bench.recovery.next_due_us(), due_us);
        bench
            .recovery
            .observe(bench.now_us + 1, Observation::Probe { model: name("a/m"), healthy });
    }
    assert_eq!(bench.recovery.next_due_us(), Some(bench.now_us + 1), "a probe failed");
}
