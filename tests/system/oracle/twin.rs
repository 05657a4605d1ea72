//! The twin of the whole engine: what it must decide in a world, from everything that happens
//! there and by the definitions alone, microsecond by microsecond.
//!
//! It knows nothing of indexes, counters, timers, slots, workers or batches.

#[path = "twin/levels.rs"]
mod levels;
#[path = "twin/sources.rs"]
mod sources;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::Edge;
use piccolo_script::{Fact, RuleSet, Scenario};

use super::constructs::{CLAUSES, Construct, Coverage};
use super::course::Course;
use super::deeds::{TwinEdge, decisions};
use super::mutants::Mutant;
use super::timeline::Line;
use super::world::{Told, World};

/// A time in which the rules are the same.
pub(crate) struct Epoch<'r> {
    pub(crate) rules: &'r RuleSet,
    pub(crate) from_us: u64,
    pub(crate) to_us: u64,
    /// The place in [`Twin::lines`] of each fact, by its text.
    pub(crate) lines: HashMap<Arc<str>, usize>,
    /// The same by what identifies a fact from one epoch to the next.
    kept: HashMap<String, usize>,
    /// What identifies each scenario.
    identities: HashMap<Arc<str>, String>,
}

/// A world as the twin sees it.
pub(crate) struct Twin<'w> {
    pub(crate) world: &'w World,
    pub(crate) catalogue: &'w Catalogue,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) epochs: Vec<Epoch<'w>>,
    /// Every fact in every vehicle.
    pub(crate) lines: Vec<Vec<Line>>,
    /// When each vehicle was seen first.
    pub(crate) first_us: Vec<u64>,
    pub(crate) horizon_us: u64,
    late: u64,
}

/// The scenarios of one vehicle, by name.
type Courses = BTreeMap<Arc<str>, Course>;

impl<'w> Twin<'w> {
    /// Takes everything in that happens; nothing is decided yet.
    pub(crate) fn new(
        world: &'w World,
        catalogue: &'w Catalogue,
        rules: &'w [RuleSet],
        mutant: Option<Mutant>,
    ) -> Self {
        let horizon_us = world.steps.last().map_or(0, |step| step.tick_us);
        let mut twin = Self {
            world,
            catalogue,
            mutant,
            epochs: Vec::new(),
            lines: Vec::new(),
            first_us: vec![horizon_us; world.vehicles],
            horizon_us,
            late: 0,
        };
        twin.note_epochs(rules);
        twin.take_samples();
        twin
    }

    /// What is decided.
    pub(crate) fn told(mut self, coverage: &mut Coverage) -> Told {
        let mut courses: Vec<Courses> = vec![Courses::new(); self.world.vehicles];
        let mut edges: Vec<Vec<TwinEdge>> = vec![Vec::new(); self.world.vehicles];
        let mut number = 0;
        for epoch in 0..self.epochs.len() {
            for (own, edges) in courses.iter_mut().zip(&mut edges) {
                self.end_removed(epoch, own, edges, coverage);
            }
            for scenario in self.in_order(epoch) {
                self.run(epoch, &scenario, &mut courses, &mut number, coverage);
            }
            let removed =
                edges.iter().flatten().filter(|edge| edge.is_change && edge.epoch == epoch);
            let removed: Vec<Arc<Scenario>> =
                removed.map(|edge| Arc::clone(&edge.scenario)).collect();
            self.make_lines_of_actions(epoch, &removed);
            for (own, edges) in courses.iter().zip(&mut edges) {
                edges.extend(own.values().flat_map(|course| self.edges_in(epoch, course)));
            }
        }
        Told { lines: decisions(&self, edges, coverage), late: self.late }
    }

    fn note_epochs(&mut self, rules: &'w [RuleSet]) {
        let (mut now_us, mut rules) = (0, rules.iter());
        for step in &self.world.steps {
            if step.load.is_some() {
                if let Some(last) = self.epochs.last_mut() {
                    last.to_us = now_us;
                }
                let rules = rules.next().unwrap();
                let (from_us, to_us) = (now_us, self.horizon_us);
                let identities = sources::identities(rules);
                let (lines, kept) = (HashMap::new(), HashMap::new());
                self.epochs.push(Epoch { rules, from_us, to_us, lines, kept, identities });
            }
            now_us = step.tick_us;
        }
    }

    /// Scenarios that ask about others come after them: they ask about lower numbers only.
    fn in_order(&self, epoch: usize) -> Vec<Arc<Scenario>> {
        self.epochs[epoch].rules.scenarios().cloned().collect()
    }

    /// Ends what is not there any more, or does something else.
    fn end_removed(
        &self,
        epoch: usize,
        courses: &mut Courses,
        edges: &mut Vec<TwinEdge>,
        coverage: &mut Coverage,
    ) {
        let Epoch { rules, from_us, .. } = &self.epochs[epoch];
        courses.retain(|name, course| {
            let new = rules.scenario(name);
            if new.is_some_and(|new| new.deeds == course.scenario.deeds) {
                return true;
            }
            if course.is_active() {
                let event = if new.is_some() {
                    "rule replaced while active"
                } else {
                    "rule removed while active"
                };
                coverage.note(("event", event), true);
                let time_us = *from_us;
                edges.push(TwinEdge {
                    time_us,
                    epoch,
                    is_change: true,
                    edge: Edge::End,
                    scenario: Arc::clone(&course.scenario),
                    course: course.number,
                });
            }
            false
        });
    }

    /// Runs a scenario through an epoch in every vehicle.
    fn run(
        &mut self,
        epoch: usize,
        scenario: &Arc<Scenario>,
        courses: &mut [Courses],
        number: &mut usize,
        coverage: &mut Coverage,
    ) {
        scenario.facts.iter().for_each(|fact| self.ensure(epoch, fact));
        let (from_us, to_us) = (self.epochs[epoch].from_us, self.epochs[epoch].to_us);
        for (vehicle, own) in courses.iter_mut().enumerate() {
            let when = self.levels(epoch, vehicle, &scenario.when, coverage);
            let until = scenario.until.as_ref();
            let until = until.map(|until| self.levels(epoch, vehicle, until, coverage));
            *number += 1;
            let own = own.entry(Arc::clone(&scenario.name));
            let new = || Course::new(Arc::clone(scenario), *number, from_us);
            let course = own.or_insert_with(new);
            if course.scenario.revision != scenario.revision {
                let active = course.is_active();
                let event =
                    if active { "rule carried while active" } else { "rule carried at rest" };
                coverage.note(("event", event), true);
                let counts = scenario.facts.iter().any(Fact::is_of_the_fleet);
                coverage.note(("event", "rule about the fleet carried"), counts);
                course.carry(Arc::clone(scenario), when.first().copied().unwrap_or(false));
            } else if epoch > 0 && course.number == *number {
                coverage.note(("event", "rule added"), true);
            }
            for (index, now_us) in (from_us..to_us).enumerate() {
                let until = until.as_ref().is_some_and(|until| until[index]);
                course.step(now_us, when[index], until, self.mutant);
            }
            if vehicle == 0 && epoch == 0 {
                note_clauses(course, &when, until.as_deref(), coverage);
            }
        }
        self.note_active(epoch, scenario, courses);
    }

    /// Lets others ask whether a scenario is active.
    fn note_active(&mut self, epoch: usize, scenario: &Scenario, courses: &[Courses]) {
        let (from_us, to_us) = (self.epochs[epoch].from_us, self.epochs[epoch].to_us);
        let asked = format!("scenario({:?}).active", scenario.name);
        let key = format!("{asked}@{}", self.epochs[epoch].identities[&scenario.name]);
        let place = self.kept_or_new(epoch, &key);
        for (vehicle, own) in courses.iter().enumerate() {
            let edges = own.get(&scenario.name).map_or(&[][..], |course| &course.edges);
            for now_us in from_us.max(self.first_us[vehicle])..to_us {
                let last = edges.iter().rfind(|(time_us, _)| *time_us <= now_us);
                let active = matches!(last, Some((_, Edge::Begin)));
                self.lines[place][vehicle].set(now_us, Some(Value::Bool(active)));
            }
        }
        self.epochs[epoch].lines.insert(asked.into(), place);
        self.epochs[epoch].kept.insert(key, place);
    }

    /// The place of a fact that is kept since the last epoch, or of one that is kept from now on.
    fn kept_or_new(&mut self, epoch: usize, key: &str) -> usize {
        let before = epoch.checked_sub(1).and_then(|before| self.epochs[before].kept.get(key));
        before.copied().unwrap_or_else(|| {
            let line = Line::unknown(self.horizon_us, self.epochs[epoch].from_us);
            self.lines.push(vec![line; self.world.vehicles]);
            self.lines.len() - 1
        })
    }

    fn edges_in(&self, epoch: usize, course: &Course) -> Vec<TwinEdge> {
        let Epoch { from_us, to_us, .. } = self.epochs[epoch];
        let own = course.edges.iter().filter(|(time_us, _)| (from_us..to_us).contains(time_us));
        own.map(|(time_us, edge)| TwinEdge {
            time_us: *time_us,
            epoch,
            is_change: false,
            edge: *edge,
            scenario: Arc::clone(&course.scenario),
            course: course.number,
        })
        .collect()
    }

    /// The value of a fact that has a line in the epoch, or is an age.
    pub(crate) fn value(&self, at: At, fact: &Fact) -> Option<Value> {
        let place = |fact: &Fact| self.epochs[at.epoch].lines.get(fact.text()).copied();
        if let Some(of) = sources::aged(fact) {
            let line = &self.lines[place(of)?][at.vehicle];
            let sampled_us = line.past.sampled_us[at.now_us as usize]?;
            line.values[at.now_us as usize].as_ref()?;
            return Some(Value::Float((at.now_us - sampled_us) as f64 / 1e6));
        }
        self.lines[place(fact)?][at.vehicle].values[at.now_us as usize].clone()
    }
}

/// Where a fact is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) epoch: usize,
    pub(crate) vehicle: usize,
    pub(crate) now_us: u64,
}

/// Counts whether the clauses of a scenario made a difference to when it acts.
fn note_clauses(course: &Course, when: &[bool], until: Option<&[bool]>, coverage: &mut Coverage) {
    let without: [fn(&mut Scenario); 3] = [
        |scenario| scenario.until = None,
        |scenario| scenario.held_us = 0,
        |scenario| scenario.cooldown_us = 0,
    ];
    let present = super::constructs::clauses(&course.scenario);
    for (index, without) in without.into_iter().enumerate() {
        if !present[index] {
            continue;
        }
        let mut scenario = Scenario::clone(&course.scenario);
        without(&mut scenario);
        let mut other = Course::new(Arc::new(scenario), 0, 0);
        for (now_us, when) in when.iter().enumerate() {
            let until = until.is_some_and(|until| until[now_us]);
            other.step(now_us as u64, *when, until, None);
        }
        let clause: Construct = ("clause", CLAUSES[index]);
        coverage.note(clause, other.edges != course.edges);
    }
}
