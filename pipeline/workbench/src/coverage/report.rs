//! What was covered and what was not: one report for text, JSON and HTML.

use std::sync::Arc;

use serde::Serialize;

use super::measure::{AtomMeasure, Pair, measure};
use super::possible::{PossibleAtom, Verdict, possible};
use super::seen::{First, Observed, Origin, OriginKind, Seen};
use super::subject::{Clause, RuleKind, Subject};
use super::totals::Totals;
use super::{Vector, html, text};

/// The version of the JSON form; it changes when a field changes its meaning or goes.
pub const REPORT_VERSION: u32 = 1;

/// Coverage of all conditions.
#[derive(Clone, Debug, Serialize)]
pub struct CoverageReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The drives and tests that it comes from.
    pub origins: Vec<Origin>,
    /// All conditions together.
    pub totals: Totals,
    /// Each condition.
    pub conditions: Vec<SubjectReport>,
}

/// Coverage of one condition.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectReport {
    /// The kind of the rule.
    pub kind: RuleKind,
    /// The name of the rule.
    pub rule: Arc<str>,
    /// Which of its conditions.
    pub clause: Clause,
    /// The file of the rule.
    pub file: Arc<str>,
    /// The line of its name, from one.
    pub line: usize,
    /// The condition as text.
    pub condition: Arc<str>,
    /// How many distinct vectors of truths were seen.
    pub vectors: usize,
    /// How many came when no more could be kept: what they show is missing here.
    pub vectors_dropped: u64,
    /// Whether there were too many combinations to prove what is impossible.
    pub undecided: bool,
    /// It in numbers.
    pub totals: Totals,
    /// Whether it was seen to hold.
    pub holds: SideReport,
    /// Whether it was seen not to hold, be it false or unknown.
    pub fails: SideReport,
    /// Where it was seen unknown, which covers no more than that it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<FirstReport>,
    /// Each atom, in the order of the text.
    pub atoms: Vec<AtomReport>,
    #[serde(skip)]
    pub(super) subject: Arc<Subject>,
}

/// Coverage of one atom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtomReport {
    /// The atom as text.
    pub atom: Arc<str>,
    /// The line where it stands first, from one.
    pub line: usize,
    /// Whether it was seen true.
    #[serde(rename = "true")]
    pub true_: SideReport,
    /// Whether it was seen false.
    #[serde(rename = "false")]
    pub false_: SideReport,
    /// Where it was seen unknown, which covers nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<FirstReport>,
    /// Whether it has shown its independent effect (MC/DC).
    pub independence: IndependenceReport,
}

/// Whether one thing was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum SideReport {
    /// It was.
    Seen(FirstReport),
    /// It was not.
    Missing,
    /// No input can show it.
    Impossible {
        /// Why.
        reason: Arc<str>,
    },
}

/// Where something was seen first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstReport {
    /// A drive or a test.
    pub origin: OriginKind,
    /// Its name.
    pub name: Arc<str>,
    /// Event time in it, in microseconds.
    pub time_us: u64,
}

/// Whether an atom has shown its independent effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum IndependenceReport {
    /// It has, by two vectors.
    Seen {
        /// The vector in which it is true.
        when_true: VectorReport,
        /// The vector in which it is false.
        when_false: VectorReport,
    },
    /// It has not.
    Missing {
        /// What was not seen.
        lacks: Arc<str>,
    },
    /// No input can show it.
    Impossible {
        /// Why.
        reason: Arc<str>,
    },
}

/// A vector of truths, and where it was seen first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VectorReport {
    /// A letter an atom, in the order of the text: `T`, `F`, `?`.
    pub truths: String,
    /// Whether the condition holds there.
    pub holds: bool,
    /// Where it was seen first.
    #[serde(flatten)]
    pub first: FirstReport,
}

impl CoverageReport {
    /// The report of all that was seen.
    pub fn new(observed: &Observed) -> Self {
        let conditions: Vec<SubjectReport> =
            observed.iter().map(|(subject, seen)| condition(subject, seen, observed)).collect();
        let mut totals = Totals::default();
        conditions.iter().for_each(|condition| totals.add(&condition.totals));
        let origins = observed.origins().to_vec();
        Self { version: REPORT_VERSION, origins, totals, conditions }
    }

    /// What is missing, for a terminal.
    pub fn to_text(&self) -> String {
        text::render(self)
    }

    /// One page of HTML that needs nothing else.
    pub fn to_html(&self) -> String {
        html::render(self)
    }

    /// JSON with the field names of this report.
    ///
    /// # Errors
    /// None that a report can cause.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

fn condition(subject: &Arc<Subject>, seen: &Seen, observed: &Observed) -> SubjectReport {
    let measure = measure(&subject.formula, subject.atoms.len(), seen);
    let possible = possible(subject);
    let mut totals = Totals::default();
    let holds = side(measure.holds, &possible.holds, observed);
    let fails = side(measure.fails, &possible.fails, observed);
    for side in [&holds, &fails] {
        count(side.covered(), &mut totals.branch, &mut totals.impossible);
    }
    let atoms = subject.atoms.iter().zip(measure.atoms.iter().zip(&possible.atoms));
    let atoms: Vec<AtomReport> = atoms
        .map(|(atom, (measure, possible))| AtomReport {
            atom: Arc::clone(&atom.text),
            line: subject.source.line_column(atom.span.start).0,
            true_: side(measure.true_, &possible.true_, observed),
            false_: side(measure.false_, &possible.false_, observed),
            unknown: measure.unknown.and_then(|first| observed.first(first)),
            independence: independence(measure, possible, observed),
        })
        .collect();
    for atom in &atoms {
        for side in [&atom.true_, &atom.false_] {
            count(side.covered(), &mut totals.condition, &mut totals.impossible);
        }
        count(atom.independence.covered(), &mut totals.mcdc, &mut totals.impossible);
    }
    SubjectReport {
        kind: subject.kind,
        rule: Arc::clone(&subject.rule),
        clause: subject.clause,
        file: Arc::clone(&subject.source.name),
        line: subject.source.line_column(subject.span.start).0,
        condition: Arc::clone(&subject.condition),
        vectors: seen.len(),
        vectors_dropped: seen.dropped(),
        undecided: possible.holds == Verdict::Undecided,
        totals,
        holds,
        fails,
        unknown: measure.unknown.and_then(|first| observed.first(first)),
        atoms,
        subject: Arc::clone(subject),
    }
}

/// Counts what is covered or not; none is impossible.
fn count(covered: Option<bool>, ratio: &mut super::Ratio, impossible: &mut usize) {
    match covered {
        Some(covered) => ratio.count(covered),
        None => *impossible += 1,
    }
}

/// What was seen is possible, whatever was proved.
fn side(seen: Option<First>, possible: &Verdict, observed: &Observed) -> SideReport {
    match (seen.and_then(|first| observed.first(first)), possible) {
        (Some(first), _) => SideReport::Seen(first),
        (None, Verdict::Impossible(reason)) => {
            SideReport::Impossible { reason: reason.to_string().into() }
        }
        (None, _) => SideReport::Missing,
    }
}

fn independence(
    measure: &AtomMeasure,
    possible: &PossibleAtom,
    observed: &Observed,
) -> IndependenceReport {
    let pair = measure.pair.as_ref();
    match (pair.and_then(|pair| seen_pair(pair, observed)), &possible.independence) {
        (Some(seen), _) => seen,
        (None, Verdict::Impossible(reason)) => {
            IndependenceReport::Impossible { reason: reason.to_string().into() }
        }
        (None, _) => {
            let lacks = match measure.decided {
                [false, false] => "it was never seen to decide",
                [false, true] => "it was never seen to decide while it was false",
                [true, false] => "it was never seen to decide while it was true",
                [true, true] => "where it decided, the outcome was always the same",
            };
            IndependenceReport::Missing { lacks: lacks.into() }
        }
    }
}

fn seen_pair(pair: &Pair, observed: &Observed) -> Option<IndependenceReport> {
    let report = |(vector, first): &(Vector, First), holds: bool| {
        let letter = |truth: Option<bool>| match truth {
            Some(true) => 'T',
            Some(false) => 'F',
            None => '?',
        };
        let truths = vector.truths().map(letter).collect();
        Some(VectorReport { truths, holds, first: observed.first(*first)? })
    };
    Some(IndependenceReport::Seen {
        when_true: report(&pair.when_true, pair.holds_when_true)?,
        when_false: report(&pair.when_false, !pair.holds_when_true)?,
    })
}

impl Observed {
    fn first(&self, first: First) -> Option<FirstReport> {
        let origin = self.origins().get(first.origin as usize)?;
        let name = Arc::clone(&origin.name);
        Some(FirstReport { origin: origin.kind, name, time_us: first.time_us })
    }
}

impl SideReport {
    /// Whether it is covered; none where that is impossible.
    pub fn covered(&self) -> Option<bool> {
        match self {
            Self::Seen(_) => Some(true),
            Self::Missing => Some(false),
            Self::Impossible { .. } => None,
        }
    }
}

impl IndependenceReport {
    /// Whether it is covered; none where that is impossible.
    pub fn covered(&self) -> Option<bool> {
        match self {
            Self::Seen { .. } => Some(true),
            Self::Missing { .. } => Some(false),
            Self::Impossible { .. } => None,
        }
    }
}

impl AtomReport {
    /// Whether it is covered in each of the three ways: true, false, independent.
    pub(super) fn covered(&self) -> [Option<bool>; 3] {
        [self.true_.covered(), self.false_.covered(), self.independence.covered()]
    }
}
