//! What is wrong with a rule, where, why, and what would mend it.

use std::fmt;
use std::sync::Arc;

use crate::source::{Source, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The rule does not compile.
    Error,
    /// The rule compiles, and probably does not do what was meant.
    Warning,
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding about a rule.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// A stable code such as `PR0101`; `piccolo explain-code` says more about it.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file; absent where none could be read.
    pub source: Option<Arc<Source>>,
    /// The place in the file.
    pub span: Span,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What is at the place, in a few words.
    pub label: String,
    /// Other places that matter, with what is there.
    pub related: Vec<(Span, String)>,
    /// One thing that would mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            source: None,
            span,
            message: message.into(),
            label: String::new(),
            related: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Whether it keeps the rule from compiling.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// File, line and column, the latter two from one.
    pub fn place(&self) -> Option<(&str, usize, usize)> {
        let source = self.source.as_ref()?;
        let (line, column) = source.line_column(self.span.start);
        Some((&source.name, line, column))
    }
}

impl fmt::Display for Diagnostic {
    /// One line: place, severity, code and message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line, column)) = self.place() {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        write!(f, "{}[{}]: {}", self.severity.name(), self.code, self.message)
    }
}
