//! What was measured, as a document and as a table.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use piccolo_benchmark::Edge;
use serde::Serialize;

use super::subscribers::Hearing;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) rules: u32,
    pub(super) vehicles: u32,
    pub(super) streams: u32,
    pub(super) batch: u32,
    /// Whether samples were sent in rows, not in columns.
    pub(super) rows: bool,
    /// Threads of the server for everything but the engine, where that was said.
    pub(super) io_threads: Option<usize>,
    pub(super) single: Single,
    pub(super) paced: Vec<Paced>,
    pub(super) saturated: Vec<Saturated>,
}

/// Samples one at a time.
#[derive(Debug, Serialize)]
pub(super) struct Single {
    pub(super) samples: usize,
    #[serde(flatten)]
    pub(super) times: Times,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
}

/// Samples at a steady rate.
#[derive(Debug, Serialize)]
pub(super) struct Paced {
    pub(super) subscribers: usize,
    pub(super) samples_per_second: u32,
    pub(super) samples: usize,
    pub(super) messages: u64,
    #[serde(flatten)]
    pub(super) times: Times,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    /// None where the server is not this command's own.
    pub(super) cost: Option<Cost>,
}

/// As many samples as went in.
#[derive(Debug, Serialize)]
pub(super) struct Saturated {
    pub(super) subscribers: usize,
    pub(super) samples: usize,
    pub(super) samples_per_second: f64,
    #[serde(flatten)]
    pub(super) verdict: Verdict,
    pub(super) cost: Option<Cost>,
}

/// From a sample to its decision at the first subscriber, in nanoseconds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Times {
    pub(super) p50_ns: u64,
    pub(super) p99_ns: u64,
    pub(super) p99_9_ns: u64,
    pub(super) max_ns: u64,
}

/// Processor time of the server for each sample, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Cost {
    /// Of the engine's thread; none where it has none of its own.
    pub(super) engine_ns: Option<f64>,
    /// Of all its threads.
    pub(super) server_ns: f64,
}

/// Whether all that had to come has come, and nothing else.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Verdict {
    /// Decisions that had to come, for each subscriber.
    pub(super) decisions: usize,
    /// Decisions that came to the first subscriber and should not have, or the other way round;
    /// and how many the others have too few or too many.
    pub(super) wrong: u64,
    /// Decisions that subscribers were told that they missed, being too slow.
    pub(super) missed: u64,
    /// Samples that the server counted as faults.
    pub(super) faults: u64,
}

impl Verdict {
    /// Holds what was heard against what had to be.
    pub(super) fn add(&mut self, expected: &[Edge], hearing: &Hearing) {
        let Hearing { first, first_missed, missed, others_wrong } = hearing;
        let wanted: BTreeSet<&Edge> = expected.iter().collect();
        let known: BTreeSet<&Edge> = first.iter().filter_map(|(_, edge)| edge.as_ref()).collect();
        // What is no edge of the workload, or came twice.
        let strange = first.len() - known.len();
        let different = (wanted.symmetric_difference(&known).count() + strange) as u64;
        self.decisions += expected.len();
        self.wrong += different.abs_diff(*first_missed) + others_wrong;
        self.missed += missed;
    }

    fn is_well(self) -> bool {
        self.wrong == 0 && self.missed == 0 && self.faults == 0
    }
}

impl Times {
    /// All zero where there are none.
    pub(super) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let last = times.len().saturating_sub(1);
        let at = |part: f64| {
            times.get((last as f64 * part) as usize).map_or(0, |time| time.as_nanos() as u64)
        };
        Self { p50_ns: at(0.5), p99_ns: at(0.99), p99_9_ns: at(0.999), max_ns: at(1.0) }
    }
}

impl Report {
    /// Whether no sample and no decision was lost, wrong or too much.
    pub(super) fn is_well(&self) -> bool {
        let paced = self.paced.iter().map(|row| row.verdict);
        let saturated = self.saturated.iter().map(|row| row.verdict);
        self.single.verdict.is_well() && paced.chain(saturated).all(Verdict::is_well)
    }
}

/// Writes the report for people.
pub(super) fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let Report { rules, vehicles, streams, batch, .. } = report;
    writeln!(
        out,
        "{rules} rules, {vehicles} vehicles, {streams} streams, {batch} samples a message at most"
    )?;
    writeln!(out, "\nfrom a sample to its decision")?;
    writeln!(
        out,
        "{:>12} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6} {:>8} {:>6} {:>10} {:>10}",
        "samples/s",
        "subscribers",
        "p50",
        "p99",
        "p99.9",
        "max",
        "decisions",
        "wrong",
        "missed",
        "faults",
        "engine",
        "server"
    )?;
    let Single { times, verdict, .. } = &report.single;
    write_times(out, "one by one", 1, times, verdict, None)?;
    for row in &report.paced {
        let rate = row.samples_per_second.to_string();
        write_times(out, &rate, row.subscribers, &row.times, &row.verdict, row.cost)?;
    }
    writeln!(out, "\nas many as go in")?;
    writeln!(
        out,
        "{:>12} {:>11} {:>9} {:>6} {:>8} {:>6} {:>10} {:>10}",
        "samples/s", "subscribers", "decisions", "wrong", "missed", "faults", "engine", "server"
    )?;
    for row in &report.saturated {
        let Verdict { decisions, wrong, missed, faults } = row.verdict;
        let (engine, server) = costs(row.cost);
        writeln!(
            out,
            "{:>12.0} {:>11} {decisions:>9} {wrong:>6} {missed:>8} {faults:>6} {engine:>10} \
             {server:>10}",
            row.samples_per_second, row.subscribers
        )?;
    }
    writeln!(out, "engine and server: processor time of the engine's thread and of all, a sample")
}

fn write_times(
    out: &mut dyn Write,
    rate: &str,
    subscribers: usize,
    times: &Times,
    verdict: &Verdict,
    cost: Option<Cost>,
) -> io::Result<()> {
    let Times { p50_ns, p99_ns, p99_9_ns, max_ns } = times;
    let [p50, p99, p99_9, max] = [p50_ns, p99_ns, p99_9_ns, max_ns].map(|ns| *ns as f64 / 1e6);
    let Verdict { decisions, wrong, missed, faults } = verdict;
    let (engine, server) = costs(cost);
    writeln!(
        out,
        "{rate:>12} {subscribers:>11} {p50:>6.3} ms {p99:>6.3} ms {p99_9:>6.3} ms {max:>6.3} ms \
         {decisions:>9} {wrong:>6} {missed:>8} {faults:>6} {engine:>10} {server:>10}"
    )
}

fn costs(cost: Option<Cost>) -> (String, String) {
    let shown = |ns: Option<f64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{ns:.0} ns"));
    (shown(cost.and_then(|cost| cost.engine_ns)), shown(cost.map(|cost| cost.server_ns)))
}

#[cfg(test)]
mod tests;
