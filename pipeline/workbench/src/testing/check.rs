//! Whether what a test expects came true, and what happened instead.

use std::sync::Arc;

use piccolo_engine::{Decision, Edge, Withheld};
use piccolo_script::{ActionKind, Expect, Expected, RuleSet, RuleTest, Source, TestEdge};
use rustc_hash::FxHashMap;

use super::VEHICLE;
use super::near::Near;
use crate::results::Failure;

/// The most times that a message lists.
const TIMES_SHOWN_MAX: usize = 5;

/// What came of a test.
pub(super) struct Ran<'a> {
    pub(super) decisions: &'a [Decision],
    pub(super) near: &'a FxHashMap<Arc<str>, Near>,
    pub(super) rules: &'a RuleSet,
}

/// The scenarios of which a failure would say how near they came.
pub(super) fn watched(test: &RuleTest, rules: &RuleSet) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    for expect in &test.expects {
        match &expect.what {
            Expected::None(_) => {}
            Expected::Times(scenario, ..) | Expected::At(scenario, ..) => {
                names.push(Arc::clone(scenario));
            }
            Expected::Order(scenarios) => names.extend(scenarios.iter().cloned()),
            Expected::Denied(kind, target) | Expected::Does(kind, target) => {
                names.extend(askers(rules, *kind, target));
            }
        }
    }
    names
}

/// The scenarios that ask for an action.
fn askers(rules: &RuleSet, kind: ActionKind, target: &str) -> Vec<Arc<str>> {
    let asks = rules.scenarios().filter(|scenario| {
        let mut actions = scenario.then.iter().chain(&scenario.finally);
        actions.any(|action| action.kind == kind && *action.target == *target)
    });
    asks.map(|scenario| Arc::clone(&scenario.name)).collect()
}

/// What was not met, in the order of the test.
pub(super) fn failures(test: &RuleTest, ran: &Ran<'_>) -> Vec<Failure> {
    let failed = |expect: &Expect| {
        let found = ran.check(&expect.what)?;
        let line = test.source.line_column(expect.span.start).0;
        Some(Failure { line, expected: written(&test.source, expect.span.start), found })
    };
    test.expects.iter().filter_map(failed).collect()
}

/// The call that begins at a byte, as it is written, in one line.
fn written(source: &Source, start: usize) -> String {
    let text = source.text.get(start..).unwrap_or_default();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    end = at + 1;
                    break;
                }
            }
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    let words: Vec<&str> = text[..end].split_whitespace().collect();
    words.join(" ")
}

/// A time in seconds.
pub(super) fn seconds(time_us: u64) -> String {
    format!("{} s", time_us as f64 / 1e6)
}

impl Ran<'_> {
    /// What happened instead; none where the expectation is met.
    fn check(&self, expected: &Expected) -> Option<String> {
        match expected {
            Expected::None(scenario) => {
                let begins = self.edges(scenario, TestEdge::Begins);
                (!begins.is_empty()).then(|| format!("it began {}", times(&begins)))
            }
            Expected::Times(scenario, edge, count) => self.check_times(scenario, *edge, *count),
            Expected::At(scenario, edge, at_us, tolerance_us) => {
                self.check_at(scenario, *edge, *at_us, *tolerance_us)
            }
            Expected::Order(scenarios) => self.check_order(scenarios),
            Expected::Denied(kind, target) => self.check_denied(*kind, target),
            Expected::Does(kind, target) => self.check_does(*kind, target),
        }
    }

    fn edges(&self, scenario: &str, edge: TestEdge) -> Vec<&Decision> {
        let wanted = match edge {
            TestEdge::Begins => Edge::Begin,
            TestEdge::Ends => Edge::End,
        };
        let fits = |one: &&Decision| *one.scenario == *scenario && one.edge == wanted;
        self.decisions.iter().filter(fits).collect()
    }

    fn check_times(&self, scenario: &str, edge: TestEdge, count: u64) -> Option<String> {
        let edges = self.edges(scenario, edge);
        if edges.len() as u64 == count {
            return None;
        }
        if edges.is_empty() {
            return Some(self.never(scenario, edge));
        }
        let often = if edges.len() == 1 { "once" } else { &format!("{} times", edges.len()) };
        Some(format!("it {} {often}, {}", verb(edge), times(&edges)))
    }

    fn check_at(
        &self,
        scenario: &str,
        edge: TestEdge,
        at_us: u64,
        tolerance_us: u64,
    ) -> Option<String> {
        let edges = self.edges(scenario, edge);
        let Some(nearest) = edges.iter().min_by_key(|one| one.time_us.abs_diff(at_us)) else {
            return Some(self.never(scenario, edge));
        };
        let off_us = nearest.time_us.abs_diff(at_us);
        if off_us <= tolerance_us {
            return None;
        }
        let side = if nearest.time_us > at_us { "late" } else { "early" };
        Some(format!("it {} {}, {} {side}", verb(edge), times(&[nearest]), seconds(off_us)))
    }

    fn check_order(&self, scenarios: &[Arc<str>]) -> Option<String> {
        let mut before: Option<(&Arc<str>, u64)> = None;
        for scenario in scenarios {
            let begins = self.edges(scenario, TestEdge::Begins);
            let Some(first) = begins.first() else {
                return Some(format!("`{scenario}` {}", self.never_began(scenario)));
            };
            if let Some((other, other_us)) = before.filter(|(_, time_us)| *time_us >= first.time_us)
            {
                let (time, other_time) = (seconds(first.time_us), seconds(other_us));
                return Some(format!("`{scenario}` began at {time}, `{other}` at {other_time}"));
            }
            before = Some((scenario, first.time_us));
        }
        None
    }

    fn check_denied(&self, kind: ActionKind, target: &str) -> Option<String> {
        let withheld = self.withheld(kind, target);
        if withheld.iter().any(|(_, withheld)| withheld.reason.is_some()) {
            return None;
        }
        if let Some((decision, scenario)) = self.done(kind, target) {
            return Some(format!("it was done {} for `{scenario}`", times(&[decision])));
        }
        Some(self.not_done(kind, target, &withheld))
    }

    fn check_does(&self, kind: ActionKind, target: &str) -> Option<String> {
        if self.done(kind, target).is_some() {
            return None;
        }
        Some(self.not_done(kind, target, &self.withheld(kind, target)))
    }

    /// The first time that an action is done, with the scenario that asked for it.
    fn done(&self, kind: ActionKind, target: &str) -> Option<(&Decision, &Arc<str>)> {
        self.decisions.iter().find_map(|decision| {
            let mut actions = decision.actions.iter();
            let action =
                actions.find(|action| action.kind == kind.name() && *action.target == *target)?;
            Some((decision, action.scenario.as_ref().unwrap_or(&decision.scenario)))
        })
    }

    fn withheld(&self, kind: ActionKind, target: &str) -> Vec<(&Decision, &Withheld)> {
        let all = self.decisions.iter();
        let all = all.flat_map(|one| one.withheld.iter().map(move |withheld| (one, withheld)));
        all.filter(|(_, withheld)| withheld.kind == kind.name() && *withheld.target == *target)
            .collect()
    }

    /// Why an action was not done.
    fn not_done(
        &self,
        kind: ActionKind,
        target: &str,
        withheld: &[(&Decision, &Withheld)],
    ) -> String {
        if let Some((decision, withheld)) = withheld.first() {
            return format!("it was {} {}", reason(withheld), times(&[decision]));
        }
        if let Some((decision, kind, target, by)) = self.changed(kind, target) {
            let when = times(&[decision]);
            return format!("policy `{by}` changed it to `{kind}({target})` {when}");
        }
        let askers = askers(self.rules, kind, target);
        match askers.as_slice() {
            [] => "no scenario asks for it".to_owned(),
            askers => {
                let each = askers.iter().map(|asker| {
                    if self.edges(asker, TestEdge::Begins).is_empty() {
                        format!("`{asker}`, which asks for it, {}", self.never_began(asker))
                    } else {
                        format!("`{asker}`, which asks for it, began and did not do it")
                    }
                });
                each.collect::<Vec<String>>().join("; ")
            }
        }
    }

    /// The action that a policy made of one that a scenario asked for.
    fn changed(
        &self,
        kind: ActionKind,
        target: &str,
    ) -> Option<(&Decision, &'static str, &Arc<str>, &Arc<str>)> {
        self.decisions.iter().find_map(|decision| {
            let action = decision.actions.iter().find(|action| action.changed_by.is_some())?;
            let by = action.changed_by.as_ref()?;
            let mut policies = self.rules.policies();
            let policy = policies.find(|policy| policy.name == *by)?;
            let guards = policy.guards(kind, target);
            guards.then_some((decision, action.kind, &action.target, by))
        })
    }

    fn never(&self, scenario: &str, edge: TestEdge) -> String {
        if edge == TestEdge::Begins {
            return format!("it {}", self.never_began(scenario));
        }
        match self.edges(scenario, TestEdge::Begins).as_slice() {
            [] => format!("it {}", self.never_began(scenario)),
            begins => format!("it never ended; it began {}", times(begins)),
        }
    }

    fn never_began(&self, scenario: &str) -> String {
        let held_us = self.rules.scenario(scenario).map_or(0, |scenario| scenario.held_us);
        match self.near.get(scenario) {
            Some(near) => format!("never began; {}", near.describe(held_us)),
            None => "never began".to_owned(),
        }
    }
}

fn verb(edge: TestEdge) -> &'static str {
    match edge {
        TestEdge::Begins => "began",
        TestEdge::Ends => "ended",
    }
}

/// Why an action is withheld.
fn reason(withheld: &Withheld) -> String {
    let Withheld { overruled_by, no_value_for, denied_by, reason, .. } = withheld;
    match (reason, denied_by, overruled_by, no_value_for) {
        (Some(reason), Some(by), ..) => format!("denied by policy `{by}` ({reason})"),
        (Some(reason), None, ..) => format!("denied ({reason})"),
        (None, _, Some(by), _) => format!("overruled by `{by}`"),
        (None, _, None, Some(argument)) => format!("left out, as `{argument}` has no value,"),
        (None, _, None, None) => "withheld".to_owned(),
    }
}

/// `at 1 s, 2.5 s`, with the vehicle where it is not the test's own.
fn times(decisions: &[&Decision]) -> String {
    let shown = decisions.iter().take(TIMES_SHOWN_MAX).map(|decision| {
        let time = seconds(decision.time_us);
        if *decision.vehicle == *VEHICLE {
            time
        } else {
            format!("{time} in `{}`", decision.vehicle)
        }
    });
    let shown: Vec<String> = shown.collect();
    let more = decisions.len().saturating_sub(TIMES_SHOWN_MAX);
    let more = if more > 0 { format!(" and {more} times more") } else { String::new() };
    format!("at {}{more}", shown.join(", "))
}
