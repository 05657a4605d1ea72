//! What the decisions of one lane add, remove, move or change against those of the other.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::rc::Rc;
use std::sync::Arc;

use differential_dataflow::input::{Input as _, InputSession};
use piccolo_operators::difference::{Change, Item, difference};
use piccolo_operators::ids::Time;
use rustc_hash::FxHashMap;
use serde::Serialize;
use timely::communication::allocator::{Allocator, thread::Thread};
use timely::worker::Worker;

use crate::crew::worker_config;
use crate::decision::{Decision, Edge};

/// How the shadow's decisions differ from the active lane's, for one decision or a pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum DecisionChange {
    /// Only the shadow decides it.
    Added {
        /// The decision.
        to: Decision,
    },
    /// Only the active lane decides it.
    Removed {
        /// The decision.
        from: Decision,
    },
    /// Both decide it at one time, with other actions, done or withheld.
    Changed {
        /// As the active lane decides it.
        from: Decision,
        /// As the shadow decides it.
        to: Decision,
    },
    /// Both decide it, at two times; the actions may differ too.
    Moved {
        /// As the active lane decides it.
        from: Decision,
        /// As the shadow decides it.
        to: Decision,
    },
}

impl DecisionChange {
    /// What happened: `added`, `removed`, `changed` or `moved`.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Removed { .. } => "removed",
            Self::Changed { .. } => "changed",
            Self::Moved { .. } => "moved",
        }
    }

    /// The decision of the active lane, where it made one.
    pub fn from(&self) -> Option<&Decision> {
        match self {
            Self::Added { .. } => None,
            Self::Removed { from } | Self::Changed { from, .. } | Self::Moved { from, .. } => {
                Some(from)
            }
        }
    }

    /// The decision of the shadow, where it made one.
    pub fn to(&self) -> Option<&Decision> {
        match self {
            Self::Removed { .. } => None,
            Self::Added { to } | Self::Changed { to, .. } | Self::Moved { to, .. } => Some(to),
        }
    }

    /// The decision that says when and where: the shadow's, or else the active lane's.
    pub fn decision(&self) -> &Decision {
        match self {
            Self::Removed { from } => from,
            Self::Added { to } | Self::Changed { to, .. } | Self::Moved { to, .. } => to,
        }
    }

    /// The canonical order of changes: that of [`Self::decision`], then by what happened.
    fn order(&self, other: &Self) -> Ordering {
        let key = |change: &Self| {
            let decision = change.decision();
            let names = (Arc::clone(&decision.vehicle), Arc::clone(&decision.scenario));
            (decision.time_us, names.0, decision.edge, names.1, change.what())
        };
        key(self).cmp(&key(other))
    }
}

/// Vehicle and scenario by number, and whether it is a begin.
type Key = (u32, u32, bool);

/// Compares the decisions of two lanes: a differential dataflow over
/// [`piccolo_operators::difference`].
///
/// A decision of one scenario in one vehicle is the same in both lanes where edge, time, actions
/// and what is withheld are; the revision of the scenario may differ. Memory: one item for each
/// decision, and the decisions of one lane that the other has not.
pub struct Comparison {
    worker: Worker,
    sides: [InputSession<Time, (Key, Item), isize>; 2],
    changes: Rc<RefCell<FxHashMap<(Key, Change), isize>>>,
    numbers: FxHashMap<Arc<str>, u32>,
    /// How many more the shadow has of an item than the active lane, where they differ.
    open: FxHashMap<(Key, Item), (isize, Decision)>,
    decisions: [u64; 2],
}

impl Comparison {
    /// A comparison without decisions so far. Decisions of one scenario, vehicle and edge that
    /// are not further apart than `move_within_us` are paired as moved.
    pub fn new(move_within_us: Time) -> Self {
        let mut worker = Worker::new(worker_config(), Allocator::Thread(Thread::default()), None);
        let changes: Rc<RefCell<FxHashMap<(Key, Change), isize>>> = Rc::default();
        let sink = Rc::clone(&changes);
        let sides = worker.dataflow(|scope| {
            let (active, first) = scope.new_collection::<(Key, Item), isize>();
            let (shadow, second) = scope.new_collection::<(Key, Item), isize>();
            difference(first, second, move_within_us).inspect(move |(change, _, diff)| {
                *sink.borrow_mut().entry(*change).or_default() += diff;
            });
            [active, shadow]
        });
        Self {
            worker,
            sides,
            changes,
            numbers: FxHashMap::default(),
            open: FxHashMap::default(),
            decisions: [0; 2],
        }
    }

    /// Takes decisions of both lanes in.
    pub fn feed(&mut self, active: &[Decision], shadow: &[Decision]) {
        for (side, decisions) in [active, shadow].into_iter().enumerate() {
            for decision in decisions {
                self.take(side, decision);
            }
        }
    }

    /// How many decisions came from the active lane and from the shadow.
    pub fn decisions(&self) -> [u64; 2] {
        self.decisions
    }

    /// All changes, in canonical order.
    pub fn finish(mut self) -> Vec<DecisionChange> {
        self.sides.into_iter().for_each(InputSession::close);
        while self.worker.step() {}
        let found = self.changes.take().into_iter().filter(|(_, count)| *count > 0);
        let open = &self.open;
        let decision = |key: Key, item| open.get(&(key, item)).map(|(_, open)| open.clone());
        let change = |((key, change), _): ((Key, Change), isize)| {
            Some(match change {
                Change::Added(to) => DecisionChange::Added { to: decision(key, to)? },
                Change::Removed(from) => DecisionChange::Removed { from: decision(key, from)? },
                Change::Changed { from, to } => {
                    DecisionChange::Changed { from: decision(key, from)?, to: decision(key, to)? }
                }
                Change::Moved { from, to } => {
                    DecisionChange::Moved { from: decision(key, from)?, to: decision(key, to)? }
                }
            })
        };
        let mut changes: Vec<DecisionChange> = found.filter_map(change).collect();
        changes.sort_by(DecisionChange::order);
        changes
    }

    fn take(&mut self, side: usize, decision: &Decision) {
        let vehicle = self.number(&decision.vehicle);
        let scenario = self.number(&decision.scenario);
        let key = (vehicle, scenario, decision.edge == Edge::Begin);
        let item = Item { time_us: decision.time_us, payload: payload(decision) };
        self.decisions[side] += 1;
        self.sides[side].insert((key, item));
        let diff = if side == 0 { -1 } else { 1 };
        let (count, kept) = self.open.entry((key, item)).or_insert_with(|| (0, decision.clone()));
        *count += diff;
        if *count == diff {
            kept.clone_from(decision);
        } else if *count == 0 {
            self.open.remove(&(key, item));
        }
    }

    fn number(&mut self, name: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(Arc::clone(name), number);
        number
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Comparison({:?} decisions)", self.decisions)
    }
}

/// A hash of what a decision does and does not do.
fn payload(decision: &Decision) -> u64 {
    if decision.actions.is_empty() && decision.withheld.is_empty() {
        return 0;
    }
    let mut hasher = Hasher(blake3::Hasher::new());
    // Writing to a hasher cannot fail.
    let _ = write!(hasher, "{:?}{:?}", decision.actions, decision.withheld);
    let [a, b, c, d, e, f, g, h, ..] = *hasher.0.finalize().as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

struct Hasher(blake3::Hasher);

impl fmt::Write for Hasher {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
