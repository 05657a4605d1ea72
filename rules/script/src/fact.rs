//! Facts: what expressions read.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use piccolo_catalogue::SignalId;

use crate::condition::{Atom, Formula};
use crate::expression::{Type, write_text};

/// Something with a value, or without one, at every time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The latest value of a signal, with its path.
    Signal(SignalId, Arc<str>),
    /// What the platform says of itself, such as `node("hpc").cpu`.
    Platform(Arc<PlatformFact>),
    /// What is made from other facts, such as `avg(Vehicle.Speed, "10s")`.
    Derived(Arc<Derived>),
    /// The action that a policy judges, such as `action.kind`.
    Action(ActionField),
    /// A resource of the action that a policy judges, such as `package.state`.
    Resource(Arc<Property>),
}

impl Fact {
    /// The fact as a rule writes it: its identity.
    pub fn text(&self) -> &str {
        match self {
            Self::Signal(_, path) => path,
            Self::Platform(fact) => &fact.text,
            Self::Derived(derived) => &derived.text,
            Self::Action(field) => field.text(),
            Self::Resource(property) => &property.text,
        }
    }

    /// Appends the facts that this one is made from, and theirs, each once and after what it is
    /// made from.
    pub fn sources(&self, facts: &mut Vec<Self>) {
        let Self::Derived(derived) = self else { return };
        for source in derived.over.reads() {
            source.sources(facts);
            if !facts.contains(&source) {
                facts.push(source);
            }
        }
    }

    /// Appends the scenarios whose activity it is, or is made from.
    pub fn asks(&self, scenarios: &mut Vec<Arc<str>>) {
        match self {
            Self::Platform(fact) if fact.property.object == "scenario" => {
                scenarios.push(Arc::clone(&fact.name));
            }
            Self::Derived(derived) => {
                derived.over.reads().iter().for_each(|source| source.asks(scenarios));
            }
            _ => {}
        }
    }

    /// Whether it counts vehicles, or is made from what does.
    pub fn is_of_the_fleet(&self) -> bool {
        let Self::Derived(derived) = self else { return false };
        matches!(derived.over, Over::Vehicles { .. } | Over::Share { .. })
            || derived.over.reads().iter().any(Self::is_of_the_fleet)
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A property of a platform object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlatformFact {
    /// The name of the object, such as `hpc`.
    pub name: Arc<str>,
    /// Which property of which kind of object.
    pub property: Arc<Property>,
    text: Arc<str>,
}

/// A property of an object as a rule writes it.
struct Written<'a> {
    name: &'a str,
    property: &'a Property,
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.property.object)?;
        write_text(f, self.name)?;
        write!(f, ").{}", self.property.name)
    }
}

impl PlatformFact {
    /// The property of the object with that name.
    pub fn new(name: Arc<str>, property: Arc<Property>) -> Self {
        let text = Written { name: &name, property: &property }.to_string().into();
        Self { name, property, text }
    }

    /// The fact as a rule writes it.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Reads `node("hpc").cpu`.
    pub fn parse(text: &str) -> Option<Self> {
        let (object, rest) = text.split_once("(\"")?;
        let (name, property) = rest.split_once("\").")?;
        let property = Property::find(object, property)?;
        Some(Self::new(name.into(), Arc::new(property)))
    }
}

/// What can be asked of one kind of platform object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    /// The kind of object: `node`, `package`, `model`, `scenario` or `alert`.
    pub object: &'static str,
    /// The property, such as `state`.
    pub name: &'static str,
    /// What it evaluates to.
    pub kind_type: Type,
    /// The texts that it can be; empty where it is no text.
    pub values: &'static [&'static str],
    text: Arc<str>,
}

/// Kind of object, property, type, values of texts; the states are those of the resources.
const PROPERTIES: [(&str, &str, Type, &[&str]); 7] = [
    ("node", "state", Type::Text, &["pending", "ready", "not-ready", "maintenance", "gone"]),
    ("node", "cpu", Type::Float, &[]),
    ("node", "memory", Type::Float, &[]),
    (
        "package",
        "state",
        Type::Text,
        &["idle", "running", "degraded", "paused", "exited", "error", "updating"],
    ),
    ("model", "state", Type::Text, &["created", "running", "paused", "exited", "dead"]),
    ("scenario", "active", Type::Bool, &[]),
    ("alert", "active", Type::Bool, &[]),
];

impl Property {
    /// The property of a kind of object.
    pub fn find(object: &str, name: &str) -> Option<Self> {
        let found = PROPERTIES.iter().find(|known| known.0 == object && known.1 == name)?;
        let (object, name, kind_type, values) = *found;
        Some(Self { object, name, kind_type, values, text: format!("{object}.{name}").into() })
    }

    /// The properties that a kind of object has; none for what is no kind of object.
    pub fn names_of(object: &str) -> Vec<&'static str> {
        PROPERTIES.iter().filter(|known| known.0 == object).map(|known| known.1).collect()
    }
}

/// What a policy can ask of the action that it judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionField {
    /// The kind, such as `launch`.
    Kind,
    /// What it is done to.
    Target,
    /// The node that it names; no value for actions that name none.
    Node,
    /// The scenario that asks for it; no value where a person does.
    Scenario,
    /// Who asks for it: the scenario's name, or the person.
    Subject,
}

impl ActionField {
    /// All of them, with how rules write them.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Kind, "action.kind"),
        (Self::Target, "action.target"),
        (Self::Node, "action.node"),
        (Self::Scenario, "action.scenario"),
        (Self::Subject, "action.subject"),
    ];

    fn text(self) -> &'static str {
        Self::ALL.iter().find(|(field, _)| *field == self).map_or("", |(_, text)| text)
    }
}

/// A fact that is made from other facts. Equal texts are the same fact.
#[derive(Clone, Debug)]
pub struct Derived {
    text: Arc<str>,
    /// How it is made.
    pub over: Over,
    /// What it evaluates to.
    pub kind_type: Type,
}

/// How a fact is made from others; `docs/book` defines each.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Over {
    /// The truth of an expression: one formula for true, one for false.
    Truth {
        atoms: Arc<[Atom]>,
        holds: Formula,
        fails: Formula,
    },
    Average {
        of: Fact,
        window_us: u64,
    },
    Least {
        of: Fact,
        window_us: u64,
    },
    Greatest {
        of: Fact,
        window_us: u64,
    },
    Slope {
        of: Fact,
        window_us: u64,
    },
    Changed {
        of: Fact,
    },
    Rose {
        of: Fact,
    },
    Fell {
        of: Fact,
    },
    Count {
        of: Fact,
        window_us: u64,
    },
    Within {
        of: Fact,
        window_us: u64,
    },
    Sequence {
        of: Vec<Fact>,
        window_us: u64,
    },
    Fresh {
        of: Fact,
        window_us: u64,
    },
    /// Seconds since the last sample.
    Age {
        of: Fact,
    },
    /// Whether the last sample is older than a limit, or as old where `inclusive`.
    Older {
        of: Fact,
        limit_us: u64,
        inclusive: bool,
    },
    Vehicles {
        of: Fact,
    },
    Share {
        of: Fact,
    },
}

impl Over {
    /// The facts that it reads, each once.
    pub fn reads(&self) -> Vec<Fact> {
        match self {
            Self::Truth { atoms, .. } => {
                let mut facts: Vec<Fact> = atoms.iter().flat_map(Atom::reads).collect();
                facts.sort_unstable();
                facts.dedup();
                facts
            }
            Self::Sequence { of, .. } => of.clone(),
            Self::Average { of, .. }
            | Self::Least { of, .. }
            | Self::Greatest { of, .. }
            | Self::Slope { of, .. }
            | Self::Changed { of }
            | Self::Rose { of }
            | Self::Fell { of }
            | Self::Count { of, .. }
            | Self::Within { of, .. }
            | Self::Fresh { of, .. }
            | Self::Age { of }
            | Self::Older { of, .. }
            | Self::Vehicles { of }
            | Self::Share { of } => vec![of.clone()],
        }
    }
}

impl Derived {
    pub(crate) fn fact(text: impl Into<Arc<str>>, over: Over, kind_type: Type) -> Fact {
        Fact::Derived(Arc::new(Self { text: text.into(), over, kind_type }))
    }

    /// The fact as a rule writes it.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl PartialEq for Derived {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Derived {}

impl PartialOrd for Derived {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Derived {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Derived {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
