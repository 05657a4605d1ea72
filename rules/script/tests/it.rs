//! The rule language from outside.

#[cfg(test)]
#[path = "it/diagnostics.rs"]
mod diagnostics;
#[cfg(test)]
#[path = "it/equivalence.rs"]
mod equivalence;
#[cfg(test)]
#[path = "it/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "it/language.rs"]
mod language;
#[cfg(test)]
#[path = "it/reasoning.rs"]
mod reasoning;
#[cfg(test)]
#[path = "it/spans.rs"]
mod spans;
