//! The workload as a document, so that other engines can run the same.

use serde::Serialize;

use crate::workload::{Event, SIGNALS, Size, Test, Workload};
use crate::{Edge, LoopB};

/// Rules, values and edges in plain numbers. Everything is known before the first event.
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    /// How many vehicles the rules are about.
    pub vehicles: u32,
    /// How many signals a vehicle has.
    pub signals: u32,
    /// For each rule its tests, all of which have to hold: signal, comparison, threshold.
    pub rules: Vec<Vec<(u32, char, f64)>>,
    /// For each vehicle the value of every signal before the first event.
    pub start: Vec<Vec<f64>>,
    /// Vehicle, signal and value. An event's place in the list is its time.
    pub events: Vec<(u32, u32, f64)>,
    /// What has to be found: time, vehicle, rule, and whether the rule begins. In order.
    pub edges: Vec<(u64, u32, u32, bool)>,
}

impl Export {
    /// The workload that [`table::row`](crate::table::row) measures for the same size and seed.
    /// The edges are those of [`LoopB`], which every row compares with the engine's.
    pub fn new(size: Size, events: usize, seed: u64) -> Self {
        let workload = Workload::new(size, events, false, seed);
        let mut edges = Vec::new();
        LoopB::new(&workload).run(&workload.events, &mut edges);
        edges.sort_unstable();
        let first_us = workload.start.len() as u64;
        let edge = |edge: &Edge| (edge.time_us - first_us, edge.vehicle, edge.rule, edge.begins);
        let of_vehicle = |start: &[Event]| start.iter().map(|event| event.value).collect();
        Self {
            vehicles: size.vehicles,
            signals: SIGNALS,
            rules: workload.rules.iter().map(|tests| tests.iter().map(test).collect()).collect(),
            start: workload.start.chunks(SIGNALS as usize).map(of_vehicle).collect(),
            events: workload.events.iter().map(|e| (e.vehicle, e.signal, e.value)).collect(),
            edges: edges.iter().map(edge).collect(),
        }
    }
}

fn test(test: &Test) -> (u32, char, f64) {
    (test.signal, if test.above { '>' } else { '<' }, test.threshold)
}
