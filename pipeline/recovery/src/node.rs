//! Whether a node gives signs of life, and whether it can be trusted with more.

use piccolo_state::{Event, NodeState, advance};
use serde::{Deserialize, Serialize};

use crate::Detection;
use crate::turn::Turn;

/// What is known of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeWatch {
    pub(crate) state: NodeState,
    /// The last sign of life; before the first, since when it is waited for.
    seen_us: u64,
    ready_us: u64,
    /// When it was lost, the last `flaps` times.
    losses_us: Vec<u64>,
    lost: bool,
    suspect: bool,
    flapping: bool,
    /// Whether anything may be placed on it.
    pub(crate) usable: bool,
}

/// What orders can be given that need a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All.
    Fit,
    /// None now: it will be known soon whether it is lost.
    Doubtful,
    /// None: nothing is to be started there.
    Closed,
    /// None: it is lost.
    Lost,
}

/// What is new of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) lost: bool,
    pub(crate) flapping: bool,
    pub(crate) usable: bool,
}

impl NodeWatch {
    pub(crate) fn new(now_us: u64) -> Self {
        Self {
            state: NodeState::Pending,
            seen_us: now_us,
            ready_us: now_us,
            losses_us: Vec::new(),
            lost: false,
            suspect: false,
            flapping: false,
            usable: false,
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.state {
            NodeState::NotReady | NodeState::Gone => Standing::Lost,
            NodeState::Maintenance => Standing::Closed,
            NodeState::Pending => Standing::Doubtful,
            NodeState::Ready if self.suspect => Standing::Doubtful,
            NodeState::Ready => Standing::Fit,
        }
    }

    /// Follows an event where the table of nodes has it; returns whether it has.
    pub(crate) fn follow(&mut self, event: Event, now_us: u64) -> bool {
        let Ok(state) = advance(Some(self.state), event) else { return false };
        self.state = state;
        self.seen_us = now_us;
        if state == NodeState::Ready {
            self.ready_us = now_us;
        }
        true
    }

    /// A sign of life; returns whether it changes more than when the next is waited for. From one that
    /// was removed it means nothing.
    pub(crate) fn heartbeat(&mut self, now_us: u64) -> bool {
        if self.state == NodeState::Gone {
            return false;
        }
        let changed = self.follow(Event::Heartbeat, now_us) || self.suspect;
        self.seen_us = now_us;
        changed
    }

    /// Nobody listened until now.
    pub(crate) fn resume(&mut self, now_us: u64) {
        if matches!(self.state, NodeState::Ready | NodeState::Pending) {
            self.seen_us = now_us;
        }
    }

    /// Looks at the time.
    pub(crate) fn watch(&mut self, detection: &Detection, turn: &mut Turn) -> News {
        self.miss(detection, turn);
        let lost = matches!(self.state, NodeState::NotReady | NodeState::Gone);
        let newly_lost = lost && !self.lost;
        self.lost = lost;
        let was_flapping = self.flapping;
        self.flapping = self.flaps(detection, turn, newly_lost);
        let settled = turn.passed(self.ready_us.saturating_add(detection.settle_us));
        let usable = self.standing() == Standing::Fit && !self.flapping && settled;
        let newly_usable = usable && !self.usable;
        self.usable = usable;
        News { lost: newly_lost, flapping: self.flapping && !was_flapping, usable: newly_usable }
    }

    /// Counts the heartbeats that did not come.
    fn miss(&mut self, detection: &Detection, turn: &mut Turn) {
        let missed_us = |count: u32| {
            self.seen_us.saturating_add(detection.heartbeat_us.saturating_mul(count.into()))
        };
        self.suspect = false;
        match self.state {
            NodeState::Ready => {
                self.suspect = turn.passed(missed_us(detection.suspect_after));
                if turn.passed(missed_us(detection.lost_after)) {
                    self.follow(Event::HeartbeatMissed, self.seen_us);
                }
            }
            // The table has no way from pending to not-ready: what never came was never there.
            NodeState::Pending => {
                if turn.passed(self.seen_us.saturating_add(detection.node_pending_us)) {
                    self.state = NodeState::NotReady;
                }
            }
            NodeState::NotReady | NodeState::Maintenance | NodeState::Gone => {}
        }
    }

    /// Whether the last `flaps` losses all lie within the window.
    fn flaps(&mut self, detection: &Detection, turn: &mut Turn, newly_lost: bool) -> bool {
        let most = detection.flaps as usize;
        if newly_lost {
            self.losses_us.push(turn.now_us);
            let old = self.losses_us.len().saturating_sub(most);
            self.losses_us.drain(..old);
        }
        if self.losses_us.len() < most {
            return false;
        }
        let first = self.losses_us.first();
        first.is_some_and(|at| !turn.passed(at.saturating_add(detection.flap_window_us)))
    }
}
