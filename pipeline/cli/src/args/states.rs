//! The command lines of `piccolo states`, `history` and `stats`.

use clap::ValueEnum;
use piccolo_wire::v1::StateKind;

use super::{DocumentFormat, address};

/// Which server is asked, and how the answer is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct AskArgs {
    /// Address of the server
    #[arg(
        long,
        default_value = "http://127.0.0.1:50061",
        value_name = "URL",
        value_parser = address
    )]
    pub(crate) server: String,
    /// Output format
    #[arg(long, short, default_value = "table")]
    pub(crate) output: DocumentFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// SCENARIO
    Scenario,
    /// PACKAGE
    Package,
    /// PACKAGE/MODEL
    Model,
    /// PACKAGE/MODEL/CONTAINER
    Container,
    /// NODE
    Node,
}

impl From<KindArg> for StateKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Scenario => Self::Scenario,
            KindArg::Package => Self::Package,
            KindArg::Model => Self::Model,
            KindArg::Container => Self::Container,
            KindArg::Node => Self::Node,
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo states package
  piccolo states container --node hpc --in dead --in unknown
  piccolo states model cruise/lane-keeping --at-revision 128")]
pub(crate) struct StatesArgs {
    /// What kind of thing
    pub(crate) kind: KindArg,
    /// Only this one
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Only things in this state; may be given several times
    #[arg(long = "in", value_name = "STATE", conflicts_with = "name")]
    pub(crate) states: Vec<String>,
    /// Only things on this node
    #[arg(long, value_name = "NODE", conflicts_with = "name")]
    pub(crate) node: Option<String>,
    /// How it was at a time, such as 2026-11-25T12:00:00Z
    #[arg(long, value_name = "TIME", requires = "name", value_parser = unix_time)]
    pub(crate) at: Option<u64>,
    /// How it was when the store was at a revision
    #[arg(long, value_name = "N", requires = "name", conflicts_with = "at")]
    pub(crate) at_revision: Option<u64>,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo history package cruise
  piccolo history container cruise/lane-keeping/camera --last 5 -o json")]
pub(crate) struct HistoryArgs {
    /// What kind of thing
    pub(crate) kind: KindArg,
    /// Which one; also one that does not exist any more
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Only the last so many steps
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo stats package cruise
  piccolo stats container --window 60 --steps 6")]
pub(crate) struct StatsArgs {
    /// What kind of thing
    pub(crate) kind: KindArg,
    /// Which one; without it, all of the kind
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A thing flaps that takes many steps within so many seconds
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) window: u64,
    /// How many steps these are
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) steps: u32,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

/// Microseconds of Unix time.
fn unix_time(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time such as 2026-11-25T12:00:00Z");
    let time = humantime::parse_rfc3339(text).map_err(|_| wrong())?;
    let since = time.duration_since(std::time::UNIX_EPOCH).map_err(|_| wrong())?;
    u64::try_from(since.as_micros()).map_err(|_| wrong())
}
