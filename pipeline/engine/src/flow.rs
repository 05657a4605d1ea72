//! One dataflow that evaluates rules: samples in, edges out.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use piccolo_operators::evaluate::{Edge, Evaluator, Input, evaluate};
use piccolo_operators::ids::Time;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Input as _;
use timely::dataflow::operators::core::probe::Handle as ProbeHandle;
use timely::dataflow::operators::generic::Operator as _;
use timely::worker::Worker;

use crate::cluster::Place;

/// How long a worker that waits for another sleeps before it looks again.
const PARK: Duration = Duration::from_millis(1);

/// The frontier follows the ticks at the latest after so many of them; see
/// `docs/decisions/0010-ticks-travel-with-the-data.md`.
const FRONTIER_STEPS: u32 = 256;

/// The dataflow with its ends.
pub(crate) struct Flow {
    pub(crate) evaluator: Rc<RefCell<Evaluator>>,
    input: InputHandle<Time, CapacityContainerBuilder<Vec<Input>>>,
    /// How many inputs were sent, ticks not among them.
    sent: u64,
    edges: Rc<RefCell<Vec<Edge>>>,
    /// How many edges were taken out so far.
    taken: u64,
    now_us: Time,
    /// Ticks since the frontier moved.
    steps: u32,
}

impl Flow {
    pub(crate) fn build(worker: &mut Worker, name: &str, explain: bool) -> Self {
        let edges = Rc::new(RefCell::new(Vec::new()));
        let evaluator = Rc::new(RefCell::new(Evaluator::new(explain)));
        let input = worker.dataflow_named(name, |scope| {
            let (input, stream) = scope.new_input::<Vec<Input>>();
            let sink = Rc::clone(&edges);
            evaluate(stream, Rc::clone(&evaluator)).sink(Pipeline, "edges", move |(input, _)| {
                let mut edges = sink.borrow_mut();
                input.for_each_stamp(|_, batches| batches.for_each(|batch| edges.append(batch)));
            });
            input
        });
        Self { evaluator, input, sent: 0, edges, taken: 0, now_us: 0, steps: 0 }
    }

    pub(crate) fn send(&mut self, input: Input) {
        self.sent += 1;
        self.input.send(input);
    }

    /// Lets the evaluator take everything that was sent, without time passing.
    pub(crate) fn deliver(&mut self, worker: &mut Worker) {
        self.input.flush();
        while self.evaluator.borrow().inputs_taken() < self.sent {
            worker.step();
        }
    }

    /// The time that the dataflow has reached.
    pub(crate) fn now_us(&self) -> Time {
        self.now_us
    }

    /// Lets time pass until just before `tick_us`; the edges on the way.
    pub(crate) fn run(&mut self, worker: &mut Worker, tick_us: Time) -> Vec<Edge> {
        if tick_us <= self.now_us {
            return Vec::new();
        }
        self.input.send(Input::Tick(tick_us));
        self.steps += 1;
        if self.steps >= FRONTIER_STEPS && *self.input.time() < tick_us {
            self.input.advance_to(tick_us);
            self.steps = 0;
        } else {
            self.input.flush();
        }
        while !self.has_reached(tick_us) {
            worker.step();
        }
        self.now_us = tick_us;
        let edges = self.edges.take();
        self.taken += edges.len() as u64;
        edges
    }

    /// Whether everything before a time is decided and has come out.
    fn has_reached(&self, tick_us: Time) -> bool {
        let evaluator = self.evaluator.borrow();
        let out = self.taken + self.edges.borrow().len() as u64;
        evaluator.now_us() >= tick_us && evaluator.edges_made() == out
    }
}

/// Lets the worker work until the probe has passed, or another process is gone.
pub(crate) fn run(worker: &mut Worker, probe: &ProbeHandle<Time>, tick_us: Time, place: &Place) {
    if worker.peers() == 1 {
        while probe.less_than(&tick_us) {
            worker.step();
        }
    } else {
        while probe.less_than(&tick_us) && !place.is_lost() {
            worker.step_or_park(Some(PARK));
        }
    }
}
