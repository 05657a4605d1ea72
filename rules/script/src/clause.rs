//! The blocks of a parsed file and their clauses.

use rhai::{CustomExpr, Expr, Position};

use crate::grammar::{BLOCKS, EXPRESSION};

/// A block taken apart: its kind, name and clauses, in the order of the text.
pub(crate) struct Clauses<'e> {
    pub(crate) block: &'static str,
    pub(crate) name: String,
    pub(crate) name_position: Position,
    pub(crate) clauses: Vec<(&'static str, Vec<&'e Expr>)>,
}

impl<'e> Clauses<'e> {
    /// Takes a custom expression of our syntax apart; `None` for any other.
    pub(crate) fn of(custom: &'e CustomExpr) -> Option<Self> {
        let tokens: Vec<&str> = custom.tokens.iter().map(|token| token.as_str()).collect();
        let [keyword, _, "{", rest @ ..] = tokens.as_slice() else { return None };
        let block = BLOCKS.iter().find(|block| block.keyword == *keyword)?;
        let mut inputs = custom.inputs.iter();
        let Some(Expr::StringConstant(name, position)) = inputs.next() else { return None };
        let mut clauses: Vec<(&'static str, Vec<&Expr>)> = Vec::new();
        for token in rest {
            if *token == EXPRESSION {
                let expr = inputs.next()?;
                clauses.last_mut()?.1.push(expr);
            } else if let Some((clause, _)) =
                block.clauses.iter().find(|(clause, _)| clause == token)
            {
                clauses.push((*clause, Vec::new()));
            }
        }
        Some(Self {
            block: block.keyword,
            name: name.to_string(),
            name_position: *position,
            clauses,
        })
    }

    /// The first expression of a clause.
    pub(crate) fn get(&self, clause: &str) -> Option<&'e Expr> {
        let (_, inputs) = self.clauses.iter().find(|(name, _)| *name == clause)?;
        inputs.first().copied()
    }

    /// The expressions of every clause of that name, in the order of the text.
    pub(crate) fn all<'c>(&'c self, clause: &'c str) -> impl Iterator<Item = &'c [&'e Expr]> {
        let named = self.clauses.iter().filter(move |(name, _)| *name == clause);
        named.map(|(_, inputs)| inputs.as_slice())
    }

    /// Whether there is a clause of that name.
    pub(crate) fn has(&self, clause: &str) -> bool {
        self.clauses.iter().any(|(name, _)| *name == clause)
    }

    /// The first clause that stands there twice, with both places.
    pub(crate) fn repeated(&self) -> Option<(&'static str, Position, Position)> {
        let place = |inputs: &[&Expr]| {
            inputs.first().map_or(self.name_position, |expr| expr.start_position())
        };
        self.clauses.iter().enumerate().find_map(|(index, (name, inputs))| {
            let (_, before) = self.clauses[..index].iter().find(|(other, _)| other == name)?;
            Some((*name, place(before), place(inputs)))
        })
    }
}
