//! Rule files and places in them.

use std::sync::Arc;

/// Characters from one checkpoint to the next.
const CHECKPOINT_CHARS: usize = 256;

/// A rule file.
pub struct Source {
    /// How messages name it: its path as it was given.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// The byte at which each line starts.
    lines: Vec<usize>,
    /// The byte at which every so many characters start, so that a place in a long line is
    /// found without reading the line.
    checkpoints: Vec<usize>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({})", self.name)
    }
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
        let checkpoints = text.char_indices().step_by(CHECKPOINT_CHARS).map(|(at, _)| at).collect();
        Self { name: name.into(), text, lines, checkpoints }
    }

    /// The line and column of a byte, both from one, the column in characters.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let start = self.lines[line - 1];
        (line, self.char_of(byte) - self.char_of(start) + 1)
    }

    /// The byte at a position that rhai counts, from one, in the part that starts at a byte.
    pub(crate) fn byte_at(&self, start: usize, position: rhai::Position) -> usize {
        let skipped = position.position().unwrap_or(1).saturating_sub(1);
        let line = position.line().unwrap_or(1).saturating_sub(1);
        let begins = if line == 0 {
            start
        } else {
            let first = self.lines.partition_point(|begins| *begins <= start).max(1) - 1;
            *self.lines.get(first + line).unwrap_or(&self.text.len())
        };
        self.byte_of(self.char_of(begins) + skipped)
    }

    /// How many characters are before a byte.
    fn char_of(&self, byte: usize) -> usize {
        let after = self.checkpoints.partition_point(|at| *at <= byte);
        let Some(before) = after.checked_sub(1) else { return 0 };
        let from = self.checkpoints[before];
        let chars = self.text[from..].char_indices().take_while(|(at, _)| from + at < byte).count();
        before * CHECKPOINT_CHARS + chars
    }

    /// The byte at which a character starts.
    fn byte_of(&self, char: usize) -> usize {
        let Some(from) = self.checkpoints.get(char / CHECKPOINT_CHARS) else {
            return self.text.len();
        };
        let mut rest = self.text[*from..].char_indices();
        rest.nth(char % CHECKPOINT_CHARS).map_or(self.text.len(), |(at, _)| from + at)
    }
}

#[cfg(test)]
mod tests {
    use rhai::Position;

    use super::Source;

    #[test]
    fn places_are_found_both_ways() {
        let text = format!("a\nb{}c\n{}\nd", "ä".repeat(1000), "x".repeat(600));
        let source = Source::new("test", text.as_str());
        for (byte, place) in [
            (0, (1, 1)),
            (2, (2, 1)),
            (3, (2, 2)),
            (2003, (2, 1002)),
            (2005, (3, 1)),
            (2604, (3, 600)),
            (text.len() - 1, (4, 1)),
        ] {
            assert_eq!(source.line_column(byte), place, "{byte}");
            let position = Position::new(place.0 as u16, place.1 as u16);
            assert_eq!(source.byte_at(0, position), byte, "{place:?}");
        }
        assert_eq!(source.byte_at(3, Position::new(1, 2)), 5, "columns count from the part");
        assert_eq!(source.byte_at(3, Position::new(2, 1)), 2005, "lines count from the part");
        assert_eq!(source.byte_at(0, Position::new(99, 99)), text.len());
    }
}
