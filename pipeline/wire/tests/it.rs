//! The crate's integration tests, as one binary.

#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/frames.rs"]
mod body;
#[cfg(test)]
#[path = "it/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "it/generated.rs"]
mod generated;
#[cfg(test)]
#[path = "../../../tests/fuzz/mutation.rs"]
mod mutation;
