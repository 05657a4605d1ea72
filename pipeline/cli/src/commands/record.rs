//! `piccolo record`: writes what comes in on standard input, until it ends.

use std::path::Path;

use piccolo_base::exit::Code;

use super::convert::{copy, format};
use crate::args::RecordArgs;
use crate::error::CliError;

/// Standard input as a path; the readers open paths.
const STANDARD_INPUT: &str = "/dev/stdin";

pub(crate) fn run(args: &RecordArgs) -> Result<Code, CliError> {
    let catalogue = super::catalogue(&args.signals.catalogue)?;
    let format = format(&args.output, args.format)?;
    let interrupts = keep_through_interrupts()?;
    let reader = super::open(Path::new(STANDARD_INPUT), &catalogue, &args.signals)?;
    let code = copy(reader, &args.output, format, catalogue);
    interrupts.shutdown_background();
    code
}

/// Ctrl-C ends the program that feeds this one; this one then sees the end of
/// its input and closes the recording properly.
fn keep_through_interrupts() -> Result<tokio::runtime::Runtime, CliError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    Ok(runtime)
}
