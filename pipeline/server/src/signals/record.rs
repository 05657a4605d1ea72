//! What is kept of a source, so that it goes on where it was after any end of the server.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fault::{FaultCounts, fault, place_of};
use crate::ports::Fate;

/// The positions of a source of which everybody was or may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The source's name.
    pub(super) name: Arc<str>,
    /// Every sample up to this position is settled.
    pub(super) acknowledged: u64,
    /// Settled positions beyond: the first and the last of each run, ascending.
    runs: Vec<(u64, u64)>,
    /// How many faults there were.
    pub(super) counts: FaultCounts,
}

impl SourceRecord {
    /// A source of which nothing was settled.
    pub fn new(name: Arc<str>) -> Self {
        Self { name, ..Self::default() }
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes note of what became of a sample.
    pub fn settle(&mut self, position: u64, fate: &Fate) {
        if let Some((kind, _)) = fault(fate) {
            self.counts[place_of(kind)] += 1;
        }
        if position > self.acknowledged {
            self.join(position);
            self.advance();
        }
    }

    /// Takes note that what was not settled up to this position never comes.
    pub fn skip_to(&mut self, position: u64) {
        self.acknowledged = self.acknowledged.max(position);
        self.runs.retain_mut(|(first, last)| {
            *first = (*first).max(position + 1);
            first <= last
        });
        self.advance();
    }

    /// The settled positions beyond the acknowledged one.
    pub(super) fn beyond(&self) -> BTreeSet<u64> {
        self.runs.iter().flat_map(|(first, last)| *first..=*last).collect()
    }

    /// Adds a position to the runs.
    fn join(&mut self, position: u64) {
        let next = self.runs.partition_point(|(first, _)| *first <= position);
        let before = next.checked_sub(1).map(|place| self.runs[place].1);
        if before.is_some_and(|last| last >= position) {
            return;
        }
        let joins_before = before == Some(position - 1);
        let joins_next = self.runs.get(next).is_some_and(|(first, _)| *first == position + 1);
        match (joins_before, joins_next) {
            (true, true) => {
                self.runs[next - 1].1 = self.runs[next].1;
                self.runs.remove(next);
            }
            (true, false) => self.runs[next - 1].1 = position,
            (false, true) => self.runs[next].0 = position,
            (false, false) => self.runs.insert(next, (position, position)),
        }
    }

    /// Moves the acknowledged position on over the first run.
    fn advance(&mut self) {
        if let Some((first, last)) = self.runs.first().copied()
            && first == self.acknowledged + 1
        {
            self.acknowledged = last;
            self.runs.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// Against a set of all positions.
    #[test]
    fn positions_in_any_order_are_what_a_set_of_them_is() {
        for seed in 0..200 {
            let mut random = Rng::with_seed(seed);
            let mut record = SourceRecord::new("s".into());
            let mut settled = BTreeSet::new();
            let mut faults = 0;
            for _ in 0..100 {
                if random.u8(..20) == 0 {
                    let position = random.u64(1..60);
                    settled.extend(1..=position);
                    record.skip_to(position);
                    continue;
                }
                let position = random.u64(1..60);
                let fate = if random.bool() { Fate::Taken } else { Fate::Superseded };
                faults += u64::from(fate == Fate::Superseded);
                settled.insert(position);
                record.settle(position, &fate);
            }
            let acknowledged = (1..).find(|next| !settled.contains(next)).unwrap() - 1;
            assert_eq!(record.acknowledged, acknowledged, "{seed}");
            assert_eq!(record.beyond(), settled.split_off(&(acknowledged + 1)), "{seed}");
            assert_eq!(record.counts.iter().sum::<u64>(), faults, "{seed}");
        }
    }
}
