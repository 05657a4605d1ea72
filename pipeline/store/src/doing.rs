//! Errors of redb as errors of ours, with what was to be done.

use crate::Error;

/// Names what failed in the storage.
pub(crate) trait Doing<T> {
    /// Turns an error of the storage into ours.
    fn doing(self, doing: &'static str) -> Result<T, Error>;
}

impl<T, E: Into<redb::Error>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|error| Error::Storage { doing, source: Box::new(error.into()) })
    }
}
