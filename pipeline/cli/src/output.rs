//! What goes to standard output and standard error.

mod backup;
mod changes;
mod reasons;
mod rules;
mod states;
mod table;

use std::fmt::Arguments;
use std::io::{self, BufWriter, Stdout, StdoutLock, Write};

use piccolo_engine::{Decision, DecisionChange};
use piccolo_wire::v1 as wire;
use piccolo_workbench::explain::{Explanation, WhyNot};
use serde::Serialize;
use serde_json::Value;

pub(crate) use backup::BackupPrinter;
pub(crate) use rules::RulesPrinter;
pub(crate) use states::StatesPrinter;

use crate::args::{DocumentFormat, OutputFormat};
use crate::error::CliError;

/// Writes a line to standard error; nothing is to be done where that fails.
pub(crate) fn note(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a line to standard output.
pub(crate) fn say(text: Arguments<'_>) -> Result<(), CliError> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// Prints decisions to standard output.
pub(crate) struct Printer {
    format: OutputFormat,
    out: BufWriter<StdoutLock<'static>>,
}

impl Printer {
    /// A printer for one format; a table starts with its heading.
    pub(crate) fn new(format: OutputFormat) -> Result<Self, CliError> {
        let stdout: Stdout = io::stdout();
        let mut out = BufWriter::new(stdout.lock());
        if format == OutputFormat::Table {
            table::write_heading(&mut out)?;
        }
        Ok(Self { format, out })
    }

    /// Prints one decision.
    pub(crate) fn print(&mut self, decision: &Decision) -> Result<(), CliError> {
        match self.format {
            OutputFormat::Table => table::write(&mut self.out, decision)?,
            OutputFormat::Jsonl => self.print_json(decision)?,
        }
        Ok(())
    }

    /// Prints one decision that came over the wire.
    pub(crate) fn print_wire(&mut self, decision: &wire::Decision) -> Result<(), CliError> {
        match self.format {
            OutputFormat::Table => table::write_wire(&mut self.out, decision)?,
            OutputFormat::Jsonl => self.print_json(decision)?,
        }
        Ok(())
    }

    /// Prints how two rule sets differ.
    pub(crate) fn print_changes(&mut self, changes: &[DecisionChange]) -> Result<(), CliError> {
        for change in changes {
            match self.format {
                OutputFormat::Table => changes::write(&mut self.out, change)?,
                OutputFormat::Jsonl => self.print_json(&changes::Line::of(change))?,
            }
        }
        self.flush()
    }

    fn print_json(&mut self, decision: &impl Serialize) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.out, decision).map_err(into_output_error)?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Makes what was printed visible.
    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        Ok(self.out.flush()?)
    }
}

/// Prints a document as JSON.
pub(crate) fn print_document(document: &impl Serialize) -> Result<(), CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, document).map_err(into_output_error)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Prints an answer of a server: lines for people, or one JSON document.
fn print(format: DocumentFormat, document: &Value, lines: &[String]) -> Result<(), CliError> {
    if format == DocumentFormat::Json {
        return print_document(document);
    }
    let mut out = io::stdout().lock();
    Ok(lines.iter().try_for_each(|line| writeln!(out, "{line}"))?)
}

/// Prints why a decision was made.
pub(crate) fn print_explanation(explanation: &Explanation) -> Result<(), CliError> {
    Ok(reasons::write_explanation(&mut io::stdout().lock(), explanation)?)
}

/// Prints why a scenario did not begin.
pub(crate) fn print_why_not(why_not: &WhyNot) -> Result<(), CliError> {
    Ok(reasons::write_why_not(&mut io::stdout().lock(), why_not)?)
}

/// An error of writing that came through JSON stays what it was.
fn into_output_error(error: serde_json::Error) -> CliError {
    match error.io_error_kind() {
        Some(kind) => CliError::Output(kind.into()),
        None => CliError::Json(error),
    }
}
