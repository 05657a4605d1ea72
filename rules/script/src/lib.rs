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
mod check;
mod clause;
mod codes;
mod condition;
mod diagnostic;
mod duration;
mod expression;
mod extent;
mod fact;
mod grammar;
mod hash;
mod lexer;
mod limits;
mod lower;
mod policy;
mod prelude;
mod record;
mod references;
mod render;
mod rule_test;
mod ruleset;
mod scenario;
mod script;
mod source;

pub use action::{ActionKind, ActionTemplate, Argument};
pub use codes::{CODES, Code, find_code};
pub use condition::{Atom, Condition, Formula, Probe};
pub use diagnostic::{Diagnostic, Severity};
pub use duration::{DurationError, format_duration, parse_duration_us};
pub use expression::{Comparison, Expression, Function, Kind, Operator, Type};
pub use fact::{ActionField, Derived, Fact, Over, PlatformFact, Property};
pub use limits::{RULE_BYTES_MAX, RULE_FILE_BYTES_MAX, RULES_MAX};
pub use policy::{Guard, Policy, Verdict};
pub use record::Record;
pub use render::render;
pub use rule_test::{Expect, Expected, Play, RuleTest, TestEdge};
pub use ruleset::RuleSet;
pub use scenario::Scenario;
pub use script::Limit;
pub use source::{Source, Span};

/// Where conditions and arguments read the values of facts; `None` is unknown.
pub trait Facts {
    /// The value of a fact.
    fn value(&self, fact: &Fact) -> Option<piccolo_catalogue::Value>;

    /// Hears that an expression, given as text, was stopped by a limit, and is unknown for
    /// that reason alone. It may be called more than once in one evaluation.
    ///
    /// Whoever evaluates may count it, and put the rule aside when it happens again.
    fn exceeded(&self, expression: &str, limit: Limit) {
        let _ = (expression, limit);
    }
}

impl<F: Fn(&Fact) -> Option<piccolo_catalogue::Value>> Facts for F {
    fn value(&self, fact: &Fact) -> Option<piccolo_catalogue::Value> {
        self(fact)
    }
}
