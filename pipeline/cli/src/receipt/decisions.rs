//! The hash of decisions, with marks on the way that tell where two replays part.

use std::io::Write;

use blake3::Hasher;
use piccolo_engine::Decision;
use serde::{Deserialize, Serialize};

use crate::error::CliError;

/// The most marks of a receipt; where there would be more, every other one goes.
const MARKS_MAX: usize = 1_024;

/// The hexadecimal digits of a mark.
const MARK_DIGITS: usize = 16;

/// What a replay decided.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DecisionsPart {
    pub(crate) count: u64,
    /// Of all decisions as `-o jsonl` prints them, one a line.
    pub(crate) hash: String,
    /// A mark stands after every so many decisions: a power of two.
    every: u64,
    /// The first digits of the hash of the decisions up to each mark.
    marks: Vec<String>,
    /// What was decided at each mark; only a replay of now knows.
    #[serde(skip)]
    labels: Vec<String>,
}

/// Where two replays part: the numbers of the decisions, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parting {
    /// The first decision that may be another one.
    pub(crate) first: u64,
    /// The last one of which that is so.
    pub(crate) last: u64,
    /// What is decided there now, if it is known to be that one.
    pub(crate) now: Option<String>,
}

/// Hashes decisions as they are made.
#[derive(Debug)]
pub(crate) struct DecisionHash {
    hasher: Hasher,
    line: Vec<u8>,
    part: DecisionsPart,
}

impl DecisionHash {
    /// A hash of no decision.
    pub(crate) fn new() -> Self {
        let (hash, marks, labels) = (String::new(), Vec::new(), Vec::new());
        let part = DecisionsPart { count: 0, hash, every: 1, marks, labels };
        Self { hasher: Hasher::new(), line: Vec::new(), part }
    }

    /// Takes the next decision.
    ///
    /// # Errors
    /// A decision that is no JSON.
    pub(crate) fn take(&mut self, decision: &Decision) -> Result<(), CliError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, decision)?;
        self.line.write_all(b"\n")?;
        self.hasher.update(&self.line);
        self.part.count += 1;
        if self.part.count.is_multiple_of(self.part.every) {
            let hash = self.hasher.finalize().to_hex();
            self.part.mark(hash[..MARK_DIGITS].to_owned(), label(decision));
        }
        Ok(())
    }

    /// What was decided, all together.
    pub(crate) fn finish(self) -> DecisionsPart {
        DecisionsPart { hash: self.hasher.finalize().to_string(), ..self.part }
    }
}

impl DecisionsPart {
    fn mark(&mut self, hash: String, label: String) {
        self.marks.push(hash);
        self.labels.push(label);
        if self.marks.len() > MARKS_MAX {
            // The last one is odd, and goes too: what is left stands at even numbers.
            self.every *= 2;
            self.marks = every_other(&mut self.marks);
            self.labels = every_other(&mut self.labels);
        }
    }

    /// The mark after so many decisions.
    fn at(&self, count: u64) -> Option<&String> {
        let place = (count / self.every.max(1)).checked_sub(1)?;
        self.marks.get(usize::try_from(place).ok()?)
    }

    /// Where a replay of now parts from this one of then; the hashes are not the same.
    pub(crate) fn parting(&self, now: &Self) -> Parting {
        // Marks of both stand after every so many decisions.
        let every = self.every.max(now.every).max(1);
        let known = self.count.min(now.count);
        let mut same = 0;
        while same + every <= known && self.at(same + every) == now.at(same + every) {
            same += every;
        }
        let (first, last) = (same + 1, (same + every).min(self.count.max(now.count)));
        let place = usize::try_from(same / now.every.max(1)).unwrap_or(usize::MAX);
        let label = if first == last { now.labels.get(place).cloned() } else { None };
        Parting { first, last, now: label }
    }
}

/// The second, the fourth, and so on.
fn every_other(all: &mut Vec<String>) -> Vec<String> {
    std::mem::take(all).into_iter().skip(1).step_by(2).collect()
}

/// A decision in a few words.
fn label(decision: &Decision) -> String {
    let Decision { edge, scenario, vehicle, time_us, .. } = decision;
    let edge = format!("{edge:?}").to_lowercase();
    let time = *time_us as f64 / 1e6;
    format!("{edge} of `{scenario}` in {vehicle} at {time:.6} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks of decisions that are no more than their names.
    fn part(names: impl IntoIterator<Item = u64>) -> DecisionsPart {
        let mut hash = DecisionHash::new();
        for name in names {
            hash.hasher.update(&name.to_le_bytes());
            hash.part.count += 1;
            if hash.part.count.is_multiple_of(hash.part.every) {
                let digits = hash.hasher.finalize().to_hex();
                hash.part.mark(digits[..MARK_DIGITS].to_owned(), name.to_string());
            }
        }
        hash.finish()
    }

    #[track_caller]
    fn check(then: DecisionsPart, now: DecisionsPart, first: u64, last: u64, label: Option<u64>) {
        assert_ne!(then.hash, now.hash);
        let now_label = label.map(|name| name.to_string());
        assert_eq!(then.parting(&now), Parting { first, last, now: now_label });
    }

    #[test]
    fn few_decisions_part_at_one() {
        check(
            part(0..10),
            part((0..10).map(|name| name + u64::from(name == 6) * 90)),
            7,
            7,
            Some(96),
        );
        check(part(0..10), part(1..10), 1, 1, Some(1));
        check(part(0..10), part(0..9), 10, 10, None);
        check(part(0..10), part(0..12), 11, 11, Some(10));
        check(part([]), part([5]), 1, 1, Some(5));
        check(part([5]), part([]), 1, 1, None);
    }

    #[test]
    fn many_decisions_part_within_a_few() {
        let all = 0..5_000;
        let then = part(all.clone());
        assert_eq!((then.every, then.marks.len()), (8, 625));
        check(then, part(all.map(|name| name + u64::from(name == 4_000))), 4_001, 4_008, None);
        check(part(0..5_000), part(0..900), 897, 904, None);
        check(part(0..1_024), part(0..1_025), 1_025, 1_025, None);
    }

    #[test]
    fn marks_are_bounded() {
        for count in [1, 1_024, 1_025, 2_049, 100_000] {
            let part = part(0..count);
            assert_eq!(part.marks.len() as u64, count / part.every, "{count}");
            assert!(part.marks.len() <= MARKS_MAX && part.labels.len() == part.marks.len());
        }
    }
}
