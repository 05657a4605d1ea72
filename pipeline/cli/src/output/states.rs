//! What `piccolo states`, `history` and `stats` print: tables for people, and JSON with stable names.

use std::time::{Duration, UNIX_EPOCH};

use piccolo_wire::v1;
use piccolo_wire::v1::state_cause::By;
use serde_json::{Value, json};

use super::print;
use crate::args::DocumentFormat;
use crate::error::CliError;

/// Prints what the server knows of things.
#[derive(Clone, Copy)]
pub(crate) struct StatesPrinter(DocumentFormat);

impl StatesPrinter {
    pub(crate) fn new(format: DocumentFormat) -> Self {
        Self(format)
    }

    pub(crate) fn records(self, records: &[v1::StateRecord]) -> Result<(), CliError> {
        let mut lines = vec![format!("{:<32}  {:<12}  {:<12}  SINCE", "NAME", "STATE", "NODE")];
        lines.extend(records.iter().map(|record| {
            let node = record.node.as_deref().unwrap_or("-");
            let since = record.since_us.map_or_else(|| "-".to_owned(), time);
            format!("{:<32}  {:<12}  {node:<12}  {since}", record.name, record.state)
        }));
        let document: Vec<Value> = records.iter().map(record).collect();
        print(self.0, &document.into(), &lines)
    }

    pub(crate) fn steps(self, steps: &[v1::StateStep]) -> Result<(), CliError> {
        let mut lines = vec![format!(
            "{:>5}  {:<27}  {:<40}  {:<24}  BY",
            "STEP", "TIME", "FROM -> TO", "EVENT"
        )];
        lines.extend(steps.iter().map(|step| {
            let way = format!("{} -> {}", or_absent(&step.from), or_absent(&step.to));
            let event = step.event.as_deref().unwrap_or("deleted");
            let (at, by) = (time(step.at_us), by(step.cause.as_ref()));
            format!("{:>5}  {at:<27}  {way:<40}  {event:<24}  {by}", step.step)
        }));
        let document: Vec<Value> = steps.iter().map(step).collect();
        print(self.0, &document.into(), &lines)
    }

    pub(crate) fn statistics(self, things: &[v1::StateStatistics]) -> Result<(), CliError> {
        let lines: Vec<String> = things.iter().flat_map(summary).collect();
        let document: Vec<Value> = things.iter().map(statistics).collect();
        print(self.0, &document.into(), &lines)
    }
}

/// What a thing's history comes to, in a few lines.
fn summary(thing: &v1::StateStatistics) -> Vec<String> {
    let mut lines = vec![thing.name.clone()];
    for of in &thing.in_state {
        lines.push(format!("  {:<20} {}", of.state, duration(of.time_us as f64)));
    }
    for of in &thing.transitions {
        let (from, to) = (or_absent(&of.from), or_absent(&of.to));
        lines.push(format!("  {:<34} {} times", format!("{from} -> {to}"), of.count));
    }
    if let Some(rate) = thing.transitions_per_hour {
        lines.push(format!("  {rate:.3} transitions an hour"));
    }
    if let Some(mean_us) = thing.mean_time_to_recover_us {
        let recoveries = thing.recoveries;
        lines.push(format!("  recovered {recoveries} times, in {} on average", duration(mean_us)));
    }
    if let Some(steps) = thing.flapping {
        lines.push(format!("  flaps: {steps} steps within the window"));
    }
    lines
}

fn record(record: &v1::StateRecord) -> Value {
    json!({
        "name": record.name,
        "state": record.state,
        "node": record.node,
        "since_us": record.since_us,
        "step": record.step,
        "revision": record.revision,
    })
}

fn step(step: &v1::StateStep) -> Value {
    json!({
        "step": step.step,
        "from": step.from,
        "event": step.event,
        "to": step.to,
        "at_us": step.at_us,
        "by": by(step.cause.as_ref()),
        "id": step.id,
    })
}

fn statistics(thing: &v1::StateStatistics) -> Value {
    let in_state = thing.in_state.iter().map(|of| (of.state.clone(), of.time_us.into()));
    let transition =
        |of: &v1::StateTransitionCount| json!({ "from": of.from, "to": of.to, "count": of.count });
    json!({
        "name": thing.name,
        "in_state_us": in_state.collect::<serde_json::Map<_, _>>(),
        "transitions": thing.transitions.iter().map(transition).collect::<Vec<_>>(),
        "transitions_per_hour": thing.transitions_per_hour,
        "recoveries": thing.recoveries,
        "mean_time_to_recover_us": thing.mean_time_to_recover_us,
        "flapping": thing.flapping,
    })
}

fn by(cause: Option<&v1::StateCause>) -> String {
    match cause.and_then(|cause| cause.by.as_ref()) {
        Some(By::Rule(rule)) => format!("rule {} ({})", rule.scenario, rule.decision),
        Some(By::User(name)) => format!("user {name}"),
        Some(By::Node(name)) => format!("node {name}"),
        Some(By::Member(member)) => format!("{} {}", member.kind, member.name),
        Some(By::Platform(reason)) => reason.clone(),
        None => "-".to_owned(),
    }
}

fn or_absent(state: &Option<String>) -> &str {
    state.as_deref().unwrap_or("(none)")
}

/// A time of day, from microseconds of Unix time.
pub(super) fn time(us: u64) -> String {
    humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_micros(us)).to_string()
}

fn duration(us: f64) -> String {
    format!("{:.3} s", us / 1e6)
}
