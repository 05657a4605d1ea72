//! The facts of a world: what samples say, and what is made from them in each epoch.

use std::collections::HashMap;
use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_script::{Derived, Fact, Formula, Over, RuleSet, Scenario, Verdict};

use super::{At, Twin};
use crate::oracle::deeds::resolved;
use crate::oracle::facts;
use crate::oracle::mutants::Mutant;
use crate::oracle::timeline::{Line, pasts_since, value_over};
use crate::oracle::world::Sample;

impl Twin<'_> {
    /// Takes the samples in that are not late.
    pub(super) fn take_samples(&mut self) {
        let (mut taken, mut now_us): (Vec<&Sample>, u64) = (Vec::new(), 0);
        for step in &self.world.steps {
            for sample in &step.samples {
                let late = sample.time_us < now_us;
                self.late += u64::from(late);
                if !late || self.mutant == Some(Mutant::LateTaken) {
                    taken.push(sample);
                }
            }
            now_us = step.tick_us;
        }
        taken.sort_by_key(|sample| sample.time_us);
        for sample in &taken {
            let first_us = &mut self.first_us[sample.vehicle];
            *first_us = sample.time_us.min(*first_us);
        }
        for fact in 0..facts::FACTS {
            let of = |vehicle: usize| {
                let own = taken.iter().filter(|own| (own.vehicle, own.fact) == (vehicle, fact));
                let own: Vec<(u64, Option<Value>)> =
                    own.map(|sample| (sample.time_us, sample.value.clone())).collect();
                Line::sampled(&own, self.horizon_us)
            };
            let lines = (0..self.world.vehicles).map(of).collect();
            self.lines.push(lines);
        }
        for epoch in &mut self.epochs {
            let places = (0..facts::FACTS).map(|fact| (facts::text(fact).into(), fact));
            epoch.lines = places.collect();
        }
    }

    /// Makes the lines of a fact for an epoch, and those of what it is made from.
    pub(super) fn ensure(&mut self, epoch: usize, fact: &Fact) {
        if self.epochs[epoch].lines.contains_key(fact.text()) {
            return;
        }
        let derived = match fact {
            Fact::Derived(derived) => derived,
            // Nobody ever said it.
            _ => return,
        };
        derived.over.reads().iter().for_each(|source| self.ensure(epoch, source));
        if aged(fact).is_some() {
            return;
        }
        let key = self.key(epoch, fact);
        let place = self.kept_or_new(epoch, &key);
        for vehicle in 0..self.world.vehicles {
            let values = self.derived(epoch, vehicle, derived, place);
            let from_us = self.epochs[epoch].from_us.max(self.first_us[vehicle]);
            for (now_us, value) in (from_us..).zip(values) {
                self.lines[place][vehicle].set(now_us, value);
            }
        }
        self.epochs[epoch].lines.insert(fact.text().into(), place);
        self.epochs[epoch].kept.insert(key, place);
    }

    /// The values of a derived fact in an epoch, from the vehicle's first sample on.
    fn derived(
        &self,
        epoch: usize,
        vehicle: usize,
        derived: &Derived,
        place: usize,
    ) -> Vec<Option<Value>> {
        let (from_us, to_us) = (self.epochs[epoch].from_us, self.epochs[epoch].to_us);
        let times = from_us.max(self.first_us[vehicle])..to_us;
        let at = |now_us| At { epoch, vehicle, now_us };
        match &derived.over {
            Over::Truth { atoms, holds, fails } => {
                let reads = derived.over.reads();
                let lines: Vec<&Line> =
                    reads.iter().filter_map(|fact| self.line(epoch, vehicle, fact)).collect();
                let truth = |formula: &Formula, now_us| {
                    let facts = |fact: &Fact| self.value(at(now_us), fact);
                    formula.holds(&|atom| atoms[atom].expression.truth(&facts))
                };
                let mut values: Vec<Option<Value>> = Vec::new();
                for now_us in times {
                    let last =
                        values.last().filter(|_| !lines.iter().any(|line| line.moved(now_us)));
                    let value = match last {
                        Some(last) => last.clone(),
                        None if truth(holds, now_us) => Some(Value::Bool(true)),
                        None => truth(fails, now_us).then_some(Value::Bool(false)),
                    };
                    values.push(value);
                }
                values
            }
            Over::Vehicles { of } => {
                times.map(|now_us| self.counted(epoch, of, false, now_us)).collect()
            }
            Over::Share { of } => {
                times.map(|now_us| self.counted(epoch, of, true, now_us)).collect()
            }
            over => {
                let reads = over.reads();
                let unknown = Line::unknown(self.horizon_us, 0);
                let line = |fact| self.line(epoch, vehicle, fact).unwrap_or(&unknown);
                let born_us = self.lines[place][vehicle].born_us;
                let pasts = pasts_since(over, reads.iter().map(line), born_us);
                let kind_type = derived.kind_type;
                times
                    .map(|now_us| value_over(over, kind_type, &pasts, now_us, self.mutant))
                    .collect()
            }
        }
    }

    fn line(&self, epoch: usize, vehicle: usize, fact: &Fact) -> Option<&Line> {
        let place = self.epochs[epoch].lines.get(fact.text())?;
        Some(&self.lines[*place][vehicle])
    }

    /// In how many vehicles a fact is true, or in what share of those that were seen.
    fn counted(&self, epoch: usize, of: &Fact, share: bool, now_us: u64) -> Option<Value> {
        let seen: Vec<usize> =
            (0..self.world.vehicles).filter(|vehicle| self.first_us[*vehicle] <= now_us).collect();
        let holds = seen.iter().filter(|vehicle| {
            let line = self.line(epoch, **vehicle, of);
            line.is_some_and(|line| line.values[now_us as usize] == Some(Value::Bool(true)))
        });
        let holds = holds.count();
        (!seen.is_empty()).then(|| match share {
            true => Value::Float(holds as f64 / seen.len() as f64),
            false => Value::Int(holds as i64),
        })
    }

    /// Makes the lines of what actions and policies read.
    ///
    /// What scenarios do that were `removed` at its beginning needs theirs once more, and nobody
    /// keeps those for it.
    pub(super) fn make_lines_of_actions(&mut self, epoch: usize, removed: &[Arc<Scenario>]) {
        let rules = self.epochs[epoch].rules;
        let own: Vec<Arc<Scenario>> = rules.scenarios().cloned().collect();
        let facts = read_by_actions(rules, &own);
        let last = read_by_actions(rules, removed);
        facts.iter().for_each(|fact| self.ensure(epoch, fact));
        let kept = self.epochs[epoch].kept.clone();
        last.iter().for_each(|fact| self.ensure(epoch, fact));
        self.epochs[epoch].kept = kept;
    }

    /// What identifies a derived fact: its text, and the scenarios that it speaks of.
    fn key(&self, epoch: usize, fact: &Fact) -> String {
        let mut asked = Vec::new();
        fact.asks(&mut asked);
        let identities = &self.epochs[epoch].identities;
        asked.iter().fold(fact.text().to_owned(), |key, name| {
            format!("{key}@{}", identities.get(name).map_or("", String::as_str))
        })
    }
}

/// What an age is the age of.
pub(super) fn aged(fact: &Fact) -> Option<&Fact> {
    let Fact::Derived(derived) = fact else { return None };
    let Over::Age { of } = &derived.over else { return None };
    Some(of)
}

/// What identifies each scenario: its revision, and the scenarios that it asks about.
pub(super) fn identities(rules: &RuleSet) -> HashMap<Arc<str>, String> {
    let mut known: HashMap<Arc<str>, String> = HashMap::new();
    // They ask about lower numbers only.
    for scenario in rules.scenarios() {
        let asked = scenario.asks.iter().filter_map(|name| known.get(name));
        let text =
            asked.fold(scenario.revision.to_string(), |text, other| format!("{text}+{other}"));
        known.insert(Arc::clone(&scenario.name), text);
    }
    known
}

/// What the arguments of actions read, and the policies that may judge one of them.
fn read_by_actions(rules: &RuleSet, scenarios: &[Arc<Scenario>]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut actions = Vec::new();
    for scenario in scenarios {
        facts.extend(scenario.argument_facts.iter().cloned());
        actions.extend(scenario.then.iter().chain(&scenario.finally));
    }
    for policy in rules.policies() {
        if let Verdict::Change(action) = &policy.verdict {
            actions.push(action);
        }
    }
    for policy in rules.policies() {
        let mut read: Vec<Fact> = Vec::new();
        let atoms = policy.when.iter().flat_map(|when| &when.atoms);
        read.extend(atoms.flat_map(|atom| atom.reads()));
        match &policy.verdict {
            Verdict::Deny(reason) => reason.reads(&mut read),
            Verdict::Change(action) => {
                action.arguments.iter().for_each(|own| own.expression.reads(&mut read));
            }
            Verdict::Allow => {}
        }
        let guarded = actions.iter().filter(|action| policy.guards(action.kind, &action.target));
        for action in guarded {
            facts
                .extend(read.iter().filter_map(|fact| resolved(fact, action.kind, &action.target)));
        }
    }
    facts
}
