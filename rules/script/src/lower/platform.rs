//! Facts of the platform, and in policies of the action that is judged.

use std::sync::Arc;

use rhai::Expr;

use super::Lower;
use super::names;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Kind, Type};
use crate::fact::{ActionField, Fact, PlatformFact, Property};
use crate::source::Span;

/// The kinds of objects that rules ask about.
const OBJECTS: [&str; 5] = ["node", "package", "model", "scenario", "alert"];

/// The object that an expression is, such as `node("hpc")`, with its name.
fn object(expr: &Expr) -> Option<(&'static str, &[Expr])> {
    let (name, arguments) = match expr {
        Expr::FnCall(call, _) => (call.name.as_str(), call.args.as_slice()),
        // `scenario` is also the word that begins a rule, so its parser is ours.
        Expr::Custom(custom, _) => (custom.tokens.first()?.as_str(), custom.inputs.as_slice()),
        _ => return None,
    };
    let object = OBJECTS.into_iter().find(|known| *known == name)?;
    Some((object, arguments))
}

/// Whether an expression is an object of the platform, such as `node("hpc")`.
pub(super) fn is_object(expr: &Expr) -> bool {
    object(expr).is_some()
}

/// Whether an expression is a property of an object, such as `node("hpc").cpu`.
pub(super) fn is_platform_fact(expr: &Expr) -> bool {
    matches!(expr, Expr::Dot(sides, ..) if is_object(&sides.lhs))
}

impl Lower<'_> {
    /// A property of an object of the platform.
    pub(super) fn platform_fact(&mut self, expr: &Expr, span: Span) -> Option<Expression> {
        let Expr::Dot(sides, ..) = expr else { return None };
        let (object, arguments) = object(&sides.lhs)?;
        let [name] = arguments else {
            return self.wrong_count(object, 1, arguments.len(), span);
        };
        let name = self.text(name)?;
        let property = names::path(&sides.rhs).unwrap_or_default();
        let Some(property) = Property::find(object, &property) else {
            return self.unknown_property(object, &property, span);
        };
        let kind_type = property.kind_type;
        let fact = Fact::Platform(Arc::new(PlatformFact::new(name, Arc::new(property))));
        Some(Expression { kind: Kind::Fact(fact), kind_type, span })
    }

    /// An object without a property has no value.
    pub(super) fn bare_object(&mut self, expr: &Expr, span: Span) -> Option<Expression> {
        let (object, _) = object(expr)?;
        self.unknown_property(object, "", span)
    }

    fn unknown_property<T>(&mut self, object: &str, property: &str, span: Span) -> Option<T> {
        let known: Vec<String> =
            Property::names_of(object).iter().map(|name| format!("`{name}`")).collect();
        let message = if property.is_empty() {
            format!("a {object} by itself has no value")
        } else {
            format!("a {object} has no `{property}`")
        };
        self.report(
            Diagnostic::error("PR0160", span, message)
                .help(format!("a {object} has {}", known.join(", "))),
        );
        None
    }

    /// What a policy asks of the action that it judges; `None` for any other path.
    pub(super) fn action_fact(&self, path: &str) -> Option<(Fact, Type)> {
        if !self.in_policy {
            return None;
        }
        if let Some((field, _)) = ActionField::ALL.iter().find(|(_, text)| *text == path) {
            return Some((Fact::Action(*field), Type::Text));
        }
        let (object, name) = path.split_once('.')?;
        let property = Property::find(object, name)?;
        let of_action = matches!(object, "node" | "package" | "model");
        let kind_type = property.kind_type;
        of_action.then(|| (Fact::Resource(Arc::new(property)), kind_type))
    }
}
