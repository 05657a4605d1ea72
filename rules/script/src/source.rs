//! Rule files and places in them.

use std::sync::Arc;

/// A rule file.
#[derive(Debug)]
pub struct Source {
    /// How messages name it: its path as it was given.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// The byte at which each line starts.
    lines: Vec<usize>,
}

/// A part of a rule file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the start of one span to the end of another.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl Source {
    /// A source with a name for messages.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text: Arc<str> = text.into();
        let ends =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { name: name.into(), text, lines }
    }

    /// The line and column of a byte, both from one, the column in characters.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let start = self.lines[line - 1];
        let column = self.text.get(start..byte).map_or(0, |text| text.chars().count());
        (line, column + 1)
    }

    /// The token at a position of rhai, which counts lines and characters from one.
    pub(crate) fn token_at(&self, position: rhai::Position) -> Span {
        let start = self.byte_at(position);
        let rest = &self.text[start..];
        Span { start, end: start + token_length(rest) }
    }

    fn byte_at(&self, position: rhai::Position) -> usize {
        let line = position.line().unwrap_or(1).clamp(1, self.lines.len());
        let start = self.lines[line - 1];
        let skipped = position.position().unwrap_or(1).saturating_sub(1);
        self.text[start..].char_indices().nth(skipped).map_or(self.text.len(), |(at, _)| start + at)
    }
}

/// The length of the token that a text starts with: a dotted name, a number, a string, or one character.
fn token_length(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, first)) = chars.next() else { return 0 };
    let rest = &text[first.len_utf8()..];
    let length = match first {
        '"' => string_length(rest),
        '_' | 'a'..='z' | 'A'..='Z' => {
            word_length(rest, |c| c.is_alphanumeric() || c == '_' || c == '.')
        }
        '0'..='9' => word_length(rest, |c| c.is_alphanumeric() || c == '.'),
        '=' | '!' | '<' | '>' | '&' | '|' => word_length(rest, |c| "=&|".contains(c)),
        _ => 0,
    };
    first.len_utf8() + length
}

fn word_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return at + 1,
            '\n' => return at,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}
