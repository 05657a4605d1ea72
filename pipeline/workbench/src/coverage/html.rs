//! The report as one page of HTML that needs nothing else.

use std::sync::Arc;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::report::{
    AtomReport, CoverageReport, FirstReport, IndependenceReport, SideReport, SubjectReport,
};
use super::source::{Grade, Mark, join, lines};
use super::text::{among, atom_gaps};
use super::totals::{Ratio, Totals};

const STYLE: &str = include_str!("html/style.css");

pub(super) fn render(report: &CoverageReport) -> String {
    let among = among(&report.origins);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Rule coverage" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Rule coverage" }
                    p { (report.conditions.len()) " conditions, seen in " (among) "." }
                    (summary(report))
                    p.legend {
                        "In the rules: "
                        span.full { "covered in every way that is possible" } ", "
                        span.partly { "partly covered" } ", "
                        span.not { "not covered" } ". "
                        "Condition: each atom was true and false. "
                        "Branch: the condition held and did not. "
                        "MC/DC: each atom decided by itself (masking). "
                        "What no input can show does not count."
                    }
                    @for file in files(report) { (file_section(&file, &among)) }
                    (origins(report))
                }
            }
        }
    };
    page.into_string()
}

/// A condition with its number in the report.
type Numbered<'a> = (usize, &'a SubjectReport);

/// The conditions of each file, in the order of the report.
fn files(report: &CoverageReport) -> Vec<Vec<Numbered<'_>>> {
    let mut files: Vec<Vec<Numbered<'_>>> = Vec::new();
    for (number, condition) in report.conditions.iter().enumerate() {
        let source = &condition.subject.source;
        let same = |file: &&mut Vec<Numbered<'_>>| {
            file.first().is_some_and(|(_, first)| Arc::ptr_eq(&first.subject.source, source))
        };
        match files.iter_mut().find(same) {
            Some(file) => file.push((number, condition)),
            None => files.push(vec![(number, condition)]),
        }
    }
    files
}

fn summary(report: &CoverageReport) -> Markup {
    html! {
        table {
            thead { tr { th { "rule" } th { "clause" } (heads()) } }
            tbody {
                @for (index, condition) in report.conditions.iter().enumerate() {
                    tr {
                        td { a href={ "#c" (index) } { (condition.kind) " " (condition.rule) } }
                        td { (condition.clause) }
                        (cells(&condition.totals))
                    }
                }
            }
            tfoot { tr { th colspan="2" { "all" } (cells(&report.totals)) } }
        }
    }
}

fn heads() -> Markup {
    html! {
        @for head in ["condition", "branch", "MC/DC", "impossible"] { th.number { (head) } }
    }
}

fn cells(totals: &Totals) -> Markup {
    html! {
        @for (_, ratio) in totals.metrics() { (cell(ratio)) }
        td.number { (totals.impossible) }
    }
}

fn cell(ratio: Ratio) -> Markup {
    let grade = match ratio.covered {
        covered if covered == ratio.of => "full",
        0 => "not",
        _ => "partly",
    };
    html! { td class={ "number " (grade) } { (ratio) } }
}

fn details(index: usize, condition: &SubjectReport) -> Markup {
    html! {
        section id={ "c" (index) } {
            h3 { (condition.kind) " " (condition.rule) ", " (condition.clause) }
            p { (condition.file) ":" (condition.line) ", " (condition.vectors) " distinct vectors" }
            @if condition.undecided {
                p.note { "It has too many combinations to prove what is impossible." }
            }
            @if condition.vectors_dropped > 0 {
                p.note { (condition.vectors_dropped) " vectors came when no more could be kept: it may be covered better." }
            }
            table {
                thead { tr { th { "atom" } th { "true" } th { "false" } th { "unknown" } th { "own effect" } } }
                tbody {
                    tr {
                        td { "the condition" }
                        td { (side(&condition.holds)) }
                        td { (side(&condition.fails)) }
                        td { (unknown(condition.unknown.as_ref())) } td {}
                    }
                    @for atom in &condition.atoms { (atom_row(atom)) }
                }
            }
        }
    }
}

fn atom_row(atom: &AtomReport) -> Markup {
    html! {
        tr {
            td { code { (atom.atom) } }
            td { (side(&atom.true_)) }
            td { (side(&atom.false_)) }
            td { (unknown(atom.unknown.as_ref())) }
            td { (independence(&atom.independence)) }
        }
    }
}

fn unknown(first: Option<&FirstReport>) -> Markup {
    html! {
        @if let Some(first) = first { (first.name) " " (seconds(first.time_us)) }
    }
}

fn side(side: &SideReport) -> Markup {
    html! {
        @match side {
            SideReport::Seen(first) => span.full { (first.name) " " (seconds(first.time_us)) },
            SideReport::Missing => span.not { "never" },
            SideReport::Impossible { reason } => span.none { (reason) },
        }
    }
}

fn independence(independence: &IndependenceReport) -> Markup {
    html! {
        @match independence {
            IndependenceReport::Seen { when_true, when_false } => {
                @for vector in [when_true, when_false] {
                    div.full {
                        code { (vector.truths) }
                        @if vector.holds { " holds, " } @else { " holds not, " }
                        (vector.first.name) " " (seconds(vector.first.time_us))
                    }
                }
            }
            IndependenceReport::Missing { lacks } => span.not { (lacks) },
            IndependenceReport::Impossible { reason } => span.none { (reason) },
        }
    }
}

/// The time as seconds, exact to the microsecond.
fn seconds(time_us: u64) -> String {
    let text = format!("{}.{:06}", time_us / 1_000_000, time_us % 1_000_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

fn file_section(conditions: &[Numbered<'_>], among: &str) -> Markup {
    let Some((_, first)) = conditions.first() else { return html! {} };
    let marks = conditions.iter().flat_map(|(_, condition)| marks(condition, among));
    let marks = join(marks.collect());
    html! {
        section {
            h2 { (first.file) }
            pre {
                @for (number, line) in lines(&first.subject.source, &marks).iter().enumerate() {
                    span.line { (number + 1) }
                    @for (text, mark) in line {
                        @match mark.and_then(|mark| marks.get(mark)) {
                            Some(mark) => span class=(class(mark.grade)) title=(mark.note) { (text) },
                            None => (text),
                        }
                    }
                    "\n"
                }
            }
            @for (number, condition) in conditions { (details(*number, condition)) }
        }
    }
}

fn class(grade: Grade) -> &'static str {
    match grade {
        Grade::Full => "full",
        Grade::Partly => "partly",
        Grade::Not => "not",
    }
}

fn marks(condition: &SubjectReport, among: &str) -> Vec<Mark> {
    let atoms = condition.atoms.iter().zip(&condition.subject.atoms);
    atoms
        .map(|(report, atom)| {
            let ways: Vec<bool> = report.covered().into_iter().flatten().collect();
            let grade = match ways.iter().filter(|covered| **covered).count() {
                count if count == ways.len() => Grade::Full,
                0 => Grade::Not,
                _ => Grade::Partly,
            };
            let gaps = atom_gaps(report, among);
            let told = if gaps.is_empty() { "is covered".to_owned() } else { gaps.join("; ") };
            Mark { span: atom.span, grade, note: format!("{} {told}", report.atom) }
        })
        .collect()
}

fn origins(report: &CoverageReport) -> Markup {
    html! {
        section {
            h2 { "Seen in" }
            ul {
                @for origin in &report.origins {
                    li { (origin.kind.name()) " " (origin.name) }
                }
            }
        }
    }
}
