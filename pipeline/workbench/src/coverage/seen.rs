//! The distinct vectors that were seen of each condition, and where first.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;
use thiserror::Error;

use super::{Subject, Vector};

/// The most distinct vectors that are kept of one condition; others are counted only, and
/// what they alone would have shown is missed.
pub const VECTORS_MAX: usize = 16_384;

/// What vectors were seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginKind {
    /// A recorded drive.
    Drive,
    /// A rule test.
    Test,
}

impl OriginKind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drive => "drive",
            Self::Test => "test",
        }
    }
}

/// A drive or a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Which of both.
    pub kind: OriginKind,
    /// Its name.
    pub name: Arc<str>,
}

/// Where something was seen first: the earlier drive or test, then the earlier time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct First {
    /// The position in [`Observed::origins`].
    pub origin: u32,
    /// Event time in it, in microseconds.
    pub time_us: u64,
}

/// The distinct vectors of one condition.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    vectors: FxHashMap<Vector, First>,
    dropped: u64,
}

impl Seen {
    /// Adds a vector, where it is new or seen earlier than before.
    pub fn note(&mut self, vector: &Vector, first: First) {
        if let Some(known) = self.vectors.get_mut(vector) {
            *known = first.min(*known);
        } else if self.vectors.len() < VECTORS_MAX {
            self.vectors.insert(vector.clone(), first);
        } else {
            self.dropped += 1;
        }
    }

    /// The vectors with where each was seen first, in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Vector, First)> {
        self.vectors.iter().map(|(vector, first)| (vector, *first))
    }

    /// How many distinct vectors there are.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// How often a further vector came when [`VECTORS_MAX`] were kept.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// What was seen of all conditions of a rule set, over drives and tests.
#[derive(Clone, Debug)]
pub struct Observed {
    subjects: Vec<Arc<Subject>>,
    seen: Vec<Seen>,
    origins: Vec<Origin>,
}

/// Why two observations cannot be joined.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// They are of different rules.
    #[error("`{rule}` differs in both; observe them with the same rules")]
    Rules {
        /// The first rule that differs.
        rule: Arc<str>,
    },
}

impl Observed {
    /// Nothing seen so far of these conditions.
    pub fn new(subjects: impl IntoIterator<Item = Subject>) -> Self {
        let subjects: Vec<Arc<Subject>> = subjects.into_iter().map(Arc::new).collect();
        let seen = vec![Seen::default(); subjects.len()];
        Self { subjects, seen, origins: Vec::new() }
    }

    /// The conditions, in the order in which they were given.
    pub fn subjects(&self) -> &[Arc<Subject>] {
        &self.subjects
    }

    /// The drives and tests, in the order in which they came.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The conditions with what was seen of each.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<Subject>, &Seen)> {
        self.subjects.iter().zip(&self.seen)
    }

    /// The number of a drive or test for [`Observed::note`]; a known one keeps its own.
    pub fn origin(&mut self, kind: OriginKind, name: &str) -> u32 {
        let known =
            self.origins.iter().position(|origin| origin.kind == kind && *origin.name == *name);
        let index = known.unwrap_or_else(|| {
            self.origins.push(Origin { kind, name: name.into() });
            self.origins.len() - 1
        });
        index as u32
    }

    /// Adds what was seen of a condition, by its position in [`Observed::subjects`]; one that
    /// does not exist makes no difference.
    pub fn note(&mut self, subject: usize, vector: &Vector, first: First) {
        if let Some(seen) = self.seen.get_mut(subject) {
            seen.note(vector, first);
        }
    }

    /// Adds what was seen elsewhere; its drives and tests come after the own ones.
    ///
    /// # Errors
    /// Observations of other rules; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        let same = |(own, others): &(&Arc<Subject>, &Arc<Subject>)| own.is_same_as(others);
        let differs = self.subjects.iter().zip(&other.subjects).find(|pair| !same(pair));
        let longer = if self.subjects.len() > other.subjects.len() { &*self } else { other };
        let common = self.subjects.len().min(other.subjects.len());
        let rest = longer.subjects.get(common);
        if let Some(subject) = differs.map(|(own, _)| own).or(rest) {
            return Err(MergeError::Rules { rule: Arc::clone(&subject.rule) });
        }
        let origins: Vec<u32> =
            other.origins.iter().map(|origin| self.origin(origin.kind, &origin.name)).collect();
        for (own, others) in self.seen.iter_mut().zip(&other.seen) {
            own.dropped += others.dropped;
            let mut vectors: Vec<(&Vector, First)> = others.iter().collect();
            // Where the bound is hit, what is kept must not depend on the order of a hash map.
            vectors.sort_unstable_by_key(|(vector, first)| (*first, *vector));
            for (vector, First { origin, time_us }) in vectors {
                if let Some(origin) = origins.get(origin as usize) {
                    own.note(vector, First { origin: *origin, time_us });
                }
            }
        }
        Ok(())
    }
}
