//! The least that makes a formula true, keeps it from being true, or would make it true.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use piccolo_script::Formula;

/// The most terms of a formula that are kept; beyond, the longest are dropped, and what is found
/// may be more than the least.
pub const TERMS_MAX: usize = 2_048;

/// A literal: the number of an atom, and whether it is negated.
pub type Literal = (usize, bool);

/// A formula as an *or* of terms, each the literals that are enough; of two terms where one has
/// all literals of the other, the shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    terms: Vec<Vec<Literal>>,
    /// Whether none was dropped for there being too many.
    pub exact: bool,
}

/// A cheapest way to make a formula true.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The literals that do not hold yet, in the order of the text.
    pub missing: Vec<Literal>,
    /// The sum of their distances.
    pub distance: f64,
}

impl Terms {
    /// The terms that make a formula true; none that needs an atom to be true and false at once.
    pub fn of(formula: &Formula) -> Self {
        Self::make(formula, false)
    }

    /// The terms that keep a formula from being true as long as none of their literals holds.
    pub fn against(formula: &Formula) -> Self {
        Self::make(formula, true)
    }

    fn make(formula: &Formula, dual: bool) -> Self {
        let mut exact = true;
        let sets = expand(formula, dual, &mut exact);
        Self { terms: sets.into_iter().map(|set| set.into_iter().collect()).collect(), exact }
    }

    /// The literals of all terms, in the order of the text, each once.
    pub fn literals(&self) -> BTreeSet<Literal> {
        self.terms.iter().flatten().copied().collect()
    }

    /// The fewest atoms that are enough under a truth of literals; of several sets as small, the
    /// one whose atoms come first in the text. `None` where no term is true.
    pub fn sufficient(&self, is: &impl Fn(Literal) -> bool) -> Option<Vec<usize>> {
        let true_terms = self.terms.iter().filter(|term| term.iter().all(|literal| is(*literal)));
        let atoms = |term: &Vec<Literal>| -> Vec<usize> {
            let mut atoms: Vec<usize> = term.iter().map(|(atom, _)| *atom).collect();
            atoms.dedup();
            atoms
        };
        true_terms.map(atoms).min_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)))
    }

    /// The way with the fewest missing literals, then the least sum of distances, then the atoms
    /// that come first in the text. `None` for what cannot be true.
    pub fn cheapest(
        &self,
        holds: &impl Fn(Literal) -> bool,
        distance: &impl Fn(Literal) -> f64,
    ) -> Option<Way> {
        let way = |term: &Vec<Literal>| {
            let missing: Vec<Literal> =
                term.iter().filter(|literal| !holds(**literal)).copied().collect();
            let distance = missing.iter().map(|literal| distance(*literal)).sum();
            Way { missing, distance }
        };
        self.terms.iter().map(way).min_by(Way::order)
    }
}

impl Way {
    /// The cheaper first.
    pub fn order(&self, other: &Self) -> Ordering {
        (self.missing.len().cmp(&other.missing.len()))
            .then_with(|| self.distance.total_cmp(&other.distance))
            .then_with(|| self.missing.cmp(&other.missing))
    }
}

type Set = BTreeSet<Literal>;

/// The terms of a formula, or those against it: there *and* and *or* change places, and an atom
/// may stand on both sides, since neither it nor its negation holds while it is unknown.
fn expand(formula: &Formula, dual: bool, exact: &mut bool) -> Vec<Set> {
    match formula {
        Formula::Constant(value) if *value != dual => vec![Set::new()],
        Formula::Constant(_) => Vec::new(),
        Formula::Literal { atom, negated } => vec![Set::from([(*atom, *negated)])],
        Formula::All(parts) | Formula::Any(parts) => {
            let parts: Vec<Vec<Set>> = parts.iter().map(|part| expand(part, dual, exact)).collect();
            if matches!(formula, Formula::All(_)) == dual {
                return least(parts.concat(), exact);
            }
            parts.into_iter().fold(vec![Set::new()], |all, part| {
                let mut joined = Vec::with_capacity(all.len() * part.len());
                for first in &all {
                    for second in &part {
                        let set: Set = first.union(second).copied().collect();
                        let contradicts =
                            |(atom, negated): &Literal| !*negated && set.contains(&(*atom, true));
                        if dual || !set.iter().any(contradicts) {
                            joined.push(set);
                        }
                    }
                }
                least(joined, exact)
            })
        }
    }
}

/// The sets that hold no other one, shortest first, and no more than [`TERMS_MAX`].
fn least(mut sets: Vec<Set>, exact: &mut bool) -> Vec<Set> {
    sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let mut kept: Vec<Set> = Vec::new();
    for set in sets {
        if kept.iter().any(|shorter| shorter.is_subset(&set)) {
            continue;
        }
        if kept.len() == TERMS_MAX {
            *exact = false;
            break;
        }
        kept.push(set);
    }
    kept
}

#[cfg(test)]
mod tests;
