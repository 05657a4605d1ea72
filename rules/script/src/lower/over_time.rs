//! Functions over time and over the fleet: calls to derived facts.

use rhai::Expr;

use super::Lower;
use crate::condition::Condition;
use crate::diagnostic::Diagnostic;
use crate::duration::format_duration;
use crate::expression::{Comparison, Expression, Kind, Type, number};
use crate::fact::{Derived, Fact, Over};
use crate::limits::{ATOMS_MAX, FACT_TEXT_BYTES_MAX, SEQUENCE_STEPS_MAX, WINDOW_US_MAX};
use crate::source::Span;

/// The functions, with how many arguments each takes.
const FUNCTIONS: [(&str, usize); 14] = [
    ("avg", 2),
    ("min", 2),
    ("max", 2),
    ("slope", 2),
    ("changed", 1),
    ("rose", 1),
    ("fell", 1),
    ("count", 2),
    ("within", 2),
    ("sequence", 2),
    ("fresh", 2),
    ("age", 1),
    ("vehicles", 1),
    ("share", 1),
];

/// Whether a call is one of a function over time or over the fleet: `min` and `max` are, where
/// the second argument is a duration.
pub(super) fn is_over_time(name: &str, arguments: &[Expr]) -> bool {
    let windowed = matches!(arguments, [_, Expr::StringConstant(..)]);
    FUNCTIONS.iter().any(|(known, _)| *known == name)
        && (windowed || !matches!(name, "min" | "max"))
}

impl Lower<'_> {
    /// A call of a function over time or over the fleet.
    pub(super) fn over_time(
        &mut self,
        name: &str,
        arguments: &[Expr],
        at: Span,
    ) -> Option<Expression> {
        let (_, takes) = *FUNCTIONS.iter().find(|(known, _)| *known == name)?;
        if arguments.len() != takes {
            return self.wrong_count(name, takes, arguments.len(), at);
        }
        let fact = match arguments {
            [of] => self.without_window(name, of)?,
            [of, window] => {
                let window_us = self.window(window);
                self.with_window(name, of, window_us)?
            }
            _ => return None,
        };
        if fact.text().len() > FACT_TEXT_BYTES_MAX {
            return self.too_large(at, "bytes in the name of a fact", FACT_TEXT_BYTES_MAX);
        }
        let kind_type = match &fact {
            Fact::Derived(derived) => derived.kind_type,
            _ => Type::Any,
        };
        Some(Expression { kind: Kind::Fact(fact), kind_type, span: at })
    }

    fn without_window(&mut self, name: &str, of: &Expr) -> Option<Fact> {
        let (over, kind_type) = match name {
            "changed" => (Over::Changed { of: self.plain_fact(name, of)?.0 }, Type::Bool),
            "age" => (Over::Age { of: self.plain_fact(name, of)?.0 }, Type::Float),
            "rose" => (Over::Rose { of: self.truth_fact(of)? }, Type::Bool),
            "fell" => (Over::Fell { of: self.truth_fact(of)? }, Type::Bool),
            "vehicles" => (Over::Vehicles { of: self.fleet_member(name, of)? }, Type::Int),
            _ => (Over::Share { of: self.fleet_member(name, of)? }, Type::Float),
        };
        let of = over.reads().first()?.text().to_owned();
        Some(Derived::fact(format!("{name}({of})"), over, kind_type))
    }

    fn with_window(&mut self, name: &str, of: &Expr, window_us: Option<u64>) -> Option<Fact> {
        let mut shown = None;
        let over_and_type = match name {
            "count" => self
                .truth_fact(of)
                .zip(window_us)
                .map(|(of, window_us)| (Over::Count { of, window_us }, Type::Int)),
            "within" => self
                .truth_fact(of)
                .zip(window_us)
                .map(|(of, window_us)| (Over::Within { of, window_us }, Type::Bool)),
            "sequence" => self.steps(of).zip(window_us).map(|(of, window_us)| {
                let texts: Vec<&str> = of.iter().map(Fact::text).collect();
                shown = Some(format!("[{}]", texts.join(", ")));
                (Over::Sequence { of, window_us }, Type::Bool)
            }),
            "fresh" => self
                .plain_fact(name, of)
                .zip(window_us)
                .map(|((of, _), window_us)| (Over::Fresh { of, window_us }, Type::Bool)),
            _ => self.number_fact(name, of).zip(window_us).map(|((of, kind_type), window_us)| {
                match name {
                    "avg" => (Over::Average { of, window_us }, Type::Float),
                    "min" => (Over::Least { of, window_us }, kind_type),
                    "max" => (Over::Greatest { of, window_us }, kind_type),
                    _ => (Over::Slope { of, window_us }, Type::Float),
                }
            }),
        };
        let (over, kind_type) = over_and_type?;
        let of = shown.or_else(|| Some(over.reads().first()?.text().to_owned()))?;
        let text = format!("{name}({of}, \"{}\")", format_duration(window_us?));
        Some(Derived::fact(text, over, kind_type))
    }

    /// The length of a window: a duration above zero.
    fn window(&mut self, expr: &Expr) -> Option<u64> {
        let window_us = self.duration(expr)?;
        if (1..=WINDOW_US_MAX).contains(&window_us) {
            return Some(window_us);
        }
        let span = self.span_of(expr);
        let longest = format_duration(WINDOW_US_MAX);
        let message = format!("a window is longer than nothing and at most {longest}");
        self.report(Diagnostic::error("PR0132", span, message));
        None
    }

    /// A signal or a fact of the platform, with its type.
    fn plain_fact(&mut self, function: &str, expr: &Expr) -> Option<(Fact, Type)> {
        let expression = self.expression(expr)?;
        match expression.kind {
            Kind::Fact(fact @ (Fact::Signal(..) | Fact::Platform(_))) => {
                Some((fact, expression.kind_type))
            }
            _ => {
                let message = format!("`{function}` is about a signal, and this is none");
                self.report(
                    Diagnostic::error("PR0150", expression.span, message)
                        .help(format!("write a path, such as `{function}(Vehicle.Speed, ...)`")),
                );
                None
            }
        }
    }

    fn number_fact(&mut self, function: &str, expr: &Expr) -> Option<(Fact, Type)> {
        let (fact, kind_type) = self.plain_fact(function, expr)?;
        if matches!(kind_type, Type::Int | Type::Float) {
            return Some((fact, kind_type));
        }
        let span = self.span_of(expr);
        let message = format!("`{function}` is about numbers, `{fact}` is {kind_type}");
        self.report(
            Diagnostic::error("PR0110", span, message).label(format!("this is {kind_type}")),
        );
        None
    }

    /// The truth of an expression as a fact.
    fn truth_fact(&mut self, expr: &Expr) -> Option<Fact> {
        let expression = self.truth(expr)?;
        self.refuse_age(&expression)?;
        self.check_condition(&expression);
        if matches!(expression.kind, Kind::Constant(_)) {
            let message = "this is always the same";
            self.report(Diagnostic::error("PR0124", expression.span, message));
            return None;
        }
        let fact = Condition::truth(&expression);
        if let Fact::Derived(derived) = &fact
            && let Over::Truth { atoms, .. } = &derived.over
            && (atoms.len() > ATOMS_MAX || fact.text().len() > FACT_TEXT_BYTES_MAX)
        {
            return self.too_large(expression.span, "comparisons in one condition", ATOMS_MAX);
        }
        Some(fact)
    }

    fn fleet_member(&mut self, function: &str, expr: &Expr) -> Option<Fact> {
        let fact = self.truth_fact(expr)?;
        if fact.is_of_the_fleet() {
            let span = self.span_of(expr);
            let message = format!("`{function}` counts what holds in each vehicle by itself");
            self.report(
                Diagnostic::error("PR0152", span, message).label("this counts vehicles already"),
            );
            return None;
        }
        Some(fact)
    }

    fn steps(&mut self, expr: &Expr) -> Option<Vec<Fact>> {
        let span = self.span_of(expr);
        let steps = match expr {
            Expr::Array(items, _) => items.as_slice(),
            _ => &[],
        };
        if !(2..=SEQUENCE_STEPS_MAX).contains(&steps.len()) {
            let message = format!("a sequence is a list of 2 to {SEQUENCE_STEPS_MAX} conditions");
            self.report(
                Diagnostic::error("PR0151", span, message)
                    .help("write `sequence([FIRST, SECOND], \"10s\")`"),
            );
            return None;
        }
        let facts: Vec<Option<Fact>> = steps.iter().map(|step| self.truth_fact(step)).collect();
        facts.into_iter().collect()
    }

    /// A comparison of an age with a constant, which fires exactly; `None` for any other.
    pub(super) fn compare_age(
        &mut self,
        comparison: Comparison,
        a: &Expression,
        b: &Expression,
    ) -> Option<Expression> {
        let (derived, limit, comparison) = match (&a.kind, &b.kind) {
            (Kind::Fact(Fact::Derived(age)), Kind::Constant(limit)) => (age, limit, comparison),
            (Kind::Constant(limit), Kind::Fact(Fact::Derived(age))) => {
                (age, limit, comparison.mirrored())
            }
            _ => return None,
        };
        let Over::Age { of } = &derived.over else { return None };
        let limit_us = number(limit).map(|seconds| seconds * 1e6).filter(|us| *us >= 0.0)?;
        // What is next to a whole microsecond is meant to be one.
        let whole = (limit_us - limit_us.round()).abs() < 1e-3;
        let (inclusive, negated) = match comparison {
            Comparison::Greater => (false, false),
            Comparison::GreaterOrEqual => (true, false),
            Comparison::Less => (true, true),
            Comparison::LessOrEqual => (false, true),
            Comparison::Equal | Comparison::NotEqual => return None,
        };
        let symbol = if inclusive { ">=" } else { ">" };
        let text = format!("{} {symbol} {:?}", derived.text(), number(limit)?);
        let limit_us = match (whole, inclusive) {
            (true, _) => limit_us.round(),
            (false, true) => limit_us.ceil(),
            (false, false) => limit_us.floor(),
        };
        let over = Over::Older { of: of.clone(), limit_us: limit_us as u64, inclusive };
        let span = a.span.to(b.span);
        let older = Expression {
            kind: Kind::Fact(Derived::fact(text, over, Type::Bool)),
            kind_type: Type::Bool,
            span,
        };
        let kind = if negated { Kind::Not(Box::new(older)) } else { return Some(older) };
        Some(Expression { kind, kind_type: Type::Bool, span })
    }

    /// An age changes with every microsecond, so a condition can only compare it with a constant.
    pub(super) fn refuse_age(&mut self, expression: &Expression) -> Option<()> {
        let mut facts = Vec::new();
        expression.reads(&mut facts);
        let is_age = |fact: &Fact| matches!(fact, Fact::Derived(derived) if matches!(derived.over, Over::Age { .. }));
        if !facts.iter().any(is_age) {
            return Some(());
        }
        self.report(
            Diagnostic::error("PR0153", expression.span, "an age is compared with a constant only")
                .label("changes with every microsecond")
                .help("write `age(S) > 2.0`, in seconds, or `fresh(S, \"2s\")`"),
        );
        None
    }
}
