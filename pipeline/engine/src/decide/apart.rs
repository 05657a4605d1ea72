//! Decisions that all workers make at once, each for its own vehicles.

use std::sync::Arc;

use piccolo_operators::ids::Rule;
use rustc_hash::FxHashMap;

use super::{Context, Decider};
use crate::decision::Decision;
use crate::encode::Names;
use crate::lane::{Lane, LiveRule};
use crate::policy::{Policies, PolicyDefaults};
use crate::worker::Findings;

/// Edges below which it takes longer to hand them out than to decide in the caller's thread.
pub(crate) const EDGES_APART_MIN: usize = 16;

/// What decisions are made with; an engine lends it to its workers while they decide.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) names: Names,
    pub(crate) rules: FxHashMap<Rule, LiveRule>,
}

/// What one worker is to decide.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) book: Arc<Book>,
    pub(crate) findings: Findings,
    /// Of each lane what the worker's vehicles do; none of one that has nothing to decide.
    pub(crate) deciders: [Option<Decider>; 2],
    pub(crate) policies: [Policies; 2],
    pub(crate) explain: bool,
    pub(crate) defaults: PolicyDefaults,
}

/// What one worker decided in each lane, with what it was lent.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    pub(crate) deciders: [Option<Decider>; 2],
    pub(crate) decisions: [Vec<Decision>; 2],
}

impl Job {
    /// Decides; afterwards the book is given back.
    pub(crate) fn run(mut self) -> Decided {
        let decisions = Lane::ALL.map(|lane| self.decide(lane));
        Decided { deciders: self.deciders, decisions }
    }

    fn decide(&mut self, lane: Lane) -> Vec<Decision> {
        let context = Context {
            names: &self.book.names,
            rules: &self.book.rules,
            explain: self.explain,
            lane,
            policies: &self.policies[lane as usize],
            defaults: self.defaults,
            // Who looks on has one worker only.
            seen: &|_, _, _| {},
        };
        let decider = self.deciders[lane as usize].as_mut();
        decider.map(|decider| decider.decide(&self.findings, &context)).unwrap_or_default()
    }
}

/// Brings what several workers decided into canonical order: each has vehicles of its own, whose
/// decisions are in that order already.
pub(crate) fn merge(parts: impl IntoIterator<Item = Vec<Decision>>) -> Vec<Decision> {
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    let before = all.len();
    all.extend(parts.flatten());
    if all.len() > before {
        // This sort finds the runs, and only merges them.
        all.sort_by(|a, b| (a.time_us, &a.vehicle).cmp(&(b.time_us, &b.vehicle)));
    }
    all
}
