//! Diagnostics as a person reads them, with the lines that they are about.

use codespan_reporting::diagnostic::{Diagnostic as Report, Label, LabelStyle, Severity as Level};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::{self, Config};

use crate::diagnostic::{Diagnostic, Severity};

/// The diagnostic with its place in the source, plain text without colours.
pub fn render(diagnostic: &Diagnostic) -> String {
    let Some(source) = &diagnostic.source else {
        return format!("{diagnostic}\n");
    };
    let file = SimpleFile::new(source.name.as_ref(), source.text.as_ref());
    let mut text = String::new();
    match term::emit_to_string(&mut text, &Config::default(), &file, &report(diagnostic)) {
        Ok(()) => text,
        Err(_) => format!("{diagnostic}\n"),
    }
}

fn report(diagnostic: &Diagnostic) -> Report<()> {
    let level = match diagnostic.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    };
    let mut labels = vec![
        Label::new(LabelStyle::Primary, (), diagnostic.span.start..diagnostic.span.end)
            .with_message(&diagnostic.label),
    ];
    labels.extend(diagnostic.related.iter().map(|(span, label)| {
        Label::new(LabelStyle::Secondary, (), span.start..span.end).with_message(label)
    }));
    Report::new(level)
        .with_code(diagnostic.code)
        .with_message(&diagnostic.message)
        .with_labels(labels)
        .with_notes(diagnostic.help.iter().map(|help| format!("help: {help}")).collect())
}
