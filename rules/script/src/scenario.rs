//! A compiled scenario.

use std::fmt::Write as _;
use std::sync::Arc;

use rhai::Expr;

use crate::action::ActionTemplate;
use crate::clause::Clauses;
use crate::condition::{Atom, Condition};
use crate::diagnostic::Diagnostic;
use crate::fact::Fact;
use crate::hash::short_hash;
use crate::limits::NAME_BYTES_MAX;
use crate::lower::Lower;
use crate::source::{Source, Span};

/// A scenario: when it begins, when it ends, and what to do.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, unique in its rule set.
    pub name: Arc<str>,
    /// The condition to begin.
    pub when: Condition,
    /// The condition to end; without one it ends when `when` is false.
    pub until: Option<Condition>,
    /// For how long `when` must be true without a break before it begins.
    pub held_us: u64,
    /// For how long after an end it does not begin again.
    pub cooldown_us: u64,
    /// The higher wins where actions on one target collide.
    pub priority: i64,
    /// What to do when it begins.
    pub then: Vec<ActionTemplate>,
    /// What to do when it ends.
    pub finally: Vec<ActionTemplate>,
    /// A hash of its meaning, 16 hexadecimal digits: changes exactly if the meaning does.
    pub revision: Arc<str>,
    /// A hash of its priority and of what it does: equal where it does the same.
    pub deeds: Arc<str>,
    /// The facts that its conditions read, each once, in order.
    pub facts: Vec<Fact>,
    /// The scenarios whose activity its conditions ask for, each once.
    pub asks: Vec<Arc<str>>,
    /// The facts that the arguments of its actions read, each once, in order.
    pub argument_facts: Vec<Fact>,
    /// The file that it comes from.
    pub source: Arc<Source>,
    /// The place of its name there.
    pub span: Span,
}

impl Scenario {
    /// Its conditions: `when`, then `until` where it has one.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        std::iter::once(&self.when).chain(&self.until)
    }

    /// Notes what its conditions and its actions read.
    fn note_facts(&mut self) {
        let atoms = self.conditions().flat_map(|condition| &condition.atoms);
        let mut facts: Vec<Fact> = atoms.flat_map(Atom::reads).collect();
        facts.sort_unstable();
        facts.dedup();
        facts.iter().for_each(|fact| fact.asks(&mut self.asks));
        self.asks.sort_unstable();
        self.asks.dedup();
        self.facts = facts;
        let actions = self.then.iter().chain(&self.finally);
        for argument in actions.flat_map(|action| &action.arguments) {
            argument.expression.reads(&mut self.argument_facts);
        }
        self.argument_facts.sort_unstable();
        self.argument_facts.dedup();
    }
}

impl Lower<'_> {
    /// A scenario from its clauses; `None` after what is wrong was noted.
    pub(crate) fn scenario(&mut self, clauses: &Clauses<'_>) -> Option<Scenario> {
        let span = self.span(clauses.name_position);
        let named = self.check_name("scenario", &clauses.name, span);
        let when = self.required(clauses, "when", span);
        let then = self.required(clauses, "then", span);
        let when = when.and_then(|expr| self.condition(expr));
        let then = then.and_then(|expr| self.actions(expr));
        let until = self.optional(clauses, "until", Self::condition);
        let held_us = self.optional(clauses, "held", Self::duration);
        let cooldown_us = self.optional(clauses, "cooldown", Self::duration);
        let priority = self.optional(clauses, "priority", Self::priority);
        let finally = self.optional(clauses, "finally", Self::actions);
        let when = when?;
        let place = |clause| clauses.get(clause).map(|expr| self.span_of(expr)).unwrap_or(span);
        let (at_when, at_until) = (place("when"), place("until"));
        let (at_held, at_cooldown) = (place("held"), place("cooldown"));
        if let Some(Some(until)) = &until {
            self.check_until((&when, at_when), (until, at_until));
        }
        self.check_held((&when, at_when), (held_us.flatten().unwrap_or(0), at_held));
        self.check_cooldown((cooldown_us.flatten().unwrap_or(0), at_cooldown));
        let mut scenario = Scenario {
            name: named?,
            when,
            until: until?,
            held_us: held_us?.unwrap_or(0),
            cooldown_us: cooldown_us?.unwrap_or(0),
            priority: priority?.unwrap_or(0),
            then: then?,
            finally: finally?.unwrap_or_default(),
            revision: Arc::default(),
            deeds: Arc::default(),
            facts: Vec::new(),
            asks: Vec::new(),
            argument_facts: Vec::new(),
            source: Arc::clone(self.source),
            span,
        };
        scenario.deeds = short_hash(&deeds(&scenario));
        scenario.revision = revision(&scenario);
        scenario.note_facts();
        Some(scenario)
    }

    pub(crate) fn check_name(&mut self, block: &str, name: &str, span: Span) -> Option<Arc<str>> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(allowed) {
            return Some(name.into());
        }
        self.report(
            Diagnostic::error("PR0015", span, format!("this is no name for a {block}")).help(
                format!("use letters, digits, `-`, `_` and `.`, at most {NAME_BYTES_MAX} of them"),
            ),
        );
        None
    }

    pub(crate) fn required<'e>(
        &mut self,
        clauses: &Clauses<'e>,
        name: &str,
        span: Span,
    ) -> Option<&'e Expr> {
        let expr = clauses.get(name);
        if expr.is_none() {
            let message = format!("the {} has no `{name}`", clauses.block);
            self.report(
                Diagnostic::error("PR0013", span, message).help(format!("add a `{name}` clause")),
            );
        }
        expr
    }

    /// A clause that may be absent: `Some(None)`; `None` after what is wrong was noted.
    pub(crate) fn optional<T>(
        &mut self,
        clauses: &Clauses<'_>,
        name: &str,
        lower: impl FnOnce(&mut Self, &Expr) -> Option<T>,
    ) -> Option<Option<T>> {
        match clauses.get(name) {
            None => Some(None),
            Some(expr) => lower(self, expr).map(Some),
        }
    }

    pub(crate) fn priority(&mut self, expr: &Expr) -> Option<i64> {
        let span = self.span_of(expr);
        match self.expression(expr)?.kind {
            crate::expression::Kind::Constant(piccolo_catalogue::Value::Int(value)) => Some(value),
            _ => {
                self.report(Diagnostic::error("PR0131", span, "a priority is a whole number"));
                None
            }
        }
    }
}

/// The hash of everything that changes what the scenario decides or does.
fn revision(scenario: &Scenario) -> Arc<str> {
    short_hash(&format!(
        "{}\n{}\n{:?}\n{}\n{}\n{}",
        scenario.name,
        scenario.when.text,
        scenario.until.as_ref().map(|until| &until.text),
        scenario.held_us,
        scenario.cooldown_us,
        deeds(scenario),
    ))
}

/// What a scenario does, and how important that is.
fn deeds(scenario: &Scenario) -> String {
    let mut text = format!("{}\n", scenario.priority);
    for (clause, actions) in [("then", &scenario.then), ("finally", &scenario.finally)] {
        for action in actions {
            let _ = writeln!(text, "{clause} {}", action.text());
        }
    }
    text
}
