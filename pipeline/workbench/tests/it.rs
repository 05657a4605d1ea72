//! The workbench on recordings and rules as authors have them.

#[cfg(test)]
#[path = "it/coverage.rs"]
mod coverage;
#[cfg(test)]
#[path = "it/drives.rs"]
mod drives;
#[cfg(test)]
#[path = "it/results.rs"]
mod results;
