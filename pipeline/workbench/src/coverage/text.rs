//! The report for a terminal: what is missing, and the numbers.

use std::fmt::Write as _;

use super::report::{AtomReport, CoverageReport, IndependenceReport, SideReport, SubjectReport};
use super::seen::{Origin, OriginKind};
use super::subject::{Clause, RuleKind};

pub(super) fn render(report: &CoverageReport) -> String {
    let mut text = String::new();
    let among = among(&report.origins);
    let mut previous = None;
    for condition in &report.conditions {
        let rule = (condition.kind, &condition.rule);
        if previous != Some(rule) {
            let SubjectReport { kind, rule, file, line, .. } = condition;
            let _ = writeln!(text, "{kind} {rule} ({file}:{line})");
        }
        previous = Some(rule);
        describe(&mut text, condition, &among);
    }
    let _ = writeln!(text, "in {among}: {}", numbers(&report.totals));
    text
}

fn describe(text: &mut String, condition: &SubjectReport, among: &str) {
    let _ = writeln!(text, "  {} {}", condition.clause, condition.condition);
    let _ = writeln!(text, "    {}", numbers(&condition.totals));
    for gap in gaps(condition, among) {
        let _ = writeln!(text, "    - {gap}");
    }
}

/// Coverage in one line.
pub(super) fn numbers(totals: &super::Totals) -> String {
    let metrics = totals.metrics().map(|(metric, ratio)| format!("{metric} {ratio}"));
    let mut text = metrics.join(", ");
    if totals.impossible > 0 {
        let _ = write!(text, ", {} impossible", totals.impossible);
    }
    text
}

/// What a reader should know of a condition that is not wholly covered, a sentence each.
pub(super) fn gaps(condition: &SubjectReport, among: &str) -> Vec<String> {
    let mut gaps = Vec::new();
    let sides = [(&condition.holds, "held"), (&condition.fails, "failed to hold")];
    for (side, what) in sides {
        match side {
            SideReport::Seen(_) => {}
            SideReport::Missing => gaps.push(format!("it never {what} in {among}")),
            SideReport::Impossible { reason } => gaps.push(reason.to_string()),
        }
    }
    for atom in &condition.atoms {
        gaps.extend(atom_gaps(atom, among).into_iter().map(|gap| format!("`{}` {gap}", atom.atom)));
    }
    if condition.undecided {
        gaps.push("it has too many combinations to prove what is impossible".to_owned());
    }
    if condition.vectors_dropped > 0 {
        let count = condition.vectors_dropped;
        gaps.push(format!(
            "{count} times more combinations came than are kept: it may be covered better"
        ));
    }
    gaps
}

/// What is missing of an atom, or cannot be.
pub(super) fn atom_gaps(atom: &AtomReport, among: &str) -> Vec<String> {
    let mut gaps = Vec::new();
    for (side, truth) in [(&atom.true_, "true"), (&atom.false_, "false")] {
        match side {
            SideReport::Seen(_) => {}
            SideReport::Missing => gaps.push(format!("was never {truth} in {among}")),
            SideReport::Impossible { .. } => gaps.push(format!("can never be {truth}")),
        }
    }
    match &atom.independence {
        IndependenceReport::Seen { .. } => {}
        // A truth that was not seen says all.
        IndependenceReport::Missing { .. } if !gaps.is_empty() => {}
        IndependenceReport::Missing { lacks } => {
            gaps.push(format!("has not shown its own effect: {lacks}"));
        }
        IndependenceReport::Impossible { reason } => {
            gaps.push(format!("cannot show an effect of its own: {reason}"));
        }
    }
    gaps
}

/// `14 drives and 1 test`.
pub(super) fn among(origins: &[Origin]) -> String {
    let count = |kind: OriginKind, one: &str| {
        let count = origins.iter().filter(|origin| origin.kind == kind).count();
        match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {one}s")),
        }
    };
    let counts = [count(OriginKind::Drive, "drive"), count(OriginKind::Test, "test")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "no drive and no test".to_owned() } else { counts.join(" and ") }
}

impl std::fmt::Display for RuleKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scenario => "scenario",
            Self::Policy => "policy",
        })
    }
}

impl std::fmt::Display for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::When => "when",
            Self::Until => "until",
        })
    }
}
