//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use piccolo_engine::{DecisionId, PolicyDefaults};

mod backup;
mod bench;
mod cluster;
mod rules;
mod states;
mod verify;

pub(crate) use backup::{BackupArgs, BackupCommand};
pub(crate) use bench::{
    BenchArgs, BenchCommand, EngineBenchArgs, ExportArgs, ExportPart, LatencyArgs, MemoryArgs,
    ServerBenchArgs, SoakArgs,
};
pub(crate) use cluster::{ClusterArgs, MergeArgs};
pub(crate) use rules::{ApplyArgs, RulesArgs, RulesCommand};
pub(crate) use states::{AskArgs, HistoryArgs, KindArg, StatesArgs, StatsArgs};
pub(crate) use verify::VerifyArgs;

/// Turns what a vehicle senses into what its computers run.
#[derive(Debug, Parser)]
#[command(
    name = "piccolo",
    version,
    max_term_width = 100,
    before_help = "\
Examples:
  piccolo replay fixtures/drives/mixed_wltc.csv.gz --rules fixtures/scenarios --why
  piccolo check fixtures/scenarios
  piccolo test fixtures/scenarios --coverage
  piccolo feed http://127.0.0.1:4710 --scenario motorway"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Replay recordings through rules and print what they would have done
    Replay(ReplayArgs),
    /// Put the decisions of several processes into one order
    Merge(MergeArgs),
    /// Do a replay again by its receipt; exit code 1 where anything is not as it was
    Verify(VerifyArgs),
    /// Compare what two rule sets decide on recordings; exit code 1 where it differs
    Diff(DiffArgs),
    /// Explain why a decision was made, or why a scenario did not begin
    Explain(ExplainArgs),
    /// Compile rules and print what is wrong with them
    Check(CheckArgs),
    /// Run the tests that stand beside rules, and measure what they cover
    Test(TestArgs),
    /// Explain a diagnostic code such as PR0123
    ExplainCode(ExplainCodeArgs),
    /// Convert a recording to another format
    Convert(ConvertArgs),
    /// Record samples from standard input, until it ends
    Record(RecordArgs),
    /// Follow the action feed of a server
    Feed(FeedArgs),
    /// Change the rules of a running server, watch them in the shadow, and go back
    Rules(RulesArgs),
    /// Show what scenarios, packages, models, containers and nodes are, or were
    States(StatesArgs),
    /// Show what happened to one of them, and who wanted it
    History(HistoryArgs),
    /// Show how long they were in which states, how often they changed, and how soon they recovered
    Stats(StatsArgs),
    /// Make, list, verify and restore backups of what a server keeps
    Backup(BackupArgs),
    /// Measure how fast this machine runs the engine
    Bench(BenchArgs),
    /// Print a completion script for a shell
    Completion(CompletionArgs),
}

/// Where signals are looked up, and how CAN logs are decoded.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SignalArgs {
    /// Catalogue or overlay (VSS JSON or vspec) to add to the built-in VSS 6.0; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Vec<PathBuf>,
    /// CAN database for candump logs
    #[arg(long, value_name = "FILE")]
    pub(crate) dbc: Option<PathBuf>,
    /// Map from CAN signals to VSS signals for candump logs
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo replay drive.csv.gz --rules rules/ --why
  piccolo replay a.csv b.csv --vehicle car-a --vehicle car-b --rules rules/ -o jsonl
  piccolo replay can.log.gz --dbc car.dbc --map map.yaml --rules rules/ --from 60s --to 2m
  piccolo replay drive.csv.gz --rules rules/ --receipt drive.receipt.json
  piccolo replay fleet/ --rules rules/ --processes 2 --process 0 --out 0.jsonl &
  piccolo replay fleet/ --rules rules/ --processes 2 --process 1 --out 1.jsonl; wait
  piccolo merge 0.jsonl 1.jsonl")]
pub(crate) struct ReplayArgs {
    /// Recordings, one vehicle each, or directories of them: a file in one is a vehicle, and so is
    /// a directory in it, with all its files
    #[arg(required = true, value_name = "RECORDING|DIR")]
    pub(crate) recordings: Vec<PathBuf>,
    /// Rule files, or directories of them
    #[arg(long, short, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) signals: SignalArgs,
    /// Name of the vehicle of each recording in turn; without it, the file's name
    #[arg(long, value_name = "NAME")]
    pub(crate) vehicle: Vec<String>,
    /// Print the reason of each decision
    #[arg(long)]
    pub(crate) why: bool,
    /// The kinds of actions that are done where no policy says anything: all, none, or kinds
    /// such as launch,notify
    #[arg(long, default_value = "all", value_name = "KINDS")]
    pub(crate) default_allow: PolicyDefaults,
    /// How fast recorded time passes: a factor, or max
    #[arg(long, default_value = "max", value_name = "FACTOR|max")]
    pub(crate) speed: Speed,
    /// Print decisions from this time on; samples before it still set the scene
    #[arg(long, value_name = "DURATION", value_parser = moment)]
    pub(crate) from: Option<u64>,
    /// Stop at this time of the recording
    #[arg(long, value_name = "DURATION", value_parser = moment)]
    pub(crate) to: Option<u64>,
    /// Worker threads; the decisions are the same for any number
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) workers: usize,
    /// Samples in one step of the engine; the decisions are the same for any number
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: u32,
    /// Stop at the first fault in a recording, with exit code 3
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write what was replayed and what it decided, as hashes, for `piccolo verify`
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// Output format
    #[arg(long, short, default_value = "table")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo diff rules/ changed/ --on drive.csv.gz --why
  piccolo diff old.rhai new.rhai --on a.csv b.csv --vehicle car-a --vehicle car-b -o jsonl
  piccolo diff rules/ tidied/ --on drives/*.csv.gz && echo 'nothing changed'")]
pub(crate) struct DiffArgs {
    /// The rules as they are: a file, or a directory of them
    #[arg(value_name = "A")]
    pub(crate) old: PathBuf,
    /// The rules as they would be
    #[arg(value_name = "B")]
    pub(crate) new: PathBuf,
    /// Recordings, one vehicle each; they are held in memory
    #[arg(long, required = true, num_args = 1.., value_name = "RECORDING")]
    pub(crate) on: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) signals: SignalArgs,
    /// Name of the vehicle of each recording in turn; without it, the file's name
    #[arg(long, value_name = "NAME")]
    pub(crate) vehicle: Vec<String>,
    /// Decisions that are not further apart count as moved, not as removed and added
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = moment)]
    pub(crate) move_within: u64,
    /// Print the reason: of what B decides, or of what A decides where B does not
    #[arg(long)]
    pub(crate) why: bool,
    /// Evaluate all scenarios, also those that cannot matter; the changes are the same
    #[arg(long)]
    pub(crate) full: bool,
    /// Output format
    #[arg(long, short, default_value = "table")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("question").required(true).args(["id", "scenario", "not"]),
    before_help = "\
Examples:
  piccolo explain drive.csv.gz --rules rules/ --scenario motorway
  piccolo explain drive.csv.gz --rules rules/ --scenario motorway --edge end --at 5m
  piccolo explain drive.csv.gz --rules rules/ --not motorway --at 90s
  piccolo explain drive.csv.gz --rules rules/ --not motorway --nearest -o json"
)]
pub(crate) struct ExplainArgs {
    /// Recordings, one vehicle each; they are held in memory
    #[arg(required = true, value_name = "RECORDING")]
    pub(crate) recordings: Vec<PathBuf>,
    /// Rule files, or directories of them
    #[arg(long, short, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) signals: SignalArgs,
    /// Name of the vehicle of each recording in turn; without it, the file's name
    #[arg(long, value_name = "NAME")]
    pub(crate) vehicle: Vec<String>,
    /// Why the decision with this id was made
    #[arg(long, value_name = "DECISION_ID")]
    pub(crate) id: Option<DecisionId>,
    /// Why this scenario began or ended: the last time until --at, or else the first
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Option<String>,
    /// Why this scenario did not begin, at a time or when it came nearest
    #[arg(long, value_name = "NAME")]
    pub(crate) not: Option<String>,
    /// The time that is asked about
    #[arg(long, value_name = "DURATION", value_parser = moment, conflicts_with = "id")]
    pub(crate) at: Option<u64>,
    /// Only a begin, or only an end
    #[arg(long, value_name = "EDGE", requires = "scenario")]
    pub(crate) edge: Option<EdgeArg>,
    /// When the scenario came nearest to its begin
    #[arg(long, conflicts_with = "at")]
    pub(crate) nearest: bool,
    /// Output format
    #[arg(long, short, default_value = "table")]
    pub(crate) output: DocumentFormat,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo check rules/
  piccolo check rules/ --message-format json | jq -r .message")]
pub(crate) struct CheckArgs {
    /// Rule files, or directories of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Catalogue or overlay to add to the built-in VSS 6.0; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Vec<PathBuf>,
    /// How findings are printed
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo test rules/
  piccolo test rules/ --run motorway
  piccolo test rules/ --coverage --threshold 100 --html coverage.html --junit tests.xml
  piccolo test rules/ --on drive.csv.gz --coverage")]
pub(crate) struct TestArgs {
    /// Rule files with their tests, or directories of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Only tests whose name fits this regular expression
    #[arg(long, value_name = "REGEX")]
    pub(crate) run: Option<regex::Regex>,
    /// Recordings that count for coverage as well, one vehicle each
    #[arg(long, num_args = 1.., value_name = "RECORDING")]
    pub(crate) on: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) signals: SignalArgs,
    /// Print condition, branch and MC/DC coverage, and what is missing
    #[arg(long)]
    pub(crate) coverage: bool,
    /// The least of each kind of coverage; less is exit code 1
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) threshold: Option<f64>,
    /// Write the coverage as a page of HTML
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write the coverage as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) coverage_json: Option<PathBuf>,
    /// Output format
    #[arg(long, short, default_value = "table")]
    pub(crate) output: DocumentFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainCodeArgs {
    /// The code; without one, all codes are listed
    pub(crate) code: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {
    /// The recording to read
    pub(crate) input: PathBuf,
    /// The recording to write; `.gz` at the end packs text formats
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) signals: SignalArgs,
    /// Format to write; without it, what the name's ending says: .mcap or .csv
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<RecordingFormat>,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  candump -L can0 | piccolo record drive.mcap --dbc car.dbc --map map.yaml")]
pub(crate) struct RecordArgs {
    /// The recording to write
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) signals: SignalArgs,
    /// Format to write; without it, what the name's ending says: .mcap or .csv
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<RecordingFormat>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FeedArgs {
    /// Address of the server, such as http://127.0.0.1:4710
    #[arg(value_parser = address)]
    pub(crate) url: String,
    /// Only these vehicles; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) vehicle: Vec<String>,
    /// Only these scenarios; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<String>,
    /// Only decisions with actions of these kinds; may be repeated
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<String>,
    /// Go on after the decision with this id
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// Start with the oldest decision that the server still has, not with the next one
    #[arg(long, conflicts_with = "after")]
    pub(crate) from_oldest: bool,
    /// End after this many decisions
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Output format
    #[arg(long, short, default_value = "table")]
    pub(crate) output: OutputFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    Table,
    /// One JSON object a line
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// With the lines that they are about
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EdgeArg {
    /// The scenario began
    Begin,
    /// The scenario ended
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordingFormat {
    /// `t_us,signal,value`
    Csv,
    /// `field,signal,value,delay`
    KuksaCsv,
    /// MCAP, which Foxglove opens
    Mcap,
}

/// How fast recorded time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// As fast as it can be done.
    Max,
    /// This many times as fast as it was.
    Times(f64),
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Self::Times(factor)),
            _ => Err("use a number above zero, or max".to_owned()),
        }
    }
}

/// A time of the recording: a duration such as `90s`, in microseconds.
fn moment(text: &str) -> Result<u64, piccolo_script::DurationError> {
    piccolo_script::parse_duration_us(text)
}

/// A part of the whole, from 0 to 100.
fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("use a number from 0 to 100".to_owned()),
    }
}

/// The address of a server; without a scheme it would be asked for in vain.
fn address(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("use an address such as http://127.0.0.1:4710".to_owned()),
    }
}
