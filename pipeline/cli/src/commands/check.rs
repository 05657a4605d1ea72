//! `piccolo check`: compiles rules and prints what is wrong with them.

use std::io::{self, Write};

use piccolo_base::exit::Code;
use piccolo_script::{RuleSet, render};

use crate::args::{CheckArgs, MessageFormat};
use crate::error::CliError;
use crate::output::note;

pub(crate) fn run(args: &CheckArgs) -> Result<Code, CliError> {
    let catalogue = super::catalogue(&args.catalogue)?;
    args.rules.iter().try_for_each(|path| super::exists(path))?;
    let (rules, diagnostics) = RuleSet::load(&args.rules, &catalogue);
    let mut out = io::stdout().lock();
    for diagnostic in &diagnostics {
        match args.message_format {
            MessageFormat::Human => writeln!(out, "{}", render(diagnostic).trim_end())?,
            MessageFormat::Json => {
                serde_json::to_writer(&mut out, &diagnostic.record()).map_err(io::Error::from)?;
                writeln!(out)?;
            }
        }
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    note(format_args!("{} scenarios, {errors} errors, {warnings} warnings", rules.len()));
    if let Some(diagnostic) = diagnostics.first() {
        note(format_args!("piccolo explain-code {} says more", diagnostic.code));
    }
    Ok(if errors > 0 { Code::InvalidInput } else { Code::Done })
}
