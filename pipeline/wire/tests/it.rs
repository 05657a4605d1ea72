//! The crate's integration tests, as one binary.

#[cfg(test)]
#[path = "it/generated.rs"]
mod generated;
