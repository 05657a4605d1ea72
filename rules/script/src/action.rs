//! What a scenario does: actions with arguments that are evaluated when they are issued.

use std::fmt::Write as _;
use std::sync::Arc;

use piccolo_catalogue::{Kind as SignalKind, Value};
use rhai::{Expr, FnCallExpr};

use crate::diagnostic::Diagnostic;
use crate::duration::parse_duration_us;
use crate::expression::{Expression, Kind, Type};
use crate::fact::Fact;
use crate::lower::Lower;
use crate::source::Span;

/// The kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ActionKind {
    Launch,
    Terminate,
    Update,
    Rollback,
    Restart,
    Pause,
    Resume,
    Actuate,
    Schedule,
    Unschedule,
    Network,
    Unit,
    Notify,
    Record,
}

impl ActionKind {
    /// All of them, with the names that write them.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::Launch, "launch"),
        (Self::Terminate, "terminate"),
        (Self::Update, "update"),
        (Self::Rollback, "rollback"),
        (Self::Restart, "restart"),
        (Self::Pause, "pause"),
        (Self::Resume, "resume"),
        (Self::Actuate, "actuate"),
        (Self::Schedule, "schedule"),
        (Self::Unschedule, "unschedule"),
        (Self::Network, "network"),
        (Self::Unit, "unit"),
        (Self::Notify, "notify"),
        (Self::Record, "record"),
    ];

    /// The name that writes it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Whether it is done to a package.
    pub fn is_about_packages(self) -> bool {
        self.class() == Some("package")
    }

    /// The class within which targets collide; `None` for actions that never do.
    fn class(self) -> Option<&'static str> {
        match self {
            Self::Actuate => Some("signal"),
            Self::Schedule | Self::Unschedule => Some("schedule"),
            Self::Network => Some("network"),
            Self::Unit => Some("unit"),
            Self::Notify | Self::Record => None,
            _ => Some("package"),
        }
    }
}

/// An action as a rule writes it.
#[derive(Clone, Debug)]
pub struct ActionTemplate {
    /// What to do.
    pub kind: ActionKind,
    /// What it is done to: a package, signal path, schedule, network, `node/unit` or channel.
    pub target: Arc<str>,
    /// Further arguments by name.
    pub arguments: Vec<Argument>,
}

/// A named argument of an action.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name, such as `value` of `actuate`.
    pub name: Arc<str>,
    /// Its value, over the signals at the time of the action.
    pub expression: Expression,
}

impl ActionTemplate {
    /// What the action needs for itself, such as the package `lane-keeping`, as class and name;
    /// two scenarios that need the same collide. `None` for actions that never do.
    pub fn claim(&self) -> Option<(&'static str, &Arc<str>)> {
        self.kind.class().map(|class| (class, &self.target))
    }

    /// The action as text, in canonical spacing; equal texts do the same.
    pub fn text(&self) -> String {
        let mut text = format!("{} {:?}", self.kind.name(), self.target);
        for argument in &self.arguments {
            let _ = write!(text, " {}={}", argument.name, argument.expression);
        }
        text
    }
}

impl Lower<'_> {
    /// The actions of a clause: one, or a list.
    pub(crate) fn actions(&mut self, expr: &Expr) -> Option<Vec<ActionTemplate>> {
        match expr {
            Expr::Array(items, _) => items.iter().map(|item| self.action(item)).collect(),
            single => Some(vec![self.action(single)?]),
        }
    }

    pub(crate) fn action(&mut self, expr: &Expr) -> Option<ActionTemplate> {
        let span = self.span_of(expr);
        let Expr::FnCall(call, _) = expr else {
            self.report(Diagnostic::error(
                "PR0140",
                span,
                "expected an action, such as `launch(\"name\")`",
            ));
            return None;
        };
        let Some((kind, _)) = ActionKind::ALL.iter().find(|(_, name)| *name == call.name.as_str())
        else {
            let names: Vec<&str> = ActionKind::ALL.iter().map(|(_, name)| *name).collect();
            let message = format!("there is no action `{}`", call.name);
            let help = format!("actions are {}", names.join(", "));
            self.report(Diagnostic::error("PR0140", span, message).help(help));
            return None;
        };
        self.known_action(*kind, call, span)
    }

    fn known_action(
        &mut self,
        kind: ActionKind,
        call: &FnCallExpr,
        span: Span,
    ) -> Option<ActionTemplate> {
        let template = |target: Arc<str>, arguments| ActionTemplate { kind, target, arguments };
        match (kind, call.args.as_slice()) {
            (ActionKind::Actuate, [signal, value]) => self.actuate(signal, value),
            (ActionKind::Network, [name, settings]) => {
                let target = self.text(name)?;
                Some(template(target, self.settings(settings)?))
            }
            (ActionKind::Unit, [node, unit, operation]) => {
                let (node, unit) = (self.text(node)?, self.text(unit)?);
                let operation = self.operation(operation)?;
                Some(template(format!("{node}/{unit}").into(), vec![operation]))
            }
            (ActionKind::Notify, [channel, text]) => {
                let target = self.text(channel)?;
                let expression = self.expression(text)?;
                Some(template(target, vec![Argument { name: "text".into(), expression }]))
            }
            (ActionKind::Record, [duration]) => {
                let duration_us = self.duration(duration)?;
                let span = self.span_of(duration);
                let argument = constant("duration_us", Value::Int(duration_us as i64), span);
                Some(template("recording".into(), vec![argument]))
            }
            (ActionKind::Actuate | ActionKind::Network | ActionKind::Notify, arguments) => {
                self.wrong_count(kind.name(), 2, arguments.len(), span)
            }
            (ActionKind::Unit, arguments) => self.wrong_count("unit", 3, arguments.len(), span),
            (_, [name]) => Some(template(self.text(name)?, Vec::new())),
            (_, arguments) => self.wrong_count(kind.name(), 1, arguments.len(), span),
        }
    }

    fn actuate(&mut self, signal: &Expr, value: &Expr) -> Option<ActionTemplate> {
        let (id, path, span) = self.signal(signal)?;
        let expression = self.expression(value)?;
        let entry = self.catalogue.get(id)?.clone();
        if entry.kind != SignalKind::Actuator {
            let message = format!("`{path}` is {}, not an actuator", article(entry.kind.name()));
            self.report(Diagnostic::error("PR0142", span, message).label("cannot be set"));
            return None;
        }
        let fits = match &expression.kind {
            Kind::Constant(value) => entry.coerce(value.clone()).is_ok(),
            _ => Type::of(entry.datatype).compares_with(expression.kind_type),
        };
        if !fits {
            let message = format!("`{path}` is `{}` and cannot be set to this", entry.datatype);
            self.report(Diagnostic::error("PR0143", expression.span, message));
            return None;
        }
        self.check_setting(&Fact::Signal(id, Arc::clone(&path)), &expression);
        let argument = Argument { name: "value".into(), expression };
        Some(ActionTemplate { kind: ActionKind::Actuate, target: path, arguments: vec![argument] })
    }

    fn settings(&mut self, expr: &Expr) -> Option<Vec<Argument>> {
        let Expr::Map(entries, _) = expr else {
            let span = self.span_of(expr);
            self.report(Diagnostic::error(
                "PR0141",
                span,
                "expected settings, such as `#{ rate: 10 }`",
            ));
            return None;
        };
        entries
            .0
            .iter()
            .map(|(name, value)| {
                Some(Argument { name: name.as_str().into(), expression: self.expression(value)? })
            })
            .collect()
    }

    fn operation(&mut self, expr: &Expr) -> Option<Argument> {
        const OPERATIONS: [&str; 3] = ["start", "stop", "restart"];
        let span = self.span_of(expr);
        let operation = self.text(expr)?;
        if !OPERATIONS.contains(&operation.as_ref()) {
            let message = format!("a unit cannot be told to `{operation}`");
            self.report(
                Diagnostic::error("PR0141", span, message).help("use start, stop or restart"),
            );
            return None;
        }
        Some(constant("operation", Value::Text(operation), span))
    }

    /// A text that is not empty.
    pub(crate) fn text(&mut self, expr: &Expr) -> Option<Arc<str>> {
        if let Expr::StringConstant(text, _) = expr
            && !text.is_empty()
        {
            return Some(text.as_str().into());
        }
        let span = self.span_of(expr);
        self.report(Diagnostic::error("PR0141", span, "expected a name in quotes"));
        None
    }

    /// A duration, in microseconds.
    pub(crate) fn duration(&mut self, expr: &Expr) -> Option<u64> {
        let span = self.span_of(expr);
        let Expr::StringConstant(text, _) = expr else {
            self.report(
                Diagnostic::error("PR0130", span, "expected a duration").help(
                    "durations are texts, such as `\"250ms\"`, `\"3s\"`, `\"5m\"` or `\"1h\"`",
                ),
            );
            return None;
        };
        match parse_duration_us(text) {
            Ok(duration_us) => Some(duration_us),
            Err(error) => {
                let message = format!("`{text}` is not a duration: {error}");
                self.report(Diagnostic::error("PR0130", span, message));
                None
            }
        }
    }
}

fn constant(name: &str, value: Value, span: Span) -> Argument {
    let expression = Expression { kind: Kind::Constant(value), kind_type: Type::Any, span };
    Argument { name: name.into(), expression }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
