//! One rule set for another in a running engine: the load, and the step that carries it out.

use std::fmt::Write as _;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, SamplingMode};
use piccolo_catalogue::{Catalogue, Value};
use piccolo_engine::{Engine, EngineConfig, Lane, PreparedRules};
use piccolo_script::RuleSet;

const VEHICLES: u64 = 10;

/// Rules over two signals; where `changed` says so the threshold is another.
fn rules(count: usize, catalogue: &Arc<Catalogue>, changed: impl Fn(usize) -> bool) -> RuleSet {
    let mut text = String::new();
    for index in 0..count {
        let threshold = (index % 100) as f64 + if changed(index) { 0.5 } else { 0.0 };
        let _ = writeln!(
            text,
            "scenario \"r{index:05}\" {{ when Vehicle.Speed > {threshold:?} && \
             avg(Vehicle.Acceleration.Longitudinal, \"20ms\") < {:?} then launch(\"p{index}\") }}",
            (index % 17) as f64 - 8.0
        );
    }
    let (rules, diagnostics) = RuleSet::parse("bench.rhai", &text, catalogue);
    assert_eq!(rules.len(), count, "{diagnostics:#?}");
    rules
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let catalogue = Catalogue::vss6();
    let mut group = criterion.benchmark_group("switch");
    group.sampling_mode(SamplingMode::Flat);
    for (name, count, share) in [("half_of", 1_000, 2), ("one_of", 10_000, 10_000)] {
        let sets = [false, true].map(|new| {
            let rules = rules(count, &catalogue, |rule| new && rule % share == 0);
            PreparedRules::new(&rules).unwrap()
        });
        let mut engine = Engine::new(EngineConfig::default(), Arc::clone(&catalogue)).unwrap();
        engine.load_prepared(Lane::Active, &sets[0]).unwrap();
        let mut now_us = 1;
        for vehicle in 0..VEHICLES {
            let vehicle = engine.vehicle(&format!("v{vehicle}")).unwrap();
            for path in ["Vehicle.Speed", "Vehicle.Acceleration.Longitudinal"] {
                let signal = catalogue.find(path).unwrap();
                let value = Some(Value::Float(50.25));
                let sample = engine.sample(vehicle, signal, value.as_ref(), now_us, 0).unwrap();
                now_us += 1;
                engine.step(now_us, vec![sample]).unwrap();
            }
        }
        let mut next = 1;
        group.bench_function(BenchmarkId::new(name, count), |bencher| {
            bencher.iter(|| {
                let change = engine.load_prepared(Lane::Active, &sets[next % 2]).unwrap();
                assert_eq!(change.replaced.len(), count / share);
                next += 1;
                now_us += 1_000;
                engine.step(now_us, Vec::new()).unwrap()
            });
        });
    }
    group.finish();
}
