//! What the crate does with real, generated and hostile files.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests fail and speak as tests do"
)]

#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/resource.rs"]
mod body;
#[cfg(test)]
#[path = "it/fuzz.rs"]
mod fuzz;
#[path = "it/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "../../../tests/fuzz/mutation.rs"]
mod mutation;
#[path = "it/oddities.rs"]
mod oddities;
#[path = "it/pullpiri.rs"]
mod pullpiri;
#[path = "it/round_trip.rs"]
mod round_trip;
