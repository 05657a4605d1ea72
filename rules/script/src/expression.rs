//! Expressions over signals, typed and checked, and their evaluation.

use std::fmt;
use std::sync::Arc;

use piccolo_catalogue::{DataType, Scalar, Value};

use crate::Facts;
use crate::fact::{Fact, Over};
use crate::limits::TEXT_BYTES_MAX;
use crate::script::{Limit, Script};
use crate::source::Span;

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// A number with a fraction.
    Float,
    /// A text.
    Text,
    /// A list.
    List,
    /// Known only when it is evaluated.
    Any,
}

impl Type {
    /// The type of a signal's values.
    pub fn of(datatype: DataType) -> Self {
        match datatype {
            DataType { array: true, .. } => Self::List,
            DataType { scalar: Scalar::Boolean, .. } => Self::Bool,
            DataType { scalar: Scalar::String, .. } => Self::Text,
            DataType { scalar: Scalar::Float | Scalar::Double, .. } => Self::Float,
            DataType { .. } => Self::Int,
        }
    }

    /// Whether values are numbers, or may be.
    pub fn may_be_number(self) -> bool {
        matches!(self, Self::Int | Self::Float | Self::Any)
    }

    /// Whether values of both can be compared.
    pub fn compares_with(self, other: Self) -> bool {
        self == other
            || self == Self::Any
            || other == Self::Any
            || (self.may_be_number() && other.may_be_number())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Float => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Any => "a value",
        })
    }
}

/// A comparison of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// All of them, with the operators that write them.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
        (Self::Less, "<"),
        (Self::LessOrEqual, "<="),
        (Self::Greater, ">"),
        (Self::GreaterOrEqual, ">="),
    ];

    /// The operator that writes it.
    pub fn symbol(self) -> &'static str {
        Self::ALL.iter().find(|(comparison, _)| *comparison == self).map_or("", |(_, text)| text)
    }

    /// The comparison with its sides exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    /// Whether it orders, rather than only tells equal from different.
    pub fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    fn holds<T: PartialOrd + ?Sized>(self, a: &T, b: &T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
        }
    }

    /// Compares two values; `None` where they are of kinds that do not compare.
    pub fn compare(self, a: &Value, b: &Value) -> Option<bool> {
        Some(match (a, b) {
            (Value::Int(a), Value::Int(b)) => self.holds(a, b),
            (Value::Bool(a), Value::Bool(b)) if !self.orders() => self.holds(a, b),
            (Value::Text(a), Value::Text(b)) => self.holds::<str>(a, b),
            (Value::List(a), Value::List(b)) if !self.orders() => {
                let same = a.len() == b.len()
                    && a.iter().zip(b.iter()).all(|(a, b)| Self::Equal.compare(a, b) == Some(true));
                same == (self == Self::Equal)
            }
            _ => self.holds(&number(a)?, &number(b)?),
        })
    }
}

/// An operator of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// All of them, with the operators that write them.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Add, "+"),
        (Self::Subtract, "-"),
        (Self::Multiply, "*"),
        (Self::Divide, "/"),
        (Self::Remainder, "%"),
    ];

    fn symbol(self) -> &'static str {
        Self::ALL.iter().find(|(operator, _)| *operator == self).map_or("", |(_, text)| text)
    }

    /// Integers stay integers and are checked; a result that is no finite number is unknown.
    fn compute(self, a: &Value, b: &Value) -> Option<Value> {
        if let (Value::Int(a), Value::Int(b)) = (a, b) {
            let result = match self {
                Self::Add => a.checked_add(*b),
                Self::Subtract => a.checked_sub(*b),
                Self::Multiply => a.checked_mul(*b),
                Self::Divide => a.checked_div(*b),
                Self::Remainder => a.checked_rem(*b),
            };
            return result.map(Value::Int);
        }
        if let (Self::Add, Value::Text(a), Value::Text(b)) = (self, a, b) {
            return Some(Value::Text(format!("{a}{b}").into()));
        }
        let (a, b) = (number(a)?, number(b)?);
        let result = match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Remainder => a % b,
        };
        result.is_finite().then_some(Value::Float(result))
    }
}

/// A function of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function {
    Abs,
    Min,
    Max,
}

impl Function {
    /// All of them, with name and number of arguments.
    pub const ALL: [(Self, &'static str, usize); 3] =
        [(Self::Abs, "abs", 1), (Self::Min, "min", 2), (Self::Max, "max", 2)];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(function, ..)| *function == self).map_or("", |(_, name, _)| name)
    }

    fn call(self, arguments: &[Value]) -> Option<Value> {
        match (self, arguments) {
            (Self::Abs, [Value::Int(a)]) => a.checked_abs().map(Value::Int),
            (Self::Abs, [a]) => Some(Value::Float(number(a)?.abs())),
            (Self::Min, [Value::Int(a), Value::Int(b)]) => Some(Value::Int(*a.min(b))),
            (Self::Max, [Value::Int(a), Value::Int(b)]) => Some(Value::Int(*a.max(b))),
            (Self::Min, [a, b]) => Some(Value::Float(number(a)?.min(number(b)?))),
            (Self::Max, [a, b]) => Some(Value::Float(number(a)?.max(number(b)?))),
            _ => None,
        }
    }
}

/// The value as a number; `None` for other kinds.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// A typed expression with its place in the file.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// What it evaluates to.
    pub kind_type: Type,
    /// Where it is written.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A constant.
    Constant(Value),
    /// The value of a fact.
    Fact(Fact),
    /// Whether a fact has a value.
    Known(Fact),
    /// `!`.
    Not(Box<Expression>),
    /// `&&`.
    All(Vec<Expression>),
    /// `||`.
    Any(Vec<Expression>),
    /// A comparison.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// Arithmetic.
    Compute(Operator, Box<Expression>, Box<Expression>),
    /// Unary minus.
    Negate(Box<Expression>),
    /// A function call.
    Call(Function, Vec<Expression>),
    /// `in` with a list of constants.
    OneOf(Box<Expression>, Vec<Value>),
    /// Parts joined to a text.
    Text(Vec<Expression>),
    /// What is left to rhai.
    Script(Arc<Script>),
}

impl Expression {
    /// The value over the given facts; `None` is unknown.
    pub fn evaluate(&self, facts: &dyn Facts) -> Option<Value> {
        match &self.kind {
            Kind::Constant(value) => Some(value.clone()),
            Kind::Fact(fact) => facts.value(fact),
            Kind::Known(fact) => Some(Value::Bool(facts.value(fact).is_some())),
            Kind::Not(_) | Kind::All(_) | Kind::Any(_) => self.truth(facts).map(Value::Bool),
            Kind::Compare(comparison, a, b) => {
                let (a, b) = (a.evaluate(facts)?, b.evaluate(facts)?);
                comparison.compare(&a, &b).map(Value::Bool)
            }
            Kind::Compute(operator, a, b) => {
                let result = operator.compute(&a.evaluate(facts)?, &b.evaluate(facts)?);
                self.bounded(result?, facts)
            }
            Kind::Negate(a) => match a.evaluate(facts)? {
                Value::Int(a) => a.checked_neg().map(Value::Int),
                a => number(&a).map(|a| Value::Float(-a)),
            },
            Kind::Call(function, arguments) => {
                let arguments: Option<Vec<Value>> =
                    arguments.iter().map(|argument| argument.evaluate(facts)).collect();
                function.call(&arguments?)
            }
            Kind::OneOf(a, items) => {
                let a = a.evaluate(facts)?;
                let found =
                    items.iter().any(|item| Comparison::Equal.compare(&a, item) == Some(true));
                Some(Value::Bool(found))
            }
            Kind::Text(parts) => {
                let parts: Option<Vec<String>> = parts
                    .iter()
                    .map(|part| part.evaluate(facts).map(|value| value.to_string()))
                    .collect();
                self.bounded(Value::Text(parts?.concat().into()), facts)
            }
            Kind::Script(script) => script.evaluate(facts),
        }
    }

    /// The value, unless it is a text that is too long.
    fn bounded(&self, value: Value, facts: &dyn Facts) -> Option<Value> {
        match &value {
            Value::Text(text) if text.len() > TEXT_BYTES_MAX => {
                facts.exceeded(&self.to_string(), Limit::Size);
                None
            }
            _ => Some(value),
        }
    }

    /// The truth over the given facts by Kleene's logic; `None` is unknown.
    pub fn truth(&self, facts: &dyn Facts) -> Option<bool> {
        match &self.kind {
            Kind::Not(a) => a.truth(facts).map(|a| !a),
            Kind::All(parts) => fold(parts.iter().map(|part| part.truth(facts)), false),
            Kind::Any(parts) => fold(parts.iter().map(|part| part.truth(facts)), true),
            _ => match self.evaluate(facts)? {
                Value::Bool(value) => Some(value),
                _ => None,
            },
        }
    }

    /// Appends the facts that the expression reads, in the order of the text.
    pub fn reads(&self, facts: &mut Vec<Fact>) {
        match &self.kind {
            Kind::Constant(_) => {}
            Kind::Fact(fact) | Kind::Known(fact) => facts.push(fact.clone()),
            Kind::Not(a) | Kind::Negate(a) | Kind::OneOf(a, _) => a.reads(facts),
            Kind::All(parts) | Kind::Any(parts) | Kind::Call(_, parts) | Kind::Text(parts) => {
                parts.iter().for_each(|part| part.reads(facts));
            }
            Kind::Compare(_, a, b) | Kind::Compute(_, a, b) => {
                a.reads(facts);
                b.reads(facts);
            }
            Kind::Script(script) => facts.extend(script.reads().cloned()),
        }
    }
}

/// One part that is `decisive` decides; else an unknown one makes all unknown.
pub(crate) fn fold(mut parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts.by_ref() {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!decisive)
}

impl Expression {
    /// How tightly the written form holds together: less than an operand needs, and it stands in
    /// parentheses there. Texts are identities, so they must say what is meant.
    fn binding(&self) -> u8 {
        match &self.kind {
            Kind::All(_) | Kind::Any(_) => 0,
            Kind::Compare(..) | Kind::OneOf(..) => COMPARISON,
            Kind::Fact(Fact::Derived(derived)) if matches!(derived.over, Over::Older { .. }) => {
                COMPARISON
            }
            Kind::Text(parts) if parts.len() > 1 => SUM,
            Kind::Negate(_) => SIGN,
            Kind::Constant(value) if number(value).is_some_and(f64::is_sign_negative) => SIGN,
            _ => WHOLE,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, needed: u8) -> fmt::Result {
        if self.binding() < needed { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

const COMPARISON: u8 = 1;
const SUM: u8 = 2;
const SIGN: u8 = 3;
const WHOLE: u8 = 4;

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    between: &str,
    needed: u8,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index > 0 { between } else { "" })?;
        // The first part of a sum may be a sum: it is added up from the left.
        let is_first_sum = index == 0 && needed == SIGN;
        part.write(f, if is_first_sum { SUM } else { needed })?;
    }
    Ok(())
}

impl fmt::Display for Expression {
    /// Writes the expression as a rule would.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Constant(value) => write_constant(f, value),
            Kind::Fact(fact) => f.write_str(fact.text()),
            Kind::Known(fact) => write!(f, "known({fact})"),
            Kind::Not(a) => {
                let is_short = matches!(a.kind, Kind::Fact(_) | Kind::Known(_) | Kind::Script(_));
                f.write_str("!")?;
                if is_short { a.write(f, WHOLE) } else { write!(f, "({a})") }
            }
            Kind::All(parts) => join(f, parts, " && ", COMPARISON),
            Kind::Any(parts) => join(f, parts, " || ", COMPARISON),
            Kind::Compare(comparison, a, b) => {
                a.write(f, SUM)?;
                write!(f, " {} ", comparison.symbol())?;
                b.write(f, SUM)
            }
            Kind::Compute(operator, a, b) => {
                f.write_str("(")?;
                a.write(f, SIGN)?;
                write!(f, " {} ", operator.symbol())?;
                b.write(f, SIGN)?;
                f.write_str(")")
            }
            Kind::Negate(a) => {
                f.write_str("-")?;
                a.write(f, WHOLE)
            }
            Kind::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                join(f, arguments, ", ", 0)?;
                f.write_str(")")
            }
            Kind::OneOf(a, items) => {
                a.write(f, SUM)?;
                f.write_str(" in ")?;
                write_list(f, items)
            }
            Kind::Text(parts) if parts.len() == 1 => {
                // Parts of one are made by `${...}` alone.
                write!(f, "\"\" + ")?;
                parts[0].write(f, SIGN)
            }
            Kind::Text(parts) => join(f, parts, " + ", SIGN),
            Kind::Script(script) => f.write_str(script.text()),
        }
    }
}

/// Constants as rules write them: numbers with a fraction keep it, texts are quoted.
fn write_constant(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Float(value) => write!(f, "{value:?}"),
        Value::Text(text) => write_text(f, text),
        Value::List(items) => write_list(f, items),
        other => write!(f, "{other}"),
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, items: &[Value]) -> fmt::Result {
    f.write_str("[")?;
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index > 0 { ", " } else { "" })?;
        write_constant(f, item)?;
    }
    f.write_str("]")
}

/// A text with rhai's escapes.
pub(crate) fn write_text(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\U{:08x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
