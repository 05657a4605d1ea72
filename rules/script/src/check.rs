//! What is said of rules that compile: warnings from reasoning about what they can mean.
//!
//! [`space`] holds the cells of values that a condition can tell apart, and decides over
//! them; [`conditions`] looks for parts that never or always hold or make no difference,
//! [`clauses`] for clauses that contradict each other, [`policies`] for policies and tests
//! that do nothing, [`values`] for constants that a fact never has and units that differ.

pub(crate) mod clauses;
mod conditions;
pub(crate) mod policies;
mod space;
mod values;

pub(crate) use values::nearest;
