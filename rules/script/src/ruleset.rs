//! A set of rules, read from files and directories.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use rhai::{Expr, ParseErrorType, Stmt};

use crate::check::policies;
use crate::clause::Clauses;
use crate::diagnostic::Diagnostic;
use crate::grammar::{TOO_MANY_CLAUSES, UNKNOWN_CLAUSE, parse};
use crate::lexer;
use crate::limits::{RULE_BYTES_MAX, RULE_FILE_BYTES_MAX, RULES_MAX};
use crate::lower::Lower;
use crate::policy::Policy;
use crate::references;
use crate::rule_test::RuleTest;
use crate::scenario::Scenario;
use crate::source::{Source, Span};

/// Rules that belong together, by name.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    scenarios: BTreeMap<Arc<str>, Arc<Scenario>>,
    policies: BTreeMap<Arc<str>, Arc<Policy>>,
    tests: BTreeMap<Arc<str>, Arc<RuleTest>>,
}

impl RuleSet {
    /// Reads rule files, and all `*.rhai` below directories, in the order of their paths.
    ///
    /// Rules that compile are in the set; what is wrong with the others, and
    /// with files that cannot be read, is in the diagnostics.
    pub fn load(paths: &[PathBuf], catalogue: &Catalogue) -> (Self, Vec<Diagnostic>) {
        let mut set = Self::default();
        let mut diagnostics = Vec::new();
        for read in Self::read(paths) {
            match read {
                Ok(source) => diagnostics.extend(set.add(&source, catalogue)),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        diagnostics.extend(references::check(&set));
        diagnostics.extend(policies::check(&set));
        (set, diagnostics)
    }

    /// The texts that [`Self::load`] compiles, in its order, and what cannot be read or is too large.
    pub fn read(paths: &[PathBuf]) -> Vec<Result<Arc<Source>, Box<Diagnostic>>> {
        let files = paths.iter().flat_map(|path| match rule_files(path) {
            Ok(files) => files.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(Box::new(unreadable(path, &error)))],
        });
        files.map(|file| file.and_then(|file| read(&file))).collect()
    }

    /// Reads rules from a text with a name for messages.
    pub fn parse(name: &str, text: &str, catalogue: &Catalogue) -> (Self, Vec<Diagnostic>) {
        Self::parse_all([(name, text)], catalogue)
    }

    /// Reads rules from several texts, each with a name for messages, as if they were files.
    pub fn parse_all<'a>(
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
        catalogue: &Catalogue,
    ) -> (Self, Vec<Diagnostic>) {
        let mut set = Self::default();
        let mut diagnostics = Vec::new();
        for (name, text) in texts {
            diagnostics.extend(set.add(&Arc::new(Source::new(name, text)), catalogue));
        }
        diagnostics.extend(references::check(&set));
        diagnostics.extend(policies::check(&set));
        (set, diagnostics)
    }

    /// The scenarios, in the order of their names.
    pub fn scenarios(&self) -> impl ExactSizeIterator<Item = &Arc<Scenario>> {
        self.scenarios.values()
    }

    /// A scenario by name.
    pub fn scenario(&self, name: &str) -> Option<&Arc<Scenario>> {
        self.scenarios.get(name)
    }

    /// The policies, in the order of their names.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = &Arc<Policy>> {
        self.policies.values()
    }

    /// The tests, in the order of their names.
    pub fn tests(&self) -> impl ExactSizeIterator<Item = &Arc<RuleTest>> {
        self.tests.values()
    }

    /// The set with only the scenarios that are wanted; policies and tests stay.
    pub fn retain(mut self, wanted: impl Fn(&Scenario) -> bool) -> Self {
        self.scenarios.retain(|_, scenario| wanted(scenario));
        self
    }

    /// The set without a scenario.
    pub fn without(mut self, name: &str) -> Self {
        self.scenarios.remove(name);
        self
    }

    /// How many scenarios there are.
    pub fn len(&self) -> usize {
        self.scenarios.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scenarios.is_empty()
    }

    /// Each rule is read by itself, so that what is wrong with one hides no other.
    fn add(&mut self, source: &Arc<Source>, catalogue: &Catalogue) -> Vec<Diagnostic> {
        let mut lower = Lower::new(catalogue, source);
        for span in lexer::rules(&source.text) {
            if span.end - span.start > RULE_BYTES_MAX {
                lower.too_large::<()>(span, "bytes", RULE_BYTES_MAX);
                continue;
            }
            lower.begin(span);
            match parse(&source.text[span.start..span.end]) {
                Ok(ast) => {
                    for statement in ast.statements() {
                        self.add_statement(statement, &mut lower);
                    }
                }
                Err(error) => {
                    let diagnostic = syntax_error(&mut lower, &error);
                    lower.report(diagnostic);
                }
            }
        }
        lower.diagnostics
    }

    fn add_statement(&mut self, statement: &Stmt, lower: &mut Lower<'_>) {
        let block = match statement {
            Stmt::Noop(_) => return,
            Stmt::Expr(expr) => match expr.as_ref() {
                Expr::Custom(custom, _) => Clauses::of(custom),
                _ => None,
            },
            _ => None,
        };
        let Some(clauses) = block else {
            let span = match statement {
                Stmt::Expr(expr) => lower.span_of(expr),
                other => lower.span(other.position()),
            };
            lower.report(Diagnostic::error(
                "PR0010",
                span,
                "only rules stand at the top of a rule file",
            ));
            return;
        };
        if let Some((name, first, second)) =
            clauses.repeated().filter(|(name, ..)| repeats_not(name))
        {
            let (first, second) = (lower.span(first), lower.span(second));
            let message = format!("`{name}` stands here twice");
            lower.report(Diagnostic::error("PR0012", second, message).related(first, "first here"));
            return;
        }
        match clauses.block {
            "scenario" => {
                let scenario = lower.scenario(&clauses);
                admit(&mut self.scenarios, scenario, lower);
            }
            "policy" => {
                let policy = lower.policy(&clauses);
                admit(&mut self.policies, policy, lower);
            }
            _ => {
                let test = lower.rule_test(&clauses);
                admit(&mut self.tests, test, lower);
            }
        }
    }
}

/// What a rule set holds under its name.
trait Named {
    const NOUN: &'static str;
    fn name(&self) -> &Arc<str>;
    fn place(&self) -> (&Arc<Source>, Span);
}

macro_rules! named {
    ($($type:ty, $noun:literal);*) => {$(
        impl Named for $type {
            const NOUN: &'static str = $noun;
            fn name(&self) -> &Arc<str> {
                &self.name
            }
            fn place(&self) -> (&Arc<Source>, Span) {
                (&self.source, self.span)
            }
        }
    )*};
}
named!(Scenario, "scenarios"; Policy, "policies"; RuleTest, "tests");

/// Takes a rule in, unless another has its name or there are too many.
fn admit<T: Named>(all: &mut BTreeMap<Arc<str>, Arc<T>>, rule: Option<T>, lower: &mut Lower<'_>) {
    let Some(rule) = rule else { return };
    let (_, span) = rule.place();
    if let Some(first) = all.get(rule.name()) {
        let (source, at) = first.place();
        let (line, _) = source.line_column(at.start);
        let message = format!("there are two {} `{}`", T::NOUN, rule.name());
        let help = format!("the first is in {} line {line}; rename one of them", source.name);
        let diagnostic = Diagnostic::error("PR0014", span, message).help(help);
        let same_file = Arc::ptr_eq(source, lower.source);
        lower.report(if same_file { diagnostic.related(at, "first here") } else { diagnostic });
    } else if all.len() >= RULES_MAX {
        let message = format!("a rule set has at most {RULES_MAX} {}", T::NOUN);
        lower.report(Diagnostic::error("PR0016", span, message));
    } else {
        all.insert(Arc::clone(rule.name()), Arc::new(rule));
    }
}

/// Clauses of tests repeat; all others stand once.
fn repeats_not(clause: &str) -> bool {
    !matches!(clause, "play" | "expect")
}

fn syntax_error(lower: &mut Lower<'_>, error: &rhai::ParseError) -> Diagnostic {
    let span = lower.span(error.position());
    let text = error.err_type().to_string();
    let code = match &text {
        text if text.contains(UNKNOWN_CLAUSE) => "PR0011",
        text if text.contains(TOO_MANY_CLAUSES) => "PR0017",
        _ => "PR0002",
    };
    let message = match error.err_type() {
        ParseErrorType::BadInput(lexical) => match lexical {
            rhai::LexError::ImproperSymbol(_, message) if !message.is_empty() => message.clone(),
            _ => text,
        },
        ParseErrorType::ExprTooDeep => "the expression is nested too deeply".to_owned(),
        _ => text,
    };
    Diagnostic::error(code, span, message)
}

/// The file, or the rule files below the directory.
fn rule_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() && !entry.is_symlink() {
            files.extend(rule_files(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "rhai") {
            files.push(entry);
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Arc<Source>, Box<Diagnostic>> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if size > RULE_FILE_BYTES_MAX {
        let message =
            format!("`{}` has {size} bytes, more than {RULE_FILE_BYTES_MAX}", path.display());
        return Err(Diagnostic::error("PR0003", Span::default(), message).into());
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(Arc::new(Source::new(path.display().to_string(), text)))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let message = format!("cannot read `{}`: {error}", path.display());
    Diagnostic::error("PR0001", Span::default(), message)
}
