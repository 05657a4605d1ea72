//! The whole hot path, run by timely, against its twin.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use timely::dataflow::operators::{Input as _, Inspect, Probe};

use super::{Edge, Evaluator, Input, RuleSpec, evaluate};
use crate::cooldown::EdgeKind;
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
