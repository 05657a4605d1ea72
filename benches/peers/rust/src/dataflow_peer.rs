//! Differential dataflow by itself: samples joined with tests on their signal, and for each rule of
//! each vehicle a reduction that counts the tests that pass.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

use differential_dataflow::input::{Input, InputSession};
use timely::WorkerConfig;
use timely::communication::allocator::Allocator;
use timely::communication::allocator::thread::Thread;
use timely::dataflow::operators::probe::Handle;
use timely::worker::Worker;

use crate::protocol::{Edge, Event, Peer, Workload};

/// Events that the dataflow takes at once, as our engine does; each keeps a time of its own.
const BATCH: usize = 1_000;

/// A signal and a value of a vehicle, in eighths: thresholds lie between quarters.
type Sample = (u32, (u32, i64));

pub(crate) struct Dataflow {
    worker: Worker,
    input: InputSession<u64, Sample, isize>,
    probe: Handle<u64>,
    /// Vehicle, rule, time and difference of what came out.
    changes: Rc<RefCell<Vec<(u32, u32, u64, isize)>>>,
    values: Vec<Vec<f64>>,
}

impl Dataflow {
    pub(crate) fn new(workload: &Workload) -> Self {
        let allocator = Allocator::Thread(Thread::default());
        let mut worker = Worker::new(WorkerConfig::default(), allocator, None);
        let changes = Rc::new(RefCell::new(Vec::new()));
        let (found, tests) = (Rc::clone(&changes), tests(workload));
        let tests_by_rule = workload.rules.first().map_or(0, Vec::len) as isize;
        let (input, probe) = worker.dataflow::<u64, _, _>(|scope| {
            let (input, samples) = scope.new_collection::<Sample, isize>();
            let (_, tests) = scope.new_collection_from(tests);
            let (probe, _) = samples
                .join_map(tests, |_, (vehicle, value), (rule, above, point)| {
                    ((*vehicle, *rule), (value > point) == *above)
                })
                .filter(|(_, passes)| *passes)
                .map(|(pair, _)| (pair, ()))
                .reduce(move |_, passing, active| {
                    if passing[0].1 == tests_by_rule {
                        active.push(((), 1));
                    }
                })
                .inspect(move |(((vehicle, rule), ()), time, difference)| {
                    found.borrow_mut().push((*vehicle, *rule, *time, *difference));
                })
                .probe();
            (input, probe)
        });
        let mut made = Self { worker, input, probe, changes, values: workload.start.clone() };
        made.start();
        made
    }

    fn start(&mut self) {
        for (vehicle, values) in self.values.iter().enumerate() {
            for (signal, value) in values.iter().enumerate() {
                self.input.update(sample(vehicle, signal, *value), 1);
            }
        }
        self.settle(1);
        self.changes.borrow_mut().clear();
    }

    /// Runs until all before this time has come out.
    fn settle(&mut self, time: u64) {
        self.input.advance_to(time);
        self.input.flush();
        let (probe, input) = (&self.probe, &self.input);
        self.worker.step_while(|| probe.less_than(input.time()));
    }
}

impl Peer for Dataflow {
    /// The start has the time zero, so all times inside are one more.
    fn take(
        &mut self,
        first: u64,
        events: &[Event],
        edges: &mut Vec<Edge>,
    ) -> Result<(), Box<dyn Error>> {
        let mut time = first + 1;
        for batch in events.chunks(BATCH) {
            for (vehicle, signal, value) in batch {
                let before = std::mem::replace(&mut self.values[*vehicle][*signal], *value);
                if before != *value {
                    self.input.update_at(sample(*vehicle, *signal, before), time, -1);
                    self.input.update_at(sample(*vehicle, *signal, *value), time, 1);
                }
                time += 1;
            }
            self.settle(time);
        }
        let changes = self.changes.take();
        edges.extend(changes.into_iter().map(|(vehicle, rule, time, difference)| {
            (time - 1, vehicle as usize, rule as usize, difference > 0)
        }));
        Ok(())
    }
}

fn sample(vehicle: usize, signal: usize, value: f64) -> Sample {
    (signal as u32, (vehicle as u32, eighths(value)))
}

fn eighths(value: f64) -> i64 {
    (value * 8.0) as i64
}

/// For each test its signal, its rule, whether it asks for more, and its threshold.
fn tests(workload: &Workload) -> Vec<(u32, (u32, bool, i64))> {
    let of_rule = |(rule, tests): (usize, &Vec<(usize, char, f64)>)| {
        let test = |(signal, comparison, point): &(usize, char, f64)| {
            (*signal as u32, (rule as u32, *comparison == '>', eighths(*point)))
        };
        tests.iter().map(test).collect::<Vec<_>>()
    };
    workload.rules.iter().enumerate().flat_map(of_rule).collect()
}
