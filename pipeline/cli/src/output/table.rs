//! Decisions as a table for people, line by line as they come.

use std::io::{self, Write};

use piccolo_catalogue::Value;
use piccolo_engine::{Action, AtomReason, Decision, Edge, Why, Withheld};
use piccolo_wire::v1 as wire;

pub(super) fn write_heading(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:>14}  {:<5}  {:<20}  {:<24}  ACTIONS", "TIME", "EDGE", "VEHICLE", "SCENARIO")
}

pub(super) fn write(out: &mut impl Write, decision: &Decision) -> io::Result<()> {
    let edge = match decision.edge {
        Edge::Begin => "begin",
        Edge::End => "end",
    };
    let actions = deeds(decision);
    let head = (decision.time_us, edge, &*decision.vehicle, &*decision.scenario);
    write_line(out, head, &actions)?;
    decision.why.as_ref().map_or(Ok(()), |why| write_why(out, why))
}

/// What a decision does and does not do.
pub(super) fn deeds(decision: &Decision) -> Vec<String> {
    let done = decision.actions.iter().map(action);
    done.chain(decision.withheld.iter().map(withheld)).collect()
}

/// A decision of the feed; its reason is left to `-o jsonl`.
pub(super) fn write_wire(out: &mut impl Write, decision: &wire::Decision) -> io::Result<()> {
    let edge = match decision.edge() {
        wire::Edge::Begin => "begin",
        wire::Edge::End => "end",
        wire::Edge::Unspecified => "?",
    };
    let actions: Vec<String> = decision
        .actions
        .iter()
        .map(|action| format!("{} {}", action.kind, action.target))
        .collect();
    write_line(out, (decision.time_us, edge, &decision.vehicle, &decision.scenario), &actions)
}

fn write_line(
    out: &mut impl Write,
    (time_us, edge, vehicle, scenario): (u64, &str, &str, &str),
    actions: &[String],
) -> io::Result<()> {
    let actions = if actions.is_empty() { "-".to_owned() } else { actions.join(", ") };
    let time = seconds(time_us);
    writeln!(out, "{time:>14}  {edge:<5}  {vehicle:<20}  {scenario:<24}  {actions}")
}

pub(super) fn write_why(out: &mut impl Write, why: &Why) -> io::Result<()> {
    write!(out, "{:>14}  {} {}", "", why.clause, why.condition)?;
    if let Some(since) = why.held_since_us {
        write!(out, ", held since {}", seconds(since))?;
    }
    writeln!(out)?;
    why.atoms.iter().try_for_each(|atom| write_atom(out, atom))
}

pub(super) fn write_atom(out: &mut impl Write, atom: &AtomReason) -> io::Result<()> {
    let mark = match atom.holds {
        Some(true) => "yes",
        Some(false) => "no ",
        None => "?  ",
    };
    write!(out, "{:>14}    {mark} {}", "", atom.atom)?;
    match &*atom.signals {
        [signal] if atom.atom.starts_with(&*signal.signal) => {
            write!(out, "    is {}", shown(signal.value.as_ref(), "unknown"))?;
        }
        signals => {
            let values = signals.iter().map(|signal| {
                format!("{} = {}", signal.signal, shown(signal.value.as_ref(), "unknown"))
            });
            write!(out, "    {}", values.collect::<Vec<_>>().join(", "))?;
        }
    }
    if let Some(margin) = atom.margin {
        write!(out, ", margin {}", rounded(margin))?;
    }
    if let Some(flip) = &atom.flipped_by {
        let value = shown(flip.value.as_ref(), "unavailable");
        write!(out, ", since {} by {value} (line {})", seconds(flip.time_us), flip.origin)?;
    }
    writeln!(out)
}

pub(super) fn shown(value: Option<&Value>, without: &str) -> String {
    value.map_or(without.to_owned(), ToString::to_string)
}

fn action(action: &Action) -> String {
    let arguments: Vec<String> =
        action.arguments.0.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut text = format!("{} {}", action.kind, action.target);
    if !arguments.is_empty() {
        text = format!("{text} ({})", arguments.join(", "));
    }
    if let Some(scenario) = &action.scenario {
        text = format!("{text} for {scenario}");
    }
    if let Some(policy) = &action.changed_by {
        text = format!("{text} by policy {policy}");
    }
    text
}

fn withheld(withheld: &Withheld) -> String {
    let reason = match (&withheld.overruled_by, &withheld.no_value_for, &withheld.reason) {
        (Some(scenario), ..) => format!("{scenario} has it"),
        (None, Some(argument), _) => format!("no value for {argument}"),
        (None, None, Some(reason)) => match &withheld.denied_by {
            Some(policy) => format!("policy {policy}: {reason}"),
            None => reason.to_string(),
        },
        (None, None, None) => "withheld".to_owned(),
    };
    format!("[not: {} {}, {reason}]", withheld.kind, withheld.target)
}

pub(super) fn seconds(time_us: u64) -> String {
    format!("{}.{:06} s", time_us / 1_000_000, time_us % 1_000_000)
}

/// Twelve significant digits: enough to see the margin without the noise of binary fractions.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}
