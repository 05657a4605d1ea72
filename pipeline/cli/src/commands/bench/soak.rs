//! `piccolo bench soak`: an engine under steady load whose rules change all the time.

use std::io::{self, Write};

use piccolo_base::exit::Code;
use piccolo_benchmark::soak::{self, Report, Second, SoakPlan};

use crate::args::{DocumentFormat, SoakArgs};
use crate::error::CliError;

/// How many rows the table has, at most.
const ROWS_MAX: usize = 20;

pub(super) fn run(args: &SoakArgs, format: DocumentFormat) -> Result<Code, CliError> {
    let plan = SoakPlan {
        size: args.size,
        rate: args.rate,
        changes: args.changes,
        seconds: (args.minutes * 60.0).round() as u32,
        seed: args.seed,
    };
    let report = soak::run(&plan)?;
    if let Some(path) = &args.plot {
        let failed = |source| CliError::Report { path: path.clone(), source };
        std::fs::write(path, soak::plot(&report)).map_err(failed)?;
    }
    super::print(format, &report, |out| write(out, &report))?;
    Ok(if report.is_well() { Code::Done } else { Code::Negative })
}

fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(
        out,
        "{:>7} {:>9} {:>10} {:>7} {:>9} {:>9} {:>9} {:>10} {:>6} {:>6} {:>8} {:>9}",
        "second",
        "memory",
        "samples",
        "behind",
        "p50",
        "p99",
        "max",
        "decisions",
        "lost",
        "slots",
        "changes",
        "load max"
    )?;
    let every = report.seconds.len().div_ceil(ROWS_MAX).max(1);
    let last = report.seconds.len().saturating_sub(1);
    let shown = |place: &usize| place.is_multiple_of(every) || *place == last;
    for (_, second) in report.seconds.iter().enumerate().filter(|(place, _)| shown(place)) {
        write_row(out, second)?;
    }
    write_summary(out, report)
}

fn write_row(out: &mut dyn Write, row: &Second) -> io::Result<()> {
    writeln!(
        out,
        "{:>7} {:>9} {:>10} {:>7} {:>6.0} us {:>6.0} us {:>6.0} us {:>10} {:>6} {:>6} {:>8} {:>6.0} us",
        row.second,
        row.resident_bytes.map_or_else(|| "-".to_owned(), megabytes),
        row.samples,
        row.behind,
        us(row.p50_ns),
        us(row.p99_ns),
        us(row.max_ns),
        row.decisions,
        row.late_samples,
        row.slots,
        row.changes,
        us(row.load_max_ns),
    )
}

fn write_summary(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let Report { rules, vehicles, seconds, .. } = report;
    writeln!(out, "{rules} rules, {vehicles} vehicles, {} seconds", seconds.len())?;
    writeln!(
        out,
        "{} samples in, {} lost; {} decisions; {} changes of rules, {} passed over",
        report.sum(|second| second.samples),
        report.lost,
        report.sum(|second| second.decisions),
        report.sum(|second| second.changes),
        report.sum(|second| second.changes_passed_over),
    )?;
    writeln!(
        out,
        "a step: p50 {:.0} us, p99 {:.0} us (medians of the seconds), at most {:.0} us",
        us(report.median(|second| second.p50_ns)),
        us(report.median(|second| second.p99_ns)),
        us(report.max(|second| second.max_ns)),
    )?;
    match report.growth {
        Some(growth) => {
            let verdict = if report.grew() { "it grew" } else { "it is flat" };
            let percent = (growth - 1.0) * 100.0;
            writeln!(out, "memory, last quarter against second: {percent:+.1} %, {verdict}")
        }
        None => writeln!(out, "memory: too short, or the kernel does not say"),
    }
}

fn us(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e3
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
