//! What every peer here does alike: read the workload, time rounds, say what was found.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The document of `piccolo bench export`, as far as a run uses it.
#[derive(Debug, Deserialize)]
pub(crate) struct Workload {
    pub(crate) vehicles: usize,
    pub(crate) signals: usize,
    pub(crate) rules: Vec<Vec<(usize, char, f64)>>,
    pub(crate) start: Vec<Vec<f64>>,
    pub(crate) events: Vec<Event>,
}

/// Vehicle, signal and value.
pub(crate) type Event = (usize, usize, f64);

/// Time, vehicle, rule, and whether the rule begins.
pub(crate) type Edge = (u64, usize, usize, bool);

impl Workload {
    pub(crate) fn read(path: &str, events: usize) -> Result<Self, Box<dyn Error>> {
        let mut workload: Self = serde_json::from_reader(BufReader::new(File::open(path)?))?;
        workload.events.truncate(events);
        Ok(workload)
    }

    /// Whether a rule holds at the start.
    pub(crate) fn holds(&self, vehicle: usize, rule: usize) -> bool {
        self.rules[rule].iter().all(|test| passes(test, self.start[vehicle][test.0]))
    }
}

/// Whether a value passes a test.
pub(crate) fn passes((_, comparison, point): &(usize, char, f64), value: f64) -> bool {
    if *comparison == '>' { value > *point } else { value < *point }
}

/// An engine that knows the rules and every value.
pub(crate) trait Peer {
    /// Takes events in, the first of which has the number `first`, and adds edges.
    fn take(
        &mut self,
        first: u64,
        events: &[Event],
        edges: &mut Vec<Edge>,
    ) -> Result<(), Box<dyn Error>>;
}

/// Runs a peer through all events and says what it found, as one line of JSON.
pub(crate) fn run(
    name: &str,
    version: &str,
    workload: &Workload,
    rounds: usize,
    peer: &mut dyn Peer,
) -> Result<String, Box<dyn Error>> {
    let size = workload.events.len() / rounds;
    let (mut seconds, mut edges) = (Vec::new(), Vec::new());
    for (round, events) in workload.events.chunks_exact(size).enumerate() {
        let began = Instant::now();
        peer.take((round * size) as u64, events, &mut edges)?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    edges.sort_unstable();
    let mut text = String::new();
    for (time, vehicle, rule, begins) in &edges {
        writeln!(text, "{time} {vehicle} {rule} {}", u8::from(*begins))?;
    }
    let mut hash = String::new();
    for byte in Sha256::digest(text) {
        write!(hash, "{byte:02x}")?;
    }
    let found = serde_json::json!({
        "peer": name,
        "version": version,
        "rules": workload.rules.len(),
        "vehicles": workload.vehicles,
        "events": size * rounds,
        "seconds": seconds,
        "edges": { "count": edges.len(), "hash": hash },
    });
    Ok(found.to_string())
}
