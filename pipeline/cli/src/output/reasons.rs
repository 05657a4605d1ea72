//! Why a decision was made and why it was not, for people.

use std::io::{self, Write};

use piccolo_engine::SampleReason;
use piccolo_workbench::explain::{Answer, Explanation, Missing, WhyNot};

use super::table::{deeds, rounded, seconds, shown, write, write_atom};

/// Where lines below a decision begin.
const INDENT: &str = "                  ";

pub(super) fn write_explanation(out: &mut impl Write, why: &Explanation) -> io::Result<()> {
    write(out, &why.decision)?;
    writeln!(out, "  id {}, revision {}", why.decision.id, why.decision.revision)?;
    let holds = if why.holds { "" } else { " held no more" };
    writeln!(out, "  {} {}{holds}", why.clause, why.condition)?;
    if let Some(since_us) = why.held_since_us {
        let (since, held) = (seconds(since_us), seconds(why.held_us));
        writeln!(out, "  held since {since}; it has to hold for {held}")?;
    }
    if let Some(until_us) = why.rests_until_us {
        writeln!(out, "  rests until {}", seconds(until_us))?;
    }
    let enough = if why.least { "enough" } else { "enough, and fewer may be" };
    writeln!(out, "  {} of {} atoms are {enough}:", why.atoms.len(), why.atoms_count)?;
    for ground in &why.atoms {
        write_atom(out, &ground.reason)?;
        ground.made_from.iter().try_for_each(|sample| write_sample(out, sample))?;
    }
    Ok(())
}

fn write_sample(out: &mut impl Write, sample: &SampleReason) -> io::Result<()> {
    let value = shown(sample.value.as_ref(), "unavailable");
    let (signal, time, line) = (&sample.signal, seconds(sample.time_us), sample.origin);
    writeln!(out, "{INDENT}    from {signal} = {value} at {time} (line {line})")
}

pub(super) fn write_why_not(out: &mut impl Write, why: &WhyNot) -> io::Result<()> {
    let (time, vehicle, scenario) = (seconds(why.time_us), &why.vehicle, &why.scenario);
    writeln!(out, "{time:>14}  not    {vehicle:<20}  {scenario}")?;
    writeln!(out, "  when {}", why.condition)?;
    match &why.answer {
        Answer::NothingKnown => writeln!(out, "  no fact of it had a sample until then"),
        Answer::Active { began: Some(began) } => {
            let deeds = deeds(began);
            let deeds = if deeds.is_empty() { "-".to_owned() } else { deeds.join(", ") };
            writeln!(out, "  it was active, since {}: {deeds}", seconds(began.time_us))
        }
        Answer::Active { began: None } => writeln!(out, "  it was active"),
        Answer::Resting { until_us } => {
            writeln!(out, "  it held, and the scenario rested until {}", seconds(*until_us))
        }
        Answer::Waiting { since_us, for_us, left_us, broken_by } => {
            let (since, left) = (seconds(*since_us), seconds(*left_us));
            match for_us {
                Some(for_us) => writeln!(
                    out,
                    "  it held since {since} for {}, {left} less than it has to; broken by:",
                    seconds(*for_us)
                )?,
                None => writeln!(out, "  it held since {since} and had to for {left} more")?,
            }
            broken_by.iter().try_for_each(|missing| write_missing(out, missing))
        }
        Answer::Until => writeln!(out, "  it held, and so did its `until`"),
        Answer::Spent => writeln!(out, "  it has not been false since the scenario last began"),
        Answer::Impossible => writeln!(out, "  it can never hold"),
        Answer::Failing { missing, others, least, .. } => {
            let fewest = if *least { "" } else { ", or fewer" };
            let (count, all) = (missing.len(), missing.len() + others.len());
            writeln!(out, "  {count} of {all} that failed would have been enough{fewest}:")?;
            missing.iter().try_for_each(|missing| write_missing(out, missing))?;
            if !others.is_empty() {
                writeln!(out, "  the others:")?;
            }
            others.iter().try_for_each(|missing| write_missing(out, missing))
        }
    }
}

fn write_missing(out: &mut impl Write, missing: &Missing) -> io::Result<()> {
    let mark = match missing.holds {
        Some(true) => "yes",
        Some(false) => "no ",
        None => "?  ",
    };
    let wanted = if missing.wanted { "" } else { "    should not hold" };
    write!(out, "{INDENT}{mark} {}{wanted}", missing.atom)?;
    for signal in &missing.signals {
        write!(out, "    {} = {}", signal.signal, shown(signal.value.as_ref(), "unknown"))?;
    }
    if let Some(margin) = missing.margin {
        write!(out, ", short by {}", rounded(margin))?;
    }
    for sample in &missing.samples {
        write!(out, ", since {} (line {})", seconds(sample.time_us), sample.origin)?;
    }
    writeln!(out)
}
