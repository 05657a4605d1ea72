//! What a history comes to: times, rates, recoveries, and what flaps.

use piccolo_state::{ContainerState, ModelState, NodeState, PackageState, ScenarioState};
use serde::Serialize;

use crate::{Kept, Step};

/// States of which some mean that something is wrong.
pub trait Health: Kept {
    /// Whether it is as it should be.
    fn is_well(self) -> bool;
}

impl Health for ScenarioState {
    /// A policy that denies works as it should.
    fn is_well(self) -> bool {
        true
    }
}

impl Health for PackageState {
    fn is_well(self) -> bool {
        !matches!(self, Self::Degraded | Self::Error)
    }
}

impl Health for ModelState {
    fn is_well(self) -> bool {
        self != Self::Dead
    }
}

impl Health for ContainerState {
    fn is_well(self) -> bool {
        !matches!(self, Self::Dead | Self::Unknown)
    }
}

impl Health for NodeState {
    fn is_well(self) -> bool {
        !matches!(self, Self::NotReady | Self::Gone)
    }
}

/// What happened to one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats<S> {
    /// How long it was in each state that it was in, in microseconds; in order of the machine.
    pub in_state_us: Vec<(S, u64)>,
    /// How often it went from one state to another; none is absence.
    pub transitions: Vec<Transition<S>>,
    /// How many transitions an hour, over all the time; none where no time has passed.
    pub transitions_per_hour: Option<f64>,
    /// How often it became well again.
    pub recoveries: u64,
    /// How long that took on average, in microseconds: from when it was no longer well.
    pub mean_time_to_recover_us: Option<f64>,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Transition<S> {
    /// The state before.
    pub from: Option<S>,
    /// The state after.
    pub to: Option<S>,
    /// How often.
    pub count: u64,
}

impl<S: Health> Stats<S> {
    /// What the steps of one thing come to, the oldest first, up to a time.
    ///
    /// The last state lasts until then. Time before the first step does not count.
    #[must_use]
    pub fn new(steps: &[Step<S>], until_us: u64) -> Self {
        let (recoveries, recovering_us) = recoveries(steps);
        let first_us = steps.first().map_or(until_us, |step| step.at_us);
        let hours = until_us.saturating_sub(first_us) as f64 / 3.6e9;
        Self {
            in_state_us: times(steps, until_us),
            transitions: transitions(steps),
            transitions_per_hour: (hours > 0.0).then(|| steps.len() as f64 / hours),
            recoveries,
            mean_time_to_recover_us: (recoveries > 0)
                .then(|| recovering_us as f64 / recoveries as f64),
        }
    }
}

/// The most steps that fell within any window of this length, where they are at least `least`.
///
/// A window is half open: two steps that lie exactly so far apart are not in one.
#[must_use]
pub fn flapping<S>(steps: &[Step<S>], window_us: u64, least: usize) -> Option<usize> {
    let mut first = 0;
    let mut most = 0;
    for (last, step) in steps.iter().enumerate() {
        while step.at_us.saturating_sub(steps[first].at_us) >= window_us.max(1) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    (most >= least.max(1)).then_some(most)
}

fn times<S: Kept>(steps: &[Step<S>], until_us: u64) -> Vec<(S, u64)> {
    let ends = steps.iter().skip(1).map(|step| step.at_us).chain([until_us]);
    let spans: Vec<(Option<S>, u64)> = steps
        .iter()
        .zip(ends)
        .map(|(step, end_us)| (step.to, end_us.saturating_sub(step.at_us)))
        .collect();
    let time =
        |state: &S| spans.iter().filter(|(of, _)| *of == Some(*state)).map(|(_, us)| us).sum();
    let was = |state: &S| spans.iter().any(|(of, _)| *of == Some(*state));
    S::STATES.iter().filter(|state| was(state)).map(|state| (*state, time(state))).collect()
}

/// In the order in which each was first seen.
fn transitions<S: Kept>(steps: &[Step<S>]) -> Vec<Transition<S>> {
    let mut counted: Vec<Transition<S>> = Vec::new();
    for step in steps {
        match counted.iter_mut().find(|one| (one.from, one.to) == (step.from, step.to)) {
            Some(one) => one.count += 1,
            None => counted.push(Transition { from: step.from, to: step.to, count: 1 }),
        }
    }
    counted
}

/// How often a thing became well again, and how long that took in all. One that is deleted while
/// it is not well does not recover.
fn recoveries<S: Health>(steps: &[Step<S>]) -> (u64, u64) {
    let (mut count, mut sum_us) = (0, 0);
    let mut ill_since_us = None;
    for step in steps {
        match step.to {
            Some(state) if state.is_well() => {
                if let Some(since_us) = ill_since_us.take() {
                    count += 1;
                    sum_us += step.at_us.saturating_sub(since_us);
                }
            }
            Some(_) => ill_since_us = ill_since_us.or(Some(step.at_us)),
            None => ill_since_us = None,
        }
    }
    (count, sum_us)
}
