//! Policies in force: whether an action may be done.

use std::cmp::Reverse;
use std::str::FromStr;
use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_script as script;
use piccolo_script::{
    ActionField, ActionKind, ActionTemplate, Fact, PlatformFact, Policy, Verdict,
};

use thiserror::Error;

use crate::decision::Action;
use crate::explain::EdgeFacts;

/// What is done with actions on which no policy says anything, kind by kind: denied, unless set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyDefaults {
    /// One bit for each kind that is allowed.
    allowed: u16,
}

impl PolicyDefaults {
    /// Everything is allowed that no policy denies.
    pub fn allow_all() -> Self {
        ActionKind::ALL.iter().fold(Self::default(), |defaults, (kind, _)| defaults.allow(*kind))
    }

    /// The same, with a kind allowed.
    pub fn allow(self, kind: ActionKind) -> Self {
        Self { allowed: self.allowed | bit(kind) }
    }

    /// Whether a kind is allowed.
    pub fn allows(self, kind: ActionKind) -> bool {
        self.allowed & bit(kind) != 0
    }
}

/// A text that names no defaults.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no action kind `{0}`; use all, none, or kinds such as launch,actuate,notify")]
pub struct UnknownKind(String);

impl FromStr for PolicyDefaults {
    type Err = UnknownKind;

    /// `all`, `none`, or the names of the kinds that are allowed, with commas between them.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        match text {
            "all" => Ok(Self::allow_all()),
            "none" => Ok(Self::default()),
            kinds => kinds.split(',').map(str::trim).try_fold(Self::default(), |defaults, name| {
                let known = ActionKind::ALL.iter().find(|(_, known)| *known == name);
                let (kind, _) = known.ok_or_else(|| UnknownKind(name.to_owned()))?;
                Ok(defaults.allow(*kind))
            }),
        }
    }
}

fn bit(kind: ActionKind) -> u16 {
    1 << ActionKind::ALL.iter().position(|(known, _)| *known == kind).unwrap_or_default()
}

/// The policies of a lane.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies(Vec<Arc<Policy>>);

/// What became of an action.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    /// As it was asked for.
    Allowed,
    /// Another one instead.
    Changed(Action),
    Denied {
        by: Option<Arc<str>>,
        reason: Arc<str>,
    },
}

/// An action that is judged: what is asked for, by whom, and the facts at that time.
pub(crate) struct Asked<'a> {
    pub(crate) facts: &'a EdgeFacts<'a>,
    pub(crate) scenario: &'a Arc<str>,
    pub(crate) defaults: PolicyDefaults,
    /// Told of each policy that was asked.
    pub(crate) seen: &'a dyn Fn(&Arc<Policy>, &dyn script::Facts),
}

impl Policies {
    pub(crate) fn new(policies: &[Arc<Policy>]) -> Self {
        Self(policies.to_vec())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.0.iter()
    }

    /// The facts that judging an action needs, also where a policy changes it.
    pub(crate) fn reads(&self, template: &ActionTemplate, facts: &mut Vec<Fact>) {
        self.add_reads(template, facts);
        for policy in self.guarding(template.kind, &template.target) {
            if let Verdict::Change(other) = &policy.verdict {
                self.add_reads(other, facts);
            }
        }
    }

    fn add_reads(&self, template: &ActionTemplate, facts: &mut Vec<Fact>) {
        let mut read = Vec::new();
        for policy in self.guarding(template.kind, &template.target) {
            let atoms = policy.when.iter().flat_map(|when| &when.atoms);
            read.extend(atoms.flat_map(script::Atom::reads));
            match &policy.verdict {
                Verdict::Deny(reason) => reason.reads(&mut read),
                Verdict::Change(action) => {
                    action
                        .arguments
                        .iter()
                        .for_each(|argument| argument.expression.reads(&mut read));
                }
                Verdict::Allow => {}
            }
        }
        let kept =
            read.into_iter().filter_map(|fact| resolve(&fact, template.kind, &template.target));
        facts.extend(kept);
    }

    fn guarding(&self, kind: ActionKind, target: &str) -> impl Iterator<Item = &Arc<Policy>> {
        self.0.iter().filter(move |policy| policy.guards(kind, target))
    }

    /// Judges an action; one that a policy changes is judged once more.
    pub(crate) fn judge(&self, kind: ActionKind, action: &Action, asked: &Asked<'_>) -> Judged {
        match self.verdict(kind, action, asked) {
            Said::Allow => Judged::Allowed,
            Said::Deny { by, reason } => Judged::Denied { by, reason },
            Said::Change { by, kind, action: changed } => {
                let changed = Action { changed_by: Some(Arc::clone(&by)), ..changed };
                match self.verdict(kind, &changed, asked) {
                    Said::Allow => Judged::Changed(changed),
                    Said::Change { action, .. } if action.is_same_deed(&changed) => {
                        Judged::Changed(changed)
                    }
                    Said::Change { by: other, .. } => Judged::Denied {
                        by: Some(other),
                        reason: format!("`{by}` changed it before, and a second change denies")
                            .into(),
                    },
                    Said::Deny { by, reason } => Judged::Denied { by, reason },
                }
            }
        }
    }

    fn verdict(&self, kind: ActionKind, action: &Action, asked: &Asked<'_>) -> Said {
        let facts = ActionFacts { asked, kind, target: &action.target };
        let mut best: Option<(Rank<'_>, Said)> = None;
        for policy in self.guarding(kind, &action.target) {
            (asked.seen)(policy, &facts);
            let Some(said) = say(policy, &facts) else { continue };
            let rank = (policy.priority, said.rank(), Reverse(&policy.name));
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, said));
            }
        }
        match best {
            Some((_, said)) => said,
            None if asked.defaults.allows(kind) => Said::Allow,
            None => Said::Deny {
                by: None,
                reason: format!("no policy allows it, and `{}` is denied by default", kind.name())
                    .into(),
            },
        }
    }
}

/// The order in which policies decide: priority, then what they say, then the earlier name.
type Rank<'a> = (i64, u8, Reverse<&'a Arc<str>>);

/// What a policy says of an action.
enum Said {
    Allow,
    Change { by: Arc<str>, kind: ActionKind, action: Action },
    Deny { by: Option<Arc<str>>, reason: Arc<str> },
}

impl Said {
    /// Among equal priorities deny wins over change, change over allow.
    fn rank(&self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Change { .. } => 1,
            Self::Deny { .. } => 2,
        }
    }
}

/// What a policy says; `None` where it does not apply. One that would deny or change and cannot be
/// judged denies.
fn say(policy: &Policy, facts: &ActionFacts<'_>) -> Option<Said> {
    let applies = policy.when.as_ref().map_or(Some(true), |when| when.truth_over(facts));
    let deny = |reason: String| {
        Some(Said::Deny { by: Some(Arc::clone(&policy.name)), reason: reason.into() })
    };
    match (applies, &policy.verdict) {
        (Some(false), _) | (None, Verdict::Allow) => None,
        (None, _) => deny(format!("it cannot be judged: {}", unknown(policy, facts))),
        (Some(true), Verdict::Allow) => Some(Said::Allow),
        (Some(true), Verdict::Deny(reason)) => match reason.evaluate(facts) {
            Some(reason) => deny(reason.to_string()),
            None => deny(format!("{reason} (has no value)")),
        },
        (Some(true), Verdict::Change(template)) => {
            match crate::decide::evaluate(template, facts, &facts.asked.facts.names.catalogue) {
                Ok(action) => {
                    let by = Arc::clone(&policy.name);
                    Some(Said::Change { by, kind: template.kind, action })
                }
                Err(withheld) => deny(format!(
                    "what it would be changed to has no value for `{}`",
                    withheld.no_value_for.unwrap_or_default()
                )),
            }
        }
    }
}

/// The atoms of a policy that are unknown.
fn unknown(policy: &Policy, facts: &ActionFacts<'_>) -> String {
    let atoms = policy.when.iter().flat_map(|when| &when.atoms);
    let unknown: Vec<String> = atoms
        .filter(|atom| atom.expression.truth(facts).is_none())
        .map(|atom| format!("`{}` is unknown", atom.text))
        .collect();
    unknown.join(", ")
}

/// The facts that a policy sees: those of the edge, and those of the action.
struct ActionFacts<'a> {
    asked: &'a Asked<'a>,
    kind: ActionKind,
    target: &'a Arc<str>,
}

impl script::Facts for ActionFacts<'_> {
    fn value(&self, fact: &Fact) -> Option<Value> {
        match fact {
            Fact::Action(field) => match field {
                ActionField::Kind => Some(self.kind.name().into()),
                ActionField::Target => Some(Value::Text(Arc::clone(self.target))),
                ActionField::Node => node(self.kind, self.target).map(Value::from),
                ActionField::Scenario | ActionField::Subject => {
                    Some(Value::Text(Arc::clone(self.asked.scenario)))
                }
            },
            fact => script::Facts::value(self.asked.facts, &resolve(fact, self.kind, self.target)?),
        }
    }
}

/// The node that an action names.
fn node(kind: ActionKind, target: &str) -> Option<&str> {
    (kind == ActionKind::Unit).then(|| target.split_once('/').map(|(node, _)| node))?
}

/// The fact that is kept for what a policy reads of an action; `None` for what is the action's own.
fn resolve(fact: &Fact, kind: ActionKind, target: &str) -> Option<Fact> {
    let property = match fact {
        Fact::Action(_) => return None,
        Fact::Resource(property) => property,
        other => return Some(other.clone()),
    };
    let name = match property.object {
        "node" => node(kind, target)?,
        "package" if kind.is_about_packages() => target,
        _ => return None,
    };
    Some(Fact::Platform(Arc::new(PlatformFact::new(name.into(), Arc::clone(property)))))
}
