//! An engine that is put down at any step and taken up again, with another number of workers,
//! decides what one does that was never interrupted.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Engine, EngineConfig, EngineError, Quarantined, Snapshot};
use piccolo_script::RuleSet;

use crate::data::{engine, lines, rules};
use crate::oracle::rules::{Author, SCENARIOS, Scope};
use crate::oracle::world::{Extent, Sample, parse, samples};
use crate::oracle::{multiplier, seed};

const EXTENT: Extent = Extent { vehicles: 4, samples: 60 };
const POLICIES: usize = 2;
const ROUNDS: usize = 24;

/// Rules of both lanes.
struct Sets {
    active: RuleSet,
    shadow: RuleSet,
}

/// A drive through rules that change once, cut into steps.
struct Drive {
    catalogue: Arc<Catalogue>,
    sets: [Sets; 2],
    /// The step before which the second rules are loaded.
    change_at: usize,
    /// Ticks, and the samples before them with their origins.
    steps: Vec<(u64, Vec<(u32, Sample)>)>,
    explain: bool,
}

/// What an engine said in a step.
type Said = (String, String, Vec<Quarantined>);

/// Scenarios and policies with every construct, and one whose script breaks its limits.
fn random_texts(rng: &mut fastrand::Rng, fleet: bool) -> Vec<String> {
    let mut author = Author::new(rng, if fleet { Scope::All } else { Scope::Vehicle });
    let mut texts: Vec<String> =
        (0..SCENARIOS).map(|number| author.scenario(number).text()).collect();
    texts.extend((0..POLICIES).map(|number| author.policy(number)));
    let long =
        (0..10).fold("\"xxxxxxxxxxxxxxxx\"".to_owned(), |text, _| format!("({text} + {text})"));
    texts.push(format!(
        "scenario \"long\" {{ when {{ if Vehicle.Speed > 1.5 {{ {long} != \"\" }} \
             else {{ Vehicle.Speed > 0.5 }} }} then launch(\"b\") }}\n"
    ));
    texts
}

impl Drive {
    fn random(rng: &mut fastrand::Rng, round: usize) -> Self {
        let catalogue = Catalogue::vss6();
        let fleet = round % 3 != 2;
        let (texts, others) = (random_texts(rng, fleet), random_texts(rng, fleet));
        // Half of the rules are others in the shadow, and after the change.
        let mixed: Vec<String> = (texts.iter().zip(&others))
            .map(|(text, other)| if rng.bool() { text.clone() } else { other.clone() })
            .collect();
        let changed = if round % 4 == 3 { &mixed } else { &texts };
        let shadow = if round % 2 == 1 { mixed.as_slice() } else { &[] };
        let sets = [&texts, changed].map(|active| Sets {
            active: parse(active, &catalogue),
            shadow: parse(shadow, &catalogue),
        });
        let steps = steps(rng);
        let change_at = steps.len() / 2;
        Self { catalogue, sets, change_at, steps, explain: round % 4 > 1 }
    }

    fn engine(&self, workers: usize, sets: &Sets) -> Engine {
        let config = EngineConfig { workers, explain: self.explain, ..EngineConfig::default() };
        let mut engine = engine(config, &self.catalogue, &sets.active);
        engine.load_shadow(&sets.shadow).unwrap();
        engine
    }

    /// Runs from a step on; before each one, `cut` may put another engine in the place.
    fn run(
        &self,
        mut engine: Engine,
        from: usize,
        mut cut: impl FnMut(&mut Engine, &Sets) -> Option<Engine>,
    ) -> Vec<Said> {
        let mut said = Vec::new();
        for (number, (tick_us, samples)) in self.steps.iter().enumerate().skip(from) {
            let sets = &self.sets[usize::from(number > self.change_at)];
            if let Some(other) = cut(&mut engine, sets) {
                engine = other;
            }
            if number == self.change_at {
                engine.load(&self.sets[1].active).unwrap();
            }
            let samples = samples.iter();
            let samples = samples
                .map(|(origin, sample)| sample.encode(&mut engine, &self.catalogue, *origin))
                .collect();
            let active = engine.step(*tick_us, samples).unwrap();
            let shadow = engine.take_shadow_decisions();
            said.push((lines(&active), lines(&shadow), engine.take_quarantined()));
        }
        said
    }
}

/// Samples of all vehicles in steps; those at the tick of a step wait for the next one.
fn steps(rng: &mut fastrand::Rng) -> Vec<(u64, Vec<(u32, Sample)>)> {
    let mut steps = Vec::new();
    let mut rest = (1..).zip(samples(rng, EXTENT)).peekable();
    while rest.peek().is_some() {
        let samples: Vec<_> = rest.by_ref().take(rng.usize(1..12)).collect();
        let last_us = samples.last().unwrap().1.time_us;
        steps.push((last_us, samples));
    }
    let end_us = steps.last().unwrap().0 + 30;
    steps.push((end_us, Vec::new()));
    steps
}

#[test]
fn an_interrupted_engine_decides_what_one_does_that_never_was() {
    let seed = seed(101);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut cuts, mut decided, mut left_out, mut forgetful) = (0, [0, 0], 0, 0);
    for round in 0..ROUNDS * multiplier() {
        let drive = Drive::random(&mut rng, round);
        let whole = drive.run(drive.engine(1 + round % 3, &drive.sets[0]), 0, |_, _| None);
        let mut workers = round;
        let cut = |engine: &mut Engine, sets: &Sets| {
            if rng.u8(..4) > 0 {
                return None;
            }
            let snapshot = engine.snapshot().unwrap();
            let bytes = snapshot.to_bytes().unwrap();
            workers += 1;
            let mut other = drive.engine(1 + workers % 3, sets);
            other.restore(&Snapshot::from_bytes(&bytes).unwrap()).unwrap();
            assert_eq!(other.now_us(), engine.now_us());
            let again = other.snapshot().unwrap().to_bytes().unwrap();
            assert!(again == bytes, "PICCOLO_SEED={seed} round {round}: another snapshot");
            cuts += 1;
            Some(other)
        };
        let parts = drive.run(drive.engine(1, &drive.sets[0]), 0, cut);
        for (step, (part, whole)) in parts.iter().zip(&whole).enumerate() {
            assert_eq!(part, whole, "PICCOLO_SEED={seed} round {round}, step {step}");
        }
        decided[0] += whole.iter().map(|said| said.0.lines().count()).sum::<usize>();
        decided[1] += whole.iter().map(|said| said.1.lines().count()).sum::<usize>();
        left_out += whole.iter().map(|said| said.2.len()).sum::<usize>();
        // Without a snapshot it would not go on like that.
        let from = drive.change_at + 1;
        let fresh = drive.run(drive.engine(1, &drive.sets[1]), from, |_, _| None);
        forgetful += usize::from(fresh != whole[from..]);
    }
    println!("{cuts} cuts, {decided:?} decisions, {left_out} left out, {forgetful} forgetful");
    assert!(cuts > ROUNDS * 4 && decided[0] > ROUNDS * 100 && decided[1] > ROUNDS * 20);
    assert!(left_out > ROUNDS && forgetful > ROUNDS * 9 / 10);
}

const FAST: &str = r#"scenario "fast" { when Vehicle.Speed > 1.0 held "5us" then launch("a") }"#;

/// An engine that has seen a vehicle drive.
fn driven(config: EngineConfig, text: &str) -> Engine {
    let catalogue = Catalogue::vss6();
    let mut engine = engine(config, &catalogue, &rules(text, &catalogue));
    let vehicle = engine.vehicle("car").unwrap();
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let sample = engine.sample(vehicle, speed, Some(&Value::Float(2.0)), 10, 1).unwrap();
    engine.step(12, vec![sample]).unwrap();
    engine
}

/// Why a new engine does not go on from a snapshot of these rules.
#[track_caller]
fn refused(made: &str, explain: bool, loaded: &str, expected: &str) {
    let catalogue = Catalogue::vss6();
    let snapshot = driven(EngineConfig::default(), made).snapshot().unwrap();
    let config = EngineConfig { explain, ..EngineConfig::default() };
    let mut other = engine(config, &catalogue, &rules(loaded, &catalogue));
    let error = other.restore(&snapshot).unwrap_err();
    assert!(matches!(error, EngineError::Snapshot(_)), "{error:?}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_snapshot_of_other_rules_is_refused() {
    refused(FAST, false, &FAST.replace("1.0", "1.5"), "scenario `fast` has revision");
    refused(FAST, false, "", "scenario `fast` is not loaded");
    refused("", false, FAST, "scenario `fast` is new");
    let policy = r#" policy "p" { on any("*") allow }"#;
    refused(FAST, false, &format!("{FAST}{policy}"), "other policies");
    refused(FAST, true, FAST, "made without reasons");
}

#[test]
fn only_a_settled_engine_is_put_down_and_only_a_new_one_taken_up() {
    let catalogue = Catalogue::vss6();
    let mut engine = driven(EngineConfig::default(), FAST);
    let snapshot = engine.snapshot().unwrap();
    assert_eq!((snapshot.now_us(), snapshot.vehicles()), (12, 1));
    let error = engine.restore(&snapshot).unwrap_err().to_string();
    assert!(error.contains("is at 12 us already"), "{error}");
    engine.load(&rules("", &catalogue)).unwrap();
    let error = engine.snapshot().unwrap_err().to_string();
    assert!(error.contains("not in force yet"), "{error}");
    engine.step(13, Vec::new()).unwrap();
    assert_eq!(engine.snapshot().unwrap().vehicles(), 1);
}

#[test]
fn damage_is_found() {
    let bytes = driven(EngineConfig::default(), FAST).snapshot().unwrap().to_bytes().unwrap();
    let mut found = 0;
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        found += usize::from(Snapshot::from_bytes(&damaged).is_err());
        found += usize::from(Snapshot::from_bytes(&bytes[..at]).is_err());
    }
    assert_eq!(found, 2 * bytes.len());
    let mut longer = bytes.clone();
    longer.push(0);
    let error = |bytes: &[u8]| Snapshot::from_bytes(bytes).unwrap_err().to_string();
    assert!(error(&longer).contains("damaged"));
    assert!(error(b"t_us,signal,value").contains("no snapshot"));
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert!(error(&newer).contains("form 2, and this program knows form 1"));
    assert_eq!(Snapshot::from_bytes(&bytes).unwrap().to_bytes().unwrap(), bytes);
}

#[test]
fn what_waits_before_the_first_step_is_put_down_too() {
    let catalogue = Catalogue::vss6();
    let mut first = engine(EngineConfig::default(), &catalogue, &rules(FAST, &catalogue));
    let vehicle = first.vehicle("car").unwrap();
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let sample = first.sample(vehicle, speed, Some(&Value::Float(2.0)), 10, 1).unwrap();
    first.step(0, vec![sample]).unwrap();
    let snapshot = first.snapshot().unwrap();
    let mut second = engine(EngineConfig::default(), &catalogue, &rules(FAST, &catalogue));
    second.restore(&snapshot).unwrap();
    let decisions = second.step(20, Vec::new()).unwrap();
    assert_eq!(decisions.len(), 1);
    assert_eq!(lines(&decisions), lines(&first.step(20, Vec::new()).unwrap()));
}
