//! The `piccolo` command.

mod args;
mod checkpoint;
mod cluster;
mod commands;
mod error;
mod output;
mod receipt;
mod replay;

use clap::Parser;
use piccolo_base::exit::Code;

use crate::args::{Args, Command};

fn main() -> Code {
    let args = Args::parse();
    let result = match args.command {
        Command::Replay(args) => commands::replay::run(&args),
        Command::Merge(args) => commands::merge::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Test(args) => commands::test::run(&args),
        Command::ExplainCode(args) => commands::explain_code::run(&args),
        Command::Convert(args) => commands::convert::run(&args),
        Command::Record(args) => commands::record::run(&args),
        Command::Feed(args) => commands::feed::run(&args),
        Command::Rules(args) => commands::rules::run(&args),
        Command::States(args) => commands::states::states(&args),
        Command::History(args) => commands::states::history(&args),
        Command::Stats(args) => commands::states::stats(&args),
        Command::Backup(args) => commands::backup::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Completion(args) => commands::completion::run(&args),
    };
    result.unwrap_or_else(|error| {
        if !error.is_quiet() {
            output::note(format_args!("error: {error}"));
        }
        error.code()
    })
}
