//! An input of the journal: steps of the engine and changes of its rules, in order.
//!
//! It names vehicles and signals once, by their names, so that it means the same with other numbers.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId};
use piccolo_engine::{DecisionId, Saved};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::ports::{FileNames, LaneRules, Lanes, Tick};

/// What is written with one write.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) vehicles: Vec<Arc<str>>,
    pub(super) signals: Vec<Arc<str>>,
    pub(super) events: Vec<Event>,
    /// The sum of the ids of all decisions that it led to.
    pub(super) decided: u128,
}

/// Something that happened to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Event {
    Step { tick_us: u64, samples: Vec<Row> },
    Change { active: Option<FileNames>, shadow: Option<FileNames> },
}

/// A sample; vehicle and signal are places in the lists of the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) vehicle: u32,
    pub(super) signal: u32,
    pub(super) value: Option<Saved>,
    pub(super) time_us: u64,
    pub(super) origin: u32,
}

/// An input while it is gathered.
pub(super) struct Gathering<'a> {
    catalogue: &'a Catalogue,
    input: Input,
    vehicles: FxHashMap<Arc<str>, u32>,
    signals: FxHashMap<SignalId, u32>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            input: Input::default(),
            vehicles: FxHashMap::default(),
            signals: FxHashMap::default(),
        }
    }

    pub(super) fn step(&mut self, tick: &Tick) {
        let samples = tick.samples.iter().map(|sample| Row {
            vehicle: self.vehicle(&sample.vehicle),
            signal: self.signal(sample.signal),
            value: sample.value.as_ref().map(Saved::from),
            time_us: sample.time_us,
            origin: sample.origin,
        });
        let samples = samples.collect();
        self.input.events.push(Event::Step { tick_us: tick.tick_us, samples });
    }

    pub(super) fn change(&mut self, lanes: &Lanes) {
        let names = |rules: &LaneRules| rules.files.names();
        let (active, shadow) = (lanes.active.as_ref(), lanes.shadow.as_ref());
        let event = Event::Change { active: active.map(names), shadow: shadow.map(names) };
        self.input.events.push(event);
    }

    pub(super) fn decided(&mut self, id: DecisionId) {
        self.input.decided = add(self.input.decided, id);
    }

    /// The bytes; none where nothing happened.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        if self.input.events.is_empty() {
            return None;
        }
        // Writing to memory fails for no value of these types.
        postcard::to_stdvec(&self.input).ok()
    }

    fn vehicle(&mut self, name: &Arc<str>) -> u32 {
        if let Some(place) = self.vehicles.get(name) {
            return *place;
        }
        let place = self.input.vehicles.len() as u32;
        self.input.vehicles.push(Arc::clone(name));
        self.vehicles.insert(Arc::clone(name), place);
        place
    }

    fn signal(&mut self, id: SignalId) -> u32 {
        let Self { catalogue, input, signals, .. } = self;
        *signals.entry(id).or_insert_with(|| {
            // A sample has its signal from this catalogue.
            let path = catalogue.get(id).map(|signal| Arc::clone(&signal.path));
            input.signals.push(path.unwrap_or_default());
            input.signals.len() as u32 - 1
        })
    }
}

/// Adds the id of a decision to a sum, in which the order does not matter.
pub(super) fn add(sum: u128, id: DecisionId) -> u128 {
    sum.wrapping_add(id.into())
}

impl Input {
    /// An input from its bytes; none where they are something else.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match postcard::take_from_bytes(bytes) {
            Ok((input, [])) => Some(input),
            _ => None,
        }
    }
}
