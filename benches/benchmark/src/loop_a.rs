//! The plain loop: evaluates every rule that depends on the signal of an event.

use crate::Edge;
use crate::workload::{ATOMS, Event, SIGNALS, Test, Workload};

/// The yardstick for people who write their rules by hand.
#[derive(Debug)]
pub struct LoopA {
    /// For each signal the rules that read it, in one piece.
    dependents: Vec<Vec<Dependent>>,
    /// The values of each vehicle.
    values: Vec<f64>,
    /// One bit for each rule of each vehicle: whether it is active.
    active: Vec<u64>,
    words: usize,
    now_us: u64,
}

#[derive(Clone, Copy, Debug)]
struct Dependent {
    rule: u32,
    tests: [Test; ATOMS],
}

impl LoopA {
    /// The loop at the workload's start, with every value known.
    pub fn new(workload: &Workload) -> Self {
        let mut dependents = vec![Vec::new(); SIGNALS as usize];
        for (rule, tests) in workload.rules.iter().enumerate() {
            for test in tests {
                dependents[test.signal as usize]
                    .push(Dependent { rule: rule as u32, tests: *tests });
            }
        }
        let vehicles = workload.size.vehicles as usize;
        let words = workload.rules.len().div_ceil(64);
        let mut looped = Self {
            dependents,
            values: vec![f64::NAN; vehicles * SIGNALS as usize],
            active: vec![0; vehicles * words],
            words,
            now_us: 0,
        };
        looped.run(&workload.start, &mut Vec::new());
        looped
    }

    /// Takes events in and appends the edges.
    pub fn run(&mut self, events: &[Event], edges: &mut Vec<Edge>) {
        for event in events {
            self.take(event, edges);
            self.now_us += 1;
        }
    }

    fn take(&mut self, event: &Event, edges: &mut Vec<Edge>) {
        let first = event.vehicle as usize * SIGNALS as usize;
        let values = &mut self.values[first..first + SIGNALS as usize];
        let value = &mut values[event.signal as usize];
        if *value == event.value {
            return;
        }
        *value = event.value;
        let first = event.vehicle as usize * self.words;
        let active = &mut self.active[first..first + self.words];
        for dependent in &self.dependents[event.signal as usize] {
            let holds = dependent.tests.iter().all(|test| {
                let value = values[test.signal as usize];
                !value.is_nan() && test.holds(value)
            });
            let (word, bit) = (dependent.rule as usize / 64, 1 << (dependent.rule % 64));
            if (active[word] & bit != 0) != holds {
                active[word] ^= bit;
                edges.push(Edge {
                    time_us: self.now_us,
                    vehicle: event.vehicle,
                    rule: dependent.rule,
                    begins: holds,
                });
            }
        }
    }
}
