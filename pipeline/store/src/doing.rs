//! Errors of redb as errors of ours, with what was to be done.

use std::io::ErrorKind;

use crate::Error;

/// Names what failed in the storage.
pub(crate) trait Doing<T> {
    /// Turns an error of the storage into ours.
    fn doing(self, doing: &'static str) -> Result<T, Error>;
}

impl<T, E: Into<redb::Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|error| failed(doing, error.into()))
    }
}

/// Parts a file that is damaged, or another's, from a storage that failed.
fn failed(doing: &'static str, error: redb::Error) -> Error {
    use redb::Error as Of;
    let what = || "the store's file".to_owned();
    match error {
        Of::Corrupted(place) => Error::Damaged { what: what(), place },
        Of::Io(error) if is_of_content(error.kind()) => {
            Error::Damaged { what: what(), place: error.to_string() }
        }
        Of::TableTypeMismatch { table, .. } | Of::TableIsMultimap(table) => {
            Error::Damaged { what: what(), place: format!("table {table}") }
        }
        error => Error::Storage { doing, source: Box::new(error) },
    }
}

/// Whether this is about what a file holds: too little of it, or nothing of ours.
fn is_of_content(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}
