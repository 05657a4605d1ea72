//! `piccolo test`: runs the tests beside rules and measures what they cover.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_recording::Reader;
use piccolo_workbench::coverage::{CoverageReport, Metric, Ratio, Shortfall, Threshold};
use piccolo_workbench::results::{Outcome, Results, TestResult};
use piccolo_workbench::testing::Tester;
use serde::Serialize;

use crate::args::{DocumentFormat, TestArgs};
use crate::error::CliError;
use crate::output::note;

pub(crate) fn run(args: &TestArgs) -> Result<Code, CliError> {
    let started = Instant::now();
    let catalogue = super::catalogue(&args.signals.catalogue)?;
    let rules = super::rules(&args.rules, &catalogue)?;
    // What can fail comes before the first line of output.
    let recordings = open(args, &catalogue)?;
    let mut tester = Tester::new(&rules, catalogue);
    let ran = run_tests(args, &mut tester)?;
    for (name, reader) in recordings {
        let faults = tester.cover(&name, reader)?;
        if faults > 0 {
            note(format_args!("{name}: {faults} faults were passed over"));
        }
    }
    let coverage = needs_coverage(args).then(|| tester.coverage());
    let missed = coverage.as_ref().map(|report| shortfalls(args, report)).unwrap_or_default();
    let results = Results::new(ran);
    write_files(args, &results, coverage.as_ref())?;
    match args.output {
        DocumentFormat::Table => {
            let shown = coverage.as_ref().and_then(|report| shown(args, report, &missed));
            print_table(&results, shown.as_ref(), &missed, started.elapsed())?;
        }
        DocumentFormat::Json => print_json(&results, coverage.as_ref(), &missed)?,
    }
    let passed = results.all_passed() && missed.is_empty();
    Ok(if passed { Code::Done } else { Code::Negative })
}

/// The recordings of `--on` under the names of their files, or their paths where those are equal.
fn open(args: &TestArgs, catalogue: &Arc<Catalogue>) -> Result<Vec<(String, Reader)>, CliError> {
    let mut recordings: Vec<(String, Reader)> = Vec::new();
    for path in &args.on {
        let reader = super::open(path, catalogue, &args.signals)?;
        let name = super::file_stem(path);
        let known = recordings.iter().any(|(known, _)| *known == name);
        recordings.push((if known { path.display().to_string() } else { name }, reader));
    }
    Ok(recordings)
}

/// Runs the tests that are asked for, each with its line as soon as it is done.
fn run_tests(args: &TestArgs, tester: &mut Tester) -> Result<Vec<TestResult>, CliError> {
    let mut tests = tester.tests();
    let all = tests.len();
    if all == 0 {
        note(format_args!("there is no test in these files; add `test` blocks beside the rules"));
    }
    if let Some(wanted) = args.run.as_ref().filter(|_| all > 0) {
        tests.retain(|test| wanted.is_match(&test.name));
        if tests.is_empty() {
            note(format_args!("none of {all} tests fits --run {wanted}"));
            return Err(CliError::Said(Code::NotFound));
        }
    }
    let mut out = io::stdout().lock();
    let mut results = Vec::new();
    for test in tests {
        let started = Instant::now();
        let result = tester.run(&test);
        if args.output == DocumentFormat::Table {
            print_result(&mut out, &result, started.elapsed())?;
        }
        results.push(result);
    }
    Ok(results)
}

fn print_result(out: &mut impl Write, result: &TestResult, took: Duration) -> io::Result<()> {
    let TestResult { name, file, line, outcome } = result;
    let word = if *outcome == Outcome::Passed { "PASS" } else { "FAIL" };
    writeln!(out, "{word} {:>6.3} s  {name}  ({file}:{line})", took.as_secs_f64())?;
    match outcome {
        Outcome::Passed => Ok(()),
        Outcome::Failed { failures } => {
            failures.iter().try_for_each(|failure| writeln!(out, "     {failure}"))
        }
        Outcome::Broken { message } => writeln!(out, "     it cannot be run: {message}"),
    }
}

fn needs_coverage(args: &TestArgs) -> bool {
    args.coverage
        || args.threshold.is_some()
        || args.html.is_some()
        || args.coverage_json.is_some()
        || !args.on.is_empty()
}

fn shortfalls(args: &TestArgs, report: &CoverageReport) -> Vec<Shortfall> {
    let least = args.threshold;
    Threshold { condition: least, branch: least, mcdc: least }.check(&report.totals)
}

/// What is printed of the coverage: all where it is asked for; what is missing where that is less
/// than asked for.
fn shown(args: &TestArgs, report: &CoverageReport, missed: &[Shortfall]) -> Option<CoverageReport> {
    if !args.coverage && missed.is_empty() {
        return None;
    }
    let mut shown = report.clone();
    if !args.coverage {
        let lacks = |(_, ratio): (Metric, Ratio)| ratio.covered < ratio.of;
        shown.conditions.retain(|one| one.totals.metrics().into_iter().any(lacks));
    }
    Some(shown)
}

fn write_files(
    args: &TestArgs,
    results: &Results,
    coverage: Option<&CoverageReport>,
) -> Result<(), CliError> {
    if let Some(path) = &args.junit {
        write(path, &results.to_junit()?)?;
    }
    if let (Some(path), Some(report)) = (&args.html, coverage) {
        write(path, &report.to_html())?;
    }
    if let (Some(path), Some(report)) = (&args.coverage_json, coverage) {
        write(path, &report.to_json()?)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|source| CliError::Report { path: path.to_owned(), source })
}

fn print_table(
    results: &Results,
    coverage: Option<&CoverageReport>,
    missed: &[Shortfall],
    took: Duration,
) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    if let Some(report) = coverage {
        write!(out, "\n{}", report.to_text())?;
    }
    for shortfall in missed {
        writeln!(out, "{shortfall}")?;
    }
    let (passed, failed, broken) = results.counts();
    let (failed, took) = (failed + broken, took.as_secs_f64());
    let tests = if passed == 1 { "test" } else { "tests" };
    writeln!(out, "{passed} {tests} passed, {failed} failed, in {took:.2} s")?;
    Ok(())
}

fn print_json(
    results: &Results,
    coverage: Option<&CoverageReport>,
    missed: &[Shortfall],
) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct Report<'a> {
        #[serde(flatten)]
        results: &'a Results,
        #[serde(skip_serializing_if = "Option::is_none")]
        coverage: Option<&'a CoverageReport>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        below_threshold: &'a [Shortfall],
    }
    let report = Report { results, coverage, below_threshold: missed };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    Ok(())
}
