//! `piccolo completion`: completion scripts for shells.

use std::io;

use clap::CommandFactory;
use piccolo_base::exit::Code;

use crate::args::{Args, CompletionArgs};
use crate::error::CliError;

pub(crate) fn run(args: &CompletionArgs) -> Result<Code, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "piccolo", &mut script);
    io::Write::write_all(&mut io::stdout().lock(), &script)?;
    Ok(Code::Done)
}
