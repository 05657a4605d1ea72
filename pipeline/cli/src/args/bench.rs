//! The command line of `piccolo bench`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use piccolo_benchmark::Size;

use super::DocumentFormat;

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo bench engine
  piccolo bench engine --size 1000x100 --rounds 11 -o json
  piccolo bench engine --governed
  piccolo bench latency --rules 1000
  piccolo bench server --rate 100000 --subscribers 1 --subscribers 100
  piccolo bench soak --minutes 20 --plot soak.svg
  piccolo bench export --size 300x100 --events 200000")]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) command: BenchCommand,
    /// Output format
    #[arg(long, short, global = true, default_value = "table")]
    pub(crate) output: DocumentFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Compare the engine with two hand-written loops on the same samples
    Engine(EngineBenchArgs),
    /// Measure how long one sample takes from the engine's entrance to its decisions
    Latency(LatencyArgs),
    /// Measure the memory that vehicles take, in a process of its own
    Memory(MemoryArgs),
    /// Measure a server over gRPC, from a sample to its decision at a subscriber; exit code 1 where
    /// a sample or decision is lost
    Server(ServerBenchArgs),
    /// Run the engine at a steady rate while rules change; exit code 1 where samples are lost or
    /// memory grows
    Soak(SoakArgs),
    /// Print the workload: as one JSON document, with the edges that every engine has to find, or
    /// its rules or catalogue alone
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct EngineBenchArgs {
    /// Rules and vehicles, such as 1000x100; may be repeated. Without it, the rows of
    /// docs/performance.md
    #[arg(long = "size", value_name = "RULESxVEHICLES", value_parser = size)]
    pub(crate) sizes: Vec<Size>,
    /// Samples in one step of the engine
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: u32,
    /// Rounds with samples of their own; the median counts
    #[arg(long, default_value_t = 9, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Samples of a round
    #[arg(long, default_value_t = 200_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: u32,
    /// Worker threads of the engine
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) workers: usize,
    /// Let policies judge every action, and two rules claim each target
    #[arg(long)]
    pub(crate) governed: bool,
    /// Rules that change as often as they can
    #[arg(long)]
    pub(crate) chatter: bool,
    /// Seed of rules and samples
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LatencyArgs {
    /// Rules
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rules: u32,
    /// Vehicles
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) vehicles: u32,
    /// Samples, each in a step of its own
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: u32,
    /// Seed of rules and samples
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MemoryArgs {
    /// Rules and vehicles
    #[arg(long, value_name = "RULESxVEHICLES", value_parser = size)]
    pub(crate) size: Size,
    /// Seed of rules and samples
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServerBenchArgs {
    /// Rules and vehicles
    #[arg(long, default_value = "1000x100", value_name = "RULESxVEHICLES", value_parser = size)]
    pub(crate) size: Size,
    /// Samples a second, where latencies are measured
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: u32,
    /// Seconds at that rate
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(crate) seconds: u32,
    /// Samples that are sent one at a time
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) singles: u32,
    /// Samples that are sent as fast as they go
    #[arg(long, default_value_t = 2_000_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: u32,
    /// Subscribers of the feed; may be repeated. Without it, 1 and then 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=250))]
    pub(crate) subscribers: Vec<u32>,
    /// Streams of samples, each on a connection of its own
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) streams: u32,
    /// Samples in one message, at most
    #[arg(long, default_value_t = 1_024, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub(crate) batch: u32,
    /// Send samples in rows, one vehicle a message, and not in columns
    #[arg(long)]
    pub(crate) rows: bool,
    /// Threads of the server for everything but the engine; 0 lets one thread do all
    #[arg(long, value_name = "N", conflicts_with = "server")]
    pub(crate) io_threads: Option<usize>,
    /// Measure this server instead of starting one. Its catalogue must have the signals of
    /// `bench export --part catalogue`, its rules are others meanwhile, and its event time is
    /// moved on: use one that nobody needs
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Seed of rules and samples
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SoakArgs {
    /// How long it goes on; at least a second
    #[arg(long, default_value_t = 5.0, value_name = "N", value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Rules that stay, and vehicles
    #[arg(long, default_value = "1000x100", value_name = "RULESxVEHICLES", value_parser = size)]
    pub(crate) size: Size,
    /// Samples a second
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
    /// Rules that are added, changed or removed a second
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) changes: u32,
    /// Draw memory, times and counts over the seconds as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
    /// Seed of rules and samples
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// What is printed
    #[arg(long, default_value = "document")]
    pub(crate) part: ExportPart,
    /// Rules and vehicles
    #[arg(long, value_name = "RULESxVEHICLES", value_parser = size)]
    pub(crate) size: Size,
    /// Samples
    #[arg(long, default_value_t = 200_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) events: u32,
    /// Seed of rules and samples
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

/// What `bench export` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportPart {
    /// Rules, values, events and edges in plain numbers, as JSON.
    Document,
    /// The rules, for `piccolo-server --rules`.
    Rules,
    /// The signals, for `piccolo-server --catalogue`, in a file that ends with .tsv.
    Catalogue,
}

/// A time in minutes: a second to a week.
fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (1.0 / 60.0..=7.0 * 24.0 * 60.0).contains(&minutes) => Ok(minutes),
        _ => Err("use a number of minutes, from a second (0.017) to a week (10080)".to_owned()),
    }
}

/// Rules and vehicles, as in `1000x100`.
fn size(text: &str) -> Result<Size, String> {
    let wrong = || format!("`{text}` is not rules and vehicles, such as 1000x100");
    let (rules, vehicles) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse().ok().filter(|number| *number > 0).ok_or_else(wrong);
    Ok(Size { rules: number(rules)?, vehicles: number(vehicles)? })
}
