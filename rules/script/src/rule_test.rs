//! Tests that stand beside rules: what is played, and what must come of it.

use std::sync::Arc;

use piccolo_catalogue::Value;
use rhai::Expr;

use crate::action::ActionKind;
use crate::clause::Clauses;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Kind, Type, number};
use crate::fact::{Fact, PlatformFact};
use crate::limits::TEST_NAME_BYTES_MAX;
use crate::lower::Lower;
use crate::source::{Source, Span};

/// A test of rules.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// What it tests, unique in its rule set.
    pub name: Arc<str>,
    /// Facts that have these values from the start, at time zero.
    pub given: Vec<(Fact, Value)>,
    /// What is played, together.
    pub plays: Vec<Play>,
    /// What must come of it, all of it.
    pub expects: Vec<Expect>,
    /// The file that it comes from.
    pub source: Arc<Source>,
    /// The place of its name there.
    pub span: Span,
}

/// Something that a test feeds in.
#[derive(Clone, Debug)]
pub enum Play {
    /// Values of one fact.
    Points {
        /// The vehicle; without one, the test's own.
        vehicle: Option<Arc<str>>,
        /// Which fact.
        fact: Fact,
        /// Times in microseconds and values, in order; no value makes the fact unavailable.
        points: Vec<(u64, Option<Value>)>,
    },
    /// A part of a recording, which begins at time zero.
    Recording {
        /// The file, relative to the rule file.
        file: Arc<str>,
        /// Where the part begins, in microseconds of the recording.
        from_us: u64,
        /// Where it ends.
        to_us: u64,
    },
}

/// Something that must come of a test.
#[derive(Clone, Debug)]
pub struct Expect {
    /// What.
    pub what: Expected,
    /// Where it is written.
    pub span: Span,
}

/// The forms of what can be expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// The scenario never begins.
    None(Arc<str>),
    /// The scenario begins, or ends, so often.
    Times(Arc<str>, TestEdge, u64),
    /// The scenario begins, or ends, at this time, give or take a tolerance; both in microseconds.
    At(Arc<str>, TestEdge, u64, u64),
    /// The scenarios begin, for the first time each, in this order.
    Order(Vec<Arc<str>>),
    /// A policy denies such an action.
    Denied(ActionKind, Arc<str>),
    /// Such an action is done.
    Does(ActionKind, Arc<str>),
}

/// Which edge of a scenario a test speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TestEdge {
    Begins,
    Ends,
}

impl Lower<'_> {
    /// A test from its clauses; `None` after what is wrong was noted.
    pub(crate) fn rule_test(&mut self, clauses: &Clauses<'_>) -> Option<RuleTest> {
        let span = self.span(clauses.name_position);
        if clauses.name.is_empty() || clauses.name.len() > TEST_NAME_BYTES_MAX {
            let message = format!("a test's name has 1 to {TEST_NAME_BYTES_MAX} bytes");
            self.report(Diagnostic::error("PR0015", span, message));
            return None;
        }
        let given = self.optional(clauses, "given", Self::given);
        let plays: Vec<Option<Play>> = clauses.all("play").map(|play| self.play(play)).collect();
        let expects: Vec<Option<Expect>> =
            clauses.all("expect").map(|expect| self.expect(expect.first()?)).collect();
        self.required(clauses, "expect", span)?;
        Some(RuleTest {
            name: clauses.name.as_str().into(),
            given: given?.unwrap_or_default(),
            plays: plays.into_iter().collect::<Option<_>>()?,
            expects: expects.into_iter().collect::<Option<_>>()?,
            source: Arc::clone(self.source),
            span,
        })
    }

    fn given(&mut self, expr: &Expr) -> Option<Vec<(Fact, Value)>> {
        let Expr::Map(entries, _) = expr else {
            let span = self.span_of(expr);
            let message = "expected facts with values, such as `#{ \"Vehicle.Speed\": 0.0 }`";
            self.report(Diagnostic::error("PR0180", span, message));
            return None;
        };
        let mut given = Vec::new();
        for (name, value) in &entries.0 {
            let (fact, kind_type) = self.named_fact(name.as_str(), self.span(name.pos))?;
            given.push((fact.clone(), self.value_of(&fact, kind_type, value)?));
        }
        Some(given)
    }

    /// The fact that a text names.
    fn named_fact(&mut self, name: &str, span: Span) -> Option<(Fact, Type)> {
        if let Some(fact) = PlatformFact::parse(name) {
            let kind_type = fact.property.kind_type;
            return Some((Fact::Platform(Arc::new(fact)), kind_type));
        }
        let found = self.catalogue.find(name).and_then(|id| Some((id, self.catalogue.get(id)?)));
        match found {
            Some((id, signal)) => {
                let fact = Fact::Signal(id, Arc::clone(&signal.path));
                Some((fact, Type::of(signal.datatype)))
            }
            None => {
                self.unknown_signal(name, span);
                None
            }
        }
    }

    /// A constant as a value of a fact.
    fn value_of(&mut self, fact: &Fact, kind_type: Type, expr: &Expr) -> Option<Value> {
        let constant = self.expression(expr)?;
        let Kind::Constant(value) = constant.kind else {
            self.report(Diagnostic::error("PR0181", constant.span, "a test plays constants only"));
            return None;
        };
        let fitting = match fact {
            Fact::Signal(id, _) => {
                self.catalogue.get(*id).and_then(|signal| signal.coerce(value.clone()).ok())
            }
            _ => kind_type.compares_with(constant.kind_type).then(|| match kind_type {
                Type::Float => number(&value).map_or(value.clone(), Value::Float),
                _ => value.clone(),
            }),
        };
        if fitting.is_none() {
            let message = format!("`{fact}` is {kind_type} and cannot be `{value}`");
            self.report(Diagnostic::error("PR0110", constant.span, message));
        }
        fitting
    }

    fn play(&mut self, inputs: &[&Expr]) -> Option<Play> {
        match inputs {
            [Expr::FnCall(call, _)] if call.name == "recording" => {
                let span = self.span_of(inputs[0]);
                let [file, from, to] = call.args.as_slice() else {
                    return self.wrong_count("recording", 3, call.args.len(), span);
                };
                let (file, from, to) = (self.text(file), self.duration(from), self.duration(to));
                let (file, from_us, to_us) = (file?, from?, to?);
                if from_us >= to_us {
                    let message = "the part of the recording ends before it begins";
                    self.report(Diagnostic::error("PR0182", span, message));
                    return None;
                }
                Some(Play::Recording { file, from_us, to_us })
            }
            [fact, points] => self.points(fact, points),
            inputs => {
                let at = inputs.first().map(|expr| self.span_of(expr));
                let message = "expected `play SIGNAL, [[MILLISECONDS, VALUE], ...]`";
                self.report(
                    Diagnostic::error("PR0182", at.unwrap_or_default(), message)
                        .help("or `play recording(\"FILE\", \"10s\", \"60s\")`"),
                );
                None
            }
        }
    }

    fn points(&mut self, of: &Expr, points: &Expr) -> Option<Play> {
        let (vehicle, of) = match of {
            Expr::FnCall(call, _) if call.name == "vehicle" && call.args.len() == 2 => {
                (Some(self.text(&call.args[0])?), &call.args[1])
            }
            other => (None, other),
        };
        let expression = self.expression(of)?;
        let kind_type = expression.kind_type;
        let Kind::Fact(fact @ (Fact::Signal(..) | Fact::Platform(_))) = expression.kind else {
            let message = "a test plays signals and facts of the platform";
            self.report(Diagnostic::error("PR0182", expression.span, message));
            return None;
        };
        let Expr::Array(items, _) = points else { return self.no_points(points) };
        let mut played: Vec<(u64, Option<Value>)> = Vec::new();
        for item in items {
            let point = self.point(&fact, kind_type, item)?;
            if played.last().is_some_and(|before| before.0 > point.0) {
                let span = self.span_of(item);
                self.report(Diagnostic::error("PR0182", span, "the time runs backwards here"));
                return None;
            }
            played.push(point);
        }
        Some(Play::Points { vehicle, fact, points: played })
    }

    fn point(&mut self, fact: &Fact, kind_type: Type, item: &Expr) -> Option<(u64, Option<Value>)> {
        let Expr::Array(pair, _) = item else { return self.no_points(item) };
        let [time, value] = pair.as_slice() else { return self.no_points(item) };
        let time_us = match time {
            Expr::IntegerConstant(ms, _) => u64::try_from(*ms).ok()?.checked_mul(1_000),
            Expr::FloatConstant(ms, _) if **ms >= 0.0 => Some((**ms * 1_000.0).round() as u64),
            _ => None,
        };
        let Some(time_us) = time_us else { return self.no_points(time) };
        let value = match value {
            Expr::Unit(_) => None,
            value => Some(self.value_of(fact, kind_type, value)?),
        };
        Some((time_us, value))
    }

    fn no_points<T>(&mut self, expr: &Expr) -> Option<T> {
        let span = self.span_of(expr);
        self.report(
            Diagnostic::error("PR0182", span, "expected `[MILLISECONDS, VALUE]` here")
                .help("such as `[[0, 95.0], [1000, 120.0]]`; `()` makes it unavailable"),
        );
        None
    }

    fn expect(&mut self, expr: &Expr) -> Option<Expect> {
        let span = self.span_of(expr);
        let Expr::FnCall(call, _) = expr else { return self.unknown_expectation(span) };
        let what = match (call.name.as_str(), call.args.as_slice()) {
            ("none", [scenario]) => Expected::None(self.text(scenario)?),
            ("begins" | "ends", [scenario, count]) => {
                Expected::Times(self.text(scenario)?, edge(&call.name), self.count(count)?)
            }
            ("begins_at" | "ends_at", [scenario, at, tolerance @ ..]) if tolerance.len() < 2 => {
                let (scenario, at_us) = (self.text(scenario)?, self.duration(at)?);
                let tolerance_us = match tolerance.first() {
                    Some(tolerance) => self.duration(tolerance)?,
                    None => 0,
                };
                Expected::At(scenario, edge(&call.name), at_us, tolerance_us)
            }
            ("order", [Expr::Array(items, _)]) => {
                let names: Option<Vec<Arc<str>>> =
                    items.iter().map(|item| self.text(item)).collect();
                Expected::Order(names?)
            }
            ("denied", [action]) => {
                let action = self.action(action)?;
                Expected::Denied(action.kind, action.target)
            }
            ("does", [action]) => {
                let action = self.action(action)?;
                Expected::Does(action.kind, action.target)
            }
            _ => return self.unknown_expectation(span),
        };
        Some(Expect { what, span })
    }

    fn count(&mut self, expr: &Expr) -> Option<u64> {
        let found: Expression = self.expression(expr)?;
        match found.kind {
            Kind::Constant(Value::Int(count)) if count >= 0 => Some(count as u64),
            _ => {
                let message = "expected how often: a whole number";
                self.report(Diagnostic::error("PR0183", found.span, message));
                None
            }
        }
    }

    fn unknown_expectation<T>(&mut self, span: Span) -> Option<T> {
        self.report(
            Diagnostic::error("PR0183", span, "this is nothing that a test can expect").help(
                "expect none(S), begins(S, N), begins_at(S, \"3s\", \"10ms\"), ends(S, N), \
             ends_at(S, \"9s\"), order([S, ...]), denied(ACTION) or does(ACTION)",
            ),
        );
        None
    }
}

fn edge(name: &str) -> TestEdge {
    if name.starts_with("begins") { TestEdge::Begins } else { TestEdge::Ends }
}
