//! The best loop that we can write by hand: a predicate index with counters.

use crate::Edge;
use crate::workload::{ATOMS, Event, SIGNALS, Workload};

/// The yardstick for the engine: it knows that every rule is a conjunction of three tests on
/// numbers, that every event has a time of its own, and nothing else.
#[derive(Debug)]
pub struct LoopB {
    /// For each signal its thresholds in order, with the rule of each.
    thresholds: Vec<Vec<Threshold>>,
    /// For each signal of each vehicle: its value, and how many thresholds that has passed.
    values: Vec<(f64, u32)>,
    /// For each rule of each vehicle: how many of its tests hold.
    holding: Vec<u8>,
    rules: usize,
    now_us: u64,
}

#[derive(Clone, Copy, Debug)]
struct Threshold {
    point: f64,
    rule: u32,
    above: bool,
}

impl LoopB {
    /// The loop at the workload's start, with every value known.
    pub fn new(workload: &Workload) -> Self {
        let mut thresholds = vec![Vec::new(); SIGNALS as usize];
        for (rule, tests) in workload.rules.iter().enumerate() {
            for test in tests {
                let (point, above) = (test.threshold, test.above);
                thresholds[test.signal as usize].push(Threshold {
                    point,
                    rule: rule as u32,
                    above,
                });
            }
        }
        for thresholds in &mut thresholds {
            thresholds.sort_by(|a: &Threshold, b| a.point.total_cmp(&b.point));
        }
        let vehicles = workload.size.vehicles as usize;
        let rules = workload.rules.len();
        let mut looped = Self {
            thresholds,
            values: vec![(f64::NEG_INFINITY, 0); vehicles * SIGNALS as usize],
            holding: vec![0; vehicles * rules],
            rules,
            now_us: 0,
        };
        looped.begin(workload);
        looped
    }

    /// Sets all values at once; what is below a threshold counts from here on.
    fn begin(&mut self, workload: &Workload) {
        for event in &workload.start {
            let first = event.vehicle as usize * self.rules;
            let thresholds = &self.thresholds[event.signal as usize];
            for threshold in thresholds {
                let holds = (event.value > threshold.point) == threshold.above;
                self.holding[first + threshold.rule as usize] += u8::from(holds);
            }
            let passed = thresholds.partition_point(|threshold| threshold.point < event.value);
            let place = (event.vehicle * SIGNALS + event.signal) as usize;
            self.values[place] = (event.value, passed as u32);
            self.now_us += 1;
        }
    }

    /// Takes events in and appends the edges.
    pub fn run(&mut self, events: &[Event], edges: &mut Vec<Edge>) {
        for event in events {
            self.take(event, edges);
            self.now_us += 1;
        }
    }

    fn take(&mut self, event: &Event, edges: &mut Vec<Edge>) {
        let (value, passed) = &mut self.values[(event.vehicle * SIGNALS + event.signal) as usize];
        let before = std::mem::replace(value, event.value);
        let thresholds = &self.thresholds[event.signal as usize];
        let first = event.vehicle as usize * self.rules;
        let holding = &mut self.holding[first..first + self.rules];
        let mut change = |threshold: &Threshold, rose: bool| {
            let (rule, time_us, vehicle) = (threshold.rule, self.now_us, event.vehicle);
            let count = &mut holding[rule as usize];
            if rose == threshold.above {
                *count += 1;
                if *count == ATOMS as u8 {
                    edges.push(Edge { time_us, vehicle, rule, begins: true });
                }
            } else {
                *count -= 1;
                if *count == ATOMS as u8 - 1 {
                    edges.push(Edge { time_us, vehicle, rule, begins: false });
                }
            }
        };
        if event.value > before {
            while let Some(next) = thresholds.get(*passed as usize) {
                if next.point >= event.value {
                    break;
                }
                change(next, true);
                *passed += 1;
            }
        } else if event.value < before {
            while *passed > 0 {
                let last = &thresholds[*passed as usize - 1];
                if last.point < event.value {
                    break;
                }
                change(last, false);
                *passed -= 1;
            }
        }
    }
}
