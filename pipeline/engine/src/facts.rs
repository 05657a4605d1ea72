//! Slots for facts: signals, the platform, and what is made from others.

use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::derived::{DerivedSpec, Function, Level};
use piccolo_operators::ids::Slot;
use piccolo_script::{Derived, Fact, Over, PlatformFact};
use rustc_hash::FxHashMap;

use crate::compile;
use crate::encode::{Encoding, Names};
use crate::error::EngineError;
use crate::worker::Order;

mod keyed;

pub(crate) use keyed::FactKind;

/// Derived facts of one engine.
pub const DERIVED_FACTS_MAX: usize = 1 << 20;

/// Where rules and derived facts are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In each vehicle by itself.
    #[default]
    Vehicle,
    /// After all vehicles were counted.
    Fleet,
}

impl Stage {
    pub(crate) const ALL: [Self; 2] = [Self::Vehicle, Self::Fleet];
}

/// A fact that all vehicles share: a count of those in a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FleetFact {
    /// Where it is kept.
    pub(crate) slot: Slot,
    /// The truth that is counted.
    pub(crate) member: Slot,
    /// Whether it is the share, not the number.
    pub(crate) share: bool,
}

/// The slots of facts that are no signals.
#[derive(Debug, Default)]
pub(crate) struct FactTable {
    platform: FxHashMap<Arc<str>, (Slot, Encoding)>,
    derived: FxHashMap<Arc<str>, Use>,
    /// Slots of derived facts that are gone.
    free: Vec<Slot>,
    /// The scenarios of the rule set that is looked at that are asked about, so that
    /// `scenario("x")` means its `x`.
    scenarios: Arc<FxHashMap<Arc<str>, Identity>>,
    /// The stage that is looked at.
    stage: Stage,
    /// The facts of the fleet.
    pub(crate) fleet: Vec<FleetFact>,
}

/// A scenario as others can ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// A hash of its revision and of those that it asks for.
    pub(crate) text: Arc<str>,
    /// The level at which it settles.
    pub(crate) level: Level,
    /// Where its decisions come from.
    pub(crate) home: Stage,
    /// Whether it is evaluated after the fleet was counted, for itself or for those that ask.
    pub(crate) in_fleet: bool,
}

impl Identity {
    /// The stages in which it is evaluated.
    pub(crate) fn stages(&self) -> impl Iterator<Item = Stage> + use<> {
        let (home, in_fleet) = (self.home, self.in_fleet);
        let runs = move |stage: &Stage| match stage {
            Stage::Vehicle => home == Stage::Vehicle,
            Stage::Fleet => in_fleet,
        };
        Stage::ALL.into_iter().filter(runs)
    }
}

/// A derived fact with how many rules and derived facts read it.
#[derive(Debug)]
struct Use {
    slot: Slot,
    encoding: Encoding,
    readers: u32,
    stage: Stage,
    /// The keys of the derived facts that it is made from.
    sources: Vec<Arc<str>>,
}

impl Names {
    /// The slot of a fact that rules may read; for a derived fact, of one that is kept.
    pub(crate) fn fact_slot(&mut self, fact: &Fact) -> Result<Slot, EngineError> {
        match fact {
            Fact::Signal(signal, _) => self.slot(*signal),
            Fact::Platform(fact) => Ok(self.platform_slot(fact)),
            Fact::Derived(derived) => match &derived.over {
                Over::Age { of } => self.fact_slot(of),
                _ => self.kept_slot(derived),
            },
            Fact::Action(_) | Fact::Resource(_) => Err(self.no_slot(fact)),
        }
    }

    /// Lets `scenario("x")` mean the scenarios of a rule set from now on; those it meant before.
    pub(crate) fn look_at(
        &mut self,
        scenarios: Arc<FxHashMap<Arc<str>, Identity>>,
    ) -> Arc<FxHashMap<Arc<str>, Identity>> {
        std::mem::replace(&mut self.facts.scenarios, scenarios)
    }

    /// Lets facts be those of a stage from now on.
    pub(crate) fn at(&mut self, stage: Stage) {
        self.facts.stage = stage;
    }

    /// Notes one more reader of each fact, or of none; the keys of those that are kept for it.
    pub(crate) fn acquire_all(
        &mut self,
        facts: &[Fact],
        orders: &mut Vec<Order>,
    ) -> Result<Vec<Arc<str>>, EngineError> {
        let mut keys = Vec::new();
        for fact in facts {
            match self.acquire(fact, orders) {
                Ok(key) => keys.extend(key),
                Err(error) => {
                    self.release_all(&keys, orders);
                    return Err(error);
                }
            }
        }
        Ok(keys)
    }

    /// Notes one reader less of each kept fact.
    pub(crate) fn release_all(&mut self, keys: &[Arc<str>], orders: &mut Vec<Order>) {
        keys.iter().for_each(|key| self.release(key, orders));
    }

    /// The key of a derived fact: its text, and which scenarios that speaks of.
    fn derived_key(&self, derived: &Derived) -> Arc<str> {
        let mut asked = Vec::new();
        derived.over.reads().iter().for_each(|source| source.asks(&mut asked));
        if asked.is_empty() && self.facts.stage == Stage::Vehicle {
            return Arc::clone(derived.text());
        }
        let mut key = format!("{:?} {}", self.facts.stage, derived.text());
        for name in asked {
            if let Some(identity) = self.facts.scenarios.get(&name) {
                key.push('@');
                key.push_str(&identity.text);
            }
        }
        key.into()
    }

    /// The key of a fact of the platform: its text, and for a scenario which one.
    fn platform_key(&self, fact: &PlatformFact) -> Arc<str> {
        let scenario = (fact.property.object == "scenario")
            .then(|| self.facts.scenarios.get(&fact.name))
            .flatten();
        match scenario {
            Some(identity) => format!("{}@{}", fact.text(), identity.text).into(),
            None => Arc::clone(fact.text()),
        }
    }

    fn kept_slot(&self, derived: &Derived) -> Result<Slot, EngineError> {
        let found = self.facts.derived.get(&*self.derived_key(derived));
        found.map(|kept| kept.slot).ok_or_else(|| not_kept(derived))
    }

    fn no_slot(&self, fact: &Fact) -> EngineError {
        EngineError::NotKept(fact.text().to_owned())
    }

    /// The slot of a fact of the platform, given out at first use.
    pub(crate) fn platform_slot(&mut self, fact: &PlatformFact) -> Slot {
        let key = self.platform_key(fact);
        self.keyed_platform_slot(&key, Encoding::of_type(fact.property.kind_type))
    }

    /// Gives the slot of a fact of the platform back that nobody reads any more.
    pub(crate) fn forget_platform_slot(&mut self, slot: Slot) {
        self.facts.platform.retain(|_, (known, _)| *known != slot);
        self.facts.free.push(slot);
    }

    /// How the values of a fact become numbers.
    pub(crate) fn encoding_of(&self, fact: &Fact) -> Option<Encoding> {
        match fact {
            Fact::Signal(signal, _) => self.encoding(*signal),
            Fact::Platform(fact) => Some(Encoding::of_type(fact.property.kind_type)),
            Fact::Derived(derived) => Some(Encoding::of_type(derived.kind_type)),
            Fact::Action(_) | Fact::Resource(_) => None,
        }
    }

    /// A value of a fact as a number.
    pub(crate) fn encode_fact(&self, fact: &Fact, value: &Value) -> Result<f64, EngineError> {
        let encoding = self.encoding_of(fact).ok_or_else(|| self.no_slot(fact))?;
        encoding.encode(value, &self.symbols)?.ok_or_else(|| EngineError::WrongKind {
            path: fact.text().to_owned(),
            value: value.to_string(),
        })
    }

    /// Notes one more reader of a fact; what is new is to be made by the orders.
    fn acquire(
        &mut self,
        fact: &Fact,
        orders: &mut Vec<Order>,
    ) -> Result<Option<Arc<str>>, EngineError> {
        let Fact::Derived(derived) = fact else {
            return Ok(None);
        };
        if let Over::Age { of } = &derived.over {
            return self.acquire(of, orders);
        }
        let key = self.derived_key(derived);
        if let Some(kept) = self.facts.derived.get_mut(&key) {
            kept.readers += 1;
            return Ok(Some(key));
        }
        if matches!(derived.over, Over::Vehicles { .. } | Over::Share { .. }) {
            return self.acquire_of_fleet(derived, key, orders).map(Some);
        }
        let sources = self.acquire_all(&derived.over.reads(), orders)?;
        match self.make(derived) {
            Ok(spec) => {
                let stage = self.facts.stage;
                let encoding = Encoding::of_type(derived.kind_type);
                let kept = Use { slot: spec.slot, encoding, readers: 1, stage, sources };
                self.facts.derived.insert(Arc::clone(&key), kept);
                let level = level(fact, &self.facts.scenarios);
                orders.push(Order::Derive(stage, Arc::new(spec), level));
                Ok(Some(key))
            }
            Err(error) => {
                self.release_all(&sources, orders);
                Err(error)
            }
        }
    }

    /// A count over the fleet: what is counted is a fact of each vehicle.
    fn acquire_of_fleet(
        &mut self,
        derived: &Derived,
        key: Arc<str>,
        orders: &mut Vec<Order>,
    ) -> Result<Arc<str>, EngineError> {
        let stage = std::mem::replace(&mut self.facts.stage, Stage::Vehicle);
        let reads = derived.over.reads();
        let sources = self.acquire_all(&reads, orders);
        let member = match &sources {
            Ok(_) => reads.iter().map(|fact| self.fact_slot(fact)).next(),
            Err(_) => None,
        };
        self.facts.stage = stage;
        let (sources, member) = (sources?, member.unwrap_or_else(|| Err(not_kept(derived)))?);
        let slot = self.free_slot();
        let share = matches!(derived.over, Over::Share { .. });
        if !self.facts.fleet.iter().any(|known| known.member == member) {
            orders.push(Order::Count(member));
        }
        self.facts.fleet.push(FleetFact { slot, member, share });
        let encoding = Encoding::of_type(derived.kind_type);
        let kept = Use { slot, encoding, readers: 1, stage, sources };
        self.facts.derived.insert(Arc::clone(&key), kept);
        Ok(key)
    }

    fn free_slot(&mut self) -> Slot {
        match self.facts.free.pop() {
            Some(slot) => slot,
            None => self.next_slot(),
        }
    }

    fn make(&mut self, derived: &Derived) -> Result<DerivedSpec, EngineError> {
        if self.facts.derived.len() >= DERIVED_FACTS_MAX {
            return Err(EngineError::Full { what: "derived facts", max: DERIVED_FACTS_MAX });
        }
        let reads: Result<Vec<Slot>, EngineError> =
            derived.over.reads().iter().map(|source| self.fact_slot(source)).collect();
        let (reads, function) = (reads?, self.function(&derived.over)?);
        Ok(DerivedSpec { slot: self.free_slot(), reads, function })
    }

    fn function(&mut self, over: &Over) -> Result<Function, EngineError> {
        Ok(match over {
            Over::Truth { atoms, holds, fails } => {
                Function::Truth(Arc::new(compile::truth(atoms, holds, fails, self)?))
            }
            Over::Average { window_us, .. } => Function::Average(*window_us),
            Over::Least { window_us, .. } => Function::Least(*window_us),
            Over::Greatest { window_us, .. } => Function::Greatest(*window_us),
            Over::Slope { window_us, .. } => Function::Slope(*window_us),
            Over::Changed { .. } => Function::Changed,
            Over::Rose { .. } => Function::Rose,
            Over::Fell { .. } => Function::Fell,
            Over::Count { window_us, .. } => Function::Count(*window_us),
            Over::Within { window_us, .. } => Function::Within(*window_us),
            Over::Sequence { window_us, .. } => Function::Sequence(*window_us),
            Over::Fresh { window_us, .. } => Function::Fresh(*window_us),
            Over::Older { limit_us, inclusive, .. } => Function::Older(*limit_us, *inclusive),
            // An age is read from the sample that it is about, a count comes from the fleet.
            Over::Age { of } | Over::Vehicles { of } | Over::Share { of } => {
                return Err(self.no_slot(of));
            }
        })
    }

    /// Notes one reader less of a fact; what nobody reads any more goes by the orders.
    fn release(&mut self, key: &Arc<str>, orders: &mut Vec<Order>) {
        let Some(kept) = self.facts.derived.get_mut(key) else { return };
        kept.readers = kept.readers.saturating_sub(1);
        if kept.readers > 0 {
            return;
        }
        if let Some(kept) = self.facts.derived.remove(key) {
            self.facts.free.push(kept.slot);
            orders.push(Order::Forget(kept.stage, kept.slot));
            self.release_of_fleet(kept.slot, orders);
            self.release_all(&kept.sources, orders);
        }
    }
}

impl Names {
    fn release_of_fleet(&mut self, slot: Slot, orders: &mut Vec<Order>) {
        let fleet = &mut self.facts.fleet;
        let Some(index) = fleet.iter().position(|known| known.slot == slot) else { return };
        let gone = fleet.swap_remove(index);
        if !fleet.iter().any(|known| known.member == gone.member) {
            orders.push(Order::Uncount(gone.member));
        }
    }
}

fn not_kept(derived: &Derived) -> EngineError {
    EngineError::NotKept(derived.text().to_string())
}

/// The level at which a fact has settled: signals at 0, a scenario's activity one above the
/// scenario, and what is made from others one above the highest of them.
pub(crate) fn level(fact: &Fact, scenarios: &FxHashMap<Arc<str>, Identity>) -> Level {
    match fact {
        Fact::Platform(fact) if fact.property.object == "scenario" => {
            scenarios.get(&fact.name).map_or(0, |identity| identity.level + 1)
        }
        Fact::Derived(derived) => {
            let sources = derived.over.reads();
            1 + sources.iter().map(|source| level(source, scenarios)).max().unwrap_or(0)
        }
        _ => 0,
    }
}
