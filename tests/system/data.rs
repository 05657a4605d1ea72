//! Recordings, rules and engines for the tests of this binary.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{Decision, Engine, EngineConfig, Sample};
use piccolo_recording::{Item, Options, Reader};
use piccolo_script::RuleSet;

/// The recording with a million samples.
pub(crate) const COMMUTE: &str = "css_commute_am_2021-07-26/signals_vss6.csv.gz";

/// All shared recordings of VSS samples.
pub(crate) const SHARED: [&str; 6] = [
    COMMUTE,
    "rav4_2017_comma2k19/signals_vss6.csv.gz",
    "subaru_wrx_sti_accessport/signals_vss6.csv.gz",
    "kit_seat_leon/2017-07-10_Seat_Leon_KA_KA_Stau.signals_vss6.csv.gz",
    "kit_seat_leon/2017-08-07_Seat_Leon_RT_KA_Frei_Vollbremsung.signals_vss6.csv.gz",
    "kit_seat_leon/2018-02-27_Seat_Leon_KA_KA_Normal.signals_vss6.csv.gz",
];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A shared recording. Where the shared data is absent the test says so and
/// passes, but not in CI.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PICCOLO_SHARED_DATA")
        .map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{name} is absent, and in CI it must be there");
    println!("absent, so not tested: {name}");
    None
}

/// The catalogue of the shared recordings: VSS 6.0 and its OBD overlay.
pub(crate) fn catalogue() -> Arc<Catalogue> {
    let vss6 = Catalogue::vss6();
    match shared("catalogs/vss/OBD_overlay_main.vspec") {
        Some(path) => Arc::new(Catalogue::clone(&vss6).overlay(Catalogue::load(&path).unwrap())),
        None => vss6,
    }
}

/// Rules that must compile.
pub(crate) fn rules(text: &str, catalogue: &Catalogue) -> RuleSet {
    let (rules, diagnostics) = RuleSet::parse("test.rhai", text, catalogue);
    assert!(!diagnostics.iter().any(|found| found.is_error()), "{diagnostics:#?}");
    rules
}

/// The scenarios that ship with the project.
pub(crate) fn shipped_rules(catalogue: &Catalogue) -> RuleSet {
    let (rules, diagnostics) = RuleSet::load(&[root().join("fixtures/scenarios")], catalogue);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    rules
}

/// The samples of a recording, as one vehicle of an engine; faults are passed over.
pub(crate) fn samples(
    engine: &mut Engine,
    path: &Path,
    vehicle: &str,
    catalogue: &Arc<Catalogue>,
) -> Vec<Sample> {
    let vehicle = engine.vehicle(vehicle).unwrap();
    let reader = Reader::open(path, Options::new(Arc::clone(catalogue))).unwrap();
    reader
        .filter_map(|item| match item {
            Item::Sample(sample) => Some(sample),
            Item::Fault(_) => None,
        })
        .map(|sample| {
            let value = sample.value.as_ref();
            engine.sample(vehicle, sample.signal, value, sample.time_us, sample.line).unwrap()
        })
        .collect()
}

/// An engine with rules.
pub(crate) fn engine(config: EngineConfig, catalogue: &Arc<Catalogue>, rules: &RuleSet) -> Engine {
    let mut engine = Engine::new(config, Arc::clone(catalogue)).unwrap();
    engine.load(rules).unwrap();
    engine
}

/// Runs samples in batches, up to just after the last one.
pub(crate) fn run(engine: &mut Engine, samples: &[Sample], batch: usize) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for chunk in samples.chunks(batch) {
        let tick = chunk.last().map_or(0, |sample| sample.time_us);
        decisions.extend(engine.step(tick, chunk.to_vec()).unwrap());
    }
    let end = samples.last().map_or(0, |sample| sample.time_us + 1);
    decisions.extend(engine.step(end, Vec::new()).unwrap());
    decisions
}

/// Decisions as the JSON lines that users get.
pub(crate) fn lines(decisions: &[Decision]) -> String {
    decisions.iter().map(|decision| serde_json::to_string(decision).unwrap() + "\n").collect()
}
