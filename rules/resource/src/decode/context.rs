//! Where the reader is, and what it has found.

use crate::notice::{Code, NOTICES_MAX, Notice, Severity};
use crate::yaml::{Content, Entry, Mark, Node};

/// The longest message or path, in characters; values of a file are quoted in messages.
const TEXT_CHARS_MAX: usize = 200;
/// How alike two names must be to be taken for one another, between 0 and 1.
const ALIKE: f64 = 0.8;

/// Collects the notices of a file while its documents are read.
#[derive(Debug, Default)]
pub(crate) struct Context {
    path: Vec<String>,
    notices: Vec<Notice>,
    errors: usize,
    left_out: Option<Mark>,
}

impl Context {
    /// Reads something below the present place.
    pub(crate) fn within<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(clip(step));
        let result = read(self);
        self.path.pop();
        result
    }

    /// How many errors were found so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Every notice, by line and column.
    pub(crate) fn finish(mut self) -> Vec<Notice> {
        if let Some(mark) = self.left_out {
            let severity = if self.errors > 0 { Severity::Error } else { Severity::Warning };
            self.notices.push(Notice {
                severity,
                code: Code::Limit,
                line: mark.line,
                column: mark.column,
                path: String::new(),
                message: format!(
                    "there is more to say; after {NOTICES_MAX} notices it is left out"
                ),
                help: None,
            });
        }
        self.notices.sort_by_key(|notice| (notice.line, notice.column));
        self.notices
    }

    /// Says something about a place.
    pub(crate) fn report(&mut self, code: Code, mark: Mark, message: String, help: Option<String>) {
        if code.severity() == Severity::Error {
            self.errors += 1;
        }
        if self.full() {
            self.left_out.get_or_insert(mark);
            return;
        }
        self.notices.push(Notice {
            severity: code.severity(),
            code,
            line: mark.line,
            column: mark.column,
            path: self.path(),
            message: clip(&message),
            help: help.map(|help| clip(&help)),
        });
    }

    /// The text of a scalar, whatever it looks like.
    pub(crate) fn scalar<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n str> {
        match &node.content {
            Content::Scalar { text, .. } if !node.is_null() => Some(text),
            _ => self.wrong_type(node, expected),
        }
    }

    /// Reports a value of the wrong type.
    pub(crate) fn wrong_type<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let message = format!("{expected} is expected here, not {}", node.describe());
        self.report(Code::WrongType, node.mark, message, None);
        None
    }

    /// Reports a word that is none of the allowed ones.
    pub(crate) fn not_allowed<T>(
        &mut self,
        node: &Node,
        word: &str,
        allowed: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        let allowed: Vec<&str> = allowed.collect();
        let help = did_you_mean(word, &allowed);
        let message = format!("`{}` is none of {}", clip(word), allowed.join(", "));
        self.report(Code::NotAllowed, node.mark, message, help);
        None
    }

    /// Reports a kind that does not exist.
    pub(crate) fn no_such_kind<T>(&mut self, node: &Node, kind: &str, kinds: &[&str]) -> Option<T> {
        let help = did_you_mean(kind, kinds);
        let message = format!("the kind `{}` is none of {}", clip(kind), kinds.join(", "));
        self.report(Code::NotAResource, node.mark, message, help);
        None
    }

    /// Warns of a field that is not known.
    pub(crate) fn unknown_field(&mut self, entry: &Entry, known: &[&str]) {
        let help = if self.full() { None } else { did_you_mean(&entry.key, known) };
        let message = format!("the field `{}` is not known and ignored", clip(&entry.key));
        self.within(&entry.key, |context| {
            context.report(Code::UnknownField, entry.mark, message, help);
        });
    }

    fn full(&self) -> bool {
        self.notices.len() >= NOTICES_MAX
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        clip(&path)
    }
}

/// Whether a word is so much like another that it was probably meant, upper and lower case aside.
pub(crate) fn is_alike(word: &str, other: &str) -> bool {
    alikeness(word, other) >= ALIKE
}

/// A question that names the word most like another, where one is like it.
fn did_you_mean(word: &str, words: &[&str]) -> Option<String> {
    words
        .iter()
        .map(|other| (alikeness(word, other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| format!("did you mean `{other}`?"))
}

/// How alike two words are, from 0 to 1.
fn alikeness(a: &str, b: &str) -> f64 {
    if a.len().max(b.len()) > TEXT_CHARS_MAX {
        return 0.0;
    }
    strsim::jaro_winkler(&a.to_lowercase(), &b.to_lowercase())
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
