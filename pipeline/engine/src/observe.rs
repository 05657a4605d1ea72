//! A look into a running engine, for coverage and explanations.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::ids::{Rule, Slot, Time, Vehicle};
use piccolo_operators::latest::Facts;
use piccolo_operators::observe::{Moment, Observer as RuleObserver};
use piccolo_script as script;
use piccolo_script::{Fact, Policy, Scenario};
use rustc_hash::FxHashMap;

use crate::encode::{Encoding, Names, Symbols};
use crate::error::EngineError;

/// Sees what rules and policies are decided on.
pub trait Observer {
    /// A scenario in a vehicle, each time that a fact of its conditions had a sample or it took an
    /// edge, after all that happened at that time.
    fn scenario(&mut self, seen: &ScenarioSeen<'_>);

    /// A policy that was asked about an action.
    fn policy(&mut self, seen: &PolicySeen<'_>);
}

/// The state of a scenario in a vehicle at a time.
pub struct ScenarioSeen<'a> {
    /// Event time.
    pub time_us: Time,
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// Which scenario.
    pub scenario: &'a Arc<Scenario>,
    /// Whether it is active.
    pub active: bool,
    /// Since when its `when` has held, where it must be held for a time.
    pub held_since_us: Option<Time>,
    /// Until when it rests after its last end.
    pub rests_until_us: Option<Time>,
    /// The facts of its conditions; others are unknown.
    pub facts: &'a dyn script::Facts,
    /// For each fact of its conditions the last sample: time in microseconds and origin.
    pub sampled: &'a dyn Fn(&Fact) -> Option<(Time, u32)>,
}

/// A policy that was asked about an action at a time.
pub struct PolicySeen<'a> {
    /// Event time.
    pub time_us: Time,
    /// Which vehicle.
    pub vehicle: Vehicle,
    /// Which policy.
    pub policy: &'a Arc<Policy>,
    /// The facts of its condition, those of the action among them.
    pub facts: &'a dyn script::Facts,
}

/// An observer that worker and engine share.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Rc<RefCell<dyn Observer>>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// Shows an observer the facts of the operators as values.
#[derive(Debug)]
pub(crate) struct Lens {
    observer: Shared,
    symbols: Arc<Symbols>,
    rules: FxHashMap<Rule, Watched>,
}

/// A scenario with where the facts of its conditions are.
#[derive(Debug)]
struct Watched {
    scenario: Arc<Scenario>,
    facts: Vec<(Fact, Slot, Encoding)>,
}

impl Lens {
    pub(crate) fn new(
        observer: Shared,
        names: &mut Names,
        scenarios: impl Iterator<Item = (Rule, Arc<Scenario>)>,
    ) -> Result<Self, EngineError> {
        let mut rules = FxHashMap::default();
        for (rule, scenario) in scenarios {
            let facts = scenario.facts.clone();
            let place = |fact: Fact| {
                let slot = names.fact_slot(&fact)?;
                let encoding = names.encoding_of(&fact);
                Ok(encoding.map(|encoding| (fact, slot, encoding)))
            };
            let facts: Result<Vec<_>, EngineError> = facts.into_iter().map(place).collect();
            let facts = facts?.into_iter().flatten().collect();
            rules.insert(rule, Watched { scenario, facts });
        }
        Ok(Self { observer, symbols: Arc::clone(&names.symbols), rules })
    }
}

impl RuleObserver for Lens {
    fn observe(&mut self, moment: Moment<'_>) {
        let Some(watched) = self.rules.get(&moment.rule) else { return };
        let facts = Decoded { watched, facts: moment.facts, symbols: &self.symbols };
        self.observer.0.borrow_mut().scenario(&ScenarioSeen {
            time_us: moment.time_us,
            vehicle: moment.vehicle,
            scenario: &watched.scenario,
            active: moment.active,
            held_since_us: moment.held_since_us,
            rests_until_us: moment.rests_until_us,
            facts: &facts,
            sampled: &|fact| {
                let (_, slot, _) = watched.facts.iter().find(|(known, ..)| known == fact)?;
                let fact = moment.facts.get(*slot);
                fact.known().map(|_| (fact.time_us, fact.origin))
            },
        });
    }
}

/// The facts of one vehicle as values.
struct Decoded<'a> {
    watched: &'a Watched,
    facts: Facts<'a>,
    symbols: &'a Symbols,
}

impl script::Facts for Decoded<'_> {
    fn value(&self, fact: &Fact) -> Option<Value> {
        let (_, slot, encoding) = self.watched.facts.iter().find(|(known, ..)| known == fact)?;
        encoding.decode(self.facts.get(*slot).known()?, self.symbols)
    }
}
