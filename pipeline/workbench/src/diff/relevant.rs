//! Which scenarios of two rule sets can matter for the difference of their decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use piccolo_catalogue::SignalId;
use piccolo_script::{ActionKind, ActionTemplate, Atom, Fact, Policy, RuleSet, Scenario, Verdict};

type Names = BTreeSet<Arc<str>>;

/// The scenarios of two rule sets that can matter for the difference of their decisions.
///
/// 1. *Otherwise active* may be a scenario that is not the same in both sets, or whose conditions
///    ask about one that may.
/// 2. *Otherwise done* may be what a scenario does that may be otherwise active; that shares a
///    target with one; whose arguments ask about one; or whose actions are guarded by a policy
///    that is not the same in both sets or asks about one, be it after another policy changed
///    the action. And since the end of a scenario gives its targets back, so may what those do
///    that share a target with a scenario of the last two kinds.
/// 3. To decide these the engine *needs* all that claim their targets, and of all of them those
///    that their conditions, arguments and policies ask about, and so on.
///
/// All others decide the same in both sets, whether they are there or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relevant {
    names: Names,
    /// Whether arguments or policies of these ask about what may be otherwise active.
    apart: bool,
}

impl Relevant {
    /// The scenarios that matter for the difference of two sets.
    pub fn of(old: &RuleSet, new: &RuleSet) -> Self {
        let graph = Graph::new(old, new);
        let active = graph.asking(graph.unequal.clone());
        let done = graph.done(&active);
        let names = graph.needed(done);
        let asks_otherwise = |name: &Arc<str>| {
            graph.asked_by_actions(name).iter().any(|asked| active.contains(asked))
        };
        Self { apart: names.iter().any(asks_otherwise), names }
    }

    /// Whether each set needs an engine of its own: a scenario that is the same in both is
    /// evaluated once in one engine, but what it does asks about one that is not.
    pub fn needs_two_engines(&self) -> bool {
        self.apart
    }

    /// Whether a scenario matters.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// How many scenarios matter.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The signals that rule sets read in conditions, arguments and policies, in order.
pub fn signals_of<'a>(sets: impl IntoIterator<Item = &'a RuleSet>) -> Vec<SignalId> {
    let mut facts = Vec::new();
    for set in sets {
        for scenario in set.scenarios() {
            facts.extend(scenario.facts.iter().cloned());
            actions(scenario).for_each(|action| arguments(action, &mut facts));
        }
        set.policies().for_each(|policy| policy_facts(policy, &mut facts));
    }
    let mut signals = Vec::new();
    facts.iter().for_each(|fact| signals_under(fact, &mut signals));
    signals.sort_unstable();
    signals.dedup();
    signals
}

fn signals_under(fact: &Fact, signals: &mut Vec<SignalId>) {
    match fact {
        Fact::Signal(signal, _) => signals.push(*signal),
        Fact::Derived(derived) => {
            derived.over.reads().iter().for_each(|source| signals_under(source, signals));
        }
        _ => {}
    }
}

/// How the scenarios and policies of two sets hang together.
struct Graph<'a> {
    scenarios: BTreeMap<Arc<str>, Vec<&'a Scenario>>,
    policies: Vec<&'a Policy>,
    /// Scenarios that are not the same in both sets.
    unequal: Names,
    /// Policies that are not the same in both sets, by place in `policies`.
    unequal_policies: Vec<bool>,
    /// For each scenario those whose conditions ask about it.
    asked_by: BTreeMap<Arc<str>, Names>,
    /// For each target those that claim it while they are active.
    claimed_by: BTreeMap<Claim<'a>, Names>,
    /// For each target those that claim it or do something to it at their end.
    used_by: BTreeMap<Claim<'a>, Names>,
}

/// What an action needs for itself: class and name.
type Claim<'a> = (&'static str, &'a Arc<str>);

impl<'a> Graph<'a> {
    fn new(old: &'a RuleSet, new: &'a RuleSet) -> Self {
        let mut graph = Self {
            scenarios: BTreeMap::new(),
            policies: Vec::new(),
            unequal: Names::new(),
            unequal_policies: Vec::new(),
            asked_by: BTreeMap::new(),
            claimed_by: BTreeMap::new(),
            used_by: BTreeMap::new(),
        };
        for (set, other) in [(old, new), (new, old)] {
            for scenario in set.scenarios() {
                let twin = other.scenario(&scenario.name);
                if twin.is_none_or(|twin| twin.revision != scenario.revision) {
                    graph.unequal.insert(Arc::clone(&scenario.name));
                }
                graph.add(scenario);
            }
            for policy in set.policies() {
                let is_equal = other
                    .policies()
                    .any(|twin| twin.name == policy.name && twin.revision == policy.revision);
                graph.policies.push(policy);
                graph.unequal_policies.push(!is_equal);
            }
        }
        graph
    }

    fn add(&mut self, scenario: &'a Scenario) {
        let name = &scenario.name;
        self.scenarios.entry(Arc::clone(name)).or_default().push(scenario);
        for asked in &scenario.asks {
            self.asked_by.entry(Arc::clone(asked)).or_default().insert(Arc::clone(name));
        }
        for claim in scenario.then.iter().filter_map(ActionTemplate::claim) {
            self.claimed_by.entry(claim).or_default().insert(Arc::clone(name));
        }
        for claim in actions(scenario).filter_map(ActionTemplate::claim) {
            self.used_by.entry(claim).or_default().insert(Arc::clone(name));
        }
    }

    fn versions(&self, name: &str) -> impl Iterator<Item = &'a Scenario> {
        self.scenarios.get(name).into_iter().flatten().copied()
    }

    /// The given scenarios and those whose conditions ask about them, and so on.
    fn asking(&self, names: Names) -> Names {
        close(names, |name| self.asked_by.get(name).cloned().unwrap_or_default())
    }

    /// The scenarios whose decisions may differ where the activity of the given ones may.
    fn done(&self, active: &Names) -> Names {
        let touched = self.touched(active);
        let mut judged = Names::new();
        for (name, versions) in &self.scenarios {
            let mut actions = versions.iter().flat_map(|scenario| actions(scenario));
            let is_judged = actions.any(|action| {
                let mut facts = Vec::new();
                arguments(action, &mut facts);
                asks_of(&facts).iter().any(|asked| active.contains(asked))
                    || self.guarding(action).any(|place| touched[place])
            });
            if is_judged {
                judged.insert(Arc::clone(name));
            }
        }
        let mut done = active.clone();
        for name in active.iter().chain(&judged) {
            let claims = self.versions(name).flat_map(|scenario| &scenario.then);
            for claim in claims.filter_map(ActionTemplate::claim) {
                done.extend(self.used_by.get(&claim).into_iter().flatten().cloned());
            }
        }
        done.extend(judged);
        done
    }

    /// The policies that may say something else; those count too that change an action into one
    /// that such a policy guards.
    fn touched(&self, active: &Names) -> Vec<bool> {
        let first: Vec<bool> = self
            .policies
            .iter()
            .zip(&self.unequal_policies)
            .map(|(policy, unequal)| {
                let mut facts = Vec::new();
                policy_facts(policy, &mut facts);
                *unequal || asks_of(&facts).iter().any(|asked| active.contains(asked))
            })
            .collect();
        let changes_into = |policy: &Policy| match &policy.verdict {
            Verdict::Change(action) => self.guarding(action).any(|place| first[place]),
            _ => false,
        };
        let places = self.policies.iter().zip(&first);
        places.map(|(policy, first)| *first || changes_into(policy)).collect()
    }

    fn guarding(&self, action: &ActionTemplate) -> impl Iterator<Item = usize> {
        let (kind, target): (ActionKind, Arc<str>) = (action.kind, Arc::clone(&action.target));
        let policies = self.policies.iter().enumerate();
        policies.filter(move |(_, policy)| policy.guards(kind, &target)).map(|(place, _)| place)
    }

    /// What the engine needs to decide the given scenarios.
    fn needed(&self, mut names: Names) -> Names {
        let used: BTreeSet<Claim<'_>> = names
            .iter()
            .flat_map(|name| self.versions(name))
            .flat_map(actions)
            .filter_map(ActionTemplate::claim)
            .collect();
        for claim in used {
            names.extend(self.claimed_by.get(&claim).into_iter().flatten().cloned());
        }
        let asked_while_judging: Vec<Arc<str>> =
            names.iter().flat_map(|name| self.asked_by_actions(name)).collect();
        names.extend(asked_while_judging);
        let asks = |name: &str| {
            self.versions(name).flat_map(|scenario| scenario.asks.iter().cloned()).collect()
        };
        let mut names = close(names, asks);
        names.retain(|name| self.scenarios.contains_key(name));
        names
    }

    /// The scenarios that the arguments of a scenario's actions ask about, and the policies that
    /// may guard them.
    fn asked_by_actions(&self, name: &str) -> Vec<Arc<str>> {
        let mut facts = Vec::new();
        for action in self.versions(name).flat_map(actions) {
            arguments(action, &mut facts);
            for place in self.guarding(action) {
                policy_facts(self.policies[place], &mut facts);
                if let Verdict::Change(other) = &self.policies[place].verdict {
                    self.guarding(other)
                        .for_each(|place| policy_facts(self.policies[place], &mut facts));
                }
            }
        }
        asks_of(&facts)
    }
}

/// The given names and all that follow from them.
fn close(mut names: Names, follow: impl Fn(&str) -> Names) -> Names {
    let mut open: Vec<Arc<str>> = names.iter().cloned().collect();
    while let Some(name) = open.pop() {
        for next in follow(&name) {
            if names.insert(Arc::clone(&next)) {
                open.push(next);
            }
        }
    }
    names
}

fn actions(scenario: &Scenario) -> impl Iterator<Item = &ActionTemplate> {
    scenario.then.iter().chain(&scenario.finally)
}

fn arguments(action: &ActionTemplate, facts: &mut Vec<Fact>) {
    action.arguments.iter().for_each(|argument| argument.expression.reads(facts));
}

fn policy_facts(policy: &Policy, facts: &mut Vec<Fact>) {
    let atoms = policy.when.iter().flat_map(|when| &when.atoms);
    facts.extend(atoms.flat_map(Atom::reads));
    match &policy.verdict {
        Verdict::Deny(reason) => reason.reads(facts),
        Verdict::Change(action) => arguments(action, facts),
        Verdict::Allow => {}
    }
}

fn asks_of(facts: &[Fact]) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    facts.iter().for_each(|fact| fact.asks(&mut names));
    names
}
