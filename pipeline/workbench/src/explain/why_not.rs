//! Why a scenario did not begin: at a time, or when it came nearest.

use std::cell::RefCell;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{
    Decision, Edge, EngineError, Observer, PolicySeen, SampleReason, ScenarioSeen, SignalReason,
    Vehicle,
};
use piccolo_script::{Atom, Fact, Probe, RuleSet, Scenario};
use serde::Serialize;

use super::minimal::{Literal, Terms, Way};
use super::needed_for;
use crate::diff::signals_of;
use crate::drive::Drive;
use crate::play::Player;

/// What is asked of a scenario that did not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What stood in its way at a time, in each vehicle.
    At(u64),
    /// When it came nearest, in all vehicles together.
    ///
    /// A time at which its `when` holds and it is not active is nearer than one at which its
    /// `when` does not; among stretches of such times the longest is the nearest, unless the
    /// scenario began at its end. Among times at which `when` does not hold that one is nearest
    /// that has, in the cheapest way to make `when` true, the fewest literals that do not hold;
    /// then the least sum of their distances; then the earliest; then the drive that is given first.
    /// The distance of a comparison with a constant is its margin, divided by the constant, or
    /// where that is zero by the range of the signal in the catalogue, or by 1 where it has none;
    /// that of any other literal, and of one that is unknown, is 1.
    Nearest,
}

/// Why a scenario did not begin in one vehicle.
#[derive(Clone, Debug, Serialize)]
pub struct WhyNot {
    /// The scenario.
    pub scenario: Arc<str>,
    /// The vehicle.
    pub vehicle: Arc<str>,
    /// The time that the answer is about.
    pub time_us: u64,
    /// Its `when` as it is written.
    pub condition: Arc<str>,
    /// What stood in its way.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What stood in the way of a scenario.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// No fact of its conditions had a sample until then.
    NothingKnown,
    /// It was active; its actions may have been withheld.
    Active {
        /// How it began.
        #[serde(skip_serializing_if = "Option::is_none")]
        began: Option<Box<Decision>>,
    },
    /// Its `when` held, and it rested after its last end.
    Resting {
        /// Until when.
        until_us: u64,
    },
    /// Its `when` held, and not for long enough yet.
    Waiting {
        /// Since when it held.
        since_us: u64,
        /// For how long it did in all, where this is over.
        #[serde(skip_serializing_if = "Option::is_none")]
        for_us: Option<u64>,
        /// For how much longer it would have had to hold.
        left_us: u64,
        /// What broke it, where this is over: the literals that held no more.
        broken_by: Vec<Missing>,
    },
    /// Its `when` held, but so did its `until`.
    Until,
    /// Its `when` has not been false since it last began.
    Spent,
    /// Its `when` did not hold.
    Failing {
        /// The literals that would have had to hold, in the cheapest way to make it true.
        missing: Vec<Missing>,
        /// All other atoms whose literals did not hold.
        others: Vec<Missing>,
        /// The sum of the distances of those that are missing.
        distance: f64,
        /// Whether no fewer would be enough for certain.
        least: bool,
    },
    /// Its `when` can never hold.
    Impossible,
}

/// A literal that did not hold.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// The atom as text.
    pub atom: Arc<str>,
    /// What it should have been.
    pub wanted: bool,
    /// What it was; absent where it was unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
    /// The facts that it reads.
    pub signals: Vec<SignalReason>,
    /// By how much it failed, in the unit of what is compared; zero at the threshold itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// How far it was away, as [`Asked::Nearest`] says.
    pub distance: f64,
    /// The last samples of its facts.
    pub samples: Vec<SampleReason>,
}

/// Says why a scenario did not begin: for each vehicle at a time, or once for when it came
/// nearest. `None` where the rules have no such scenario.
///
/// # Errors
/// Those of the engine.
pub fn why_not(
    rules: &RuleSet,
    drives: &[Drive],
    catalogue: &Arc<Catalogue>,
    name: &str,
    asked: Asked,
) -> Result<Option<Vec<WhyNot>>, EngineError> {
    let Some(scenario) = rules.scenario(name).cloned() else { return Ok(None) };
    let rules = needed_for(rules, name);
    let mut player = Player::new(drives, catalogue, false)?;
    player.engine.load(&rules)?;
    let watch = Rc::new(RefCell::new(Watch::new(Arc::clone(&scenario), catalogue, asked)));
    let observer: Rc<RefCell<dyn Observer>> = Rc::<RefCell<Watch>>::clone(&watch);
    player.engine.observe(observer)?;
    let end_us = match asked {
        Asked::At(at_us) => Some(at_us.saturating_add(1)),
        Asked::Nearest => None,
    };
    let mut began: BTreeMap<Arc<str>, Decision> = BTreeMap::new();
    player.play(&signals_of([&rules]), end_us, |_, decisions| {
        let begins = |decision: &Decision| {
            decision.edge == Edge::Begin && decision.scenario == scenario.name
        };
        for decision in decisions.into_iter().filter(begins) {
            began.insert(Arc::clone(&decision.vehicle), decision);
        }
        true
    })?;
    let names: Vec<Arc<str>> = drives.iter().map(|drive| Arc::clone(drive.name())).collect();
    let watch = watch.borrow();
    let found = match asked {
        Asked::At(at_us) => watch.at(at_us, &names, &began),
        Asked::Nearest => watch.nearest(&names),
    };
    Ok(Some(found))
}

/// What is remembered of a scenario in a vehicle at a time.
#[derive(Clone, Debug)]
struct Moment {
    time_us: u64,
    active: bool,
    held_since_us: Option<u64>,
    rests_until_us: Option<u64>,
    until: bool,
    /// The way that is missing, where `when` does not hold.
    way: Option<Way>,
    holds: bool,
    atoms: Vec<AtomSeen>,
}

#[derive(Clone, Debug)]
struct AtomSeen {
    holds: Option<bool>,
    margin: Option<f64>,
    values: Vec<(Arc<str>, Option<Value>, Option<(u64, u32)>)>,
}

/// A stretch of time in which `when` holds and the scenario is not active.
#[derive(Clone, Debug)]
struct Hold {
    since_us: u64,
    last: Moment,
    broken: Option<Moment>,
}

/// Watches one scenario.
struct Watch {
    scenario: Arc<Scenario>,
    terms: Terms,
    scales: Vec<f64>,
    asked: Asked,
    last: BTreeMap<Vehicle, Moment>,
    open: BTreeMap<Vehicle, Hold>,
    /// The longest stretch, and the nearest time of all others.
    hold: Option<(Vehicle, Hold)>,
    fail: Option<(Vehicle, Moment)>,
}

impl Observer for Watch {
    fn scenario(&mut self, seen: &ScenarioSeen<'_>) {
        if seen.scenario.name != self.scenario.name {
            return;
        }
        match self.asked {
            Asked::At(_) => {
                let moment = self.moment(seen);
                self.last.insert(seen.vehicle, moment);
            }
            Asked::Nearest => self.note(seen),
        }
    }

    fn policy(&mut self, _: &PolicySeen<'_>) {}
}

impl Watch {
    fn new(scenario: Arc<Scenario>, catalogue: &Catalogue, asked: Asked) -> Self {
        let atoms = scenario.when.atoms.iter();
        Self {
            terms: Terms::of(&scenario.when.formula),
            scales: atoms.map(|atom| scale(atom, catalogue)).collect(),
            scenario,
            asked,
            last: BTreeMap::new(),
            open: BTreeMap::new(),
            hold: None,
            fail: None,
        }
    }

    fn moment(&self, seen: &ScenarioSeen<'_>) -> Moment {
        let atoms: Vec<AtomSeen> =
            self.scenario.when.atoms.iter().map(|atom| AtomSeen::of(atom, seen)).collect();
        let holds = self.scenario.when.formula.holds(&|atom| atoms[atom].holds);
        let way = self
            .terms
            .cheapest(&|(atom, negated)| atoms[atom].holds == Some(!negated), &|(atom, _)| {
                atoms[atom].distance(self.scales[atom])
            });
        Moment {
            time_us: seen.time_us,
            active: seen.active,
            held_since_us: seen.held_since_us,
            rests_until_us: seen.rests_until_us,
            until: self.scenario.until.as_ref().is_some_and(|until| until.holds(seen.facts)),
            way,
            holds,
            atoms,
        }
    }

    /// Keeps what is nearer than all before.
    fn note(&mut self, seen: &ScenarioSeen<'_>) {
        let moment = self.moment(seen);
        if moment.active {
            // What held before has led to a begin.
            self.open.remove(&seen.vehicle);
        } else if moment.holds {
            let since_us = moment.held_since_us.unwrap_or(moment.time_us);
            let hold = Hold { since_us, last: moment.clone(), broken: None };
            self.open.entry(seen.vehicle).or_insert(hold).last = moment;
        } else {
            if let Some(mut hold) = self.open.remove(&seen.vehicle) {
                hold.broken = Some(moment.clone());
                let longer = |(_, known): &(Vehicle, Hold)| hold.rank() < known.rank();
                if self.hold.as_ref().is_none_or(longer) {
                    self.hold = Some((seen.vehicle, hold));
                }
            }
            let nearer = |(vehicle, known): &(Vehicle, Moment)| {
                moment.order(known).then(seen.vehicle.cmp(vehicle)) == Ordering::Less
            };
            if self.fail.as_ref().is_none_or(nearer) {
                self.fail = Some((seen.vehicle, moment));
            }
        }
    }

    fn at(
        &self,
        at_us: u64,
        names: &[Arc<str>],
        began: &BTreeMap<Arc<str>, Decision>,
    ) -> Vec<WhyNot> {
        let answer = |(number, name): (usize, &Arc<str>)| {
            let answer = match self.last.get(&(number as Vehicle)) {
                None => Answer::NothingKnown,
                Some(moment) if moment.active => {
                    Answer::Active { began: began.get(name).cloned().map(Box::new) }
                }
                Some(moment) if moment.holds => self.held_up(moment, at_us),
                Some(moment) => self.failing(moment),
            };
            self.why_not(name, at_us, answer)
        };
        names.iter().enumerate().map(answer).collect()
    }

    /// What keeps a scenario from beginning whose `when` holds.
    fn held_up(&self, moment: &Moment, at_us: u64) -> Answer {
        let since_us = moment.held_since_us.unwrap_or(moment.time_us);
        let left_us = since_us.saturating_add(self.scenario.held_us).saturating_sub(at_us);
        match moment.rests_until_us {
            Some(until_us) if until_us > at_us => Answer::Resting { until_us },
            _ if self.scenario.held_us > 0 && left_us > 0 => {
                Answer::Waiting { since_us, for_us: None, left_us, broken_by: Vec::new() }
            }
            _ if moment.until => Answer::Until,
            _ => Answer::Spent,
        }
    }

    fn nearest(&self, names: &[Arc<str>]) -> Vec<WhyNot> {
        let mut found = None;
        if let Some((vehicle, hold)) = &self.hold {
            let broken_us = hold.broken.as_ref().map_or(hold.last.time_us, |end| end.time_us);
            let for_us = broken_us.saturating_sub(hold.since_us);
            let answer = match self.held_up(&hold.last, hold.last.time_us) {
                Answer::Waiting { since_us, .. } => Answer::Waiting {
                    since_us,
                    for_us: Some(for_us),
                    left_us: self.scenario.held_us.saturating_sub(for_us),
                    broken_by: hold.broken.as_ref().map_or(Vec::new(), |end| self.missing(end)),
                },
                other => other,
            };
            found = Some((*vehicle, broken_us, answer));
        } else if let Some((vehicle, moment)) = &self.fail {
            found = Some((*vehicle, moment.time_us, self.failing(moment)));
        }
        let named = found.and_then(|(vehicle, time_us, answer)| {
            Some(self.why_not(names.get(vehicle as usize)?, time_us, answer))
        });
        named.into_iter().collect()
    }

    fn why_not(&self, vehicle: &Arc<str>, time_us: u64, answer: Answer) -> WhyNot {
        WhyNot {
            scenario: Arc::clone(&self.scenario.name),
            vehicle: Arc::clone(vehicle),
            time_us,
            condition: Arc::clone(&self.scenario.when.text),
            answer,
        }
    }

    fn failing(&self, moment: &Moment) -> Answer {
        let Some(way) = &moment.way else { return Answer::Impossible };
        let others = self.terms.literals().into_iter().filter(|(atom, negated)| {
            moment.atoms[*atom].holds != Some(!negated) && !way.missing.contains(&(*atom, *negated))
        });
        Answer::Failing {
            missing: self.missing(moment),
            others: others.map(|literal| self.describe(moment, literal)).collect(),
            distance: way.distance,
            least: self.terms.exact,
        }
    }

    fn missing(&self, moment: &Moment) -> Vec<Missing> {
        let missing = moment.way.iter().flat_map(|way| &way.missing);
        missing.map(|literal| self.describe(moment, *literal)).collect()
    }

    fn describe(&self, moment: &Moment, (atom, negated): Literal) -> Missing {
        let seen = &moment.atoms[atom];
        let signal = |(signal, value, place): &(Arc<str>, Option<Value>, Option<(u64, u32)>)| {
            let time_us = place.map(|(time_us, _)| time_us);
            SignalReason { signal: Arc::clone(signal), value: value.clone(), time_us }
        };
        let sample = |(signal, value, place): &(Arc<str>, Option<Value>, Option<(u64, u32)>)| {
            let (time_us, origin) = (*place)?;
            Some(SampleReason { signal: Arc::clone(signal), value: value.clone(), time_us, origin })
        };
        Missing {
            atom: Arc::clone(&self.scenario.when.atoms[atom].text),
            wanted: !negated,
            holds: seen.holds,
            signals: seen.values.iter().map(signal).collect(),
            margin: seen.margin.map(f64::abs),
            distance: seen.distance(self.scales[atom]),
            samples: seen.values.iter().filter_map(sample).collect(),
        }
    }
}

impl Hold {
    /// The longest first, then the earliest.
    fn rank(&self) -> (Reverse<u64>, u64) {
        let end_us = self.broken.as_ref().map_or(self.last.time_us, |end| end.time_us);
        (Reverse(end_us.saturating_sub(self.since_us)), self.since_us)
    }
}

impl Moment {
    /// The nearer first, then the earlier.
    fn order(&self, other: &Self) -> Ordering {
        let way = match (&self.way, &other.way) {
            (Some(way), Some(known)) => (way.missing.len().cmp(&known.missing.len()))
                .then_with(|| way.distance.total_cmp(&known.distance)),
            (way, known) => known.is_some().cmp(&way.is_some()),
        };
        way.then_with(|| self.time_us.cmp(&other.time_us))
    }
}

impl AtomSeen {
    fn of(atom: &Atom, seen: &ScenarioSeen<'_>) -> Self {
        let reads = atom.reads();
        let value =
            |fact: &Fact| (Arc::from(fact.text()), seen.facts.value(fact), (seen.sampled)(fact));
        Self {
            holds: atom.expression.truth(seen.facts),
            margin: atom.margin(seen.facts).filter(|margin| margin.is_finite()),
            values: reads.iter().map(value).collect(),
        }
    }

    fn distance(&self, scale: f64) -> f64 {
        self.margin.map_or(1.0, |margin| margin.abs() / scale)
    }
}

/// What the margin of an atom is measured by.
fn scale(atom: &Atom, catalogue: &Catalogue) -> f64 {
    let Probe::Number { fact, constant, .. } = &atom.probe else { return 1.0 };
    if *constant != 0.0 {
        return constant.abs();
    }
    let Fact::Signal(signal, _) = fact else { return 1.0 };
    let range = catalogue.get(*signal).and_then(|signal| Some(signal.max? - signal.min?));
    range.filter(|range| *range > 0.0).unwrap_or(1.0)
}
