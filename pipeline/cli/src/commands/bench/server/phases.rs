//! What is measured: single samples, a steady rate, and as many samples as go in.

use std::thread;
use std::time::{Duration, Instant};

use piccolo_base::exit::Code;
use piccolo_benchmark::{Course, Edge, Workload};
use piccolo_wire::client::{Feed, FeedEvent};
use piccolo_wire::v1::SubscribeRequest;

use super::Bench;
use super::process::CpuTime;
use super::report::{Cost, Paced, Saturated, Single, Times, Verdict};
use super::source::{Row, Source};
use super::subscribers::{Hearing, PATIENCE, Subscribers, edge};
use super::timeline::Timeline;
use crate::error::CliError;

/// How long the sender sleeps where nothing is due.
const GATHER: Duration = Duration::from_micros(50);

/// How long nothing happens before a single sample.
const QUIET: Duration = Duration::from_millis(2);

/// Microseconds of event time between samples that are sent as fast as they go.
const SPACING_US: u64 = 20;

/// How often the connection gets its turn after a message: channel, stream, socket.
const TURNS: usize = 4;

/// Where the measurement is in event time and in the workload.
pub(super) struct Position {
    pub(super) timeline: Timeline,
    pub(super) course: Course,
}

impl Position {
    /// Rows with times `spacing_us` apart, and the edges in them with their event times.
    fn rows(&mut self, count: usize, spacing_us: f64) -> (Vec<Row>, Vec<Edge>) {
        let (events, mut edges) = self.course.next(count);
        let first_us = self.timeline.now_us();
        let at = |place: usize| first_us + (place as f64 * spacing_us) as u64;
        for edge in &mut edges {
            edge.time_us = at(edge.time_us as usize);
        }
        self.timeline.used_to(at(count.saturating_sub(1)) + 1);
        (events.into_iter().enumerate().map(|(place, event)| (at(place), event)).collect(), edges)
    }
}

/// Gives every signal a value.
pub(super) async fn begin(
    source: &mut Source,
    workload: &Workload,
    position: &mut Position,
) -> Result<(), CliError> {
    let began = Instant::now();
    let first_us = position.timeline.now_us();
    let rows: Vec<Row> =
        (first_us..).step_by(SPACING_US as usize).zip(workload.start.iter().copied()).collect();
    position.timeline.used_to(first_us + rows.len() as u64 * SPACING_US);
    for rows in rows.chunks(1_000) {
        source.send(rows).await?;
    }
    let faults = source.settled().await?;
    position.timeline.catch_up(began.elapsed());
    if faults > 0 {
        let message = format!("the server counts {faults} faults among the first samples");
        return Err(CliError::Server { message, code: Code::InvalidInput });
    }
    Ok(())
}

/// Samples that cause decisions, one at a time: from sending one to hearing its first decision.
pub(super) async fn single(
    bench: &Bench<'_>,
    source: &mut Source,
    position: &mut Position,
) -> Result<Single, CliError> {
    let mut feed = Feed::subscribe(bench.url, SubscribeRequest::default()).await?;
    let mut times = Vec::new();
    let mut verdict = Verdict::default();
    let faults = source.settled().await?;
    while times.len() < bench.args.singles as usize {
        let (rows, edges) = until_edge(position);
        let Some(((_, event), before)) = rows.split_last() else { continue };
        source.send(before).await?;
        source.settled().await?;
        tokio::time::sleep(QUIET).await;
        let time_us = position.timeline.now_us();
        position.timeline.used_to(time_us + 1);
        let expected: Vec<Edge> = edges.iter().map(|edge| Edge { time_us, ..*edge }).collect();
        let began = Instant::now();
        source.send(&[(time_us, *event)]).await?;
        let hearing = listen(&mut feed, expected.len()).await?;
        times.extend(hearing.first.first().map(|(at, _)| at.duration_since(began)));
        verdict.add(&expected, &hearing);
    }
    verdict.faults = source.settled().await? - faults;
    Ok(Single { samples: times.len(), times: Times::new(times), verdict })
}

/// Rows up to the first one with edges, and these.
fn until_edge(position: &mut Position) -> (Vec<Row>, Vec<Edge>) {
    let mut rows = Vec::new();
    loop {
        let (mut row, edges) = position.rows(1, 1.0);
        rows.append(&mut row);
        if !edges.is_empty() {
            return (rows, edges);
        }
    }
}

/// The next decisions; the second number is how many were missed.
async fn listen(feed: &mut Feed, count: usize) -> Result<Hearing, CliError> {
    let mut hearing = Hearing::default();
    while hearing.first.len() + (hearing.missed as usize) < count {
        let Ok(event) = tokio::time::timeout(PATIENCE, feed.next()).await else { break };
        match event? {
            Some(FeedEvent::Decisions(decisions)) => {
                let now = Instant::now();
                hearing.first.extend(decisions.iter().map(|decision| (now, edge(decision))));
            }
            Some(FeedEvent::Missed(gap)) => hearing.missed += gap.count.unwrap_or(1),
            None => break,
        }
    }
    hearing.first_missed = hearing.missed;
    Ok(hearing)
}

/// Samples at a steady rate. A latency counts from when the sample was due, whenever it was sent.
pub(super) async fn paced(
    bench: &Bench<'_>,
    source: &mut Source,
    position: &mut Position,
    subscribers: usize,
) -> Result<Paced, CliError> {
    let (rate, seconds) = (bench.args.rate, bench.args.seconds);
    let feeds = Subscribers::start(bench.url, subscribers).await?;
    let faults = source.settled().await?;
    let (rows, edges) = position.rows((rate * seconds) as usize, 1e6 / f64::from(rate));
    let (messages, before) = (source.messages, bench.cpu_time());
    let began = Instant::now();
    keep_pace(source, &rows, began, f64::from(rate)).await?;
    let faults = source.settled().await? - faults;
    feeds.hear(edges.len()).await;
    let cost = cost(before, bench.cpu_time(), rows.len());
    let hearing = feeds.heard(edges.len());
    let mut verdict = Verdict { faults, ..Verdict::default() };
    verdict.add(&edges, &hearing);
    let first_us = rows.first().map_or(0, |row| row.0);
    let due = |edge: &Edge| began + Duration::from_micros(edge.time_us - first_us);
    let times = hearing.first.iter().filter_map(|(at, edge)| {
        edge.as_ref()
            .filter(|edge| edge.time_us >= first_us)
            .map(|edge| at.duration_since(due(edge)))
    });
    Ok(Paced {
        subscribers,
        samples_per_second: rate,
        samples: rows.len(),
        messages: source.messages - messages,
        times: Times::new(times.collect()),
        verdict,
        cost,
    })
}

/// Sends each row when it is due, those that are due together in one go.
async fn keep_pace(
    source: &mut Source,
    rows: &[Row],
    began: Instant,
    rate: f64,
) -> Result<(), CliError> {
    let mut sent = 0;
    while sent < rows.len() {
        let due = (began.elapsed().as_secs_f64() * rate) as usize + 1;
        let due = due.min(rows.len());
        if due > sent {
            source.send(&rows[sent..due]).await?;
            sent = due;
        }
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        // A timer of the runtime is too coarse; nothing else runs in this thread.
        thread::sleep(GATHER);
    }
    Ok(())
}

/// As many samples as go in.
pub(super) async fn saturated(
    bench: &Bench<'_>,
    source: &mut Source,
    position: &mut Position,
    subscribers: usize,
) -> Result<Saturated, CliError> {
    let feeds = Subscribers::start(bench.url, subscribers).await?;
    let faults = source.settled().await?;
    let (rows, edges) = position.rows(bench.args.samples as usize, SPACING_US as f64);
    let before = bench.cpu_time();
    let began = Instant::now();
    for part in rows.chunks(bench.args.batch as usize * bench.args.streams as usize) {
        source.send(part).await?;
    }
    let faults = source.settled().await? - faults;
    let accepted = began.elapsed();
    position.timeline.catch_up(accepted);
    let expected = if subscribers > 0 { edges.as_slice() } else { &[] };
    feeds.hear(expected.len()).await;
    let hearing = feeds.heard(expected.len());
    let decided = hearing.first.last().map_or(accepted, |(at, _)| at.duration_since(began));
    let mut verdict = Verdict { faults, ..Verdict::default() };
    verdict.add(expected, &hearing);
    Ok(Saturated {
        subscribers,
        samples: rows.len(),
        samples_per_second: rows.len() as f64 / accepted.max(decided).as_secs_f64(),
        verdict,
        cost: cost(before, bench.cpu_time(), rows.len()),
    })
}

/// What each sample cost the server.
fn cost(before: Option<CpuTime>, after: Option<CpuTime>, samples: usize) -> Option<Cost> {
    let (before, after) = (before?, after?);
    let each = |ns: u64| ns as f64 / samples as f64;
    Some(Cost {
        engine_ns: after
            .engine_ns
            .zip(before.engine_ns)
            .map(|(after, before)| each(after - before)),
        server_ns: each(after.server_ns - before.server_ns),
    })
}
