//! Policies: which actions may be done.

use std::fmt::Write as _;
use std::sync::Arc;

use rhai::Expr;
use wildmatch::WildMatch;

use crate::action::{ActionKind, ActionTemplate};
use crate::clause::Clauses;
use crate::condition::Condition;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Type};
use crate::hash::short_hash;
use crate::lower::Lower;
use crate::source::{Source, Span};

/// A policy: which actions it guards, when it applies, and what it says of them then.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name, unique among the policies of its rule set.
    pub name: Arc<str>,
    /// The actions that it guards.
    pub on: Vec<Guard>,
    /// When it applies; without one, always.
    pub when: Option<Condition>,
    /// What it says.
    pub verdict: Verdict,
    /// The higher decides.
    pub priority: i64,
    /// A hash of its meaning, 16 hexadecimal digits.
    pub revision: Arc<str>,
    /// The file that it comes from.
    pub source: Arc<Source>,
    /// The place of its name there.
    pub span: Span,
}

/// What a policy says of an action. The order is that of precedence among equal priorities.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is not done, for this reason: a text.
    Deny(Expression),
    /// This is done instead.
    Change(ActionTemplate),
    /// It is done.
    Allow,
}

/// A set of actions: those of a kind whose target fits a pattern.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The kind; none for every kind.
    pub kind: Option<ActionKind>,
    /// The pattern; `*` stands for any text, `?` for any character.
    pub pattern: Arc<str>,
    /// Where it is written.
    pub span: Span,
    matcher: WildMatch,
}

impl Guard {
    /// Whether it holds an action.
    pub fn holds(&self, kind: ActionKind, target: &str) -> bool {
        self.kind.is_none_or(|known| known == kind) && self.matcher.matches(target)
    }

    fn text(&self) -> String {
        format!("{}({:?})", self.kind.map_or("any", ActionKind::name), self.pattern)
    }
}

impl Policy {
    /// Whether it guards an action.
    pub fn guards(&self, kind: ActionKind, target: &str) -> bool {
        self.on.iter().any(|guard| guard.holds(kind, target))
    }
}

impl Lower<'_> {
    /// A policy from its clauses; `None` after what is wrong was noted.
    pub(crate) fn policy(&mut self, clauses: &Clauses<'_>) -> Option<Policy> {
        self.in_policy = true;
        let policy = self.policy_parts(clauses);
        self.in_policy = false;
        policy
    }

    fn policy_parts(&mut self, clauses: &Clauses<'_>) -> Option<Policy> {
        let span = self.span(clauses.name_position);
        let name = self.check_name("policy", &clauses.name, span);
        let on = self.required(clauses, "on", span).and_then(|expr| self.guards(expr));
        let when = self.optional(clauses, "when", Self::condition);
        let verdict = self.verdict(clauses, span);
        let priority = self.optional(clauses, "priority", Self::priority);
        let mut policy = Policy {
            name: name?,
            on: on?,
            when: when?,
            verdict: verdict?,
            priority: priority?.unwrap_or(0),
            revision: Arc::default(),
            source: Arc::clone(self.source),
            span,
        };
        policy.revision = revision(&policy);
        Some(policy)
    }

    fn verdict(&mut self, clauses: &Clauses<'_>, span: Span) -> Option<Verdict> {
        let said: Vec<&str> =
            ["deny", "allow", "change"].into_iter().filter(|name| clauses.has(name)).collect();
        match said.as_slice() {
            ["deny"] => self.reason(clauses.get("deny")?).map(Verdict::Deny),
            ["allow"] => Some(Verdict::Allow),
            ["change"] => self.action(clauses.get("change")?).map(Verdict::Change),
            _ => {
                let message = "a policy says exactly one of `deny`, `allow` and `change`";
                self.report(
                    Diagnostic::error("PR0170", span, message)
                        .label(if said.is_empty() { "says nothing" } else { "says several" })
                        .help("write `deny \"the reason\"`, `allow` or `change ACTION`"),
                );
                None
            }
        }
    }

    fn reason(&mut self, expr: &Expr) -> Option<Expression> {
        let reason = self.expression(expr)?;
        if matches!(reason.kind_type, Type::Text | Type::Any) {
            return Some(reason);
        }
        let found = reason.kind_type;
        self.report(
            Diagnostic::error(
                "PR0110",
                reason.span,
                format!("a reason is a text, this is {found}"),
            )
            .label(format!("this is {found}")),
        );
        None
    }

    fn guards(&mut self, expr: &Expr) -> Option<Vec<Guard>> {
        match expr {
            Expr::Array(items, _) => items.iter().map(|item| self.guard(item)).collect(),
            single => Some(vec![self.guard(single)?]),
        }
    }

    fn guard(&mut self, expr: &Expr) -> Option<Guard> {
        let span = self.span_of(expr);
        let Expr::FnCall(call, _) = expr else {
            let message = "expected the actions that it guards, such as `launch(\"*\")`";
            self.report(Diagnostic::error("PR0171", span, message));
            return None;
        };
        let kind = ActionKind::ALL.iter().find(|(_, name)| *name == call.name.as_str());
        if kind.is_none() && call.name != "any" {
            let message = format!("there is no action `{}`", call.name);
            self.report(
                Diagnostic::error("PR0140", span, message)
                    .help("guard a kind of action, or `any(\"*\")`"),
            );
            return None;
        }
        let kind = kind.map(|(kind, _)| *kind);
        let pattern: Arc<str> = match (kind, call.args.as_slice()) {
            (Some(ActionKind::Unit), [node, unit]) => {
                format!("{}/{}", self.text(node)?, self.text(unit)?).into()
            }
            (_, [pattern @ Expr::StringConstant(..)]) => self.text(pattern)?,
            (Some(ActionKind::Actuate), [signal]) => self.signal(signal)?.1,
            (_, [pattern]) => self.text(pattern)?,
            (_, arguments) => {
                let takes = if kind == Some(ActionKind::Unit) { 2 } else { 1 };
                return self.wrong_count(&call.name, takes, arguments.len(), span);
            }
        };
        Some(Guard { kind, matcher: WildMatch::new(&pattern), pattern, span })
    }
}

/// The hash of everything that changes what the policy says.
fn revision(policy: &Policy) -> Arc<str> {
    let mut text = format!("policy {}\n", policy.name);
    for guard in &policy.on {
        let _ = writeln!(text, "on {}", guard.text());
    }
    let _ = writeln!(text, "when {:?}", policy.when.as_ref().map(|when| &when.text));
    let _ = writeln!(text, "priority {}", policy.priority);
    let _ = match &policy.verdict {
        Verdict::Deny(reason) => writeln!(text, "deny {reason}"),
        Verdict::Allow => writeln!(text, "allow"),
        Verdict::Change(action) => writeln!(text, "change {}", action.text()),
    };
    short_hash(&text)
}
