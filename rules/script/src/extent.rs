//! Where an expression begins and ends: rhai's tree has one position a node, and no ends.

use rhai::{Expr, Position};

use crate::lexer::{Lexeme, Token, tokens};
use crate::source::{Source, Span};

/// The text of one rule, with its tokens.
pub(crate) struct Part {
    /// Where it starts in its file; rhai counts positions from here.
    start: usize,
    tokens: Vec<Token>,
}

impl Part {
    /// The part of a file that a rule takes.
    pub(crate) fn new(source: &Source, span: Span) -> Self {
        Self { start: span.start, tokens: tokens(&source.text, span).collect() }
    }

    /// The token at a position.
    pub(crate) fn token_at(&self, source: &Source, position: Position) -> Span {
        let start = source.byte_at(self.start, position);
        match self.tokens.get(self.index(start)) {
            Some(token) if token.span.start <= start && start < token.span.end => token.span,
            _ => Span { start, end: start },
        }
    }

    /// The whole of an expression: from its first token to its last, brackets in pairs.
    pub(crate) fn whole(&self, source: &Source, expr: &Expr) -> Span {
        let mut ends = Ends { first: expr.start_position(), last: expr.start_position() };
        ends.add(expr);
        let first = self.index(source.byte_at(self.start, ends.first));
        let last = self.index(source.byte_at(self.start, ends.last));
        if first > last || last >= self.tokens.len() {
            return self.token_at(source, ends.first);
        }
        let (first, last) = self.balance(first, self.finish(source, last));
        Span { start: self.tokens[first].span.start, end: self.tokens[last].span.end }
    }

    /// The last token that starts at a byte or before.
    fn index(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.span.start <= byte).saturating_sub(1)
    }

    /// The token that an expression really ends with: no sign, and no name before its arguments.
    fn finish(&self, source: &Source, mut last: usize) -> usize {
        let text = |index: usize| {
            self.tokens
                .get(index)
                .and_then(|token| source.text.get(token.span.start..token.span.end))
        };
        while matches!(text(last), Some("-" | "+" | "!")) && last + 1 < self.tokens.len() {
            last += 1;
        }
        let is_call = self.tokens[last].lexeme == Lexeme::Word && text(last + 1) == Some("(");
        last + usize::from(is_call)
    }

    /// Takes in the other half of each bracket of which there is one.
    fn balance(&self, mut first: usize, mut last: usize) -> (usize, usize) {
        let (mut opened, mut closed) = (0_usize, 0_usize);
        for token in &self.tokens[first..=last] {
            match token.lexeme {
                Lexeme::Open => opened += 1,
                Lexeme::Close if opened > 0 => opened -= 1,
                Lexeme::Close => closed += 1,
                _ => {}
            }
        }
        while closed > 0 && first > 0 {
            first -= 1;
            match self.tokens[first].lexeme {
                Lexeme::Open => closed -= 1,
                Lexeme::Close => closed += 1,
                _ => {}
            }
        }
        while opened > 0 && last + 1 < self.tokens.len() {
            last += 1;
            match self.tokens[last].lexeme {
                Lexeme::Open => opened += 1,
                Lexeme::Close => opened -= 1,
                _ => {}
            }
        }
        (first, last)
    }
}

/// The first and the last position in a tree.
struct Ends {
    first: Position,
    last: Position,
}

impl Ends {
    fn note(&mut self, position: Position) {
        if !position.is_none() {
            self.first = self.first.min(position);
            self.last = self.last.max(position);
        }
    }

    fn add(&mut self, expr: &Expr) {
        self.note(expr.position());
        match expr {
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => {
                call.args.iter().for_each(|argument| self.add(argument));
            }
            Expr::Dot(sides, ..) | Expr::Index(sides, ..) => {
                self.add(&sides.lhs);
                self.add(&sides.rhs);
            }
            Expr::Array(items, _) | Expr::InterpolatedString(items, _) => {
                items.iter().for_each(|item| self.add(item));
            }
            Expr::Map(entries, _) => entries.0.iter().for_each(|(_, value)| self.add(value)),
            Expr::Custom(custom, _) => custom.inputs.iter().for_each(|input| self.add(input)),
            Expr::Stmt(block) => {
                self.note(block.span().start());
                self.note(block.span().end());
            }
            _ => {}
        }
    }
}
