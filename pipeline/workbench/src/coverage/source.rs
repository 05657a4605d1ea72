//! The text of a rule file with the atoms in it marked.

use piccolo_script::{Source, Span};

/// How well an atom is covered; of several at one place the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// In every way that is possible.
    Full,
    /// In some way.
    Partly,
    /// In no way.
    Not,
}

/// A part of the text that belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) span: Span,
    pub(super) grade: Grade,
    /// What to say of it, a sentence a line.
    pub(super) note: String,
}

/// A piece of one line, with the number of the mark that it belongs to.
pub(super) type Piece<'a> = (&'a str, Option<usize>);

/// The marks in order, those that touch the same text joined.
pub(super) fn join(mut marks: Vec<Mark>) -> Vec<Mark> {
    marks.sort_by_key(|mark| mark.span);
    let mut joined: Vec<Mark> = Vec::new();
    for mark in marks {
        match joined.last_mut() {
            Some(last) if mark.span.start < last.span.end => {
                last.span.end = last.span.end.max(mark.span.end);
                last.grade = last.grade.max(mark.grade);
                last.note = format!("{}\n{}", last.note, mark.note);
            }
            _ => joined.push(mark),
        }
    }
    joined
}

/// The lines of a file in pieces; marks are joined and in order.
pub(super) fn lines<'a>(source: &'a Source, marks: &[Mark]) -> Vec<Vec<Piece<'a>>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        lines.push(pieces(&source.text, start, end, marks));
        start += line.len();
    }
    lines
}

fn pieces<'a>(text: &'a str, start: usize, end: usize, marks: &[Mark]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut at = start;
    let mut push = |from: usize, to: usize, mark: Option<usize>| {
        // Spans lie between characters; a text that they do not fit is shown without marks.
        pieces.extend(
            text.get(from..to).filter(|piece| !piece.is_empty()).map(|piece| (piece, mark)),
        );
    };
    for (number, mark) in marks.iter().enumerate() {
        let (from, to) = (mark.span.start.clamp(at, end), mark.span.end.clamp(at, end));
        if from < to {
            push(at, from, None);
            push(from, to, Some(number));
            at = to;
        }
    }
    push(at, end, None);
    pieces
}
