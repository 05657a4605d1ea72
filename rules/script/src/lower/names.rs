//! Signal paths in rhai's syntax tree.

use rhai::{ASTNode, Expr, Position};

use crate::grammar::PROPERTY_MARK;

/// The dotted path that an expression is, if it is one: a name followed by properties.
pub(super) fn path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Variable(name, _, _) => Some(name.1.to_string()),
        Expr::Property(name, _) => Some(name.2.trim_start_matches(PROPERTY_MARK).to_owned()),
        Expr::Dot(sides, ..) => {
            let (left, right) = (path(&sides.lhs)?, path(&sides.rhs)?);
            Some(format!("{left}.{right}"))
        }
        _ => None,
    }
}

/// Whether a path ends in a method call or an index, which only rhai can evaluate.
pub(super) fn ends_in_call(expr: &Expr) -> bool {
    match expr {
        Expr::Dot(sides, ..) => ends_in_call(&sides.rhs) || ends_in_call(&sides.lhs),
        Expr::MethodCall(..) => true,
        _ => false,
    }
}

/// Notes the path that the last node of a walk is, unless it is part of a longer one.
pub(super) fn note_path(nodes: &[ASTNode<'_>], paths: &mut Vec<(String, Position)>) {
    let [before @ .., ASTNode::Expr(expr)] = nodes else { return };
    if let Some(ASTNode::Expr(Expr::Dot(..))) = before.last() {
        return;
    }
    if let Some(path) = leading_path(expr) {
        paths.push((path, expr.start_position()));
    }
}

/// The path before a method call, or the whole path.
fn leading_path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Variable(..) => path(expr),
        Expr::Dot(sides, ..) => {
            let left = path(&sides.lhs)?;
            Some(
                leading_properties(&sides.rhs)
                    .map_or_else(|| left.clone(), |right| format!("{left}.{right}")),
            )
        }
        _ => None,
    }
}

fn leading_properties(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Property(..) => path(expr),
        Expr::Dot(sides, ..) => {
            let left = leading_properties(&sides.lhs)?;
            Some(match leading_properties(&sides.rhs) {
                Some(right) => format!("{left}.{right}"),
                None => left,
            })
        }
        _ => None,
    }
}
