//! Tests of the catalogue against the real VSS releases and hostile files.

#[path = "it/files.rs"]
mod files;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/real.rs"]
mod real;
