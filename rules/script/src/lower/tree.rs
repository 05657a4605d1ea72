//! rhai's trees with the facts in them replaced by names that rhai can look up.

use std::sync::OnceLock;

use rhai::{AST, Expr, Position, Stmt};

use crate::grammar::engine;

/// Replaces every part of a tree for which `with` has something else, outermost first.
pub(super) fn replace(expr: &mut Expr, with: &mut impl FnMut(&Expr) -> Option<Expr>) {
    if let Some(other) = with(expr) {
        *expr = other;
        return;
    }
    if let Expr::InterpolatedString(items, position) = expr {
        items.iter_mut().for_each(|item| replace(item, with));
        if let Some(joined) = join(items, *position) {
            *expr = joined;
        }
        return;
    }
    match expr {
        Expr::FnCall(call, _) | Expr::MethodCall(call, _) => {
            call.args.iter_mut().for_each(|argument| replace(argument, with));
        }
        Expr::Dot(sides, ..) | Expr::Index(sides, ..) => {
            replace(&mut sides.lhs, with);
            replace(&mut sides.rhs, with);
        }
        Expr::Array(items, _) => items.iter_mut().for_each(|item| replace(item, with)),
        Expr::Map(entries, _) => entries.0.iter_mut().for_each(|(_, value)| replace(value, with)),
        Expr::Stmt(block) => replace_all(block.statements_mut(), with),
        _ => {}
    }
}

/// The parts of a text joined by `+`, which knows of unknown values, as rhai's own joining does not.
fn join(items: &[Expr], position: Position) -> Option<Expr> {
    static PLUS: OnceLock<Option<AST>> = OnceLock::new();
    let plus = PLUS.get_or_init(|| engine().compile_expression("0 + 0").ok()).as_ref()?;
    let [Stmt::Expr(plus)] = plus.statements() else { return None };
    let Expr::FnCall(plus, _) = plus.as_ref() else { return None };
    let empty = Expr::StringConstant("".into(), position);
    Some(items.iter().fold(empty, |before, item| {
        let mut call = plus.clone();
        call.args = [before, item.clone()].into_iter().collect();
        Expr::FnCall(call, position)
    }))
}

fn replace_all(statements: &mut [Stmt], with: &mut impl FnMut(&Expr) -> Option<Expr>) {
    for statement in statements {
        match statement {
            Stmt::Expr(expr) => replace(expr, with),
            Stmt::If(flow, _) => {
                replace(&mut flow.expr, with);
                replace_all(flow.body.statements_mut(), with);
                replace_all(flow.branch.statements_mut(), with);
            }
            Stmt::Switch(switch, _) => {
                replace(&mut switch.0, with);
                for case in switch.1.expressions.iter_mut() {
                    replace(&mut case.lhs, with);
                    replace(&mut case.rhs, with);
                }
            }
            Stmt::Block(block) => replace_all(block.statements_mut(), with),
            _ => {}
        }
    }
}

/// A variable of that name, which may be any text: no parser reads it again.
pub(super) fn variable(name: &str, position: Position) -> Expr {
    Expr::Variable(Box::new((None, name.into())), None, position)
}
