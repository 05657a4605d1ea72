//! The values that facts have, the units that they are in, and constants that do not fit.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Scalar, Signal, Value};

use crate::diagnostic::Diagnostic;
use crate::expression::{Comparison, Expression, Function, Kind, Operator, Type, number};
use crate::fact::{Fact, Over};
use crate::lower::Lower;

/// What the values of a fact are expected to be.
#[derive(Debug, Default)]
struct Expected {
    min: Option<f64>,
    max: Option<f64>,
    /// The values; none where it may be any.
    values: Vec<Value>,
    /// Whether it can never be otherwise.
    certain: bool,
}

impl Expected {
    fn between(min: f64, max: Option<f64>, certain: bool) -> Self {
        Self { min: Some(min), max, certain, ..Self::default() }
    }

    fn of(fact: &Fact, catalogue: &Catalogue) -> Self {
        match fact {
            Fact::Signal(id, _) => catalogue.get(*id).map_or(Self::default(), |signal| Self {
                min: signal.min,
                max: signal.max,
                values: signal.allowed.to_vec(),
                certain: false,
            }),
            Fact::Platform(fact) if fact.property.kind_type == Type::Float => {
                // Loads are percentages.
                Self::between(0.0, Some(100.0), false)
            }
            Fact::Platform(fact) => Self::texts(fact.property.values),
            Fact::Resource(property) => Self::texts(property.values),
            Fact::Derived(derived) => match &derived.over {
                Over::Average { of, .. } | Over::Least { of, .. } | Over::Greatest { of, .. } => {
                    Self { values: Vec::new(), ..Self::of(of, catalogue) }
                }
                Over::Count { .. } | Over::Vehicles { .. } => Self::between(0.0, None, true),
                Over::Share { .. } => Self::between(0.0, Some(1.0), true),
                Over::Age { .. } => Self::between(0.0, None, true),
                _ => Self::default(),
            },
            Fact::Action(_) => Self::default(),
        }
    }

    fn texts(values: &[&str]) -> Self {
        Self { values: values.iter().map(|text| Value::from(*text)).collect(), ..Self::default() }
    }

    fn holds(&self, value: &Value) -> bool {
        if let Value::List(items) = value {
            return items.iter().all(|item| self.holds(item));
        }
        let in_range = |value: f64| {
            self.min.is_none_or(|min| min <= value) && self.max.is_none_or(|max| value <= max)
        };
        number(value).is_none_or(in_range)
            && (self.values.is_empty()
                || self
                    .values
                    .iter()
                    .any(|known| Comparison::Equal.compare(known, value) == Some(true)))
    }
}

/// What a fact evaluates to.
pub(super) fn type_of(fact: &Fact, catalogue: &Catalogue) -> Type {
    match fact {
        Fact::Signal(id, _) => {
            catalogue.get(*id).map_or(Type::Any, |signal| Type::of(signal.datatype))
        }
        Fact::Platform(fact) => fact.property.kind_type,
        Fact::Derived(derived) => derived.kind_type,
        Fact::Action(_) => Type::Text,
        Fact::Resource(property) => property.kind_type,
    }
}

/// A value of a fact for each cell that constants cut its values into; within the range that is
/// expected only, where `in_range`.
pub(super) fn samples(
    fact: &Fact,
    constants: &[Value],
    catalogue: &Catalogue,
    in_range: bool,
) -> Vec<Value> {
    let expected = Expected::of(fact, catalogue);
    let mut cuts = constants.to_vec();
    if in_range || expected.certain {
        cuts.extend([expected.min, expected.max].into_iter().flatten().map(Value::Float));
        cuts.extend(expected.values.iter().cloned());
    }
    let signal = match fact {
        Fact::Signal(id, _) => catalogue.get(*id),
        Fact::Derived(derived) => match &derived.over {
            Over::Least { of: Fact::Signal(id, _), .. }
            | Over::Greatest { of: Fact::Signal(id, _), .. } => catalogue.get(*id),
            _ => None,
        },
        _ => None,
    };
    let is_single = signal.is_some_and(|signal| signal.datatype.scalar == Scalar::Float);
    let greatest = if is_single { f64::from(f32::MAX) } else { f64::MAX };
    let candidates = match type_of(fact, catalogue) {
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::Int => integers(&cuts),
        Type::Float => floats(&cuts, greatest),
        Type::List => lists(&cuts),
        Type::Text | Type::Any => texts(&cuts),
    };
    let is_possible = |value: &Value| {
        let has_type = signal.is_none_or(|signal| signal.coerce(value.clone()).is_ok());
        has_type && (!(in_range || expected.certain) || expected.holds(value))
    };
    candidates.into_iter().filter(is_possible).collect()
}

fn integers(cuts: &[Value]) -> Vec<Value> {
    let mut found = vec![0];
    for cut in cuts {
        let whole = match cut {
            Value::Int(value) => *value,
            // A float that is no `i64` becomes the nearest one.
            other => number(other).unwrap_or_default().floor() as i64,
        };
        found.extend((-1..=2).filter_map(|step| whole.checked_add(step)));
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(Value::Int).collect()
}

fn floats(cuts: &[Value], greatest: f64) -> Vec<Value> {
    // What is beyond the least and the greatest constant has a sample too.
    let ends = [-greatest, greatest];
    let mut cuts: Vec<f64> = cuts.iter().filter_map(number).chain(ends).collect();
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    let between = cuts.windows(2).map(|pair| pair[0] / 2.0 + pair[1] / 2.0);
    let found: Vec<f64> = between.chain(cuts.iter().copied()).collect();
    found.into_iter().map(Value::Float).collect()
}

fn texts(cuts: &[Value]) -> Vec<Value> {
    let longest = cuts.iter().map(|cut| cut.to_string().len()).max().unwrap_or(0);
    let other = Value::from("x".repeat(longest + 1).as_str());
    let mut found: Vec<Value> = Vec::new();
    for cut in cuts.iter().chain([&other]) {
        if !found.contains(cut) {
            found.push(cut.clone());
        }
    }
    found
}

fn lists(cuts: &[Value]) -> Vec<Value> {
    let length = |cut: &Value| if let Value::List(items) = cut { items.len() } else { 0 };
    let longest = cuts.iter().map(length).max().unwrap_or(0);
    let other = Value::List(vec![Value::Int(0); longest + 1].into());
    cuts.iter().filter(|cut| matches!(cut, Value::List(_))).cloned().chain([other]).collect()
}

/// The unit of an expression, with the signal that it comes from.
pub(super) fn unit_of(expression: &Expression, catalogue: &Catalogue) -> Option<Unit> {
    match &expression.kind {
        Kind::Fact(fact) => unit_of_fact(fact, catalogue),
        Kind::Negate(a) => unit_of(a, catalogue),
        Kind::Call(Function::Abs | Function::Min | Function::Max, parts) => {
            parts.iter().find_map(|part| unit_of(part, catalogue))
        }
        Kind::Compute(Operator::Add | Operator::Subtract, a, b) => {
            unit_of(a, catalogue).or_else(|| unit_of(b, catalogue))
        }
        _ => None,
    }
}

/// The unit of a signal.
pub(super) struct Unit {
    pub(super) path: Arc<str>,
    pub(super) unit: Arc<str>,
}

fn unit_of_fact(fact: &Fact, catalogue: &Catalogue) -> Option<Unit> {
    match fact {
        Fact::Signal(id, _) => {
            let Signal { path, unit, .. } = catalogue.get(*id)?;
            Some(Unit { path: Arc::clone(path), unit: unit.clone()? })
        }
        Fact::Derived(derived) => match &derived.over {
            Over::Average { of, .. } | Over::Least { of, .. } | Over::Greatest { of, .. } => {
                unit_of_fact(of, catalogue)
            }
            _ => None,
        },
        _ => None,
    }
}

impl Lower<'_> {
    /// Says where two sides that are compared or added are in different units.
    pub(crate) fn check_units(&mut self, doing: &str, a: &Expression, b: &Expression) {
        let (Some(one), Some(other)) = (unit_of(a, self.catalogue), unit_of(b, self.catalogue))
        else {
            return;
        };
        if one.unit == other.unit {
            return;
        }
        let message = format!("`{}` and `{}` are {doing}", one.unit, other.unit);
        self.report(
            Diagnostic::warning("PR0125", a.span.to(b.span), message)
                .label("different units")
                .related(a.span, format!("`{}` is in `{}`", one.path, one.unit))
                .related(b.span, format!("`{}` is in `{}`", other.path, other.unit))
                .help("multiply one side by the factor between the units"),
        );
    }

    /// Warns of a constant that a fact can never equal or pass.
    pub(crate) fn check_constant(&mut self, tested: &Expression, constant: &Expression) {
        let (Kind::Fact(fact), Kind::Constant(value)) = (&tested.kind, &constant.kind) else {
            return;
        };
        let expected = Expected::of(fact, self.catalogue);
        if expected.holds(value) {
            return;
        }
        if let Value::Text(text) = value {
            let values: Vec<String> = expected.values.iter().map(ToString::to_string).collect();
            let nearest = nearest(text, values.iter().map(String::as_str));
            let meant = nearest.map_or(String::new(), |text| format!("did you mean {text:?}? "));
            self.report(
                Diagnostic::error("PR0112", constant.span, format!("`{fact}` is never {text:?}"))
                    .label("not one of its values")
                    .help(format!("{meant}it is one of {}", values.join(", "))),
            );
            return;
        }
        let source = match fact {
            Fact::Signal(..) => "the catalogue says",
            Fact::Derived(derived)
                if matches!(
                    derived.over,
                    Over::Average { .. } | Over::Least { .. } | Over::Greatest { .. }
                ) =>
            {
                "the catalogue says of the signal"
            }
            _ => "it is",
        };
        let message = format!("{value} is outside the range of `{fact}`");
        self.report(
            Diagnostic::warning("PR0123", constant.span, message)
                .label(format!("{source} {}", expected.range())),
        );
    }

    /// Warns of a constant that an actuator is not expected to be set to.
    pub(crate) fn check_setting(&mut self, fact: &Fact, constant: &Expression) {
        let Kind::Constant(value) = &constant.kind else { return };
        let expected = Expected::of(fact, self.catalogue);
        if expected.holds(value) {
            return;
        }
        let message = format!("`{fact}` is set to {value}, which it is not expected to be");
        self.report(
            Diagnostic::warning("PR0144", constant.span, message)
                .label(format!("the catalogue says {}", expected.range())),
        );
    }
}

impl Expected {
    /// The range or the values, as text.
    fn range(&self) -> String {
        if !self.values.is_empty() {
            let values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
            return values.join(", ");
        }
        let side = |limit: Option<f64>| limit.map_or("…".to_owned(), |limit| limit.to_string());
        format!("{} to {}", side(self.min), side(self.max))
    }
}

/// The name most like one that does not exist, if any is like it.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const LIKE: f64 = 0.7;
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    known
        .map(|other| (likeness(other), other))
        .filter(|(like, _)| *like >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
