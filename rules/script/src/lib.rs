//! The rule language: parsing, checking and compiling rules, and their diagnostics.
//!
//! [`RuleSet::load`] reads rule files and returns what compiles together with
//! [`Diagnostic`]s. A compiled [`Scenario`] holds its conditions as atoms with
//! a boolean formula over them, which the engine indexes, and beside them as
//! the rhai expression that was written, which [`Condition::holds_by_rhai`]
//! evaluates: the second evaluator that every test holds the first to.
//!
//! The only user of rhai. Scripts have no authority and no time: no loop over
//! limits, no eval, no import, no clock, no I/O.

mod action;
mod clause;
mod codes;
mod condition;
mod diagnostic;
mod duration;
mod expression;
mod grammar;
mod limits;
mod lower;
mod prelude;
mod render;
mod ruleset;
mod scenario;
mod script;
mod source;

pub use action::{ActionKind, ActionTemplate, Argument};
pub use codes::{CODES, Code, find_code};
pub use condition::{Atom, Condition, Formula, Probe};
pub use diagnostic::{Diagnostic, Severity};
pub use duration::{DurationError, parse_duration_us};
pub use expression::{Comparison, Expression, Function, Kind, Operator, Type};
pub use limits::{RULE_FILE_BYTES_MAX, RULES_MAX};
pub use render::render;
pub use ruleset::RuleSet;
pub use scenario::Scenario;
pub use source::{Source, Span};

/// Where conditions and arguments read the values of signals; `None` is unknown.
pub trait Facts {
    /// The latest value of a signal.
    fn value(&self, signal: piccolo_catalogue::SignalId) -> Option<piccolo_catalogue::Value>;
}

impl<F: Fn(piccolo_catalogue::SignalId) -> Option<piccolo_catalogue::Value>> Facts for F {
    fn value(&self, signal: piccolo_catalogue::SignalId) -> Option<piccolo_catalogue::Value> {
        self(signal)
    }
}
