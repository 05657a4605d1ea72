//! `piccolo diff`: what one rule set decides otherwise than another.

use std::collections::BTreeMap;
use std::slice;
use std::time::Instant;

use piccolo_base::exit::Code;
use piccolo_workbench::diff::{Diff, DiffOptions, diff};

use crate::args::DiffArgs;
use crate::error::CliError;
use crate::output::{Printer, note};

pub(crate) fn run(args: &DiffArgs) -> Result<Code, CliError> {
    let catalogue = super::catalogue(&args.signals.catalogue)?;
    let old = super::rules(slice::from_ref(&args.old), &catalogue)?;
    let new = super::rules(slice::from_ref(&args.new), &catalogue)?;
    let loading = Instant::now();
    let drives = super::drives(&args.on, &args.vehicle, &catalogue, &args.signals)?;
    let loaded = loading.elapsed();
    let options =
        DiffOptions { move_within_us: args.move_within, explain: args.why, full: args.full };
    let comparing = Instant::now();
    let found = diff(&old, &new, &drives, &catalogue, options)?;
    let compared = comparing.elapsed();
    Printer::new(args.output)?.print_changes(&found.changes)?;
    summarise(&found);
    let samples: usize = drives.iter().map(|drive| drive.len()).sum();
    note(format_args!(
        "{} of {} and {} of {} scenarios evaluated on {} of {samples} samples, {} changes",
        found.evaluated[0],
        old.len(),
        found.evaluated[1],
        new.len(),
        found.samples,
        found.changes.len(),
    ));
    note(format_args!(
        "loaded in {:.3} s, compared in {:.3} s",
        loaded.as_secs_f64(),
        compared.as_secs_f64()
    ));
    Ok(if found.changes.is_empty() { Code::Done } else { Code::Negative })
}

/// Counts by scenario.
fn summarise(found: &Diff) {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for change in &found.changes {
        let scenario = counts.entry(&change.decision().scenario).or_default();
        *scenario.entry(change.what()).or_default() += 1;
    }
    for (scenario, counts) in counts {
        let counts: Vec<String> =
            counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        note(format_args!("{scenario}: {}", counts.join(", ")));
    }
}
