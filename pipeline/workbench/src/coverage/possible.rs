//! What no input could ever show of a condition, with the reason.
//!
//! Atoms that read one fact are coupled: `S > 2` is never true while `S > 1` is false. So
//! some of what coverage asks for may not exist. This is proved, by going through all
//! combinations of truths that values of the facts can give, and never guessed: facts are
//! taken to be independent of each other and computed atoms of everything, so that there are
//! at most more combinations than in truth.

mod domain;

use std::fmt;
use std::sync::Arc;

use piccolo_script::Formula;

use super::measure::decides;
use super::subject::Subject;

/// The most combinations that are gone through; with more, [`Verdict::Undecided`].
pub const COMBINATIONS_MAX: usize = 65_536;

/// Whether something can be shown by any input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can, or nothing that is known forbids it.
    Possible,
    /// It cannot.
    Impossible(Reason),
    /// There are more than [`COMBINATIONS_MAX`] combinations.
    Undecided,
}

/// Why something cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No value makes the atom true (or false).
    NoValue {
        /// Which truth it cannot have.
        truth: bool,
    },
    /// No combination of values makes the condition hold (or not hold).
    NoOutcome {
        /// Whether it cannot hold.
        holds: bool,
    },
    /// The condition does not depend on the atom: it was simplified away.
    Absent,
    /// Whenever the atom has this truth, others decide.
    Masked {
        /// The truth that it has then.
        truth: bool,
        /// The atoms that read the same fact.
        coupled: Vec<Arc<str>>,
    },
    /// Where the atom decides while it is true, and while it is false, the outcome is the same.
    SameOutcome,
}

/// What inputs can show of one condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possible {
    /// The condition holds.
    pub holds: Verdict,
    /// The condition does not hold.
    pub fails: Verdict,
    /// What they can show of each atom.
    pub atoms: Vec<PossibleAtom>,
}

/// What inputs can show of one atom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PossibleAtom {
    /// It is true.
    pub true_: Verdict,
    /// It is false.
    pub false_: Verdict,
    /// It has an independent effect: see [`measure`](super::measure::measure).
    pub independence: Verdict,
}

/// Finds out what inputs can show of a condition.
pub fn possible(subject: &Subject) -> Possible {
    let groups = domain::groups(&subject.atoms);
    let mut found = Found::new(subject.atoms.len());
    for group in &groups {
        found.note_truths(group);
    }
    let groups: Vec<Group> =
        groups.into_iter().map(|group| group.reduced(&subject.formula)).collect();
    let decided = combinations(&groups).is_some_and(|count| count <= COMBINATIONS_MAX);
    if decided {
        each_combination(&groups, subject.atoms.len(), |truths| {
            found.note_combination(&subject.formula, truths);
        });
    }
    found.verdicts(subject, decided)
}

/// The atoms that read one fact, and which truths they can have together.
#[derive(Clone, Debug)]
struct Group {
    atoms: Vec<usize>,
    /// One entry for each possible combination; those with unknown ones last.
    truths: Vec<Vec<Option<bool>>>,
}

impl Group {
    /// Without combinations that the formula cannot tell from an earlier one.
    fn reduced(mut self, formula: &Formula) -> Self {
        let signs: Vec<(bool, bool)> = self
            .atoms
            .iter()
            .map(|atom| (stands(formula, *atom, false), stands(formula, *atom, true)))
            .collect();
        let mut told: Vec<Vec<(bool, bool)>> = Vec::new();
        self.truths.retain(|truths| {
            let literals = truths.iter().zip(&signs).map(|(truth, (plain, negated))| {
                (*plain && *truth == Some(true), *negated && *truth == Some(false))
            });
            let literals: Vec<(bool, bool)> = literals.collect();
            let new = !told.contains(&literals);
            told.push(literals);
            new
        });
        self
    }
}

/// Whether a formula has the literal.
fn stands(formula: &Formula, wanted: usize, sign: bool) -> bool {
    match formula {
        Formula::Constant(_) => false,
        Formula::Literal { atom, negated } => *atom == wanted && *negated == sign,
        Formula::All(parts) | Formula::Any(parts) => {
            parts.iter().any(|part| stands(part, wanted, sign))
        }
    }
}

fn combinations(groups: &[Group]) -> Option<usize> {
    groups.iter().try_fold(1_usize, |count, group| count.checked_mul(group.truths.len()))
}

/// Calls with the truths of all atoms for each combination over the groups.
fn each_combination(groups: &[Group], atoms: usize, mut call: impl FnMut(&[Option<bool>])) {
    let mut truths = vec![None; atoms];
    let mut chosen = vec![0; groups.len()];
    loop {
        for (group, choice) in groups.iter().zip(&chosen) {
            for (atom, truth) in group.atoms.iter().zip(&group.truths[*choice]) {
                truths[*atom] = *truth;
            }
        }
        call(&truths);
        let Some(next) = (0..groups.len()).find(|at| chosen[*at] + 1 < groups[*at].truths.len())
        else {
            return;
        };
        chosen[..next].fill(0);
        chosen[next] += 1;
    }
}

/// What the combinations have shown so far.
struct Found {
    /// By whether the condition holds.
    outcomes: [bool; 2],
    /// By atom and truth.
    truths: Vec<[bool; 2]>,
    /// Where the atom decides: by atom, truth, and whether the condition holds.
    deciding: Vec<[[bool; 2]; 2]>,
}

impl Found {
    fn new(atoms: usize) -> Self {
        Self {
            outcomes: [false; 2],
            truths: vec![[false; 2]; atoms],
            deciding: vec![[[false; 2]; 2]; atoms],
        }
    }

    fn note_truths(&mut self, group: &Group) {
        for truths in &group.truths {
            for (atom, truth) in group.atoms.iter().zip(truths) {
                if let Some(truth) = truth {
                    self.truths[*atom][usize::from(*truth)] = true;
                }
            }
        }
    }

    fn note_combination(&mut self, formula: &Formula, truths: &[Option<bool>]) {
        let holds = formula.holds(&|atom| truths[atom]);
        self.outcomes[usize::from(holds)] = true;
        for (atom, truth) in truths.iter().enumerate() {
            let Some(truth) = truth else { continue };
            let known = &mut self.deciding[atom][usize::from(*truth)][usize::from(holds)];
            *known = *known || decides(formula, atom, &|other| truths[other]);
        }
    }

    fn verdicts(&self, subject: &Subject, decided: bool) -> Possible {
        let outcome = |holds: bool| match (decided, self.outcomes[usize::from(holds)]) {
            (false, _) => Verdict::Undecided,
            (true, true) => Verdict::Possible,
            (true, false) => Verdict::Impossible(Reason::NoOutcome { holds }),
        };
        let truth = |atom: usize, truth: bool| match self.truths[atom][usize::from(truth)] {
            true => Verdict::Possible,
            false => Verdict::Impossible(Reason::NoValue { truth }),
        };
        let atoms = (0..subject.atoms.len()).map(|atom| PossibleAtom {
            true_: truth(atom, true),
            false_: truth(atom, false),
            independence: self.independence(subject, atom, decided),
        });
        Possible { holds: outcome(true), fails: outcome(false), atoms: atoms.collect() }
    }

    fn independence(&self, subject: &Subject, atom: usize, decided: bool) -> Verdict {
        let formula = &subject.formula;
        if !stands(formula, atom, false) && !stands(formula, atom, true) {
            return Verdict::Impossible(Reason::Absent);
        }
        for truth in [true, false] {
            if !self.truths[atom][usize::from(truth)] {
                return Verdict::Impossible(Reason::NoValue { truth });
            }
        }
        if !decided {
            return Verdict::Undecided;
        }
        let [when_false, when_true] = self.deciding[atom];
        for (truth, outcomes) in [(true, when_true), (false, when_false)] {
            if outcomes == [false; 2] {
                let coupled = coupled(subject, atom);
                return Verdict::Impossible(Reason::Masked { truth, coupled });
            }
        }
        if (when_true[1] && when_false[0]) || (when_true[0] && when_false[1]) {
            return Verdict::Possible;
        }
        Verdict::Impossible(Reason::SameOutcome)
    }
}

fn coupled(subject: &Subject, atom: usize) -> Vec<Arc<str>> {
    let fact = subject.atoms[atom].test.fact();
    let others = subject.atoms.iter().enumerate();
    let others = others.filter(|(other, _)| *other != atom);
    let others = others.filter(|(_, other)| fact.is_some() && other.test.fact() == fact);
    others.map(|(_, other)| Arc::clone(&other.text)).collect()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue { truth } => write!(f, "no value makes it {truth}"),
            Self::NoOutcome { holds: true } => f.write_str("no values make the condition hold"),
            Self::NoOutcome { holds: false } => f.write_str("the condition always holds"),
            Self::Absent => f.write_str("the condition does not depend on it"),
            Self::Masked { truth, coupled } => {
                write!(f, "whenever it is {truth}, others decide")?;
                for (index, atom) in coupled.iter().enumerate() {
                    f.write_str(if index == 0 { "; the same is read by " } else { ", " })?;
                    write!(f, "`{atom}`")?;
                }
                Ok(())
            }
            Self::SameOutcome => {
                f.write_str("wherever it decides, true and false come to the same outcome")
            }
        }
    }
}

#[cfg(test)]
mod tests;
