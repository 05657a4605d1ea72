//! How near a scenario came to begin.

use piccolo_engine::ScenarioSeen;
use piccolo_script::{Condition, Facts, Formula, format_duration};

use super::check::seconds;

/// The time at which the least was missing for `when` to hold, and the longest time that it held.
#[derive(Clone, Debug, Default)]
pub(super) struct Near {
    best: Option<Best>,
    /// From and to in microseconds, where the scenario must hold for a time.
    held: Option<(u64, u64)>,
    /// Since when `when` holds.
    since_us: Option<u64>,
}

#[derive(Clone, Debug)]
struct Best {
    time_us: u64,
    /// The atoms that would have to turn.
    atoms: Vec<usize>,
    /// How far those that compare numbers were off, together.
    off: f64,
    text: String,
}

impl Near {
    pub(super) fn note(&mut self, seen: &ScenarioSeen<'_>) {
        let scenario = seen.scenario;
        let since_us = self.since_us.take();
        if let Some(since_us) = since_us {
            let longest = self.held.is_none_or(|(from, to)| seen.time_us - since_us > to - from);
            if longest {
                self.held = Some((since_us, seen.time_us));
            }
        }
        self.since_us = seen.held_since_us;
        let truth = |atom: usize| scenario.when.atoms.get(atom)?.expression.truth(seen.facts);
        let atoms = missing(&scenario.when.formula, &truth);
        let Some(atoms) = atoms.filter(|atoms| !atoms.is_empty()) else { return };
        let off = atoms.iter().filter_map(|atom| off(&scenario.when, *atom, seen.facts)).sum();
        let better = self.best.as_ref().is_none_or(|best| {
            atoms.len() < best.atoms.len() || (atoms == best.atoms && off < best.off)
        });
        if better {
            let texts: Vec<String> =
                atoms.iter().map(|atom| lack(&scenario.when, *atom, seen.facts)).collect();
            let text = texts.join(", ");
            self.best = Some(Best { time_us: seen.time_us, atoms, off, text });
        }
    }

    /// Why it never began, as the end of a sentence; `held_us` is for how long it must hold.
    pub(super) fn describe(&self, held_us: u64) -> String {
        if let Some((from, to)) = self.held {
            return format!(
                "its `when` held from {} to {}, and must hold for {}",
                seconds(from),
                seconds(to),
                format_duration(held_us)
            );
        }
        match &self.best {
            Some(best) => {
                format!("its `when` came nearest at {}: {}", seconds(best.time_us), best.text)
            }
            None => "nothing that it reads was played".to_owned(),
        }
    }
}

/// The fewest atoms that would have to turn for the formula to hold; none where that cannot be.
fn missing(formula: &Formula, truth: &impl Fn(usize) -> Option<bool>) -> Option<Vec<usize>> {
    match formula {
        Formula::Constant(true) => Some(Vec::new()),
        Formula::Constant(false) => None,
        Formula::Literal { atom, negated } => {
            Some(if truth(*atom) == Some(!negated) { Vec::new() } else { vec![*atom] })
        }
        Formula::All(parts) => {
            let parts: Option<Vec<Vec<usize>>> =
                parts.iter().map(|part| missing(part, truth)).collect();
            let mut atoms = parts?.concat();
            atoms.sort_unstable();
            atoms.dedup();
            Some(atoms)
        }
        Formula::Any(parts) => {
            parts.iter().filter_map(|part| missing(part, truth)).min_by_key(Vec::len)
        }
    }
}

fn off(condition: &Condition, atom: usize, facts: &dyn Facts) -> Option<f64> {
    condition.atoms.get(atom)?.margin(facts).map(f64::abs)
}

/// What an atom lacked.
fn lack(condition: &Condition, atom: usize, facts: &dyn Facts) -> String {
    let Some(found) = condition.atoms.get(atom) else { return String::new() };
    let truth = found.expression.truth(facts);
    match (truth, off(condition, atom, facts)) {
        (None, _) => format!("`{}` was unknown", found.text),
        (Some(false), Some(0.0)) => format!("`{}` was just not true", found.text),
        (Some(false), Some(off)) => format!("`{}` was {} short", found.text, rounded(off)),
        (Some(true), Some(off)) => format!("`{}` was true by {}", found.text, rounded(off)),
        (Some(truth), None) => format!("`{}` was {truth}", found.text),
    }
}

/// Four decimals at most: who reads it looks for the size.
fn rounded(number: f64) -> f64 {
    let rounded = (number * 10_000.0).round() / 10_000.0;
    if rounded == 0.0 { number } else { rounded }
}
