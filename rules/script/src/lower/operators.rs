//! Operators and function calls, with their types.

use piccolo_catalogue::Value;
use rhai::{Expr, FnCallExpr, Position};

use super::{Lower, over_time};
use crate::diagnostic::Diagnostic;
use crate::expression::{Comparison, Expression, Function, Kind, Operator, Type};
use crate::fact::Fact;
use crate::source::Span;

impl Lower<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        call: &FnCallExpr,
        position: Position,
        span: Span,
    ) -> Option<Expression> {
        let at = self.span(position);
        match (call.name.as_str(), call.args.as_slice()) {
            ("&&", [a, b]) => self.join(true, a, b),
            ("||", [a, b]) => self.join(false, a, b),
            ("!", [a]) => self.not(a, at),
            ("-", [a]) => self.negate(a),
            ("contains", [list, item]) => self.one_of(list, item, expr, span),
            ("known", arguments) => self.known(arguments, span),
            (name, arguments) if over_time::is_over_time(name, arguments) => {
                self.over_time(name, arguments, span)
            }
            (name, [a, b]) if comparison(name).is_some() => {
                self.compare(comparison(name)?, a, b, at)
            }
            (name, [a, b]) if operator(name).is_some() => self.compute(operator(name)?, a, b),
            (name, arguments) => match Function::ALL.iter().find(|(_, known, _)| *known == name) {
                Some((function, _, takes)) => {
                    self.function(*function, name, *takes, arguments, span)
                }
                None => self.unknown_function(name, at),
            },
        }
    }

    fn join(&mut self, all: bool, a: &Expr, b: &Expr) -> Option<Expression> {
        let (a, b) = (self.truth(a), self.truth(b));
        let (a, b) = (a?, b?);
        let span = a.span.to(b.span);
        let mut parts = Vec::new();
        for side in [a, b] {
            match (side.kind, all) {
                (Kind::All(inner), true) | (Kind::Any(inner), false) => parts.extend(inner),
                (kind, _) => {
                    parts.push(Expression { kind, kind_type: side.kind_type, span: side.span })
                }
            }
        }
        let kind = if all { Kind::All(parts) } else { Kind::Any(parts) };
        Some(Expression { kind, kind_type: Type::Bool, span })
    }

    fn not(&mut self, a: &Expr, at: Span) -> Option<Expression> {
        let a = self.truth(a)?;
        let span = at.to(a.span);
        Some(Expression { kind: Kind::Not(Box::new(a)), kind_type: Type::Bool, span })
    }

    /// An operand of `&&`, `||` or `!`.
    pub(super) fn truth(&mut self, expr: &Expr) -> Option<Expression> {
        let expression = self.expression(expr)?;
        if matches!(expression.kind_type, Type::Bool | Type::Any) {
            return Some(expression);
        }
        let found = expression.kind_type;
        self.report(
            Diagnostic::error(
                "PR0110",
                expression.span,
                format!("expected a boolean, found {found}"),
            )
            .label(format!("this is {found}"))
            .help("compare it with something, such as `> 0`"),
        );
        None
    }

    fn negate(&mut self, a: &Expr) -> Option<Expression> {
        let a = self.number(a)?;
        let (kind_type, span) = (a.kind_type, a.span);
        let kind = match a.kind {
            Kind::Constant(Value::Int(value)) => Kind::Constant(Value::Int(value.checked_neg()?)),
            Kind::Constant(Value::Float(value)) => Kind::Constant(Value::Float(-value)),
            kind => Kind::Negate(Box::new(Expression { kind, kind_type, span })),
        };
        Some(Expression { kind, kind_type, span })
    }

    fn number(&mut self, expr: &Expr) -> Option<Expression> {
        let expression = self.expression(expr)?;
        if expression.kind_type.may_be_number() {
            return Some(expression);
        }
        let found = expression.kind_type;
        self.report(
            Diagnostic::error(
                "PR0110",
                expression.span,
                format!("expected a number, found {found}"),
            )
            .label(format!("this is {found}")),
        );
        None
    }

    fn compute(&mut self, operator: Operator, a: &Expr, b: &Expr) -> Option<Expression> {
        let (a, b) = (self.expression(a), self.expression(b));
        let (a, b) = (a?, b?);
        let span = a.span.to(b.span);
        if operator == Operator::Add && (a.kind_type == Type::Text || b.kind_type == Type::Text) {
            return Some(Expression { kind: Kind::Text(vec![a, b]), kind_type: Type::Text, span });
        }
        for side in [&a, &b] {
            if !side.kind_type.may_be_number() {
                let found = side.kind_type;
                self.report(
                    Diagnostic::error(
                        "PR0110",
                        side.span,
                        format!("expected a number, found {found}"),
                    )
                    .label(format!("this is {found}")),
                );
                return None;
            }
        }
        if matches!(operator, Operator::Add | Operator::Subtract) {
            self.check_units("added or subtracted", &a, &b);
        }
        let kind_type = match (a.kind_type, b.kind_type) {
            (Type::Int, Type::Int) => Type::Int,
            (Type::Any, _) | (_, Type::Any) => Type::Any,
            _ => Type::Float,
        };
        Some(Expression {
            kind: Kind::Compute(operator, Box::new(a), Box::new(b)),
            kind_type,
            span,
        })
    }

    fn compare(
        &mut self,
        comparison: Comparison,
        a: &Expr,
        b: &Expr,
        at: Span,
    ) -> Option<Expression> {
        let (a, b) = (self.expression(a), self.expression(b));
        let (a, b) = (a?, b?);
        if !a.kind_type.compares_with(b.kind_type) {
            self.incomparable(&a, &b, at);
            return None;
        }
        let orderless = |kind_type| matches!(kind_type, Type::Bool | Type::List);
        if comparison.orders() && (orderless(a.kind_type) || orderless(b.kind_type)) {
            let symbol = comparison.symbol();
            self.report(
                Diagnostic::error(
                    "PR0110",
                    at,
                    format!("`{symbol}` does not order {}", a.kind_type),
                )
                .help("use `==` or `!=`"),
            );
            return None;
        }
        if let Some(older) = self.compare_age(comparison, &a, &b) {
            return Some(older);
        }
        self.check_constant(&a, &b);
        self.check_constant(&b, &a);
        self.check_units("compared", &a, &b);
        let span = a.span.to(b.span);
        let kind = Kind::Compare(comparison, Box::new(a), Box::new(b));
        Some(Expression { kind, kind_type: Type::Bool, span })
    }

    fn incomparable(&mut self, a: &Expression, b: &Expression, at: Span) {
        let message = format!("{} never equals {}", a.kind_type, b.kind_type);
        let mut diagnostic = Diagnostic::error("PR0110", at, message)
            .label("these do not compare")
            .related(a.span, format!("this is {}", a.kind_type))
            .related(b.span, format!("this is {}", b.kind_type));
        let signal = [a, b].into_iter().find_map(|side| match side.kind {
            Kind::Fact(Fact::Signal(id, _)) => self.catalogue.get(id),
            _ => None,
        });
        if let Some(signal) = signal {
            diagnostic = diagnostic.help(format!("`{}` is `{}`", signal.path, signal.datatype));
        }
        self.report(diagnostic);
    }

    /// `in` with a list or a range.
    fn one_of(&mut self, list: &Expr, item: &Expr, whole: &Expr, span: Span) -> Option<Expression> {
        if let Expr::FnCall(call, _) = list
            && let (".." | "..=", [low, high]) = (call.name.as_str(), call.args.as_slice())
        {
            return self.between(item, low, high, call.name == "..=", span);
        }
        let tested = self.expression(item)?;
        let list = self.expression(list)?;
        let Kind::Constant(Value::List(items)) = &list.kind else {
            return self.left_to_rhai(whole, tested.span.to(list.span));
        };
        if items.is_empty() {
            self.report(Diagnostic::error("PR0124", list.span, "nothing is in an empty list"));
            return None;
        }
        for item in items.iter() {
            let constant = Expression {
                kind: Kind::Constant(item.clone()),
                kind_type: type_of(item),
                span: list.span,
            };
            if !tested.kind_type.compares_with(constant.kind_type) {
                self.incomparable(&tested, &constant, list.span);
                return None;
            }
            self.check_constant(&tested, &constant);
        }
        let span = tested.span.to(list.span);
        let kind = Kind::OneOf(Box::new(tested), items.to_vec());
        Some(Expression { kind, kind_type: Type::Bool, span })
    }

    fn between(
        &mut self,
        item: &Expr,
        low: &Expr,
        high: &Expr,
        inclusive: bool,
        span: Span,
    ) -> Option<Expression> {
        let upper = if inclusive { Comparison::LessOrEqual } else { Comparison::Less };
        let low = self.compare(Comparison::GreaterOrEqual, item, low, span)?;
        let high = self.compare(upper, item, high, span)?;
        let span = low.span.to(high.span);
        Some(Expression { kind: Kind::All(vec![low, high]), kind_type: Type::Bool, span })
    }

    fn known(&mut self, arguments: &[Expr], at: Span) -> Option<Expression> {
        let [argument] = arguments else {
            return self.wrong_count("known", 1, arguments.len(), at);
        };
        let expression = self.expression(argument)?;
        let span = at.to(expression.span);
        let Kind::Fact(fact @ (Fact::Signal(..) | Fact::Platform(_))) = expression.kind else {
            let message = "`known` is about a signal, and this is none";
            self.report(Diagnostic::error("PR0150", expression.span, message));
            return None;
        };
        Some(Expression { kind: Kind::Known(fact), kind_type: Type::Bool, span })
    }

    fn function(
        &mut self,
        function: Function,
        name: &str,
        takes: usize,
        arguments: &[Expr],
        at: Span,
    ) -> Option<Expression> {
        if arguments.len() != takes {
            return self.wrong_count(name, takes, arguments.len(), at);
        }
        let arguments: Option<Vec<Expression>> =
            arguments.iter().map(|argument| self.number(argument)).collect();
        let arguments = arguments?;
        let all_int = arguments.iter().all(|argument| argument.kind_type == Type::Int);
        let kind_type = if all_int { Type::Int } else { Type::Float };
        let span = at;
        Some(Expression { kind: Kind::Call(function, arguments), kind_type, span })
    }

    pub(crate) fn wrong_count<T>(
        &mut self,
        name: &str,
        takes: usize,
        found: usize,
        at: Span,
    ) -> Option<T> {
        let message = format!("`{name}` takes {takes} argument(s), not {found}");
        self.report(Diagnostic::error("PR0105", at, message));
        None
    }

    fn unknown_function(&mut self, name: &str, at: Span) -> Option<Expression> {
        let known = "abs, min, max, known, avg, slope, changed, rose, fell, count, within, \
                     sequence, fresh, age, vehicles, share, node, package, model, scenario, alert";
        self.report(
            Diagnostic::error("PR0104", at, format!("there is no function `{name}`"))
                .help(format!("expressions have {known}")),
        );
        None
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Comparison::ALL.iter().find(|(_, symbol)| *symbol == name).map(|(comparison, _)| *comparison)
}

fn operator(name: &str) -> Option<Operator> {
    Operator::ALL.iter().find(|(_, symbol)| *symbol == name).map(|(operator, _)| *operator)
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Float(_) => Type::Float,
        Value::Text(_) => Type::Text,
        Value::List(_) => Type::List,
    }
}
