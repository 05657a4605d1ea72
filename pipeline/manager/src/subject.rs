//! What has a state: its kind, and the names on the way to it.

use std::fmt;

use piccolo_resource::{Name, NameError};
use piccolo_state::{ContainerState, Machine, ModelState, NodeState, PackageState, ScenarioState};
use piccolo_store::{Error, Key, Span};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// A machine whose states are kept.
pub trait Kept: Machine + Serialize + DeserializeOwned {
    /// How many names lead to one: 1, or more where it belongs to something.
    const DEPTH: usize;
}

impl Kept for ScenarioState {
    const DEPTH: usize = 1;
}

impl Kept for NodeState {
    const DEPTH: usize = 1;
}

impl Kept for PackageState {
    const DEPTH: usize = 1;
}

/// `PACKAGE/MODEL`: two packages may have the same model, each with a state of its own.
impl Kept for ModelState {
    const DEPTH: usize = 2;
}

/// `PACKAGE/MODEL/CONTAINER`.
impl Kept for ContainerState {
    const DEPTH: usize = 3;
}

/// The names that lead to a thing, such as `cruise/lane-keeping/camera`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Vec<Name>);

/// Why a text is no [`Subject`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SubjectError {
    /// A part of it is no name.
    #[error("`{text}` names nothing")]
    Name {
        /// The text.
        text: String,
        /// Why.
        source: NameError,
    },
    /// It has more or fewer names than a thing of the kind.
    #[error("a {kind} has {wanted} names with `/` in between, and `{subject}` has {found}")]
    Depth {
        /// What has such a state.
        kind: &'static str,
        /// What was named.
        subject: Subject,
        /// How many names it has.
        found: usize,
        /// How many it should have.
        wanted: usize,
    },
}

impl Subject {
    /// The thing to which these names lead, with `/` between them.
    ///
    /// # Errors
    /// [`SubjectError::Name`].
    pub fn new(text: &str) -> Result<Self, SubjectError> {
        let wrong = |source| SubjectError::Name { text: text.to_owned(), source };
        text.split('/').map(Name::new).collect::<Result<_, _>>().map(Self).map_err(wrong)
    }

    /// What it belongs to; none where it stands alone.
    #[must_use]
    pub fn owner(&self) -> Option<Self> {
        let (_, names) = self.0.split_last()?;
        (!names.is_empty()).then(|| Self(names.to_vec()))
    }

    /// # Errors
    /// [`SubjectError::Depth`].
    pub(crate) fn check<S: Kept>(&self) -> Result<(), SubjectError> {
        let (found, wanted) = (self.0.len(), S::DEPTH);
        if found == wanted {
            return Ok(());
        }
        Err(SubjectError::Depth { kind: S::KIND, subject: self.clone(), found, wanted })
    }

    /// Where its state is.
    pub(crate) fn state_key<S: Kept>(&self) -> Result<Key, Error> {
        Key::try_from(format!("{}{self}", state_prefix::<S>()))
    }

    /// Where a step of its history is. Steps are padded, so that keys are in their order.
    pub(crate) fn step_key<S: Kept>(&self, step: u64) -> Result<Key, Error> {
        Key::try_from(format!("{}{step:020}", self.history_prefix::<S>()))
    }

    /// Where its history is.
    pub(crate) fn history<S: Kept>(&self) -> Result<Span, Error> {
        Span::prefix(self.history_prefix::<S>())
    }

    /// Where the states are of all that belongs to it.
    pub(crate) fn members<S: Kept>(&self) -> Result<Span, Error> {
        Span::prefix(format!("{}{self}/", state_prefix::<S>()))
    }

    fn history_prefix<S: Kept>(&self) -> String {
        // A mark that no name has ends the names: `a` is not the beginning of `a/b`.
        format!("history/{}/{self}:", S::KIND)
    }
}

/// Where the states of a kind are.
pub(crate) fn states<S: Kept>() -> Result<Span, Error> {
    Span::prefix(state_prefix::<S>())
}

/// The thing whose state is at a key.
pub(crate) fn of_key<S: Kept>(key: &Key) -> Option<Subject> {
    let text = std::str::from_utf8(key.as_bytes()).ok()?;
    Subject::new(text.strip_prefix(&state_prefix::<S>())?).ok()
}

fn state_prefix<S: Kept>() -> String {
    format!("state/{}/", S::KIND)
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.0.iter().enumerate() {
            if place > 0 {
                out.write_str("/")?;
            }
            out.write_str(name.as_str())?;
        }
        Ok(())
    }
}
