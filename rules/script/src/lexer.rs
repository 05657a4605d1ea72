//! The tokens of a rule file, as far as places and the bounds of rules need them.
//!
//! rhai keeps one position for each node of its tree, and no end. The end of an
//! expression is found among the tokens: they agree with rhai's own in where
//! texts and comments begin and end, and in brackets.

use crate::grammar::BLOCKS;
use crate::source::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lexeme {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// A text in quotes or backticks, or a character.
    Text,
    /// An opening bracket.
    Open,
    /// A closing bracket.
    Close,
    /// Any other character.
    Symbol,
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) lexeme: Lexeme,
    pub(crate) span: Span,
}

/// The tokens of a part of a text; comments and blanks are none.
pub(crate) fn tokens(text: &str, within: Span) -> Tokens<'_> {
    Tokens { text: text.get(..within.end).unwrap_or(text), at: within.start }
}

/// Iterates over tokens.
pub(crate) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let rest = self.text.get(self.at..)?;
            let blank = rest.len() - rest.trim_start().len();
            let rest = &rest[blank..];
            self.at += blank;
            let comment = comment_length(rest);
            if comment == 0 {
                let first = rest.chars().next()?;
                let (lexeme, length) = token(first, rest);
                let span = Span { start: self.at, end: self.at + length };
                self.at = span.end;
                return Some(Token { lexeme, span });
            }
            self.at += comment;
        }
    }
}

/// The rules of a file: each from its keyword to the token before the next one's.
///
/// A rule begins wherever a keyword, a text and a brace stand in a row, so that a
/// bracket that is missing in one rule does not swallow the next. What stands before
/// the first is a part of its own.
pub(crate) fn rules(text: &str) -> Vec<Span> {
    let mut parts: Vec<Span> = Vec::new();
    let mut open: Option<Span> = None;
    let mut ahead: Vec<Token> = Vec::new();
    for token in tokens(text, Span { start: 0, end: text.len() }) {
        ahead.push(token);
        if let [keyword, name, brace] = ahead.as_slice() {
            let begins = name.lexeme == Lexeme::Text
                && brace.lexeme == Lexeme::Open
                && is_keyword(&text[keyword.span.start..keyword.span.end]);
            if begins {
                parts.extend(open.replace(keyword.span));
            }
            let first = keyword.span;
            open = Some(open.map_or(first, |part| part.to(first)));
            ahead.remove(0);
        }
    }
    let last = ahead
        .iter()
        .fold(open, |part, token| Some(part.map_or(token.span, |part| part.to(token.span))));
    parts.extend(last);
    parts
}

fn is_keyword(word: &str) -> bool {
    BLOCKS.iter().any(|block| block.keyword == word)
}

/// The token that a text starts with, and its length.
fn token(first: char, text: &str) -> (Lexeme, usize) {
    match first {
        '"' => (Lexeme::Text, quoted_length(text, '"')),
        '\'' => (Lexeme::Text, quoted_length(text, '\'')),
        '`' => (Lexeme::Text, template_length(text)),
        '_' | 'a'..='z' | 'A'..='Z' => {
            (Lexeme::Word, word_length(text, |c| c.is_ascii_alphanumeric() || c == '_'))
        }
        '0'..='9' => (Lexeme::Number, number_length(text)),
        '(' | '[' | '{' => (Lexeme::Open, 1),
        ')' | ']' | '}' => (Lexeme::Close, 1),
        '#' => match raw_text_length(text) {
            Some(length) => (Lexeme::Text, length),
            None if text.starts_with("#{") => (Lexeme::Open, 2),
            // As one token, so that a long run of them is read once.
            None => (Lexeme::Symbol, word_length(text, |c| c == '#')),
        },
        '&' | '|' | '=' | '<' | '>' | '!' | '.' => {
            let two = text.get(..2).filter(|two| {
                matches!(*two, "&&" | "||" | "==" | "<=" | ">=" | "!=" | ".." | "=>")
            });
            (Lexeme::Symbol, two.map_or(1, str::len))
        }
        other => (Lexeme::Symbol, other.len_utf8()),
    }
}

fn word_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn number_length(text: &str) -> usize {
    let digits = |text: &str| word_length(text, |c| c.is_ascii_alphanumeric() || c == '_');
    let whole = digits(text);
    let rest = &text[whole..];
    let has_fraction = rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    let mut length = whole + if has_fraction { 1 + digits(&rest[1..]) } else { 0 };
    if text[..length].ends_with(['e', 'E']) && text[length..].starts_with(['-', '+']) {
        length += 1 + digits(&text[length + 1..]);
    }
    length
}

/// A text in quotes ends at its quote, or with the line; a backslash keeps what follows.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A text in backticks goes over lines, and may hold expressions in `${...}` with such texts.
fn template_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    // The braces open in each template that is open; none in the innermost while in its text.
    let mut open: Vec<usize> = vec![0];
    let mut at = 1;
    while at < bytes.len() {
        let Some(braces) = open.last_mut() else { break };
        match (bytes[at], *braces) {
            (b'\\', 0) => at += 1,
            (b'`', 0) => {
                open.pop();
                if open.is_empty() {
                    return at + 1;
                }
            }
            (b'$', 0) if bytes.get(at + 1) == Some(&b'{') => {
                *braces = 1;
                at += 1;
            }
            (_, 0) => {}
            (b'{', _) => *braces += 1,
            (b'}', _) => *braces -= 1,
            (b'`', _) => open.push(0),
            (b'"', _) => at += quoted_length(text.get(at..).unwrap_or_default(), '"').max(1) - 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// A raw text: `#"..."#`, with any number of `#`.
fn raw_text_length(text: &str) -> Option<usize> {
    let marks = word_length(text, |c| c == '#');
    let inner = text[marks..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    Some(inner.find(&end).map_or(text.len(), |at| marks + 1 + at + end.len()))
}

/// The length of the comment that a text starts with; block comments nest.
fn comment_length(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (1, 2);
    while depth > 0 && at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => (depth, at) = (depth + 1, at + 2),
            (b'*', Some(b'/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::{rules, tokens};
    use crate::source::Span;

    #[test]
    fn tokens_end_where_they_end() {
        for (text, expected) in [
            ("a.b>=1.5e-3", vec!["a", ".", "b", ">=", "1.5e-3"]),
            ("1..2", vec!["1", "..", "2"]),
            (r#""a\"b" c"#, vec![r#""a\"b""#, "c"]),
            ("\"open\nnext", vec!["\"open", "next"]),
            ("`a ${ f(`b`) } c` d", vec!["`a ${ f(`b`) } c`", "d"]),
            ("a // b\nc /* d /* e */ f */ g", vec!["a", "c", "g"]),
            (r##"#"a"b"# c"##, vec![r##"#"a"b"#"##, "c"]),
            ("#{a: [1]}", vec!["#{", "a", ":", "[", "1", "]", "}"]),
            ("ä\u{feff}x", vec!["ä", "\u{feff}", "x"]),
        ] {
            let all = Span { start: 0, end: text.len() };
            let found: Vec<&str> =
                tokens(text, all).map(|token| &text[token.span.start..token.span.end]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn rules_begin_at_their_keywords() {
        for (text, expected) in [
            ("", vec![]),
            ("// only a comment\n", vec![]),
            ("let x; scenario \"a\" { }", vec!["let x;", "scenario \"a\" { }"]),
            (
                "scenario \"a\" { when (1 \n// c\n policy \"b\" { } test \"c\" { x }",
                vec!["scenario \"a\" { when (1", "policy \"b\" { }", "test \"c\" { x }"],
            ),
            (
                "scenario \"a\" { when scenario(\"b\").active }",
                vec!["scenario \"a\" { when scenario(\"b\").active }"],
            ),
        ] {
            let found: Vec<&str> =
                rules(text).into_iter().map(|part| text[part.start..part.end].trim()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
