//! The constructs of the rule language, from the enums of its crate, and how often each mattered.
//!
//! A construct that is added to the language does not compile here before it has a name, and fails
//! the tests until random rules have it.

use std::collections::BTreeMap;

use piccolo_script::{
    ActionField, ActionKind, Atom, Comparison, Condition, Expression, Fact, Formula, Function,
    Kind, Operator, Over, Policy, Probe, Property, Scenario, Type, Verdict,
};

/// A group, and a construct of it.
pub(crate) type Construct = (&'static str, &'static str);

/// How often a construct was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// It held, was done, or made a difference.
    pub(crate) held: u64,
    /// It did not.
    pub(crate) failed: u64,
    /// It was unknown.
    pub(crate) unknown: u64,
    /// What it is part of decided whether a condition holds.
    pub(crate) decided: u64,
}

/// What was seen of each construct.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) seen: BTreeMap<Construct, Seen>,
}

impl Coverage {
    pub(crate) fn add(&mut self, constructs: &[Construct], seen: Seen) {
        for construct in constructs {
            let own = self.seen.entry(*construct).or_default();
            own.held += seen.held;
            own.failed += seen.failed;
            own.unknown += seen.unknown;
            own.decided += seen.decided;
        }
    }

    /// Notes something that was so, or not.
    pub(crate) fn note(&mut self, construct: Construct, is_so: bool) {
        let seen = Seen { held: is_so.into(), failed: (!is_so).into(), ..Seen::default() };
        self.add(&[construct], seen);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (construct, seen) in &other.seen {
            self.add(&[*construct], *seen);
        }
    }

    /// The constructs that mattered less often than this.
    pub(crate) fn lacking(&self, least: u64) -> Vec<String> {
        let lacks = |construct: &Construct| {
            let seen = self.seen.get(construct).copied().unwrap_or_default();
            let Seen { held, failed, decided, .. } = seen;
            let fewest = match *construct {
                ("event", _) => held,
                ("action" | "clause" | "verdict", _) | CONSTANT => held.min(failed),
                // Conditions ask whether it is older; itself it is an argument.
                ("over", "age") => decided,
                _ => held.min(failed).min(decided),
            };
            (fewest < least).then(|| format!("{construct:?}: {seen:?}"))
        };
        all().iter().filter_map(lacks).collect()
    }
}

/// Names for the variants of an enum, and the list of them.
macro_rules! names {
    ($list:ident, $name:ident, $of:ty, $($pattern:pat => $text:literal,)*) => {
        const $list: &[&str] = &[$($text),*];
        fn $name(of: &$of) -> &'static str {
            match of { $($pattern => $text,)* }
        }
    };
}

names!(KINDS, kind_name, Kind,
    Kind::Constant(_) => "constant",
    Kind::Fact(_) => "fact",
    Kind::Known(_) => "known",
    Kind::Not(_) => "not",
    Kind::All(_) => "all",
    Kind::Any(_) => "any",
    Kind::Compare(..) => "compare",
    Kind::Compute(..) => "compute",
    Kind::Negate(_) => "negate",
    Kind::Call(..) => "call",
    Kind::OneOf(..) => "one of",
    Kind::Text(_) => "text",
    Kind::Script(_) => "script",
);
names!(OVERS, over_name, Over,
    Over::Truth { .. } => "truth",
    Over::Average { .. } => "avg",
    Over::Least { .. } => "min",
    Over::Greatest { .. } => "max",
    Over::Slope { .. } => "slope",
    Over::Changed { .. } => "changed",
    Over::Rose { .. } => "rose",
    Over::Fell { .. } => "fell",
    Over::Count { .. } => "count",
    Over::Within { .. } => "within",
    Over::Sequence { .. } => "sequence",
    Over::Fresh { .. } => "fresh",
    Over::Age { .. } => "age",
    Over::Older { .. } => "older",
    Over::Vehicles { .. } => "vehicles",
    Over::Share { .. } => "share",
);
names!(FACTS, fact_name, Fact,
    Fact::Signal(..) => "signal",
    Fact::Platform(_) => "platform",
    Fact::Derived(_) => "derived",
    Fact::Action(_) => "action",
    Fact::Resource(_) => "resource",
);
names!(TYPES, type_name, Type,
    Type::Bool => "boolean",
    Type::Int => "integer",
    Type::Float => "number",
    Type::Text => "text",
    Type::List => "list",
    Type::Any => "any",
);
names!(PROBES, probe_name, Probe,
    Probe::Number { .. } => "number",
    Probe::Equals { .. } => "equals",
    Probe::Known { .. } => "known",
    Probe::Computed { .. } => "computed",
);
names!(FORMULAS, formula_name, Formula,
    Formula::Constant(_) => "constant",
    Formula::Literal { negated: false, .. } => "literal",
    Formula::Literal { negated: true, .. } => "negation",
    Formula::All(_) => "all",
    Formula::Any(_) => "any",
);
names!(VERDICTS, verdict_name, Verdict,
    Verdict::Deny(_) => "deny",
    Verdict::Change(_) => "change",
    Verdict::Allow => "allow",
);

/// The clauses that change when a scenario acts, and what it does at the end.
pub(crate) const CLAUSES: [&str; 5] = ["until", "held", "cooldown", "priority", "finally"];

/// What happens in random worlds.
pub(crate) const EVENTS: [&str; 18] = [
    "several workers",
    "one sample a step",
    "all samples in one step",
    "late sample",
    "unavailable value",
    "samples at one time",
    "rule added",
    "rule removed while active",
    "rule replaced while active",
    "rule carried while active",
    "rule carried at rest",
    "rule about the fleet carried",
    "overruled",
    "given back",
    "no value",
    "denied by default",
    "cannot be judged",
    "changed twice",
];

/// All constructs; those that no condition holds are named where they do.
pub(crate) fn all() -> Vec<Construct> {
    let of = |group: &'static str, names: &[&'static str]| -> Vec<Construct> {
        names.iter().map(|name| (group, *name)).collect()
    };
    let objects = ["node", "package", "model", "scenario", "alert"];
    let properties = objects.into_iter().flat_map(|object| {
        Property::names_of(object).into_iter().map(move |name| property(object, name))
    });
    let mut all = [
        of("expression", KINDS),
        of("over", OVERS),
        of("fact", FACTS),
        of("type", TYPES),
        of("probe", PROBES),
        of("formula", FORMULAS),
        of("verdict", VERDICTS),
        of("clause", &CLAUSES),
        of("event", &EVENTS),
        of("comparison", &Comparison::ALL.map(|(_, symbol)| symbol)),
        of("operator", &Operator::ALL.map(|(_, symbol)| symbol)),
        of("function", &Function::ALL.map(|(_, name, _)| name)),
        of("action", &ActionKind::ALL.map(|(_, name)| name)),
        of("field", &ActionField::ALL.map(|(_, text)| text)),
    ]
    .concat();
    all.extend(properties);
    all
}

fn property(object: &'static str, name: &'static str) -> Construct {
    (object, name)
}

/// A condition that always, or never, holds.
pub(crate) const CONSTANT: Construct = ("formula", "constant");

/// The constructs of a verdict.
pub(crate) fn of_verdict(policy: &Policy) -> Construct {
    ("verdict", verdict_name(&policy.verdict))
}

/// The constructs of each atom of a condition, those around it included.
pub(crate) fn of_condition(condition: &Condition) -> Vec<Vec<Construct>> {
    let mut around = Vec::new();
    of_formula(&condition.formula, &mut around);
    let of_one = |atom: &Atom| {
        let mut own = of_atom(atom);
        own.extend(&around);
        own.sort_unstable();
        own.dedup();
        own
    };
    condition.atoms.iter().map(of_one).collect()
}

fn of_formula(formula: &Formula, found: &mut Vec<Construct>) {
    found.push(("formula", formula_name(formula)));
    if let Formula::All(parts) | Formula::Any(parts) = formula {
        parts.iter().for_each(|part| of_formula(part, found));
    }
}

fn of_atom(atom: &Atom) -> Vec<Construct> {
    let mut found = vec![("probe", probe_name(&atom.probe))];
    of_expression(&atom.expression, &mut found);
    found
}

fn of_expression(expression: &Expression, found: &mut Vec<Construct>) {
    found.push(("expression", kind_name(&expression.kind)));
    found.push(("type", type_name(&expression.kind_type)));
    let parts: Vec<&Expression> = match &expression.kind {
        Kind::Constant(_) => Vec::new(),
        Kind::Fact(fact) | Kind::Known(fact) => {
            of_fact(fact, found);
            Vec::new()
        }
        Kind::Not(a) | Kind::Negate(a) | Kind::OneOf(a, _) => vec![a],
        Kind::All(parts) | Kind::Any(parts) | Kind::Text(parts) => parts.iter().collect(),
        Kind::Compare(comparison, a, b) => {
            found.push(("comparison", comparison.symbol()));
            vec![a, b]
        }
        Kind::Compute(operator, a, b) => {
            let known = Operator::ALL.iter().find(|(known, _)| known == operator);
            found.extend(known.map(|(_, symbol)| ("operator", *symbol)));
            vec![a, b]
        }
        Kind::Call(function, parts) => {
            let known = Function::ALL.iter().find(|(known, ..)| known == function);
            found.extend(known.map(|(_, name, _)| ("function", *name)));
            parts.iter().collect()
        }
        Kind::Script(script) => {
            script.reads().for_each(|fact| of_fact(fact, found));
            Vec::new()
        }
    };
    parts.into_iter().for_each(|part| of_expression(part, found));
}

fn of_fact(fact: &Fact, found: &mut Vec<Construct>) {
    found.push(("fact", fact_name(fact)));
    match fact {
        Fact::Signal(..) => {}
        Fact::Platform(fact) => found.push(property(fact.property.object, fact.property.name)),
        Fact::Derived(derived) => {
            found.push(("over", over_name(&derived.over)));
            if let Over::Truth { atoms, .. } = &derived.over {
                atoms.iter().for_each(|atom| found.extend(of_atom(atom)));
            }
            derived.over.reads().iter().for_each(|source| of_fact(source, found));
        }
        Fact::Action(field) => {
            let known = ActionField::ALL.iter().find(|(known, _)| known == field);
            found.extend(known.map(|(_, text)| ("field", *text)));
        }
        Fact::Resource(own) => found.push(property(own.object, own.name)),
    }
}

/// The constructs of an argument.
pub(crate) fn of_argument(expression: &Expression) -> Vec<Construct> {
    let mut found = Vec::new();
    of_expression(expression, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

/// The clauses that a scenario has; one that is added to the language does not compile here.
pub(crate) fn clauses(scenario: &Scenario) -> [bool; 5] {
    let Scenario {
        name: _, when: _, until, held_us, cooldown_us, priority, then: _, finally, ..
    } = scenario;
    [until.is_some(), *held_us > 0, *cooldown_us > 0, *priority != 0, !finally.is_empty()]
}
