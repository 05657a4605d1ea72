//! The notes in the journal: their names, and how they are written.

use piccolo_store::journal::Write;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DurableError;

/// Where the samples come from, as text.
pub(super) const INPUT: &str = "input";

/// The files of both lanes after the snapshot, or at the beginning.
pub(super) const BASE: &str = "base";

/// Which versions are in the lanes.
pub(super) const LANES: &str = "lanes";

/// How many samples of recordings the engine has.
pub(super) const REPLAYED: &str = "replayed";

/// Before the digest of a text of rules.
pub(super) const TEXT: &str = "text/";

/// Before the number of a version, in twenty digits so that names are in the order of numbers.
pub(super) const VERSION: &str = "version/";

/// Before the name of a source.
pub(super) const SOURCE: &str = "source/";

/// The name of a version's note.
pub(super) fn version(number: u64) -> String {
    format!("{VERSION}{number:020}")
}

/// The name of a text's note.
pub(super) fn text(digest: &str) -> String {
    format!("{TEXT}{digest}")
}

/// The name of a source's note.
pub(super) fn source(name: &str) -> String {
    format!("{SOURCE}{name}")
}

/// Notes that change with one write.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<(String, Option<Vec<u8>>)>);

impl Notes {
    /// Writes a note.
    pub(super) fn put(&mut self, name: impl Into<String>, value: &impl Serialize) {
        // Writing to memory fails for no value that is kept.
        let bytes = postcard::to_stdvec(value).unwrap_or_default();
        self.0.push((name.into(), Some(bytes)));
    }

    /// Removes a note.
    pub(super) fn remove(&mut self, name: impl Into<String>) {
        self.0.push((name.into(), None));
    }

    /// Calls with a write of these notes and nothing else.
    pub(super) fn with<T>(&self, call: impl FnOnce(Write<'_>) -> T) -> T {
        let notes: Vec<_> =
            self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        call(Write { notes: &notes, ..Write::default() })
    }
}

/// A value of a note.
pub(super) fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, DurableError> {
    postcard::from_bytes(bytes).map_err(|_| DurableError::Damaged(name.to_owned()))
}
