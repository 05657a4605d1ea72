//! Pairs items that moved: as many as the bound and the order of time allow.

use super::{Change, Item};
use crate::ids::Time;

/// The most items of one run that are paired together; it bounds the work, which is quadratic.
pub const RUN_ITEMS_MAX: usize = 512;

/// How good a pairing is: its pairs, then how little they move.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Merit {
    pairs: usize,
    moved_us: u128,
}

impl Merit {
    fn with(self, distance_us: Time) -> Self {
        Self { pairs: self.pairs + 1, moved_us: self.moved_us + u128::from(distance_us) }
    }

    fn is_better_than(self, other: Self) -> bool {
        self.pairs > other.pairs || (self.pairs == other.pairs && self.moved_us < other.moved_us)
    }
}

/// Appends what became of items of two sides, both sorted by time.
pub(super) fn pair(removed: &[Item], added: &[Item], bound_us: Time, changes: &mut Vec<Change>) {
    let (mut removed, mut added) = (removed, added);
    while !(removed.is_empty() && added.is_empty()) {
        let (from, to) = run(removed, added, bound_us);
        let (run_removed, run_added);
        (run_removed, removed) = removed.split_at(from);
        (run_added, added) = added.split_at(to);
        pair_run(run_removed, run_added, bound_us, changes);
    }
}

/// How many items of each side make up the first run: those that follow each other within
/// the bound, at most [`RUN_ITEMS_MAX`], and at least one. No pair reaches over its end.
fn run(removed: &[Item], added: &[Item], bound_us: Time) -> (usize, usize) {
    let (mut from, mut to) = (0, 0);
    let mut last_us = None;
    while from + to < RUN_ITEMS_MAX {
        let (time_us, side) = match (removed.get(from), added.get(to)) {
            (Some(a), Some(b)) if a.time_us <= b.time_us => (a.time_us, &mut from),
            (Some(a), None) => (a.time_us, &mut from),
            (_, Some(b)) => (b.time_us, &mut to),
            (None, None) => break,
        };
        if last_us.is_some_and(|last_us| time_us - last_us > bound_us) {
            break;
        }
        *side += 1;
        last_us = Some(time_us);
    }
    (from, to)
}

fn pair_run(removed: &[Item], added: &[Item], bound_us: Time, changes: &mut Vec<Change>) {
    let best = Table::new(removed, added, bound_us);
    let (mut from, mut to) = (0, 0);
    while let (Some(a), Some(b)) = (removed.get(from), added.get(to)) {
        if best.pairs_here(a, b, from, to) {
            changes.push(Change::Moved { from: *a, to: *b });
            from += 1;
            to += 1;
        } else if best.leaves_out_first(a, b, from, to) {
            changes.push(Change::Removed(*a));
            from += 1;
        } else {
            changes.push(Change::Added(*b));
            to += 1;
        }
    }
    changes.extend(removed[from..].iter().map(|item| Change::Removed(*item)));
    changes.extend(added[to..].iter().map(|item| Change::Added(*item)));
}

/// The merit of the best pairing of what is left from each position of both sides on.
struct Table {
    merits: Vec<Merit>,
    width: usize,
    bound_us: Time,
}

impl Table {
    fn new(removed: &[Item], added: &[Item], bound_us: Time) -> Self {
        let width = added.len() + 1;
        let merits = vec![Merit::default(); (removed.len() + 1) * width];
        let mut table = Self { merits, width, bound_us };
        for (from, a) in removed.iter().enumerate().rev() {
            for (to, b) in added.iter().enumerate().rev() {
                let skipped = [table.at(from + 1, to), table.at(from, to + 1)];
                let mut best = table.paired(a, b, from, to).unwrap_or_default();
                for merit in skipped {
                    if merit.is_better_than(best) {
                        best = merit;
                    }
                }
                table.merits[from * width + to] = best;
            }
        }
        table
    }

    fn at(&self, from: usize, to: usize) -> Merit {
        self.merits[from * self.width + to]
    }

    /// The merit with the two first items paired, where the bound allows it.
    fn paired(&self, a: &Item, b: &Item, from: usize, to: usize) -> Option<Merit> {
        let distance_us = a.time_us.abs_diff(b.time_us);
        (distance_us <= self.bound_us).then(|| self.at(from + 1, to + 1).with(distance_us))
    }

    /// Whether the first removed item stays without a pair, rather than the first added one:
    /// the earlier of the two, where that is as good.
    fn leaves_out_first(&self, a: &Item, b: &Item, from: usize, to: usize) -> bool {
        let best = self.at(from, to);
        if a.time_us <= b.time_us {
            self.at(from + 1, to) == best
        } else {
            self.at(from, to + 1) != best
        }
    }

    fn pairs_here(&self, a: &Item, b: &Item, from: usize, to: usize) -> bool {
        self.paired(a, b, from, to) == Some(self.at(from, to))
    }
}
