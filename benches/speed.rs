//! How fast the rooms are: one binary, since each links the world.

// The macros of criterion make functions without documentation, and set-up may panic.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "speed/compile.rs"]
mod compile;
#[path = "speed/conditions.rs"]
mod conditions;
#[path = "speed/data.rs"]
mod data;
#[path = "speed/diff.rs"]
mod diff;
#[path = "speed/reading.rs"]
mod reading;
#[path = "speed/replay.rs"]
mod replay;
#[path = "speed/steps.rs"]
mod steps;
#[path = "speed/switch.rs"]
mod switch;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

criterion_group! {
    name = speed;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = replay::bench, steps::bench, conditions::bench, reading::bench, compile::bench,
        diff::bench, switch::bench
}
criterion_main!(speed);
