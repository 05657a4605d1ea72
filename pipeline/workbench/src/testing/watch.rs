//! Sees what rules are decided on: for coverage, and for what came nearest.

use std::sync::Arc;

use piccolo_engine::{Observer, PolicySeen, ScenarioSeen, Vehicle};
use piccolo_script::{Condition, Facts};
use rustc_hash::{FxHashMap, FxHashSet};

use super::near::Near;
use crate::coverage::{Clause, First, Observed, OriginKind, RuleKind, Vector};

/// Notes truths of atoms in [`Observed`], and how near scenarios came to begin.
#[derive(Debug)]
pub(super) struct Watch {
    observed: Observed,
    /// The positions of the conditions, by kind of rule and clause, then name.
    subjects: FxHashMap<(RuleKind, Clause), FxHashMap<Arc<str>, usize>>,
    /// The drive or test that runs.
    origin: u32,
    /// What is active in it.
    active: FxHashSet<(Vehicle, Arc<str>)>,
    /// The scenarios whose nearest is asked for.
    near: FxHashMap<Arc<str>, Near>,
}

impl Watch {
    pub(super) fn new(observed: Observed) -> Self {
        let mut subjects: FxHashMap<_, FxHashMap<Arc<str>, usize>> = FxHashMap::default();
        for (index, subject) in observed.subjects().iter().enumerate() {
            let named = subjects.entry((subject.kind, subject.clause)).or_default();
            named.insert(Arc::clone(&subject.rule), index);
        }
        let (active, near) = (FxHashSet::default(), FxHashMap::default());
        Self { observed, subjects, origin: 0, active, near }
    }

    /// What comes now is of this drive or test; `watched` are the scenarios of which it will be
    /// asked how near they came to begin.
    pub(super) fn start(&mut self, kind: OriginKind, name: &str, watched: Vec<Arc<str>>) {
        self.origin = self.observed.origin(kind, name);
        self.active.clear();
        self.near = watched.into_iter().map(|name| (name, Near::default())).collect();
    }

    pub(super) fn observed(&self) -> &Observed {
        &self.observed
    }

    pub(super) fn near(&self) -> &FxHashMap<Arc<str>, Near> {
        &self.near
    }

    fn note(
        &mut self,
        (kind, clause, rule): (RuleKind, Clause, &Arc<str>),
        condition: &Condition,
        facts: &dyn Facts,
        time_us: u64,
    ) {
        let named = self.subjects.get(&(kind, clause));
        let Some(subject) = named.and_then(|named| named.get(rule)) else { return };
        let atoms = condition.atoms.iter();
        let vector: Vector = atoms.map(|atom| atom.expression.truth(facts)).collect();
        self.observed.note(*subject, &vector, First { origin: self.origin, time_us });
    }
}

impl Observer for Watch {
    fn scenario(&mut self, seen: &ScenarioSeen<'_>) {
        let (scenario, facts) = (seen.scenario, seen.facts);
        let rule = &scenario.name;
        self.note((RuleKind::Scenario, Clause::When, rule), &scenario.when, facts, seen.time_us);
        // A scenario that ends now was active when `until` was looked at.
        let key = (seen.vehicle, Arc::clone(rule));
        let was = if seen.active { !self.active.insert(key) } else { self.active.remove(&key) };
        if let Some(until) = scenario.until.as_ref().filter(|_| seen.active || was) {
            self.note((RuleKind::Scenario, Clause::Until, rule), until, facts, seen.time_us);
        }
        if let Some(near) = self.near.get_mut(rule) {
            near.note(seen);
        }
    }

    fn policy(&mut self, seen: &PolicySeen<'_>) {
        let Some(when) = &seen.policy.when else { return };
        // What cannot be judged is denied: it shows neither that the policy applies nor that it
        // does not.
        if when.truth_over(seen.facts).is_some() {
            let rule = (RuleKind::Policy, Clause::When, &seen.policy.name);
            self.note(rule, when, seen.facts, seen.time_us);
        }
    }
}
