//! The rule language from outside.

#[path = "it/diagnostics.rs"]
mod diagnostics;
#[path = "it/equivalence.rs"]
mod equivalence;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/language.rs"]
mod language;
