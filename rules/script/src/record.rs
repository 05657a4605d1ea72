//! Diagnostics as data: what `--message-format json` prints. The names of the fields are stable.

use serde::Serialize;

use crate::codes::find_code;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// A diagnostic as it is written to JSON. Fields that have nothing to say are absent.
#[derive(Debug, Serialize)]
pub struct Record<'d> {
    code: &'static str,
    /// `error` or `warning`.
    severity: &'static str,
    /// What the code means, in a few words.
    title: &'static str,
    message: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<Place>,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'d str,
    /// Other places of the same file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'d str>,
}

#[derive(Debug, Serialize)]
struct Related<'d> {
    span: Place,
    label: &'d str,
}

/// From the first character to the one after the last.
#[derive(Debug, Serialize)]
struct Place {
    start: Point,
    end: Point,
}

/// Line and column from one, the column in characters; the byte from zero.
#[derive(Debug, Serialize)]
struct Point {
    line: usize,
    column: usize,
    byte: usize,
}

impl Diagnostic {
    /// The diagnostic as data.
    pub fn record(&self) -> Record<'_> {
        Record {
            code: self.code,
            severity: self.severity.name(),
            title: find_code(self.code).map_or("", |code| code.title),
            message: &self.message,
            file: self.source.as_ref().map(|source| &*source.name),
            span: self.locate(self.span),
            label: &self.label,
            related: self
                .related
                .iter()
                .filter_map(|(span, label)| Some(Related { span: self.locate(*span)?, label }))
                .collect(),
            help: self.help.as_deref(),
        }
    }

    fn locate(&self, span: Span) -> Option<Place> {
        let source = self.source.as_ref()?;
        let point = |byte| {
            let (line, column) = source.line_column(byte);
            Point { line, column, byte }
        };
        Some(Place { start: point(span.start), end: point(span.end) })
    }
}
