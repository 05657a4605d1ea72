//! When two scenarios are the same rule: by what they mean, and by whom they ask about.

use std::sync::Arc;

use piccolo_script::{Atom, Fact, RuleSet, Scenario, Verdict};
use rustc_hash::FxHashMap;

use crate::error::EngineError;
use crate::facts::{Identity, Stage, level};
use crate::prepared::Asked;

/// What identifies each scenario of a set: its own revision, and those of the ones it asks about.
pub(crate) fn identities(rules: &RuleSet) -> Result<FxHashMap<Arc<str>, Identity>, EngineError> {
    let mut known: FxHashMap<Arc<str>, Identity> = FxHashMap::default();
    let mut open: Vec<&Arc<Scenario>> = rules.scenarios().collect();
    while !open.is_empty() {
        let before = open.len();
        let is_ready = |scenario: &&Arc<Scenario>| {
            scenario
                .asks
                .iter()
                .all(|name| known.contains_key(name) || rules.scenario(name).is_none())
        };
        let (ready, later): (Vec<_>, Vec<_>) = open.into_iter().partition(is_ready);
        let identified: Vec<(Arc<str>, Identity)> = ready
            .into_iter()
            .map(|scenario| (Arc::clone(&scenario.name), identity(scenario, &known)))
            .collect();
        known.extend(identified);
        open = later;
        if open.len() == before {
            return Err(EngineError::Circle(open[0].name.to_string()));
        }
    }
    move_to_fleet(rules, &mut known);
    bring_into_fleet(rules, &mut known);
    tell_apart_what_is_asked(rules, &mut known);
    Ok(known)
}

/// Rules whose arguments or policies ask about scenarios are the same only where those are.
fn tell_apart_what_is_asked(rules: &RuleSet, known: &mut FxHashMap<Arc<str>, Identity>) {
    let text_of = |facts: &[Fact], known: &FxHashMap<Arc<str>, Identity>| -> String {
        let mut asked = Vec::new();
        facts.iter().for_each(|fact| fact.asks(&mut asked));
        asked.sort_unstable();
        asked.dedup();
        let texts = asked.iter().filter_map(|name| known.get(name));
        texts.map(|identity| format!(" asks {}", identity.text)).collect()
    };
    let of_policies = text_of(&read_by_policies(rules), known);
    let told: Vec<(Arc<str>, String)> = rules
        .scenarios()
        .map(|scenario| {
            let own = text_of(&scenario.argument_facts, known);
            (Arc::clone(&scenario.name), own + of_policies.as_str())
        })
        .filter(|(_, asked)| !asked.is_empty())
        .collect();
    for (name, asked) in told {
        if let Some(identity) = known.get_mut(&name) {
            identity.text = format!("{}{asked}", identity.text).into();
        }
    }
}

/// Rules whose arguments need the counts of the fleet decide after it was counted, and so do all
/// rules where a policy needs them: an end may have any of them judged.
fn move_to_fleet(rules: &RuleSet, known: &mut FxHashMap<Arc<str>, Identity>) {
    let policies = read_by_policies(rules);
    loop {
        let needs = |fact: &Fact| needs_fleet(fact, known);
        let all = policies.iter().any(needs);
        let moved: Vec<Arc<str>> = rules
            .scenarios()
            .filter(|own| all || own.facts.iter().chain(&own.argument_facts).any(needs))
            .map(|own| Arc::clone(&own.name))
            .filter(|name| known.get(name).is_some_and(|own| own.home == Stage::Vehicle))
            .collect();
        for name in &moved {
            if let Some(identity) = known.get_mut(name) {
                (identity.home, identity.in_fleet) = (Stage::Fleet, true);
                identity.text = format!("{} of the fleet", identity.text).into();
            }
        }
        if moved.is_empty() {
            return;
        }
    }
}

/// Whether a fact counts vehicles, or asks about a scenario that decides after they were counted.
fn needs_fleet(fact: &Fact, known: &FxHashMap<Arc<str>, Identity>) -> bool {
    let mut asked = Vec::new();
    fact.asks(&mut asked);
    let of_fleet = |name: &Arc<str>| known.get(name).is_some_and(|own| own.home == Stage::Fleet);
    fact.is_of_the_fleet() || asked.iter().any(of_fleet)
}

/// Those that fleet scenarios ask about, also in their arguments and policies, are evaluated there
/// too, so that both see the same.
fn bring_into_fleet(rules: &RuleSet, known: &mut FxHashMap<Arc<str>, Identity>) {
    let mut by_policies = Vec::new();
    read_by_policies(rules).iter().for_each(|fact| fact.asks(&mut by_policies));
    let asked_by = |name: &Arc<str>| {
        let mut asked = by_policies.clone();
        if let Some(scenario) = rules.scenario(name) {
            asked.extend(scenario.asks.iter().cloned());
            scenario.argument_facts.iter().for_each(|fact| fact.asks(&mut asked));
        }
        asked
    };
    let in_fleet = |name: &Arc<str>, known: &FxHashMap<Arc<str>, Identity>| {
        known.get(name).is_some_and(|identity| identity.in_fleet)
    };
    let mut open: Vec<Arc<str>> = rules
        .scenarios()
        .map(|scenario| Arc::clone(&scenario.name))
        .filter(|name| in_fleet(name, known))
        .collect();
    while let Some(name) = open.pop() {
        for asked in asked_by(&name) {
            if let Some(identity) = known.get_mut(&asked).filter(|identity| !identity.in_fleet) {
                identity.in_fleet = true;
                identity.text = format!("{} for the fleet", identity.text).into();
                open.push(asked);
            }
        }
    }
}

fn identity(scenario: &Scenario, known: &FxHashMap<Arc<str>, Identity>) -> Identity {
    let asked: Vec<&Identity> = scenario.asks.iter().filter_map(|name| known.get(name)).collect();
    let text = match asked.as_slice() {
        [] => Arc::clone(&scenario.revision),
        asked => {
            let others: Vec<&str> = asked.iter().map(|identity| &*identity.text).collect();
            format!("{}+{}", scenario.revision, others.join("+")).into()
        }
    };
    let highest = scenario.facts.iter().map(|fact| level(fact, known)).max().unwrap_or(0);
    let of_fleet = scenario.facts.iter().any(Fact::is_of_the_fleet)
        || asked.iter().any(|identity| identity.home == Stage::Fleet);
    let home = if of_fleet { Stage::Fleet } else { Stage::Vehicle };
    Identity { text, level: highest, home, in_fleet: of_fleet }
}

/// The scenarios of a set that conditions, arguments or policies ask about.
pub(crate) fn asked(rules: &RuleSet, known: &FxHashMap<Arc<str>, Identity>) -> Asked {
    let mut names: Vec<Arc<str>> = Vec::new();
    read_by_policies(rules).iter().for_each(|fact| fact.asks(&mut names));
    let arguments = rules.scenarios().flat_map(|scenario| &scenario.argument_facts);
    arguments.for_each(|fact| fact.asks(&mut names));
    let by_actions = !names.is_empty();
    names.extend(rules.scenarios().flat_map(|scenario| scenario.asks.iter().cloned()));
    names.sort_unstable();
    names.dedup();
    names.retain(|name| known.contains_key(name));
    let identity = |name: &Arc<str>| Some((Arc::clone(name), known.get(name)?.clone()));
    let identities = Arc::new(names.iter().filter_map(identity).collect());
    Asked { identities, names, by_actions }
}

fn read_by_policies(rules: &RuleSet) -> Vec<Fact> {
    let mut facts = Vec::new();
    for policy in rules.policies() {
        let atoms = policy.when.iter().flat_map(|when| &when.atoms);
        facts.extend(atoms.flat_map(Atom::reads));
        match &policy.verdict {
            Verdict::Deny(reason) => reason.reads(&mut facts),
            Verdict::Change(action) => {
                let arguments = action.arguments.iter();
                arguments.for_each(|argument| argument.expression.reads(&mut facts));
            }
            Verdict::Allow => {}
        }
    }
    facts
}
