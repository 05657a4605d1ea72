//! An engine that is put down at any step and taken up again, with another number of workers,
//! decides what one does that was never interrupted.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_engine::{Engine, EngineConfig, EngineError, Quarantined, Sample, Snapshot};
use piccolo_script::{Fact, PlatformFact, RuleSet};

use crate::data::{engine, lines, rules};
use crate::oracle::{multiplier, seed};
use crate::random_rules::{asking_scenario, events, fleet_scenario};

const OWN: usize = 10;
const ABOUT_THE_FLEET: usize = 4;
const VEHICLES: usize = 4;
const SAMPLES: usize = 40;
const ROUNDS: usize = 24;

/// What a vehicle was said to be at a time.
struct Event {
    time_us: u64,
    vehicle: usize,
    what: What,
    value: Option<Value>,
    origin: u32,
}

#[derive(Clone)]
enum What {
    Signal(SignalId),
    Platform(Arc<PlatformFact>),
}

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
    steps: Vec<(u64, Vec<Event>)>,
    explain: bool,
}

/// What an engine said in a step.
type Said = (String, String, Vec<Quarantined>);

/// Gives random scenarios actions that collide, with arguments, and an end that acts.
fn with_actions(rng: &mut fastrand::Rng, text: &str) -> String {
    let actions = [
        r#"priority 1 then [launch("a"), notify("driver", "at " + Vehicle.Speed)]"#,
        "priority 2 then actuate(Vehicle.Body.Mirrors.PassengerSide.IsFolded, Vehicle.Speed > 0.5)",
        "then actuate(Vehicle.Body.Mirrors.PassengerSide.IsFolded, Vehicle.Speed < 0.0) \
         finally actuate(Vehicle.Body.Mirrors.PassengerSide.IsFolded, false)",
        r#"priority 3 then pause("a") finally restart("a")"#,
        r#"then launch("b")"#,
    ];
    text.lines()
        .map(|line| line.replace(r#"then launch("a")"#, actions[rng.usize(..actions.len())]) + "\n")
        .collect()
}

fn random_text(rng: &mut fastrand::Rng, fleet: bool) -> String {
    let own = (0..OWN).map(|rule| asking_scenario(rng, rule)).collect::<String>();
    let last = if fleet { OWN + ABOUT_THE_FLEET } else { OWN };
    let text = (OWN..last).fold(own, |text, rule| text + &*fleet_scenario(rng, rule, OWN));
    let long =
        (0..10).fold("\"xxxxxxxxxxxxxxxx\"".to_owned(), |text, _| format!("({text} + {text})"));
    with_actions(rng, &text)
        + r#"
    scenario "hot" { when node("hpc").cpu > 50.0 held "5us" cooldown "3us" then pause("b") }
    scenario "mode" { when Vehicle.Body.Lights.Brake.IsActive == "ADAPTIVE" then launch("mode") }
    policy "not-in-gear" { on pause("*") when Vehicle.Powertrain.Transmission.CurrentGear > 1
        deny "in gear " + Vehicle.Powertrain.Transmission.CurrentGear }
    policy "rest" { on any("*") allow }
    "# + &*format!(
        "scenario \"long\" {{ when {{ if Vehicle.Speed > 1.5 {{ {long} != \"\" }} \
             else {{ Vehicle.Speed > 0.5 }} }} then launch(\"b\") }}\n"
    )
}

impl Drive {
    fn random(rng: &mut fastrand::Rng, round: usize) -> Self {
        let catalogue = Catalogue::vss6();
        let fleet = round % 3 != 2;
        let text = random_text(rng, fleet);
        let other = random_text(rng, fleet);
        // Half of the scenarios are others in the shadow, and after the change.
        let mixed: String = (text.lines().zip(other.lines()))
            .map(
                |(line, other)| if rng.bool() { format!("{line}\n") } else { format!("{other}\n") },
            )
            .collect();
        let changed = if round % 4 == 3 { &mixed } else { &text };
        let shadow = if round % 2 == 1 { &mixed } else { "" };
        let sets = [&text, changed].map(|active| Sets {
            active: rules(active, &catalogue),
            shadow: rules(shadow, &catalogue),
        });
        let steps = steps(rng, &catalogue, &sets[0].active);
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
        for (number, (tick_us, events)) in self.steps.iter().enumerate().skip(from) {
            let sets = &self.sets[usize::from(number > self.change_at)];
            if let Some(other) = cut(&mut engine, sets) {
                engine = other;
            }
            if number == self.change_at {
                engine.load(&self.sets[1].active).unwrap();
            }
            let samples = events.iter().map(|event| sample(&mut engine, event)).collect();
            let active = engine.step(*tick_us, samples).unwrap();
            let shadow = engine.take_shadow_decisions();
            said.push((lines(&active), lines(&shadow), engine.take_quarantined()));
        }
        said
    }
}

/// Samples of all vehicles in steps; those at the tick of a step wait for the next one.
fn steps(
    rng: &mut fastrand::Rng,
    catalogue: &Catalogue,
    rules: &RuleSet,
) -> Vec<(u64, Vec<Event>)> {
    let cpu = rules.scenario("hot").unwrap().facts.iter().find_map(|fact| match fact {
        Fact::Platform(fact) => Some(Arc::clone(fact)),
        _ => None,
    });
    let cpu = cpu.unwrap();
    let mut all = Vec::new();
    for vehicle in 0..VEHICLES {
        for (time_us, signal, value) in events(rng, catalogue, SAMPLES) {
            let time_us = time_us + vehicle as u64 * 7;
            let mut push = |what, value| {
                let origin = all.len() as u32 + 1;
                all.push(Event { time_us, vehicle, what, value, origin });
            };
            push(What::Signal(signal), value);
            if rng.u8(..6) == 0 {
                push(What::Platform(Arc::clone(&cpu)), Some(Value::Float(rng.u8(..100).into())));
            }
        }
    }
    all.sort_by_key(|event| event.time_us);
    let mut steps = Vec::new();
    let mut rest = all.into_iter().peekable();
    while rest.peek().is_some() {
        let events: Vec<Event> = rest.by_ref().take(rng.usize(1..12)).collect();
        let last_us = events.last().unwrap().time_us;
        steps.push((last_us, events));
    }
    let end_us = steps.last().unwrap().0 + 30;
    steps.push((end_us, Vec::new()));
    steps
}

fn sample(engine: &mut Engine, event: &Event) -> Sample {
    let Event { time_us, what, value, origin, .. } = event;
    let vehicle = engine.vehicle(&format!("v{}", event.vehicle)).unwrap();
    let value = value.as_ref();
    match what {
        What::Signal(signal) => engine.sample(vehicle, *signal, value, *time_us, *origin),
        What::Platform(fact) => engine.platform_sample(vehicle, fact, value, *time_us, *origin),
    }
    .unwrap()
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
