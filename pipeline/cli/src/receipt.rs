//! Receipts of replays: what was replayed and what it came to, as hashes that others can compare.

mod compare;
mod decisions;
mod hash;
mod proof;

use std::path::{Path, PathBuf};

use piccolo_catalogue::Catalogue;
use piccolo_engine::{PolicyDefaults, UnknownKind};
use piccolo_script::{ActionKind, RuleSet};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use compare::{inputs_differ, outcome_differs};
pub(crate) use hash::SampleHash;
pub(crate) use proof::Proof;

use self::decisions::DecisionsPart;
use crate::args::{ReplayArgs, SignalArgs};
use crate::error::CliError;

/// The version of the form; another one is refused.
const FORM: u32 = 1;

/// What a replay was given and what it decided. Hashes are BLAKE3, in hexadecimal digits.
///
/// Neither workers, batches, speed nor the output format are in it: nothing depends on them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    /// The version of the form of this receipt.
    receipt: u32,
    #[serde(flatten)]
    pub(crate) inputs: Inputs,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What is known before the first sample.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Inputs {
    /// The version of the engine.
    pub(crate) engine: String,
    pub(crate) catalogue: CataloguePart,
    pub(crate) rules: RulesPart,
    pub(crate) options: OptionsPart,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) recordings: Vec<RecordingPart>,
    pub(crate) decisions: DecisionsPart,
}

/// The catalogue: the built-in one with these on top.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CataloguePart {
    files: Vec<PathBuf>,
    /// Of all signals with their facts, in order of their paths.
    hash: String,
}

/// The rules, by what they mean: neither comments nor layout count.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RulesPart {
    files: Vec<PathBuf>,
    /// The kinds of actions that are done where no policy says anything.
    default_allow: String,
    /// Of the names and revisions below, in order, and of `default_allow`.
    hash: String,
    scenarios: Vec<Revision>,
    policies: Vec<Revision>,
}

/// One rule as it was.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revision {
    name: String,
    revision: String,
}

/// What else decisions depend on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OptionsPart {
    dbc: Option<PathBuf>,
    map: Option<PathBuf>,
    from_us: Option<u64>,
    to_us: Option<u64>,
    why: bool,
    strict: bool,
}

/// One recording.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecordingPart {
    pub(crate) file: PathBuf,
    pub(crate) vehicle: String,
    /// How many samples the engine got.
    pub(crate) samples: u64,
    /// Of these samples.
    pub(crate) hash: String,
}

/// Why a file is no receipt.
#[derive(Debug, Error)]
pub(crate) enum ReceiptError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It has another form.
    #[error("{0}; write it with `piccolo replay --receipt`")]
    Json(#[from] serde_json::Error),
    /// It is of another version of this program.
    #[error("it has form {0} and this program knows form {FORM}; write it afresh")]
    Form(u32),
    /// It names kinds of actions that do not exist.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
}

impl Receipt {
    /// A receipt of a replay that is done.
    pub(crate) fn new(inputs: Inputs, outcome: Outcome) -> Self {
        Self { receipt: FORM, inputs, outcome }
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// No file, or one that is no receipt.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        crate::commands::exists(path)?;
        let wrong = |source| CliError::Receipt { path: path.to_owned(), source };
        let text = std::fs::read(path).map_err(|error| wrong(error.into()))?;
        let receipt: Self = serde_json::from_slice(&text).map_err(|error| wrong(error.into()))?;
        if receipt.receipt == FORM {
            Ok(receipt)
        } else {
            Err(wrong(ReceiptError::Form(receipt.receipt)))
        }
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<(), CliError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        let failed = |source| CliError::Report { path: path.to_owned(), source };
        std::fs::write(path, text).map_err(failed)
    }

    /// The command line of the replay, with workers and batches as they are asked for now.
    ///
    /// # Errors
    /// Kinds of actions that do not exist.
    pub(crate) fn command(&self, workers: usize, batch: u32) -> Result<ReplayArgs, ReceiptError> {
        let Inputs { catalogue, rules, options, .. } = &self.inputs;
        let recordings = &self.outcome.recordings;
        Ok(ReplayArgs {
            recordings: recordings.iter().map(|recording| recording.file.clone()).collect(),
            rules: rules.files.clone(),
            signals: SignalArgs {
                catalogue: catalogue.files.clone(),
                dbc: options.dbc.clone(),
                map: options.map.clone(),
            },
            vehicle: recordings.iter().map(|recording| recording.vehicle.clone()).collect(),
            why: options.why,
            default_allow: rules.default_allow.parse()?,
            speed: crate::args::Speed::Max,
            from: options.from_us,
            to: options.to_us,
            workers,
            batch,
            strict: options.strict,
            receipt: None,
            cluster: crate::args::ClusterArgs::alone(),
            output: crate::args::OutputFormat::Jsonl,
        })
    }
}

impl Inputs {
    /// The inputs of a replay.
    pub(crate) fn new(args: &ReplayArgs, catalogue: &Catalogue, rules: &RuleSet) -> Self {
        Self {
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            catalogue: CataloguePart {
                files: args.signals.catalogue.clone(),
                hash: hash::of_catalogue(catalogue),
            },
            rules: RulesPart::new(args, rules),
            options: OptionsPart {
                dbc: args.signals.dbc.clone(),
                map: args.signals.map.clone(),
                from_us: args.from,
                to_us: args.to,
                why: args.why,
                strict: args.strict,
            },
        }
    }
}

impl Inputs {
    /// The hashes of catalogue and rules.
    pub(crate) fn hashes(&self) -> (&str, &str) {
        (&self.catalogue.hash, &self.rules.hash)
    }
}

impl RulesPart {
    fn new(args: &ReplayArgs, rules: &RuleSet) -> Self {
        let revision = |name: &str, revision: &str| Revision {
            name: name.to_owned(),
            revision: revision.to_owned(),
        };
        let mut part = Self {
            files: args.rules.clone(),
            default_allow: kinds(args.default_allow),
            hash: String::new(),
            scenarios: rules.scenarios().map(|rule| revision(&rule.name, &rule.revision)).collect(),
            policies: rules.policies().map(|rule| revision(&rule.name, &rule.revision)).collect(),
        };
        part.hash = hash::of_rules(&part);
        part
    }
}

/// The kinds that are allowed, as `--default-allow` reads them.
fn kinds(defaults: PolicyDefaults) -> String {
    if defaults == PolicyDefaults::allow_all() {
        return "all".to_owned();
    }
    let allowed = ActionKind::ALL.iter().filter(|(kind, _)| defaults.allows(*kind));
    let names: Vec<&str> = allowed.map(|(_, name)| *name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(",") }
}
