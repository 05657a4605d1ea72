//! The recording, rules and engines that the benchmarks share.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_engine::{Engine, EngineConfig, Sample};
use piccolo_recording as recording;
use piccolo_script::RuleSet;

/// The shared recording with a million samples.
const COMMUTE: &str = "css_commute_am_2021-07-26/signals_vss6.csv.gz";
/// What the commute needs beside VSS 6.0.
const OVERLAY: &str = "catalogs/vss/OBD_overlay_main.vspec";
/// What is measured where the shared data is absent.
const SHIPPED: &str = "fixtures/drives/mixed_wltc.csv.gz";

/// A recording in memory.
pub(crate) struct Drive {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) samples: Vec<recording::Sample>,
    /// Signals that are numbers, with what they came to in order of size; most frequent first.
    numbers: Vec<(SignalId, Vec<f64>)>,
}

/// The recording, read once.
pub(crate) fn drive() -> &'static Drive {
    static DRIVE: OnceLock<Drive> = OnceLock::new();
    DRIVE.get_or_init(load)
}

fn load() -> Drive {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("PICCOLO_SHARED_DATA")
        .map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let mut catalogue = Catalogue::vss6();
    let mut path = shared.join(COMMUTE);
    if path.exists() {
        let overlay = Catalogue::load(&shared.join(OVERLAY)).unwrap();
        catalogue = Arc::new(Catalogue::clone(&catalogue).overlay(overlay));
    } else {
        eprintln!("{COMMUTE} is absent: these figures are of {SHIPPED} and compare with no others");
        path = root.join(SHIPPED);
    }
    let samples = read(&path, &catalogue);
    let numbers = numbers(&samples);
    Drive { catalogue, samples, numbers }
}

/// The samples of a recording without a fault.
pub(crate) fn read(path: &Path, catalogue: &Arc<Catalogue>) -> Vec<recording::Sample> {
    let reader =
        recording::Reader::open(path, recording::Options::new(Arc::clone(catalogue))).unwrap();
    reader
        .map(|item| match item {
            recording::Item::Sample(sample) => sample,
            recording::Item::Fault(fault) => panic!("{fault}"),
        })
        .collect()
}

fn numbers(samples: &[recording::Sample]) -> Vec<(SignalId, Vec<f64>)> {
    let mut numbers = std::collections::BTreeMap::<u32, Vec<f64>>::new();
    for sample in samples {
        match sample.value {
            Some(Value::Float(value)) => numbers.entry(sample.signal.0).or_default().push(value),
            Some(Value::Int(value)) => {
                numbers.entry(sample.signal.0).or_default().push(value as f64)
            }
            _ => {}
        }
    }
    let mut numbers: Vec<_> =
        numbers.into_iter().map(|(signal, values)| (SignalId(signal), values)).collect();
    numbers.iter_mut().for_each(|(_, values)| values.sort_by(f64::total_cmp));
    numbers.sort_by_key(|(_, values)| std::cmp::Reverse(values.len()));
    numbers
}

impl Drive {
    /// Scenarios over the recording's numbers, `A > a && B < b`, with thresholds that are
    /// met within the recording. With `held` they have to hold for half a second, as
    /// people write it, every fourth also has a cooldown and every fourth an `until`;
    /// without, every flicker of a noisy signal begins or ends them.
    pub(crate) fn scenarios(&self, count: usize, held: bool) -> String {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut text = String::new();
        for number in 0..count {
            let (a, above) = self.threshold(&mut rng, number);
            let (b, below) = self.threshold(&mut rng, number + 1);
            let timing = match (held, number % 4) {
                (false, _) => String::new(),
                (true, 1) => "held \"500ms\" cooldown \"5s\"".to_owned(),
                (true, 3) => format!("until {a} < {above:?} held \"500ms\""),
                (true, _) => "held \"500ms\"".to_owned(),
            };
            let _ = writeln!(
                text,
                "scenario \"s{number}\" {{ when {a} > {above:?} && {b} < {below:?} {timing} \
                 then launch(\"app{number}\") finally terminate(\"app{number}\") }}"
            );
        }
        text
    }

    /// A signal, and a value that between 5 % and 95 % of its samples are below.
    fn threshold(&self, rng: &mut fastrand::Rng, number: usize) -> (&str, f64) {
        let (signal, values) = &self.numbers[number % self.numbers.len()];
        let value = values[values.len() * rng.usize(5..95) / 100];
        (&self.catalogue.get(*signal).unwrap().path, value)
    }

    /// Scenarios that compile.
    pub(crate) fn rules(&self, count: usize, held: bool) -> RuleSet {
        let (rules, diagnostics) =
            RuleSet::parse("bench.rhai", &self.scenarios(count, held), &self.catalogue);
        assert_eq!(rules.len(), count, "{diagnostics:#?}");
        rules
    }

    /// A new engine with rules, and the samples as it takes them.
    pub(crate) fn start(&self, rules: &RuleSet) -> (Engine, Vec<Sample>) {
        let mut engine = Engine::new(EngineConfig::default(), Arc::clone(&self.catalogue)).unwrap();
        engine.load(rules).unwrap();
        let vehicle = engine.vehicle("car").unwrap();
        let encode = |sample: &recording::Sample| {
            let recording::Sample { time_us, signal, value, line } = sample;
            engine.sample(vehicle, *signal, value.as_ref(), *time_us, *line).unwrap()
        };
        let samples = self.samples.iter().map(encode).collect();
        (engine, samples)
    }
}
