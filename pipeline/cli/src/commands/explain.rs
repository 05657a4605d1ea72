//! `piccolo explain`: why a decision was made, and why a scenario did not begin.

use std::sync::Arc;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_engine::Edge;
use piccolo_script::RuleSet;
use piccolo_workbench::Drive;
use piccolo_workbench::explain::{Asked, Which, explain, why_not};

use crate::args::{DocumentFormat, EdgeArg, ExplainArgs};
use crate::error::CliError;
use crate::output::{note, print_document, print_explanation, print_why_not};

pub(crate) fn run(args: &ExplainArgs) -> Result<Code, CliError> {
    let asked = match (&args.not, args.at, args.nearest) {
        (Some(_), Some(at_us), _) => Some(Asked::At(at_us)),
        (Some(_), None, true) => Some(Asked::Nearest),
        (Some(_), None, false) => {
            let message = "--not needs a time: --at DURATION, or --nearest".to_owned();
            return Err(CliError::Usage(message));
        }
        (None, _, true) => {
            return Err(CliError::Usage("--nearest goes with --not NAME".to_owned()));
        }
        (None, ..) => None,
    };
    let catalogue = super::catalogue(&args.signals.catalogue)?;
    let rules = super::rules(&args.rules, &catalogue)?;
    let named = args.scenario.as_ref().or(args.not.as_ref());
    if let Some(name) = named.filter(|name| rules.scenario(name).is_none()) {
        note(format_args!("error: there is no scenario `{name}` in the rules"));
        return Ok(Code::NotFound);
    }
    let drives = super::drives(&args.recordings, &args.vehicle, &catalogue, &args.signals)?;
    match (&args.not, asked) {
        (Some(name), Some(asked)) => run_why_not(args, &rules, &drives, &catalogue, name, asked),
        _ => run_explain(args, &rules, &drives, &catalogue),
    }
}

fn run_explain(
    args: &ExplainArgs,
    rules: &RuleSet,
    drives: &[Drive],
    catalogue: &Arc<Catalogue>,
) -> Result<Code, CliError> {
    let edge = args.edge.map(|edge| match edge {
        EdgeArg::Begin => Edge::Begin,
        EdgeArg::End => Edge::End,
    });
    let which = match (&args.id, &args.scenario) {
        (Some(id), _) => Which::Id(*id),
        (None, name) => {
            Which::Scenario { name: name.as_deref().unwrap_or_default(), at_us: args.at, edge }
        }
    };
    let Some(explanation) = explain(rules, drives, catalogue, which)? else {
        note(format_args!("error: no such decision was made; ask why with --not NAME --nearest"));
        return Ok(Code::NotFound);
    };
    match args.output {
        DocumentFormat::Table => print_explanation(&explanation)?,
        DocumentFormat::Json => print_document(&explanation)?,
    }
    Ok(Code::Done)
}

fn run_why_not(
    args: &ExplainArgs,
    rules: &RuleSet,
    drives: &[Drive],
    catalogue: &Arc<Catalogue>,
    name: &str,
    asked: Asked,
) -> Result<Code, CliError> {
    let found = why_not(rules, drives, catalogue, name, asked)?.unwrap_or_default();
    if found.is_empty() {
        note(format_args!("the scenario `{name}` was active, or no fact of it had a sample"));
    }
    match args.output {
        DocumentFormat::Table => found.iter().try_for_each(print_why_not)?,
        DocumentFormat::Json => print_document(&found)?,
    }
    Ok(Code::Done)
}
