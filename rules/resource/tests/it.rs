//! What the crate does with real, generated and hostile files.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests fail and speak as tests do"
)]

#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/oddities.rs"]
mod oddities;
#[path = "it/pullpiri.rs"]
mod pullpiri;
#[path = "it/round_trip.rs"]
mod round_trip;
