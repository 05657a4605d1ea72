//! Policies that decide nothing, and tests that test nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::values::nearest;
use crate::action::{ActionKind, ActionTemplate};
use crate::condition::{Condition, Formula};
use crate::diagnostic::Diagnostic;
use crate::limits::{DIAGNOSTICS_MAX, NEAREST_MAX, POLICIES_COMPARED_MAX};
use crate::policy::{Guard, Policy, Verdict};
use crate::ruleset::RuleSet;
use crate::source::Source;

/// Checks every policy and test of a set.
pub(crate) fn check(set: &RuleSet) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let done = targets(set);
    let always: Vec<&Arc<Policy>> = set
        .policies()
        .filter(|policy| is_always(policy.when.as_ref()))
        .take(POLICIES_COMPARED_MAX)
        .collect();
    for policy in set.policies() {
        for guard in policy.on.iter().filter(|_| !set.is_empty()) {
            let says = guards_nothing(guard, &done, found.len() < NEAREST_MAX);
            found.extend(says.map(|says| at(&policy.source, says)));
        }
        if found.len() >= DIAGNOSTICS_MAX {
            break;
        }
        let over = always.iter().find(|other| shadows(other, policy));
        found.extend(over.map(|over| at(&policy.source, shadowed(policy, over))));
    }
    for test in set.tests() {
        if test.given.is_empty() && test.plays.is_empty() {
            let diagnostic = Diagnostic::warning("PR0184", test.span, "the test feeds nothing in")
                .label("no `given` and no `play`")
                .help("add `play SIGNAL, [[MILLISECONDS, VALUE], ...]`");
            found.push(at(&test.source, diagnostic));
        }
    }
    found
}

fn at(source: &Arc<Source>, diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { source: Some(Arc::clone(source)), ..diagnostic }
}

/// What the rules of a set do, each kind and target once.
fn targets(set: &RuleSet) -> BTreeSet<(&'static str, Arc<str>)> {
    let note = |action: &ActionTemplate| (action.kind.name(), Arc::clone(&action.target));
    let of_scenarios = set
        .scenarios()
        .flat_map(|scenario| scenario.then.iter().chain(&scenario.finally).map(note));
    let of_policies = set.policies().filter_map(|policy| match &policy.verdict {
        Verdict::Change(action) => Some(note(action)),
        Verdict::Deny(_) | Verdict::Allow => None,
    });
    of_scenarios.chain(of_policies).collect()
}

/// A guard that names one target, which no rule does anything to.
fn guards_nothing(
    guard: &Guard,
    done: &BTreeSet<(&'static str, Arc<str>)>,
    may_look: bool,
) -> Option<Diagnostic> {
    if guard.pattern.contains(['*', '?']) {
        return None;
    }
    let fits = |kind: &str| guard.kind.is_none_or(|known| known.name() == kind);
    let is_done = |(_, kind): &(ActionKind, &'static str)| {
        fits(kind) && done.contains(&(*kind, Arc::clone(&guard.pattern)))
    };
    if ActionKind::ALL.iter().any(is_done) {
        return None;
    }
    let kind = guard.kind.map_or("do", ActionKind::name);
    let message = format!("no rule of this set would {kind} `{}`", guard.pattern);
    let diagnostic = Diagnostic::warning("PR0172", guard.span, message)
        .label("guards what only a person asks for");
    let others =
        done.iter().filter(|(kind, _)| may_look && fits(kind)).map(|(_, target)| &**target);
    Some(match nearest(&guard.pattern, others) {
        Some(nearest) => diagnostic.help(format!("did you mean `{nearest}`?")),
        None => diagnostic,
    })
}

/// Whether a policy applies to all that it guards.
fn is_always(when: Option<&Condition>) -> bool {
    when.is_none_or(|when| when.formula == Formula::Constant(true))
}

/// Whether one policy, which always applies, decides all that another guards before it could.
fn shadows(over: &Policy, policy: &Policy) -> bool {
    let stronger = over.priority > policy.priority
        || (over.priority == policy.priority
            && precedence(&over.verdict) < precedence(&policy.verdict));
    stronger && policy.on.iter().all(|guard| over.on.iter().any(|other| covers(other, guard)))
}

fn precedence(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Deny(_) => 0,
        Verdict::Change(_) => 1,
        Verdict::Allow => 2,
    }
}

/// Whether one guard holds every action that another holds.
fn covers(wide: &Guard, narrow: &Guard) -> bool {
    let kinds = wide.kind.is_none() || wide.kind == narrow.kind;
    let one_target = !narrow.pattern.contains(['*', '?']);
    let targets = &*wide.pattern == "*"
        || wide.pattern == narrow.pattern
        || (one_target && narrow.kind.is_some_and(|kind| wide.holds(kind, &narrow.pattern)));
    kinds && targets
}

fn shadowed(policy: &Policy, over: &Policy) -> Diagnostic {
    let message = format!("the policy never decides: `{}` decides before it", over.name);
    let diagnostic = Diagnostic::warning("PR0173", policy.span, message)
        .label(format!("of priority {}", policy.priority))
        .help("give it a higher priority, or the other one a `when`");
    if Arc::ptr_eq(&policy.source, &over.source) {
        diagnostic.related(over.span, "always applies, and goes first")
    } else {
        diagnostic
    }
}
