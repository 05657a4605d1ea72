//! Expressions that rhai itself evaluates.

use std::collections::HashMap;
use std::sync::Arc;

use piccolo_catalogue::Value;
use rhai::{AST, Dynamic, EvalAltResult, Expr, Scope, Stmt};

use crate::Facts;
use crate::fact::Fact;
use crate::grammar::engine;
use crate::prelude::Path;

/// A limit that an evaluation broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// It took too many operations.
    Operations,
    /// It was nested too deeply, or had too many variables.
    Depth,
    /// A text, list or map grew too large.
    Size,
}

impl Limit {
    /// The name for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Depth => "depth",
            Self::Size => "size",
        }
    }

    fn of(error: &EvalAltResult) -> Option<Self> {
        match error {
            EvalAltResult::ErrorTooManyOperations(_) => Some(Self::Operations),
            EvalAltResult::ErrorTooManyVariables(_) | EvalAltResult::ErrorStackOverflow(_) => {
                Some(Self::Depth)
            }
            EvalAltResult::ErrorDataTooLarge(..) => Some(Self::Size),
            EvalAltResult::ErrorInFunctionCall(.., inner, _) => Self::of(inner),
            _ => None,
        }
    }
}

/// A rhai expression with the facts that it reads.
///
/// It is evaluated under the limits of the language; one that breaks them, or
/// fails in any other way, is unknown. [`Facts::exceeded`] hears of broken limits.
#[derive(Clone)]
pub struct Script {
    ast: AST,
    text: Arc<str>,
    reads: Vec<Fact>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Script({})", self.text)
    }
}

impl Script {
    pub(crate) fn new(expression: &Expr, text: &str, reads: Vec<Fact>) -> Self {
        let statement = Stmt::Expr(Box::new(expression.clone()));
        let ast = AST::new([statement], rhai::Module::new());
        Self { ast, text: text.into(), reads }
    }

    /// The expression as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The facts that it reads.
    pub fn reads(&self) -> impl Iterator<Item = &Fact> {
        self.reads.iter()
    }

    /// The value over the given facts; `None` is unknown.
    pub fn evaluate(&self, facts: &dyn Facts) -> Option<Value> {
        let mut values: HashMap<String, Dynamic> = HashMap::new();
        let mut scope = Scope::new();
        for fact in &self.reads {
            let value = facts.value(fact).map_or(Dynamic::UNIT, |value| to_dynamic(&value));
            match fact {
                Fact::Signal(_, path) => {
                    values.insert(path.to_string(), value);
                }
                other => {
                    scope.push_constant_dynamic(other.text().to_owned(), value);
                }
            }
        }
        let values = Arc::new(values);
        for root in self.roots() {
            let path = Path { values: Arc::clone(&values), path: root.to_owned() };
            scope.push_constant(root, path);
        }
        match engine().eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast) {
            Ok(result) => from_dynamic(&result),
            Err(error) => {
                if let Some(limit) = Limit::of(&error) {
                    facts.exceeded(&self.text, limit);
                }
                None
            }
        }
    }

    /// The first segments of the paths, each once.
    fn roots(&self) -> Vec<&str> {
        let mut roots: Vec<&str> = Vec::new();
        for fact in &self.reads {
            if let Fact::Signal(_, path) = fact {
                roots.extend(path.split('.').next());
            }
        }
        roots.sort_unstable();
        roots.dedup();
        roots
    }
}

fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.as_ref().into(),
        Value::List(items) => items.iter().map(to_dynamic).collect::<rhai::Array>().into(),
    }
}

pub(crate) fn from_dynamic(value: &Dynamic) -> Option<Value> {
    if let Ok(value) = value.as_bool() {
        Some(Value::Bool(value))
    } else if let Ok(value) = value.as_int() {
        Some(Value::Int(value))
    } else if let Ok(value) = value.as_float() {
        Some(Value::Float(value))
    } else if let Ok(text) = value.as_immutable_string_ref() {
        Some(Value::Text(text.as_str().into()))
    } else {
        let items: Option<Vec<Value>> =
            value.as_array_ref().ok()?.iter().map(from_dynamic).collect();
        items.map(|items| Value::List(items.into()))
    }
}
