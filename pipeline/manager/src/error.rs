//! Why a state does not change.

use piccolo_state::Refused;
use piccolo_store::{Error, Key};
use thiserror::Error;

use crate::{Subject, SubjectError};

/// Why a change was not made, or a state cannot be told.
#[derive(Debug, Error)]
pub enum ManagerError {
    /// What was named cannot have such a state.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The machine has no such transition.
    #[error("{subject}: {refused}")]
    Refused {
        /// Which thing.
        subject: Subject,
        /// What was asked, and what would have been possible.
        #[source]
        refused: Refused,
    },
    /// It does not exist.
    #[error("there is no {kind} {subject}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Which one.
        subject: Subject,
    },
    /// Others changed it whenever this change was to be written.
    #[error("{subject} was changed by others {times} times meanwhile: ask again")]
    Raced {
        /// Which thing.
        subject: Subject,
        /// How often it was tried.
        times: usize,
    },
    /// Another server writes by now.
    #[error("this server is no longer the one that writes ({key}): ask the one that is")]
    Fenced {
        /// The key that stood for its right to write.
        key: Key,
    },
    /// What is in the store cannot be read.
    #[error("what the store has at {key} cannot be read: restore a backup")]
    Unreadable {
        /// Where.
        key: Key,
        /// Why.
        source: serde_json::Error,
    },
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] Error),
}
