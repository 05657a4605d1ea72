//! The rule language from outside.

#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/rules.rs"]
mod body;
#[cfg(test)]
#[path = "it/brute_force.rs"]
mod brute_force;
#[cfg(test)]
#[path = "it/diagnostics.rs"]
mod diagnostics;
#[cfg(test)]
#[path = "it/equivalence.rs"]
mod equivalence;
#[cfg(test)]
#[path = "it/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "it/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "it/language.rs"]
mod language;
#[cfg(test)]
#[path = "it/misuse.rs"]
mod misuse;
#[cfg(test)]
#[path = "../../../tests/fuzz/mutation.rs"]
mod mutation;
#[cfg(test)]
#[path = "it/random.rs"]
mod random;
#[cfg(test)]
#[path = "it/reasoning.rs"]
mod reasoning;
#[cfg(test)]
#[path = "it/spans.rs"]
mod spans;
