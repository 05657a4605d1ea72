//! Decisions as lines of text, which both sides of a comparison can say.

use std::fmt::Write as _;

use piccolo_engine::{Action, Decision, Edge, Withheld};

/// One line for a decision: everything in it but its id and its explanation.
pub(crate) fn decision_line(decision: &Decision) -> String {
    let edge = if decision.edge == Edge::Begin { "begin" } else { "end" };
    let mut line = format!(
        "{} {} {edge} {} {}",
        decision.vehicle, decision.scenario, decision.time_us, decision.revision
    );
    decision.actions.iter().for_each(|action| write_action(&mut line, action));
    decision.withheld.iter().for_each(|withheld| write_withheld(&mut line, withheld));
    line
}

/// The vehicle and the scenario that a line is about.
pub(crate) fn key(line: &str) -> (&str, &str) {
    let mut words = line.split(' ');
    (words.next().unwrap(), words.next().unwrap())
}

fn write_action(line: &mut String, action: &Action) {
    let _ = write!(line, "; {}({}", action.kind, action.target);
    for (name, value) in &action.arguments.0 {
        let _ = write!(line, ", {name}={value:?}");
    }
    line.push(')');
    for (word, name) in [("for", &action.scenario), ("by", &action.changed_by)] {
        if let Some(name) = name {
            let _ = write!(line, " {word} {name}");
        }
    }
}

fn write_withheld(line: &mut String, withheld: &Withheld) {
    let _ = write!(line, "; not {}({})", withheld.kind, withheld.target);
    let causes = [
        ("overruled by", &withheld.overruled_by),
        ("no", &withheld.no_value_for),
        ("denied by", &withheld.denied_by),
    ];
    for (word, name) in causes {
        if let Some(name) = name {
            let _ = write!(line, " {word} {name}");
        }
    }
    if let Some(reason) = &withheld.reason {
        let _ = write!(line, ": {}", in_short(reason));
    }
}

/// Reasons that the engine words by itself, in a few words that do not change with its wording.
pub(crate) const REASONS: [&str; 5] = [
    "it cannot be judged",
    "denied by default",
    "a second change denies",
    "what it would be changed to has no value",
    "(has no value)",
];

fn in_short(reason: &str) -> &str {
    REASONS.into_iter().find(|known| reason.contains(known)).unwrap_or(reason)
}
