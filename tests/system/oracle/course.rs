//! The course of one scenario in one vehicle, from its whole history and by the definitions.

use std::sync::Arc;

use piccolo_engine::Edge;
use piccolo_script::Scenario;

use super::mutants::Mutant;

/// What a scenario did so far in a vehicle. It goes on through revisions that do the same.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    /// The present revision.
    pub(crate) scenario: Arc<Scenario>,
    /// Tells it from others of that name.
    pub(crate) number: usize,
    /// Whether `when` was true at each microsecond.
    when: Vec<bool>,
    /// Whether `when` had been true for long enough at each microsecond.
    counted: Vec<bool>,
    /// Ends before this are rested.
    rested_us: u64,
    /// When it began and ended.
    pub(crate) edges: Vec<(u64, Edge)>,
}

impl Course {
    /// A scenario that comes into force at a time.
    pub(crate) fn new(scenario: Arc<Scenario>, number: usize, now_us: u64) -> Self {
        let before = vec![false; now_us as usize];
        let (when, counted) = (before.clone(), before);
        Self { scenario, number, when, counted, rested_us: 0, edges: Vec::new() }
    }

    pub(crate) fn is_active(&self) -> bool {
        matches!(self.edges.last(), Some((_, Edge::Begin)))
    }

    /// Another revision takes its place, under which `when` is so now. What is active has been
    /// held for long enough, and of another condition it is not known how long it held. A rest
    /// that is over stays over.
    pub(crate) fn carry(&mut self, scenario: Arc<Scenario>, when: bool) {
        let now_us = self.when.len() as u64;
        let end_us = self.ends().last();
        if end_us.is_some_and(|end_us| end_us + self.scenario.cooldown_us <= now_us) {
            self.rested_us = now_us;
        }
        let is_same = scenario.when.text == self.scenario.when.text && self.scenario.held_us > 0;
        if self.is_active() && when {
            self.when.fill(true);
        } else if !is_same {
            self.when.fill(false);
        }
        self.scenario = scenario;
    }

    /// The next microsecond, with the truth of its conditions.
    pub(crate) fn step(&mut self, now_us: u64, when: bool, until: bool, mutant: Option<Mutant>) {
        self.when.push(when);
        let held_us = match (mutant, self.scenario.held_us) {
            (Some(Mutant::HeldIsLate), held_us @ 1..) => held_us + 1,
            (_, held_us) => held_us,
        };
        let from_us = now_us.checked_sub(held_us);
        let counts = from_us.is_some_and(|from| self.when[from as usize..].iter().all(|on| *on));
        self.counted.push(counts);
        let latched = self.scenario.until.is_some();
        let over = if latched { until } else { !counts };
        let edge = match self.is_active() {
            true => over.then_some(Edge::End),
            false => self.begins(now_us, !(latched && until), mutant).then_some(Edge::Begin),
        };
        self.edges.extend(edge.map(|edge| (now_us, edge)));
    }

    /// The times of its ends.
    fn ends(&self) -> impl Iterator<Item = u64> {
        let ends = self.edges.iter().filter(|(_, edge)| *edge == Edge::End);
        ends.map(|(time_us, _)| *time_us)
    }

    fn begins(&self, now_us: u64, allowed: bool, mutant: Option<Mutant>) -> bool {
        let counts = self.counted[now_us as usize];
        if self.is_plain() {
            return counts;
        }
        let mut ends = self.ends().filter(|end_us| *end_us >= self.rested_us);
        let resting = match mutant {
            Some(Mutant::CooldownOnce) => ends.next(),
            _ => ends.last(),
        };
        let rested = resting.is_none_or(|end_us| end_us + self.scenario.cooldown_us <= now_us);
        let begun = self.edges.iter().rfind(|(_, edge)| *edge == Edge::Begin);
        let was_false = begun.is_none_or(|(begun_us, _)| {
            self.counted[*begun_us as usize + 1..].iter().any(|counts| !counts)
        });
        counts && allowed && rested && (was_false || mutant == Some(Mutant::BeginsTwice))
    }

    /// Without `held`, `cooldown` and `until` it is active exactly while `when` holds.
    fn is_plain(&self) -> bool {
        let scenario = &self.scenario;
        scenario.held_us == 0 && scenario.cooldown_us == 0 && scenario.until.is_none()
    }
}
