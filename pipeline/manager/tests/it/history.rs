//! What was: pages, times, revisions, and the bound.

use piccolo_manager::{HISTORY_STEPS_MAX, Step, Was};
use piccolo_state::NodeState;

use crate::support::{subject, to, world};

const STATES: [NodeState; 3] = [NodeState::Pending, NodeState::Ready, NodeState::NotReady];

/// Pending first, then ready and not ready in turn.
fn state(step: u64) -> NodeState {
    if step == 1 { STATES[0] } else { STATES[1 + (step % 2) as usize] }
}

#[tokio::test]
async fn it_is_read_in_pages_and_at_times() {
    let world = world().await;
    let (node, manager) = (subject("hpc"), &world.manager);
    let mut revisions = Vec::new();
    for step in 1..=7 {
        world.clock.set(step * 10);
        let applied = manager.apply(&node, &to(state(step), step.to_string())).await.unwrap();
        revisions.push(applied.revision);
    }
    // Another whose name begins so, behind it in the store.
    manager.apply(&subject("hpc2"), &to(NodeState::Pending, "x")).await.unwrap();
    for (after, limit, expected) in [(0, 3, vec![1, 2, 3]), (3, 3, vec![4, 5, 6]), (6, 9, vec![7])]
    {
        let page: Vec<Step<NodeState>> = manager.history(&node, after, limit).await.unwrap();
        assert_eq!(page.iter().map(|step| step.step).collect::<Vec<_>>(), expected);
    }
    assert_eq!(manager.history::<NodeState>(&node, 7, 9).await.unwrap(), []);
    let at = async |us| manager.state_at::<NodeState>(&node, us).await.unwrap();
    assert_eq!(at(9).await, Was::Absent);
    assert_eq!(at(10).await, Was::State(NodeState::Pending));
    assert_eq!(at(39).await, Was::State(state(3)));
    assert_eq!(at(u64::MAX).await, Was::State(state(7)));
    for (step, revision) in (1..).zip(&revisions) {
        let record = manager.at_revision::<NodeState>(&node, *revision).await.unwrap().unwrap();
        assert_eq!((record.state, record.step), (state(step), step));
    }
    assert_eq!(manager.at_revision::<NodeState>(&node, 1).await.unwrap(), None);
}

#[tokio::test]
async fn time_does_not_go_back_where_the_clock_does() {
    let world = world().await;
    let node = subject("hpc");
    for (step, now_us) in [(1, 100), (2, 50), (3, 120)] {
        world.clock.set(now_us);
        world.manager.apply(&node, &to(state(step), step.to_string())).await.unwrap();
    }
    let steps: Vec<Step<NodeState>> = world.manager.history(&node, 0, 9).await.unwrap();
    assert_eq!(steps.iter().map(|step| step.at_us).collect::<Vec<_>>(), [100, 100, 120]);
}

#[tokio::test]
async fn the_oldest_is_forgotten() {
    let world = world().await;
    let (node, manager) = (subject("hpc"), &world.manager);
    for step in 1..=HISTORY_STEPS_MAX + 5 {
        world.clock.set(step);
        manager.apply(&node, &to(state(step), step.to_string())).await.unwrap();
    }
    let steps: Vec<Step<NodeState>> = manager.history(&node, 0, 9_999).await.unwrap();
    assert_eq!((steps.len() as u64, steps[0].step), (HISTORY_STEPS_MAX, 6));
    assert_eq!(manager.state_at::<NodeState>(&node, 5).await.unwrap(), Was::Forgotten);
    assert_eq!(manager.state_at::<NodeState>(&node, 6).await.unwrap(), Was::State(state(6)));
}
