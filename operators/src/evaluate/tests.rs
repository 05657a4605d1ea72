//! The whole hot path, run by timely, against its twin.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use timely::dataflow::operators::{Input as _, Inspect, Probe};

use super::{Edge, Evaluator, Input, RuleSpec, evaluate};
use crate::condition::{Atom, Condition, Formula};
use crate::cooldown::EdgeKind;
use crate::derived::{DerivedSpec, Function};
use crate::ids::{Sample, Time};
use crate::naive;
use crate::random::{Random, condition, history};

const VEHICLES: u32 = 2;
const SLOTS: u32 = 3;

#[test]
fn edges_equal_those_of_the_twin_for_every_batching() {
    let mut random = Random::from_env(17);
    let (mut compared, mut full) = (0, 0);
    for round in 0..150 {
        let samples = history(&mut random, 40, VEHICLES, SLOTS);
        let specs: Vec<Arc<RuleSpec>> = (0..6).map(|_| Arc::new(rule(&mut random))).collect();
        let horizon_us = samples.last().unwrap().time_us + 1;
        let batch = [1, 3, 7, 40][round % 4];
        let edges = run(&specs, samples.clone(), batch, horizon_us);
        for (number, spec) in specs.iter().enumerate() {
            for vehicle in 0..VEHICLES {
                let ours: Vec<(Time, EdgeKind)> = edges
                    .iter()
                    .filter(|edge| (edge.rule, edge.vehicle) == (number as u32, vehicle))
                    .map(|edge| (edge.time_us, edge.kind))
                    .collect();
                let twin = naive::edges(&samples, spec, vehicle, horizon_us);
                assert_eq!(ours, twin, "{random:?} batch {batch} {spec:?} {samples:?}");
                compared += 1;
                full += usize::from(!twin.is_empty());
            }
        }
    }
    assert!(full * 2 > compared, "{full} of {compared} comparisons had an edge");
}

/// A function over time sees every sample, also one that moves its signal nowhere near a
/// threshold of the conditions that read it too.
#[test]
fn who_needs_every_sample_sees_the_calm_ones() {
    let above = |slot, threshold| Condition {
        atoms: vec![Atom::Above { slot, threshold, inclusive: true }],
        formula: Formula::Literal { atom: 0, negated: false },
    };
    let rule = |when| {
        Arc::new(RuleSpec {
            when,
            until: None,
            held_us: 0,
            cooldown_us: 0,
            captures: Arc::default(),
        })
    };
    let fresh = DerivedSpec { slot: 1, reads: vec![0], function: Function::Fresh(10) };
    let mut evaluator = Evaluator::new(false);
    evaluator.take(Input::Add(0, rule(above(0, 50.0)), 0));
    evaluator.take(Input::Derive(Arc::new(fresh), 1));
    evaluator.take(Input::Add(1, rule(above(1, 1.0)), 1));
    let sample = |time_us, value| Sample { time_us, value, vehicle: 0, slot: 0, origin: 0 };
    // One sample every 8 us keeps the signal fresh; after the last it is so for 10 us.
    let samples = [0, 8, 16, 24].map(|time_us| sample(time_us, time_us as f64));
    evaluator.take(Input::Samples(samples.to_vec()));
    let mut edges = Vec::new();
    evaluator.advance(100, &mut edges);
    let edges: Vec<_> = edges.iter().map(|edge| (edge.rule, edge.time_us, edge.kind)).collect();
    assert_eq!(edges, [(1, 0, EdgeKind::Begin), (1, 35, EdgeKind::End)]);

    // Once nobody needs them, they are calm again, and conditions hold as before.
    evaluator.take(Input::Remove(1, None));
    evaluator.take(Input::Forget(1));
    evaluator.take(Input::Samples(vec![sample(100, 49.0), sample(101, 50.0), sample(102, 51.0)]));
    let mut edges = Vec::new();
    evaluator.advance(200, &mut edges);
    let edges: Vec<_> = edges.iter().map(|edge| (edge.rule, edge.time_us, edge.kind)).collect();
    assert_eq!(edges, [(0, 101, EdgeKind::Begin)]);
}

fn rule(random: &mut Random) -> RuleSpec {
    let when = condition(random, SLOTS);
    let until = random.rng.bool().then(|| condition(random, SLOTS));
    let mut pause = || if random.rng.bool() { 0 } else { random.rng.u64(1..60) };
    RuleSpec { when, until, held_us: pause(), cooldown_us: pause(), captures: Arc::default() }
}

fn run(specs: &[Arc<RuleSpec>], samples: Vec<Sample>, batch: usize, horizon_us: Time) -> Vec<Edge> {
    let specs = specs.to_vec();
    timely::execute_directly(move |worker| {
        let edges = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&edges);
        let evaluator = Rc::new(RefCell::new(Evaluator::new(false)));
        let (mut input, probe) = worker.dataflow(|scope| {
            let (input, stream) = scope.new_input::<Vec<Input>>();
            let (probe, _) = evaluate(stream, evaluator)
                .inspect(move |edge| sink.borrow_mut().push(edge.clone()))
                .probe();
            (input, probe)
        });
        for (rule, spec) in specs.into_iter().enumerate() {
            input.send(Input::Add(rule as u32, spec, 0));
        }
        for chunk in samples.chunks(batch) {
            let tick = chunk.last().map_or(0, |sample| sample.time_us);
            input.send(Input::Samples(chunk.to_vec()));
            if tick > *input.time() {
                input.advance_to(tick);
            }
            while probe.less_than(input.time()) {
                worker.step();
            }
        }
        input.advance_to(horizon_us);
        while probe.less_than(&horizon_us) {
            worker.step();
        }
        input.close();
        edges.take()
    })
}
