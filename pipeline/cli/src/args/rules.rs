//! The command line of `piccolo rules`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{DocumentFormat, address};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo rules apply rules/ --server http://127.0.0.1:4710 --dry-run
  piccolo rules apply rules/ --server http://127.0.0.1:4710 --shadow
  piccolo rules difference --server http://127.0.0.1:4710
  piccolo rules promote --server http://127.0.0.1:4710
  piccolo rules list --server http://127.0.0.1:4710
  piccolo rules switch 1 --server http://127.0.0.1:4710")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
    /// Address of the server
    #[arg(
        long,
        global = true,
        default_value = "http://127.0.0.1:50061",
        value_name = "URL",
        value_parser = address
    )]
    pub(crate) server: String,
    /// Output format
    #[arg(long, short, global = true, default_value = "table")]
    pub(crate) output: DocumentFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Make rules the active ones, or the shadow; with an error in them nothing changes
    Apply(ApplyArgs),
    /// List the versions that the server knows
    List,
    /// Make a known version the active one: on, or back
    Switch {
        /// Its number, as `piccolo rules list` shows it
        version: u64,
    },
    /// Make the shadow the active rules
    Promote,
    /// Empty the shadow
    DropShadow,
    /// Show how the shadow decides otherwise than the active rules
    Difference {
        /// The most differences to show; the counts are of all
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: u32,
    },
    /// List scenarios that are left out in a vehicle, since a script broke its limits there
    Quarantined,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo rules apply rules/ --dry-run
  piccolo rules apply rules/ extra.rhai --shadow --server http://127.0.0.1:4710")]
pub(crate) struct ApplyArgs {
    /// Rule files, or directories of them: all rules of the set
    #[arg(required = true, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Into the shadow: they decide, and do not act
    #[arg(long)]
    pub(crate) shadow: bool,
    /// Only say what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
}
