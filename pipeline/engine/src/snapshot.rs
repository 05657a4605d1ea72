//! Snapshots: the state of an engine as plain data, by names and texts, never by numbers.
//!
//! A snapshot holds what happened and nothing that follows from it: counters of gates, places in
//! indexes, the counts of the fleet and who has which target are found again from the facts and
//! from which scenarios are active. Its size is linear in what the vehicles hold. Two engines in
//! the same state have the same snapshot, byte for byte, however they numbered things and however
//! many workers they have.

mod form;
mod restore;
mod save;
mod tables;
mod value;

use std::sync::Arc;

use piccolo_operators::derived::KeeperState;
use piccolo_operators::ids::Time;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::encode::Encoding;
use crate::facts::FactKind;

pub use self::value::Saved;

/// The state of an engine at its present time: [`Engine::snapshot`](crate::Engine::snapshot)
/// makes it, [`Engine::restore`](crate::Engine::restore) goes on from it.
///
/// What was decided before is not in it, neither taken nor left to be taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    now_us: Time,
    late_samples: u64,
    /// Whether it has the flips of atoms.
    explain: bool,
    /// The scenarios of both lanes, by name and identity.
    rules: Vec<SavedRule>,
    /// Name and revision of the policies of each lane.
    policies: [Vec<(Arc<str>, Arc<str>)>; 2],
    /// All facts, by kind and key.
    facts: Vec<SavedFact>,
    /// Texts and lists that values of facts are, in order of use.
    symbols: Vec<Saved>,
    /// The facts of the fleet, with what was last said of them.
    fleet: Vec<(FactNumber, f64)>,
    /// By name.
    vehicles: Vec<SavedVehicle>,
}

/// A place in the list of facts of the snapshot.
type FactNumber = u32;

/// A place in the list of rules of the snapshot.
type RuleNumber = u32;

/// A revision of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedRule {
    name: Arc<str>,
    revision: Arc<str>,
    /// Its revision and those of the scenarios that it asks about.
    identity: Arc<str>,
    /// In which lanes it is.
    lanes: [bool; 2],
}

/// A fact that rules read or samples brought.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedFact {
    kind: FactKind,
    key: Arc<str>,
    encoding: Encoding,
}

/// A vehicle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct SavedVehicle {
    name: Arc<str>,
    /// What it is by itself, and for rules about the fleet; none before its first sample.
    stages: [Option<SavedStage>; 2],
    /// The scenarios that are active in it, in each lane.
    active: [Vec<SavedActive>; 2],
    /// Samples at or after the present time, in order.
    waiting: Vec<SavedValue>,
}

/// A vehicle in one stage; all in order of facts and rules.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct SavedStage {
    facts: Vec<SavedValue>,
    derived: Vec<SavedDerived>,
    held: Vec<(RuleNumber, Time)>,
    rules: Vec<SavedState>,
    quarantined: Vec<RuleNumber>,
    flips: Vec<SavedFlip>,
}

/// A value of a fact; where the encoding says that numbers stand for something, its number in the
/// list of symbols.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct SavedValue {
    fact: FactNumber,
    value: f64,
    time_us: Time,
    origin: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedDerived {
    fact: FactNumber,
    /// The fact that it is made from first: a value that it keeps is one of that.
    source: Option<FactNumber>,
    state: KeeperState,
    due_us: Option<Time>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct SavedState {
    rule: RuleNumber,
    active: bool,
    spent: bool,
    rests_until_us: Time,
}

/// The last flip of an atom, which is known by the first place where it stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct SavedFlip {
    owner: Owner,
    /// Whether it stands in `until`, or in what makes a truth false.
    second: bool,
    atom: u32,
    by: SavedValue,
}

/// Whose atom it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Owner {
    Rule(RuleNumber),
    /// The truth of an expression.
    Fact(FactNumber),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedActive {
    rule: RuleNumber,
    /// The arguments of its actions on targets that others may claim, as it began.
    wanted: Option<Vec<Option<SavedArguments>>>,
}

/// Values by name.
type SavedArguments = Vec<(Arc<str>, Saved)>;

/// Why a snapshot cannot be made, read or restored.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Rules were loaded, and no step has brought them into force.
    #[error("rules were loaded that are not in force yet; let time pass by a step, then try again")]
    Unsettled,
    /// The engine has been at work already.
    #[error("the engine is at {now_us} us already; restore into a new one")]
    NotFresh {
        /// The engine's time.
        now_us: Time,
    },
    /// The bytes are of something else.
    #[error("this is no snapshot of an engine")]
    NoSnapshot,
    /// The bytes are of another version of the form.
    #[error("the snapshot has form {found}, and this program knows form {known}; make a new one")]
    Form {
        /// The form of the bytes.
        found: u32,
        /// The form that is known.
        known: u32,
    },
    /// The bytes are not those that were written.
    #[error("the snapshot is damaged: {0}; take an older one")]
    Damaged(&'static str),
    /// The rules are not those of the snapshot.
    #[error("the rules are not those of the snapshot: {0}; load the rules that it was made with")]
    OtherRules(String),
    /// The snapshot lacks what explanations need.
    #[error("the snapshot was made without reasons; restore it into an engine without `explain`")]
    NoReasons,
    /// A fact that this engine cannot have.
    #[error("the snapshot has `{0}`, which is another signal here or none; use its catalogue")]
    OtherFact(Arc<str>),
    /// A fact of this engine that the snapshot has not.
    #[error("the snapshot lacks `{0}`, which the rules read; make a new one")]
    MissingFact(Arc<str>),
    /// What it says contradicts itself.
    #[error("the snapshot is not of these rules: {0} does not fit")]
    Unfit(&'static str),
}

impl Snapshot {
    /// The time of the engine when it was made: everything before it was decided.
    pub fn now_us(&self) -> Time {
        self.now_us
    }

    /// How many vehicles it has.
    pub fn vehicles(&self) -> usize {
        self.vehicles.len()
    }
}
