//! `piccolo verify`: a replay again, by its receipt.

use std::path::PathBuf;

use piccolo_base::exit::Code;

use super::replay::{Prepared, play};
use crate::args::{ReplayArgs, VerifyArgs};
use crate::error::CliError;
use crate::output::{note, say};
use crate::receipt::{Inputs, Proof, Receipt, inputs_differ, outcome_differs};

pub(crate) fn run(args: &VerifyArgs) -> Result<Code, CliError> {
    let receipt = Receipt::read(&args.receipt)?;
    let wrong = |source| CliError::Receipt { path: args.receipt.clone(), source };
    let command = receipt.command(args.workers, args.batch).map_err(wrong)?;
    all_exist(&command)?;
    let difference = difference(&receipt, &command)?;
    let decisions = receipt.outcome.decisions.count;
    match &difference {
        Some(difference) => say(format_args!("{difference}"))?,
        None => say(format_args!("verified: the same {decisions} decisions, byte for byte"))?,
    }
    Ok(if difference.is_some() { Code::Negative } else { Code::Done })
}

/// Every file that the receipt names is there.
fn all_exist(command: &ReplayArgs) -> Result<(), CliError> {
    let signals = &command.signals;
    let files = command.recordings.iter().chain(&command.rules).chain(&signals.catalogue);
    let mut files = files.chain(&signals.dbc).chain(&signals.map);
    files.try_for_each(|file: &PathBuf| super::exists(file))
}

/// The first thing that is not as the receipt says.
fn difference(receipt: &Receipt, command: &ReplayArgs) -> Result<Option<String>, CliError> {
    let prepared = Prepared::new(command)?;
    let inputs = Inputs::new(command, &prepared.catalogue, &prepared.rules);
    if inputs.engine != receipt.inputs.engine {
        let (then, now) = (&receipt.inputs.engine, &inputs.engine);
        note(format_args!("the receipt is of engine {then}, this is {now}"));
    }
    if let Some(difference) = inputs_differ(&receipt.inputs, &inputs) {
        return Ok(Some(difference));
    }
    let mut proof = Proof::new(&command.recordings, &command.vehicle)?;
    play(command, &prepared, None, Some(&mut proof))?;
    Ok(outcome_differs(&receipt.outcome, &proof.finish()))
}
