//! What rules say of each other: scenarios that do not exist, and circles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::nearest;
use crate::condition::Condition;
use crate::diagnostic::Diagnostic;
use crate::limits::{DIAGNOSTICS_MAX, LEVELS_MAX, NEAREST_MAX};
use crate::rule_test::Expected;
use crate::ruleset::RuleSet;
use crate::scenario::Scenario;
use crate::source::{Source, Span};

/// Checks every reference of a set.
pub(crate) fn check(set: &RuleSet) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for scenario in set.scenarios() {
        unknown_scenarios(set, &conditions(scenario), &scenario.source, &mut found);
    }
    for policy in set.policies() {
        let when: Vec<&Condition> = policy.when.iter().collect();
        unknown_scenarios(set, &when, &policy.source, &mut found);
    }
    for test in set.tests() {
        for expect in &test.expects {
            for name in named(&expect.what).into_iter().filter(|name| set.scenario(name).is_none())
            {
                let may_look = found.len() < NEAREST_MAX;
                found.push(unknown(set, name, expect.span, &test.source, may_look));
            }
        }
    }
    found.truncate(DIAGNOSTICS_MAX);
    found.extend(circle(set));
    found
}

fn conditions(scenario: &Scenario) -> Vec<&Condition> {
    std::iter::once(&scenario.when).chain(&scenario.until).collect()
}

/// The scenarios that conditions ask about, with where they do.
fn mentions(conditions: &[&Condition]) -> Vec<(Arc<str>, Span)> {
    let atoms = conditions.iter().flat_map(|condition| &condition.atoms);
    atoms
        .flat_map(|atom| atom.reads().into_iter().map(move |fact| (fact, atom.expression.span)))
        .flat_map(|(fact, span)| {
            let mut asked = Vec::new();
            fact.asks(&mut asked);
            asked.into_iter().map(move |name| (name, span))
        })
        .collect()
}

fn unknown_scenarios(
    set: &RuleSet,
    conditions: &[&Condition],
    source: &Arc<Source>,
    found: &mut Vec<Diagnostic>,
) {
    for (name, span) in mentions(conditions) {
        if set.scenario(&name).is_none() {
            let may_look = found.len() < NEAREST_MAX;
            found.push(unknown(set, &name, span, source, may_look));
        }
    }
}

fn unknown(
    set: &RuleSet,
    name: &str,
    span: Span,
    source: &Arc<Source>,
    may_look: bool,
) -> Diagnostic {
    let names = set.scenarios().map(|scenario| &*scenario.name).filter(|_| may_look);
    let nearest = nearest(name, names);
    let diagnostic = Diagnostic::error("PR0161", span, format!("there is no scenario `{name}`"));
    let diagnostic = match nearest {
        Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
        None if !may_look => diagnostic,
        None => diagnostic.help("scenarios of other rule sets cannot be asked about"),
    };
    Diagnostic { source: Some(Arc::clone(source)), ..diagnostic }
}

fn named(what: &Expected) -> Vec<&Arc<str>> {
    match what {
        Expected::None(name) | Expected::Times(name, ..) | Expected::At(name, ..) => vec![name],
        Expected::Order(names) => names.iter().collect(),
        Expected::Denied(..) | Expected::Does(..) => Vec::new(),
    }
}

/// A circle of scenarios that ask about each other, or a chain of too many: none of them could
/// be decided first.
fn circle(set: &RuleSet) -> Option<Diagnostic> {
    let asks: BTreeMap<&str, Vec<(Arc<str>, Span)>> = set
        .scenarios()
        .map(|scenario| (&*scenario.name, mentions(&conditions(scenario))))
        .collect();
    let mut decided: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..LEVELS_MAX {
        let ready: Vec<&str> = asks
            .iter()
            .filter(|(name, _)| !decided.contains(**name))
            .filter(|(_, asked)| {
                asked
                    .iter()
                    .all(|(name, _)| decided.contains(&**name) || !asks.contains_key(&**name))
            })
            .map(|(name, _)| *name)
            .collect();
        decided.extend(ready);
    }
    let (name, asked) = asks.iter().find(|(name, _)| !decided.contains(**name))?;
    let scenario = set.scenario(name)?;
    let (other, span) = asked.iter().find(|(other, _)| !decided.contains(&**other))?;
    let message = format!("`{name}` asks about `{other}`, and that comes back to it");
    let diagnostic = Diagnostic::error("PR0162", *span, message)
        .label("neither can be decided first")
        .related(scenario.span, "this scenario");
    Some(Diagnostic { source: Some(Arc::clone(&scenario.source)), ..diagnostic })
}
