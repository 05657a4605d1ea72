//! Rules and samples that are made from a seed.

use std::fmt::Write as _;
use std::sync::Arc;

use piccolo_catalogue::{
    Catalogue, CatalogueError, DataType, Kind, Scalar, Signal, SignalId, Value,
};

/// Signals of a vehicle; each is read by three of three hundred atoms, so by 1 % of the rules.
pub(crate) const SIGNALS: u32 = 300;

/// Atoms of a rule, each on another signal.
pub(crate) const ATOMS: usize = 3;

/// The greatest value; all walk between 0 and this, in quarters.
const HIGHEST: f64 = 100.0;

/// Quarters by which a value moves at most.
const STEP: i32 = 4;

/// How many rules there are and how many vehicles they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Scenarios.
    pub rules: u32,
    /// Vehicles.
    pub vehicles: u32,
}

/// One atom: a signal is above a threshold, or below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The signal, below 300.
    pub signal: u32,
    /// The threshold; no value is ever equal to it.
    pub threshold: f64,
    /// Whether the signal has to be above it.
    pub above: bool,
}

impl Test {
    /// Whether a value passes.
    pub fn holds(&self, value: f64) -> bool {
        (value > self.threshold) == self.above
    }
}

/// One sample: a new value of a signal of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The vehicle.
    pub vehicle: u32,
    /// The signal.
    pub signal: u32,
    /// The value.
    pub value: f64,
}

/// Rules, where every vehicle begins, and a walk from there.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its size.
    pub size: Size,
    /// The tests of each rule, which all have to hold.
    pub rules: Vec<[Test; ATOMS]>,
    /// A value for every signal of every vehicle: the events that come first.
    pub start: Vec<Event>,
    /// The events that are measured, each at a time of its own.
    pub events: Vec<Event>,
}

/// Values that walk: an iterator over events, without an end.
#[derive(Clone, Debug)]
pub struct Walk {
    rng: fastrand::Rng,
    /// The value of each signal of each vehicle.
    values: Vec<f64>,
    vehicles: u32,
}

impl Iterator for Walk {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let Self { rng, values, vehicles } = self;
        let (vehicle, signal) = (rng.u32(..*vehicles), rng.u32(..SIGNALS));
        let value = &mut values[(vehicle * SIGNALS + signal) as usize];
        *value = (*value + f64::from(rng.i32(-STEP..=STEP)) / 4.0).clamp(0.0, HIGHEST);
        Some(Event { vehicle, signal, value: *value })
    }
}

impl Workload {
    /// A workload in which about one event in a hundred begins or ends a rule, where so few rules
    /// can do that; `chatter` makes it as many as there can be.
    pub fn new(size: Size, events: usize, chatter: bool, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let passing = if chatter { 0.5 } else { passing(size.rules) };
        let rules = (0..size.rules).map(|_| tests(&mut rng, passing)).collect();
        let values: Vec<f64> = (0..size.vehicles * SIGNALS)
            .map(|_| f64::from(rng.i32(0..=HIGHEST as i32 * 4)) / 4.0)
            .collect();
        let start = values.iter().enumerate().map(|(place, value)| Event {
            vehicle: place as u32 / SIGNALS,
            signal: place as u32 % SIGNALS,
            value: *value,
        });
        let start = start.collect();
        let walk = Walk { rng, values, vehicles: size.vehicles };
        Self { size, rules, start, events: walk.take(events).collect() }
    }

    /// A walk from the start that never ends; a seed has the same one everywhere.
    pub fn walk(&self, seed: u64) -> Walk {
        let values = self.start.iter().map(|event| event.value).collect();
        Walk { rng: fastrand::Rng::with_seed(seed), values, vehicles: self.size.vehicles }
    }

    /// A catalogue that has the signals, and their numbers in it.
    ///
    /// # Errors
    /// None for the signals as they are.
    pub fn catalogue() -> Result<(Arc<Catalogue>, Vec<SignalId>), CatalogueError> {
        let mut catalogue = Catalogue::default();
        for signal in 0..SIGNALS {
            catalogue = catalogue.with_signal(Signal {
                path: path(signal).into(),
                kind: Kind::Sensor,
                datatype: DataType { scalar: Scalar::Double, array: false },
                unit: None,
                min: None,
                max: None,
                allowed: Box::default(),
            })?;
        }
        let ids = (0..SIGNALS).filter_map(|signal| catalogue.find(&path(signal))).collect();
        Ok((Arc::new(catalogue), ids))
    }

    /// The paths of the signals, in the order of their numbers.
    pub fn signal_paths() -> Vec<String> {
        (0..SIGNALS).map(path).collect()
    }

    /// The names of the vehicles, in the order of their numbers.
    pub fn vehicle_names(&self) -> Vec<String> {
        (0..self.size.vehicles).map(vehicle_name).collect()
    }

    /// The rules as people write them, each about a package of its own.
    pub fn text(&self) -> String {
        self.text_about(|rule| rule)
    }

    /// The same rules, in pairs that claim one package, under policies that judge every action.
    pub fn governed_text(&self) -> String {
        self.text_about(|rule| rule / 2) + POLICIES
    }

    fn text_about(&self, package: impl Fn(usize) -> usize) -> String {
        let mut text = String::new();
        for (rule, tests) in self.rules.iter().enumerate() {
            let tests = tests.map(|test| {
                let comparison = if test.above { '>' } else { '<' };
                format!("{} {comparison} {:?}", path(test.signal), test.threshold)
            });
            let (when, package) = (tests.join(" && "), package(rule));
            let _ = writeln!(
                text,
                "scenario \"r{rule}\" {{ when {when} then launch(\"app{package}\") }}"
            );
        }
        text
    }
}

/// What policies of a vehicle look like: most names are allowed, some are not, and some only at times.
const POLICIES: &str = r#"
policy "launches" { on launch("*") allow }
policy "no-diagnosis" { on launch("diag*") deny "only in the workshop" }
policy "not-while-fast" { on launch("app*7") when Vehicle.Bench.S000 > 99.0 && Vehicle.Bench.S001 > 99.0 deny "too fast" }
"#;

impl Event {
    /// The value as the catalogue types it.
    pub fn as_value(&self) -> Value {
        Value::Float(self.value)
    }
}

/// The part of values that pass one test, so that one event in a hundred changes a rule: an event
/// moves past a threshold in one of 250 rules that read its signal (half a unit of a hundred, in
/// the mean), and matters where the other two tests of the rule hold.
fn passing(rules: u32) -> f64 {
    let crossed = f64::from(rules) * ATOMS as f64 / f64::from(SIGNALS) / 180.0;
    (0.01 / crossed).sqrt().min(0.5)
}

fn tests(rng: &mut fastrand::Rng, passing: f64) -> [Test; ATOMS] {
    let mut signals = [0; ATOMS];
    for place in 0..ATOMS {
        signals[place] = loop {
            let signal = rng.u32(..SIGNALS);
            if !signals[..place].contains(&signal) {
                break signal;
            }
        };
    }
    signals.map(|signal| {
        let above = rng.bool();
        // Around the aimed part, and between two values, so that no value is equal to it.
        let part = passing * (0.5 + rng.f64());
        let quarters = (part * HIGHEST * 4.0).floor() / 4.0 + 0.125;
        let threshold = if above { HIGHEST - quarters } else { quarters };
        Test { signal, threshold, above }
    })
}

pub(crate) fn vehicle_name(vehicle: u32) -> String {
    format!("v{vehicle}")
}

pub(crate) fn path(signal: u32) -> String {
    format!("Vehicle.Bench.S{signal:03}")
}
