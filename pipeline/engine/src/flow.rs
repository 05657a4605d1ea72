//! One dataflow that evaluates rules: samples in, edges out.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use piccolo_operators::evaluate::{Edge, Evaluator, Input, evaluate};
use piccolo_operators::ids::Time;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::core::probe::Handle as ProbeHandle;
use timely::dataflow::operators::{Input as _, Inspect, Probe};
use timely::worker::Worker;

/// How long a worker that waits for another sleeps before it looks again.
const PARK: Duration = Duration::from_millis(1);

/// The dataflow with its ends.
pub(crate) struct Flow {
    pub(crate) evaluator: Rc<RefCell<Evaluator>>,
    input: InputHandle<Time, CapacityContainerBuilder<Vec<Input>>>,
    probe: ProbeHandle<Time>,
    edges: Rc<RefCell<Vec<Edge>>>,
}

impl Flow {
    pub(crate) fn build(worker: &mut Worker, name: &str, explain: bool) -> Self {
        let edges = Rc::new(RefCell::new(Vec::new()));
        let evaluator = Rc::new(RefCell::new(Evaluator::new(explain)));
        let (input, probe) = worker.dataflow_named(name, |scope| {
            let (input, stream) = scope.new_input::<Vec<Input>>();
            let sink = Rc::clone(&edges);
            let (probe, _) = evaluate(stream, Rc::clone(&evaluator))
                .inspect(move |edge| sink.borrow_mut().push(edge.clone()))
                .probe();
            (input, probe)
        });
        Self { evaluator, input, probe, edges }
    }

    pub(crate) fn send(&mut self, input: Input) {
        self.input.send(input);
    }

    /// The time that the dataflow has reached.
    pub(crate) fn now_us(&self) -> Time {
        *self.input.time()
    }

    /// Lets time pass until just before `tick_us`; the edges on the way.
    pub(crate) fn run(&mut self, worker: &mut Worker, tick_us: Time) -> Vec<Edge> {
        if *self.input.time() < tick_us {
            self.input.advance_to(tick_us);
        } else {
            self.input.flush();
        }
        run(worker, &self.probe, tick_us);
        self.edges.take()
    }
}

/// Lets the worker work until the probe has passed.
pub(crate) fn run(worker: &mut Worker, probe: &ProbeHandle<Time>, tick_us: Time) {
    if worker.peers() == 1 {
        while probe.less_than(&tick_us) {
            worker.step();
        }
    } else {
        while probe.less_than(&tick_us) {
            worker.step_or_park(Some(PARK));
        }
    }
}
