//! What passes between the service of rules, the engine's thread and what is kept of both.

use std::sync::Arc;

use piccolo_engine::{EngineError, PreparedRules, RuleChange};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its name, for messages.
    pub name: Arc<str>,
    /// What it says.
    pub text: Arc<str>,
    /// The BLAKE3 hash of the text, as 64 hexadecimal digits.
    pub digest: Arc<str>,
}

impl RuleFile {
    /// A file with a name for messages.
    pub fn new(name: &str, text: &str) -> Self {
        let digest = blake3::hash(text.as_bytes()).to_hex().as_str().into();
        Self { name: name.into(), text: text.into(), digest }
    }
}

/// The names of the files of a rule set in their order, each with the digest of its text.
pub type FileNames = Vec<(Arc<str>, Arc<str>)>;

/// The files of a rule set, in the order in which they are read; none is the empty set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFiles(Arc<[RuleFile]>);

impl RuleFiles {
    /// The files.
    pub fn iter(&self) -> impl Iterator<Item = &RuleFile> {
        self.0.iter()
    }

    /// Name and text of each, as the compiler takes them.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|file| (&*file.name, &*file.text))
    }

    /// Name and digest of each.
    pub fn names(&self) -> FileNames {
        self.iter().map(|file| (Arc::clone(&file.name), Arc::clone(&file.digest))).collect()
    }
}

impl FromIterator<RuleFile> for RuleFiles {
    fn from_iter<I: IntoIterator<Item = RuleFile>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

/// The rules of a lane: as the engine takes them, and as they were written.
#[derive(Clone, Debug, Default)]
pub struct LaneRules {
    /// Compiled.
    pub prepared: Arc<PreparedRules>,
    /// The files that they were compiled from.
    pub files: RuleFiles,
}

/// A change of the rules, carried out as a whole between two ticks.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    /// The rules of the active lane; none leaves them as they are.
    pub active: Option<LaneRules>,
    /// The rules of the shadow; none leaves them as they are.
    pub shadow: Option<LaneRules>,
}

/// What a change of the rules came to.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The event time from which the rules are in force.
    pub time_us: u64,
    /// What changed in the active lane.
    pub active: RuleChange,
    /// What changed in the shadow.
    pub shadow: RuleChange,
}

/// The most changes of rules that wait for the engine.
pub const ORDERS_MAX: usize = 4;

/// A change of the rules on its way to the engine, and who waits to hear of it.
#[derive(Debug)]
pub struct RuleOrder {
    /// What is to change.
    pub lanes: Lanes,
    /// What the versions are once it is carried out.
    pub kept: VersionChange,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Changed, EngineError>>,
}

/// A rule set with its number, without its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// From 1 on.
    pub number: u64,
    /// The hash of what the rules mean.
    pub digest: Arc<str>,
    /// The files that they were compiled from.
    pub files: FileNames,
    /// How many scenarios and policies there are.
    pub counts: (u32, u32),
    /// Milliseconds since 1970.
    pub applied_ms: u64,
}

/// Which versions are in the lanes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneNumbers {
    /// The last number that was given.
    pub last: u64,
    /// The version in the active lane.
    pub active: u64,
    /// The version in the shadow.
    pub shadow: Option<u64>,
    /// The digest of the rules with which the server was started last.
    pub given: Arc<str>,
}

/// How the versions differ from those before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionChange {
    /// Versions that are new or differ, by number; without a record those that are forgotten.
    pub versions: Vec<(u64, Option<VersionRecord>)>,
    /// What is in the lanes.
    pub lanes: LaneNumbers,
}
