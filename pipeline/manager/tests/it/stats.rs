//! What a history comes to, counted by hand.

use piccolo_manager::Step;
use piccolo_manager::stats::{Stats, Transition, flapping};
use piccolo_state::{Event, NodeState};

use crate::support::by;

const HOUR_US: u64 = 3_600_000_000;

/// A history from times and states; none is absence.
fn steps(states: &[(u64, Option<NodeState>)]) -> Vec<Step<NodeState>> {
    let before = std::iter::once(None).chain(states.iter().map(|(_, state)| *state));
    let numbered = (1..).zip(before).zip(states);
    let step = |((step, from), (at_us, to)): ((u64, _), &(u64, Option<NodeState>))| Step {
        step,
        from,
        event: to.map(|_| Event::Heartbeat),
        to: *to,
        at_us: *at_us,
        cause: by("test"),
        id: step.to_string(),
    };
    numbered.map(step).collect()
}

#[test]
fn times_rates_and_recoveries() {
    let [pending, ready, lost] =
        [NodeState::Pending, NodeState::Ready, NodeState::NotReady].map(Some);
    let steps = steps(&[
        (0, pending),
        (10, ready),
        (100, lost),
        (130, ready),
        (200, lost),
        // Still not well: one illness.
        (210, Some(NodeState::Gone)),
        (250, pending),
    ]);
    let stats = Stats::new(&steps, HOUR_US);
    assert_eq!(
        stats.in_state_us,
        [
            (NodeState::Pending, 10 + HOUR_US - 250),
            (NodeState::Ready, 90 + 70),
            (NodeState::NotReady, 30 + 10),
            (NodeState::Gone, 40),
        ]
    );
    assert_eq!(stats.transitions_per_hour, Some(7.0));
    assert_eq!((stats.recoveries, stats.mean_time_to_recover_us), (2, Some(40.0)));
    assert!(stats.transitions.contains(&Transition { from: ready, to: lost, count: 2 }));
    assert_eq!(stats.transitions.iter().map(|one| one.count).sum::<u64>(), 7);
}

#[test]
fn nothing_comes_to_nothing() {
    let stats = Stats::<NodeState>::new(&[], 5);
    assert_eq!((stats.in_state_us, stats.transitions), (vec![], vec![]));
    assert_eq!((stats.transitions_per_hour, stats.mean_time_to_recover_us), (None, None));
}

#[test]
fn what_is_deleted_does_not_recover() {
    let [ready, lost] = [NodeState::Ready, NodeState::NotReady].map(Some);
    let steps = steps(&[(0, ready), (10, lost), (20, None), (30, ready)]);
    assert_eq!(Stats::new(&steps, 40).recoveries, 0);
}

#[test]
fn what_changes_too_often_flaps() {
    let [ready, lost] = [NodeState::Ready, NodeState::NotReady].map(Some);
    let steps = steps(&[(0, ready), (50, lost), (60, ready), (70, lost), (100, ready)]);
    for (window_us, least, expected) in [
        (21, 3, Some(3)),
        (20, 3, None),
        (20, 2, Some(2)),
        (51, 4, Some(4)),
        (101, 5, Some(5)),
        (100, 5, None),
    ] {
        assert_eq!(flapping(&steps, window_us, least), expected, "{window_us} {least}");
    }
    assert_eq!(flapping::<NodeState>(&[], 1, 1), None);
}
