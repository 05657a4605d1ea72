//! From rhai's syntax tree to typed expressions, checked against the catalogue.

mod names;
mod operators;
mod over_time;
mod platform;
mod tree;

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use rhai::{AST, ASTNode, Expr, Position, Stmt};

use crate::condition::Condition;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Kind, Type};
use crate::extent::Part;
use crate::fact::Fact;
use crate::limits::{ATOMS_MAX, DIAGNOSTICS_MAX, NEAREST_MAX, RULE_WORK_MAX};
use crate::script::Script;
use crate::source::{Source, Span};

/// The findings before a new one among which it may be already.
const TOLD_LOOKED_AT: usize = 16;

/// Turns the syntax trees of one file into expressions, and notes what is wrong with them.
pub(crate) struct Lower<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) source: &'a Arc<Source>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether a policy is lowered, which may ask about the action that it judges.
    pub(crate) in_policy: bool,
    /// The rule that is lowered.
    part: Part,
    /// How many expressions of it were lowered.
    work: usize,
    /// How often the nearest signals may still be looked for.
    nearest_left: usize,
}

impl<'a> Lower<'a> {
    /// Nothing is lowered yet.
    pub(crate) fn new(catalogue: &'a Catalogue, source: &'a Arc<Source>) -> Self {
        let part = Part::new(source, Span::default());
        let (diagnostics, nearest_left) = (Vec::new(), NEAREST_MAX);
        Self { catalogue, source, diagnostics, in_policy: false, part, work: 0, nearest_left }
    }

    /// Goes on with the rule at a place.
    pub(crate) fn begin(&mut self, span: Span) {
        self.part = Part::new(self.source, span);
        self.work = 0;
    }

    /// Notes a finding in this file.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        // What is lowered twice, such as the tested side of a range, is wrong once.
        let is_told = self.diagnostics.iter().rev().take(TOLD_LOOKED_AT).any(|told| {
            (told.code, told.span, &told.message)
                == (diagnostic.code, diagnostic.span, &diagnostic.message)
        });
        if !is_told && self.diagnostics.len() < DIAGNOSTICS_MAX {
            let source = Some(Arc::clone(self.source));
            self.diagnostics.push(Diagnostic { source, ..diagnostic });
        }
    }

    /// The token at a position.
    pub(crate) fn span(&self, position: Position) -> Span {
        self.part.token_at(self.source, position)
    }

    /// The whole of an expression.
    pub(crate) fn span_of(&self, expr: &Expr) -> Span {
        self.part.whole(self.source, expr)
    }

    /// Counts an expression; `None` where the rule has too many, which is noted once.
    fn count_work(&mut self, expr: &Expr) -> Option<()> {
        self.work += 1;
        if self.work <= RULE_WORK_MAX {
            return Some(());
        }
        if self.work == RULE_WORK_MAX + 1 {
            self.too_large::<()>(self.span_of(expr), "expressions to take apart", RULE_WORK_MAX);
        }
        None
    }

    pub(crate) fn too_large<T>(&mut self, span: Span, what: &str, most: usize) -> Option<T> {
        let message = format!("the rule is too large: it has more than {most} {what}");
        self.report(Diagnostic::error("PR0017", span, message).label("too much from here on"));
        None
    }

    /// A condition; `None` after what is wrong was noted.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Option<Condition> {
        let expression = self.expression(expr)?;
        if !matches!(expression.kind_type, Type::Bool | Type::Any) {
            let found = expression.kind_type;
            self.report(
                Diagnostic::error(
                    "PR0111",
                    expression.span,
                    format!("a condition is true or false, this is {found}"),
                )
                .label(format!("this is {found}"))
                .help("compare it with something, such as `> 0`"),
            );
            return None;
        }
        self.refuse_age(&expression)?;
        let found = self.diagnostics.len();
        let script = self.script(expr, &expression.to_string());
        if self.work > RULE_WORK_MAX {
            return None;
        }
        // Whatever that says was said of the expression already.
        self.diagnostics.truncate(found);
        let condition = Condition::new(&expression, script);
        if condition.atoms.len() > ATOMS_MAX {
            return self.too_large(expression.span, "comparisons in one condition", ATOMS_MAX);
        }
        self.check_condition(&expression);
        Some(condition)
    }

    /// A typed expression; `None` after what is wrong was noted.
    pub(crate) fn expression(&mut self, expr: &Expr) -> Option<Expression> {
        self.count_work(expr)?;
        let span = self.span_of(expr);
        Some(Expression { span, ..self.expression_parts(expr, span)? })
    }

    fn expression_parts(&mut self, expr: &Expr, span: Span) -> Option<Expression> {
        let constant =
            |value: Value, kind_type| Expression { kind: Kind::Constant(value), kind_type, span };
        Some(match expr {
            Expr::BoolConstant(value, _) => constant(Value::Bool(*value), Type::Bool),
            Expr::IntegerConstant(value, _) => constant(Value::Int(*value), Type::Int),
            Expr::FloatConstant(value, _) => constant(Value::Float(**value), Type::Float),
            Expr::StringConstant(text, _) => constant(Value::from(text.as_str()), Type::Text),
            Expr::InterpolatedString(parts, _) => {
                let parts: Option<Vec<Expression>> =
                    parts.iter().map(|part| self.expression(part)).collect();
                Expression { kind: Kind::Text(parts?), kind_type: Type::Text, span }
            }
            Expr::Array(..) | Expr::DynamicConstant(..) => self.list(expr, span)?,
            Expr::Variable(..) | Expr::Dot(..) | Expr::Index(..) => {
                self.signal_expression(expr, span)?
            }
            Expr::FnCall(..) | Expr::Custom(..) if platform::is_object(expr) => {
                return self.bare_object(expr, span);
            }
            Expr::FnCall(call, position) => self.call(expr, call, *position, span)?,
            Expr::Stmt(block) => match block.statements() {
                [Stmt::Expr(only)] => self.expression(only)?,
                statements => self.left_to_rhai_block(expr, statements, span)?,
            },
            _ => return self.not_allowed(span),
        })
    }

    fn signal_expression(&mut self, expr: &Expr, span: Span) -> Option<Expression> {
        if platform::is_platform_fact(expr) {
            return self.platform_fact(expr, span);
        }
        if names::ends_in_call(expr) {
            return self.left_to_rhai(expr, span);
        }
        if let Some((fact, kind_type)) = names::path(expr).and_then(|path| self.action_fact(&path))
        {
            return Some(Expression { kind: Kind::Fact(fact), kind_type, span });
        }
        let (id, path, span) = self.signal(expr)?;
        let kind_type =
            self.catalogue.get(id).map_or(Type::Any, |signal| Type::of(signal.datatype));
        Some(Expression { kind: Kind::Fact(Fact::Signal(id, path)), kind_type, span })
    }

    /// The signal that a path names.
    pub(crate) fn signal(&mut self, expr: &Expr) -> Option<(SignalId, Arc<str>, Span)> {
        let span = self.span_of(expr);
        if let Expr::Dot(sides, ..) = expr
            && matches!(sides.lhs, Expr::FnCall(..))
            && !platform::is_object(&sides.lhs)
        {
            // A path does not begin with a call: what is called says what is wrong.
            self.expression(&sides.lhs)?;
        }
        let Some(path) = names::path(expr) else {
            self.report(
                Diagnostic::error(
                    "PR0103",
                    span,
                    "a signal is written as its path, without brackets or calls",
                )
                .help("write it as the catalogue does, such as `Vehicle.Speed`"),
            );
            return None;
        };
        let found = self.catalogue.find(&path).and_then(|id| Some((id, self.catalogue.get(id)?)));
        if let Some((id, signal)) = found {
            return Some((id, Arc::clone(&signal.path), span));
        }
        self.unknown_signal(&path, span);
        None
    }

    pub(crate) fn unknown_signal(&mut self, path: &str, span: Span) {
        if self.catalogue.is_branch(path) {
            self.report(
                Diagnostic::error("PR0102", span, format!("`{path}` is a branch, not a signal"))
                    .label("a branch has no value")
                    .help("name one of the signals below it"),
            );
            return;
        }
        let may_look = self.nearest_left > 0;
        self.nearest_left = self.nearest_left.saturating_sub(1);
        let nearest = if may_look { self.catalogue.nearest(path, 3) } else { Vec::new() };
        let mut diagnostic =
            Diagnostic::error("PR0101", span, format!("there is no signal `{path}`"))
                .label("not in the catalogue");
        if !nearest.is_empty() {
            let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
            diagnostic = diagnostic.help(format!("did you mean {}?", names.join(" or ")));
        }
        self.report(diagnostic);
    }

    /// A list of constants.
    fn list(&mut self, expr: &Expr, span: Span) -> Option<Expression> {
        let items: Option<Vec<Value>> = match expr {
            Expr::Array(items, _) => items
                .iter()
                .map(|item| match self.expression(item)?.kind {
                    Kind::Constant(value) => Some(value),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        let Some(items) = items else {
            self.report(Diagnostic::error("PR0126", span, "a list holds constants only"));
            return None;
        };
        Some(Expression {
            kind: Kind::Constant(Value::List(items.into())),
            kind_type: Type::List,
            span,
        })
    }

    /// An expression that only rhai can evaluate, with the signals that it reads.
    fn left_to_rhai(&mut self, expr: &Expr, span: Span) -> Option<Expression> {
        let text = self.source.text.get(span.start..span.end).unwrap_or_default().to_owned();
        let before = self.diagnostics.len();
        let script = self.script(expr, &format!("{text}…"));
        if self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            return None;
        }
        self.report(
            Diagnostic::warning(
                "PR0121",
                span,
                "this part has no index and is evaluated as a script",
            )
            .label("evaluated whenever a signal in it changes")
            .help("comparisons with constants joined by `&&`, `||` and `!` are many times faster"),
        );
        Some(Expression { kind: Kind::Script(Arc::new(script)), kind_type: Type::Any, span })
    }

    fn left_to_rhai_block(
        &mut self,
        expr: &Expr,
        block: &[Stmt],
        span: Span,
    ) -> Option<Expression> {
        let allowed = |statement: &Stmt| {
            matches!(statement, Stmt::If(..) | Stmt::Switch(..) | Stmt::Expr(_) | Stmt::Noop(_))
        };
        if !block.iter().all(allowed) {
            return self.not_allowed(span);
        }
        self.left_to_rhai(expr, span)
    }

    fn not_allowed<T>(&mut self, span: Span) -> Option<T> {
        self.report(
            Diagnostic::error("PR0120", span, "this has no place in a rule")
                .label("not an expression over signals")
                .help("rules have signals, constants, comparisons, arithmetic, `if` and `switch`"),
        );
        None
    }

    /// The whole expression for rhai, with every fact in it.
    ///
    /// What is no signal stands there as a variable that is named by the fact's text.
    fn script(&mut self, expr: &Expr, text: &str) -> Script {
        let mut expr = expr.clone();
        let mut reads = Vec::new();
        tree::replace(&mut expr, &mut |part| self.fact_for_rhai(part, &mut reads));
        let tree = AST::new([Stmt::Expr(Box::new(expr.clone()))], rhai::Module::new());
        let mut paths = Vec::new();
        tree.walk(&mut |nodes: &[ASTNode<'_>]| {
            names::note_path(nodes, &mut paths);
            true
        });
        paths.retain(|(path, _)| !reads.iter().any(|fact: &Fact| fact.text() == path));
        for (path, position) in paths {
            match self.catalogue.find(&path).and_then(|id| Some((id, self.catalogue.get(id)?))) {
                Some((id, signal)) => reads.push(Fact::Signal(id, Arc::clone(&signal.path))),
                None => {
                    let start = self.span(position).start;
                    self.unknown_signal(&path, Span { start, end: start + path.len() });
                }
            }
        }
        reads.sort();
        reads.dedup();
        Script::new(&expr, text, reads)
    }

    /// A part that is a fact and no signal, as a variable; what is wrong with it is noted.
    fn fact_for_rhai(&mut self, part: &Expr, reads: &mut Vec<Fact>) -> Option<Expr> {
        let is_fact = match part {
            Expr::FnCall(call, _) => over_time::is_over_time(&call.name, &call.args),
            Expr::Dot(..) => {
                platform::is_platform_fact(part)
                    || names::path(part).is_some_and(|path| self.action_fact(&path).is_some())
            }
            _ => false,
        };
        if !is_fact {
            return None;
        }
        let Kind::Fact(fact) = self.expression(part)?.kind else { return None };
        let variable = tree::variable(fact.text(), part.start_position());
        reads.push(fact);
        Some(variable)
    }
}
