//! Results of rule tests: in numbers, as text, JSON and JUnit XML.

use std::fmt::Write as _;
use std::sync::Arc;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use thiserror::Error;

/// The version of the JSON form; it changes when a field changes its meaning or goes.
pub const RESULTS_VERSION: u32 = 1;

/// The results of all rule tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Results {
    /// [`RESULTS_VERSION`].
    pub version: u32,
    /// Each test, in the order of files and lines.
    pub tests: Vec<TestResult>,
}

/// The result of one rule test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// The name of the test.
    pub name: Arc<str>,
    /// Its file.
    pub file: Arc<str>,
    /// Its line there, from one.
    pub line: usize,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// All that it expects came true.
    Passed,
    /// Something that it expects did not come true.
    Failed {
        /// Each expectation that was not met, with what happened instead.
        failures: Vec<Failure>,
    },
    /// It could not be run.
    Broken {
        /// Why, and what to do.
        message: String,
    },
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The line of the expectation, from one.
    pub line: usize,
    /// The expectation as the rule file writes it.
    pub expected: String,
    /// What happened instead.
    pub found: String,
}

/// Why JUnit XML cannot be written.
#[derive(Debug, Error)]
#[error("cannot write JUnit XML")]
pub struct JunitError(#[from] quick_junit::SerializeError);

impl Results {
    /// The results of tests.
    pub fn new(tests: Vec<TestResult>) -> Self {
        Self { version: RESULTS_VERSION, tests }
    }

    /// How many tests passed, failed, and could not be run.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: fn(&Outcome) -> bool| {
            self.tests.iter().filter(|test| wanted(&test.outcome)).count()
        };
        (
            count(|outcome| matches!(outcome, Outcome::Passed)),
            count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            count(|outcome| matches!(outcome, Outcome::Broken { .. })),
        )
    }

    /// Whether every test passed.
    pub fn all_passed(&self) -> bool {
        self.tests.iter().all(|test| test.outcome == Outcome::Passed)
    }

    /// A line a test, what was not met, and the numbers.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for test in &self.tests {
            let TestResult { name, file, line, outcome } = test;
            let _ = writeln!(text, "{} {name} ({file}:{line})", outcome.word());
            match outcome {
                Outcome::Passed => {}
                Outcome::Failed { failures } => {
                    for failure in failures {
                        let _ = writeln!(text, "    {failure}");
                    }
                }
                Outcome::Broken { message } => {
                    let _ = writeln!(text, "    {message}");
                }
            }
        }
        let (passed, failed, broken) = self.counts();
        let _ = writeln!(text, "{passed} passed, {failed} failed, {broken} broken");
        text
    }

    /// JSON with the field names of these results.
    ///
    /// # Errors
    /// None that results can cause.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// JUnit XML: a suite a file, and no times, so that equal results are equal text.
    ///
    /// # Errors
    /// None that results can cause.
    pub fn to_junit(&self) -> Result<String, JunitError> {
        let mut report = Report::new("piccolo");
        for file in self.tests.chunk_by(|a, b| a.file == b.file) {
            let Some(first) = file.first() else { continue };
            let mut suite = TestSuite::new(&*first.file);
            suite.add_test_cases(file.iter().map(case));
            report.add_test_suite(suite);
        }
        Ok(report.to_string()?)
    }
}

fn case(test: &TestResult) -> TestCase {
    let status = match &test.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed { failures } => {
            let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(lines.first().cloned().unwrap_or_default());
            status.set_description(lines.join("\n"));
            status
        }
        Outcome::Broken { message } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(message.as_str());
            status
        }
    };
    let mut case = TestCase::new(&*test.name, status);
    case.set_classname(&*test.file);
    case.extra.insert("file".into(), (&*test.file).into());
    case.extra.insert("line".into(), test.line.to_string().into());
    case
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "ok     ",
            Self::Failed { .. } => "FAILED ",
            Self::Broken { .. } => "BROKEN ",
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: expected {}, but {}", self.line, self.expected, self.found)
    }
}
