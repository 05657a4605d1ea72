//! How two rule sets differ, as a table for people and as lines of JSON.

use std::io::{self, Write};

use piccolo_engine::{Decision, DecisionChange, Edge};
use serde::Serialize;

use super::table::{deeds, seconds, write_why};

/// A change as one line of JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    change: &'static str,
    time_us: u64,
    vehicle: &'a str,
    scenario: &'a str,
    edge: Edge,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a Decision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a Decision>,
}

impl<'a> Line<'a> {
    pub(super) fn of(change: &'a DecisionChange) -> Self {
        let decision = change.decision();
        Self {
            change: change.what(),
            time_us: decision.time_us,
            vehicle: &decision.vehicle,
            scenario: &decision.scenario,
            edge: decision.edge,
            from: change.from(),
            to: change.to(),
        }
    }
}

pub(super) fn write(out: &mut impl Write, change: &DecisionChange) -> io::Result<()> {
    let decision = change.decision();
    let edge = match decision.edge {
        Edge::Begin => "begin",
        Edge::End => "end",
    };
    let what = match (change, change.from(), change.to()) {
        (DecisionChange::Moved { .. }, Some(from), Some(to)) => {
            let text = format!("moved from {}, {}", seconds(from.time_us), shift(from, to));
            if acts(from) == acts(to) { text } else { format!("{text}, and changed") }
        }
        (DecisionChange::Changed { .. }, ..) => "changed".to_owned(),
        _ => format!("{}: {}", change.what(), acts(decision)),
    };
    writeln!(
        out,
        "{:>14}  {edge:<5}  {:<20}  {:<24}  {what}",
        seconds(decision.time_us),
        decision.vehicle,
        decision.scenario
    )?;
    if let (Some(from), Some(to)) = (change.from(), change.to())
        && acts(from) != acts(to)
    {
        writeln!(out, "{:>14}  - {}", "", acts(from))?;
        writeln!(out, "{:>14}  + {}", "", acts(to))?;
    }
    decision.why.as_ref().map_or(Ok(()), |why| write_why(out, why))
}

fn acts(decision: &Decision) -> String {
    let deeds = deeds(decision);
    if deeds.is_empty() { "-".to_owned() } else { deeds.join(", ") }
}

fn shift(from: &Decision, to: &Decision) -> String {
    let (by_us, word) = match to.time_us.checked_sub(from.time_us) {
        Some(by_us) => (by_us, "later"),
        None => (from.time_us - to.time_us, "earlier"),
    };
    format!("{} {word}", seconds(by_us))
}
