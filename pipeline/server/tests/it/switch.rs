//! A thousand rules are switched while samples flow: nothing is lost, nothing is doubled.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Decision, EngineConfig, PreparedRules, Quarantined};
use piccolo_script::RuleSet;
use piccolo_server::direct::Direct;
use piccolo_server::engine_thread::{self, Dataflow, Outlets, Place, TICKS_MAX};
use piccolo_server::ports::{
    DecisionSink, EnginePort, LaneRules, LaneSink, Lanes, ORDERS_MAX, RuleOrder, Sample,
    SettleSink, Settled, Tick, VersionChange,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::support::soon;

const RULES: usize = 1_000;
/// A hundred samples in each millisecond of event time: 100,000 in a second.
const TICKS: u64 = 1_000;
const TICK_SAMPLES: u64 = 100;

/// Rules with thresholds spread over the speeds; another `shift` makes all of them others.
fn rules(shift: f64) -> Arc<RuleSet> {
    let one = |number: usize| {
        let speed = number as f64 * 0.1 + shift;
        format!(
            "scenario \"r{number}\" {{ when Vehicle.Speed > {speed:.3} \
             then launch(\"p{number}\") finally terminate(\"p{number}\") }}\n"
        )
    };
    let text: String = (0..RULES).map(one).collect();
    let (rules, found) = RuleSet::parse("r.rhai", &text, &Catalogue::vss6());
    assert!(found.is_empty(), "{found:?}");
    Arc::new(rules)
}

fn ticks() -> Vec<Tick> {
    let catalogue = Catalogue::vss6();
    let signal = catalogue.find("Vehicle.Speed").unwrap();
    let vehicles: Vec<Arc<str>> = (0..10).map(|number| format!("v{number}").into()).collect();
    let sample = |tick: u64, place: u64| {
        let at = tick * TICK_SAMPLES + place;
        // Each vehicle's speed goes slowly up and down, with small steps back.
        let speed = (at / 10 % 2_000).abs_diff(1_000) as f64 * 0.1 + (at % 7) as f64 * 0.05;
        Sample {
            vehicle: vehicles[(at % 10) as usize].clone(),
            signal,
            value: Some(Value::Float(speed)),
            time_us: tick * 1_000 + place * 10,
            origin: at as u32,
            receipt: None,
        }
    };
    let tick = |tick| Tick {
        tick_us: (tick + 1) * 1_000,
        samples: (0..TICK_SAMPLES).map(|place| sample(tick, place)).collect(),
    };
    (0..TICKS).map(tick).collect()
}

/// Takes everything down, and says how far the engine is.
#[derive(Default)]
struct Sink {
    decisions: Mutex<Vec<Decision>>,
    closed: Mutex<bool>,
    tick_us: AtomicU64,
}

impl DecisionSink for Sink {
    fn publish(&self, decisions: Vec<Decision>) {
        self.decisions.lock().unwrap().extend(decisions);
    }

    fn close(&self) {
        *self.closed.lock().unwrap() = true;
    }
}

impl SettleSink for Sink {
    fn settle(&self, _: Vec<Settled>) {}

    fn skipped(&self, _: u32, _: u64) {}
}

impl LaneSink for Sink {
    fn changed(&self, _: u64, _: Option<bool>) {}

    fn stepped(&self, tick_us: u64, _: &[Decision], _: Vec<Decision>) {
        self.tick_us.store(tick_us, Ordering::SeqCst);
    }

    fn quarantined(&self, _: Vec<Quarantined>) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_of_a_thousand_rules_loses_and_doubles_nothing() {
    check_switch(Place::OwnThread).await;
}

#[tokio::test]
async fn nor_does_it_where_the_engine_shares_its_thread() {
    LocalSet::new().run_until(check_switch(Place::Here)).await;
}

async fn check_switch(place: Place) {
    let (first, second, all) = (rules(0.0), rules(0.025), ticks());
    let sink = Arc::new(Sink::default());
    let outlet = Direct { decisions: sink.clone(), settle: sink.clone() };
    let outlets = Outlets { outlet: Arc::new(outlet), lanes: sink.clone() };
    let (sender, due) = mpsc::channel(TICKS_MAX);
    let (orders, ordered) = mpsc::channel(ORDERS_MAX);
    let start = Arc::clone(&first);
    let make = move || Ok(Dataflow::new(EngineConfig::default(), Catalogue::vss6(), &start)?);
    let started = engine_thread::start(place, make, due, ordered, outlets).await.unwrap();
    let flowing = all.clone();
    let began = Instant::now();
    let sending = tokio::spawn(async move {
        for tick in flowing {
            sender.send(tick).await.unwrap();
        }
    });
    // In the middle, with ticks before and behind it in the queue.
    while sink.tick_us.load(Ordering::SeqCst) < TICKS / 3 * 1_000 {
        tokio::task::yield_now().await;
    }
    let (answer, answered) = oneshot::channel();
    let prepared = Arc::new(PreparedRules::new(&second).unwrap());
    let active = Some(LaneRules { prepared, ..LaneRules::default() });
    let lanes = Lanes { active, shadow: None };
    let order = RuleOrder { lanes: lanes.clone(), kept: VersionChange::default(), answer };
    orders.send(order).await.unwrap();
    let changed = soon(answered).await.unwrap().unwrap();
    assert_eq!(changed.active.replaced.len(), RULES);
    soon(sending).await.unwrap();
    assert!(soon(started.ended).await.is_err());
    let took = began.elapsed();
    assert!(*sink.closed.lock().unwrap());
    assert!(changed.time_us > 0 && changed.time_us < TICKS * 1_000, "{}", changed.time_us);

    let mut offline = Dataflow::new(EngineConfig::default(), Catalogue::vss6(), &first).unwrap();
    let mut expected = Vec::new();
    for tick in &all {
        expected.extend(offline.step(tick).decisions);
        if tick.tick_us == changed.time_us {
            offline.change(&lanes).unwrap();
        }
    }
    let found = sink.decisions.lock().unwrap();
    let revision = |name: &str, rules: &RuleSet| rules.scenario(name).unwrap().revision.clone();
    let (old, new) = (revision("r1", &first), revision("r1", &second));
    for revision in [&old, &new] {
        assert!(expected.iter().any(|decision| decision.revision == *revision));
    }
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    println!(
        "{} samples and {} decisions in {took:?}, switched at {} us",
        TICKS * TICK_SAMPLES,
        found.len(),
        changed.time_us
    );
}
