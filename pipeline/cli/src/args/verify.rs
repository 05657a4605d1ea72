//! The command line of `piccolo verify`.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo replay drive.csv.gz --rules rules/ --receipt drive.receipt.json
  piccolo verify drive.receipt.json
  piccolo verify drive.receipt.json --workers 4 --batch 1")]
pub(crate) struct VerifyArgs {
    /// What `piccolo replay --receipt` wrote; its paths count from where this is run
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    /// Worker threads; the answer is the same for any number
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) workers: usize,
    /// Samples in one step of the engine; the answer is the same for any number
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: u32,
}
