//! Tests of the catalogue against the real VSS releases and hostile files.

#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/catalogue.rs"]
mod body;
#[cfg(test)]
#[path = "it/files.rs"]
mod files;
#[cfg(test)]
#[path = "it/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "it/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "../../../tests/fuzz/mutation.rs"]
mod mutation;
#[cfg(test)]
#[path = "it/real.rs"]
mod real;
