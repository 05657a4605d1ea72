//! The hot path as one timely operator: samples in, edges of scenarios out.
//!
//! `latest`, `conditions`, `held` and `cooldown` have to see samples and
//! deadlines in one order of event time, so they share one operator; between
//! them nothing is sent.

mod evaluator;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::Operator;

pub use evaluator::Evaluator;

use crate::condition::Condition;
use crate::conditions::Flip;
use crate::cooldown::{EdgeKind, Timing};
use crate::derived::{DerivedSpec, Level};
use crate::ids::{Rule, Sample, Slot, Time, Vehicle};
use crate::latest::Fact;

/// What the operator needs to know of a rule.
#[derive(Clone, Debug)]
pub struct RuleSpec {
    /// The condition to begin.
    pub when: Condition,
    /// The condition to end; without one the rule ends when `when` is false.
    pub until: Option<Condition>,
    /// For how long `when` must have held.
    pub held_us: Time,
    /// The pause after an end.
    pub cooldown_us: Time,
    /// The slots whose facts go with each edge of the rule.
    pub captures: Arc<[Slot]>,
}

impl RuleSpec {
    /// The part that `cooldown` reads.
    pub fn timing(&self) -> Timing {
        Timing {
            held_us: self.held_us,
            cooldown_us: self.cooldown_us,
            latched: self.until.is_some(),
        }
    }
}

/// What a rule has in common with the one that it takes the place of. Both do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// It is the same revision: only what it asks about is another.
    Revision,
    /// Both have the same condition to begin, so that the time it has held counts on.
    When,
    /// Nothing but what they do.
    Action,
}

/// What goes into the operator.
#[derive(Clone, Debug)]
pub enum Input {
    /// Samples in order of time, none earlier than the frontier that the operator has seen; those
    /// of [`EVERY_VEHICLE`](crate::tally::EVERY_VEHICLE) are put into every vehicle, also later ones.
    Samples(Vec<Sample>),
    /// Adds a derived fact with its level, from the operator's present time on; what it reads is
    /// there.
    Derive(Arc<DerivedSpec>, Level),
    /// Takes a derived fact away; nothing reads it any more.
    Forget(Slot),
    /// Adds a rule with its level, from the operator's present time on; what it reads is there.
    Add(Rule, Arc<RuleSpec>, Level),
    /// Notes how far a rule is that another will take the place of; before any rule is added.
    Depart(Rule),
    /// Puts a rule in the place of another that does the same and was noted: where that is active and this one
    /// would not end, it stays active, and it rests and waits as far as that one did.
    Succeed {
        /// The rule that goes.
        old: Rule,
        /// The rule that comes; it was added just before.
        new: Rule,
        /// What both have in common.
        likeness: Likeness,
    },
    /// Makes an edge of a rule in each vehicle where it is active, for those who begin or cease to
    /// listen to it now.
    Tell(Rule, EdgeKind, Lane),
    /// Counts the vehicles in which the truth in a slot holds, from now on.
    Count(Slot),
    /// Counts them no more.
    Uncount(Slot),
    /// Changes the slots whose facts go with each edge of a rule.
    Capture(Rule, Arc<[Slot]>),
    /// Keeps in a slot whether a rule is active.
    Announce(Rule, Slot),
    /// Takes a rule away, from the operator's present time on; it ends where it is active, for
    /// everybody, or for the lane that alone has not ceased to listen a moment ago.
    Remove(Rule, Option<Lane>),
    /// The promise that no later sample is earlier: everything before it is decided at once. It
    /// says what the frontier will say too, and need not wait for that to come round.
    Tick(Time),
}

/// What made an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The `when` of the rule.
    When,
    /// The `until` of the rule.
    Until,
    /// The rule was taken away.
    Removed,
    /// The rule is active in the place of another, or another in its place: nothing began or
    /// ended.
    Carried,
    /// The rule broke its limits in this vehicle and is left out there from now on.
    Quarantined,
    /// A lane listens to the rule from now on, or no more; for others nothing happened.
    Lane(Lane),
}

/// A number for one of several listeners to the same rules.
pub type Lane = u8;

/// A scenario began or ended in a vehicle.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Event time.
    pub time_us: Time,
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// Which rule.
    pub rule: Rule,
    /// Whether it began or ended.
    pub kind: EdgeKind,
    /// What made it.
    pub cause: Cause,
    /// Since when the condition had held, where the rule asks for a time.
    pub held_since_us: Option<Time>,
    /// The facts of the captured slots at that time, in that order.
    pub facts: Box<[Fact]>,
    /// For each atom of the deciding condition the sample that last flipped it; only with `explain`.
    pub flips: Box<[Option<Flip>]>,
}

/// Runs an evaluator over a stream of inputs, up to each tick, and to the frontier of each moment.
pub fn evaluate<'scope>(
    inputs: StreamVec<'scope, Time, Input>,
    evaluator: Rc<RefCell<Evaluator>>,
) -> StreamVec<'scope, Time, Edge> {
    inputs.unary_frontier::<CapacityContainerBuilder<Vec<Edge>>, _, _, _>(
        Pipeline,
        "evaluate",
        move |capability, _| {
            let mut capability = Some(capability);
            let mut edges = Vec::new();
            move |(input, frontier), output| {
                let mut evaluator = evaluator.borrow_mut();
                input.for_each_stamp(|_, batches| {
                    for item in batches.flat_map(|batch| batch.drain(..)) {
                        match item {
                            Input::Tick(tick_us) => evaluator.advance(tick_us, &mut edges),
                            other => evaluator.take(other),
                        }
                    }
                });
                let tick = frontier.frontier().as_option().copied();
                evaluator.advance(tick.unwrap_or(Time::MAX), &mut edges);
                if let Some(held) = &mut capability {
                    if !edges.is_empty() {
                        output.session(&*held).give_iterator(edges.drain(..));
                    }
                    match tick {
                        Some(tick) => held.downgrade(&tick),
                        None => capability = None,
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests;
