//! What one collection of items adds, removes, moves or changes against another.

pub mod naive;
mod pairing;

use differential_dataflow::{ExchangeData, Hashable, VecCollection};

use crate::ids::Time;

pub use pairing::RUN_ITEMS_MAX;

/// Something that happened at a time, such as a decision with a hash of its actions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Item {
    /// Event time.
    pub time_us: Time,
    /// A hash of what else there is to compare.
    pub payload: u64,
}

/// How the second collection differs from the first, for one item or a pair of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Change {
    /// Only in the second.
    Added(Item),
    /// Only in the first.
    Removed(Item),
    /// In both at one time, with another payload.
    Changed {
        /// As it is in the first.
        from: Item,
        /// As it is in the second.
        to: Item,
    },
    /// In both at two times, with the same payload or another.
    Moved {
        /// As it is in the first.
        from: Item,
        /// As it is in the second.
        to: Item,
    },
}

/// The difference from `first` to `second`: within each key, and nothing for what is equal.
///
/// An item is at most once in a collection. Within one key:
///
/// 1. Equal items, by time and payload, cancel.
/// 2. Of the others, those of one time are *changed*, in order of payload.
/// 3. What is left is paired as *moved*: no pair is further apart than `bound_us`, and pairs
///    keep the order of time (the earlier of two stays the earlier). Of all such pairings the
///    one with the most pairs counts; of those, the one that moves items least in sum; of
///    those, the one that pairs the first of both that are left, or else leaves out the
///    earlier of the two. Where more than [`RUN_ITEMS_MAX`] items follow each other within
///    the bound, each full run is paired by itself.
/// 4. What has no pair is *removed* or *added*.
///
/// As items come in, a change may be withdrawn for another: what was removed becomes moved
/// when its counterpart comes. Memory: the items that did not cancel, and their changes; work
/// for one item grows with those of its key, so that a caller who runs for long withdraws
/// items that are old from both collections.
pub fn difference<'scope, K: ExchangeData + Hashable>(
    first: VecCollection<'scope, Time, (K, Item), isize>,
    second: VecCollection<'scope, Time, (K, Item), isize>,
    bound_us: Time,
) -> VecCollection<'scope, Time, (K, Change), isize> {
    second.concat(first.negate()).reduce_named("difference", move |_, items, changes| {
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (item, count) in items {
            if *count < 0 { removed.push(**item) } else { added.push(**item) }
        }
        changes.extend(compare(&removed, &added, bound_us).into_iter().map(|change| (change, 1)));
    })
}

/// The changes of one key from the items that did not cancel, each sorted.
fn compare(removed: &[Item], added: &[Item], bound_us: Time) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut removed_left, mut added_left) = (Vec::new(), Vec::new());
    let (mut removed, mut added) = (removed.iter().peekable(), added.iter().peekable());
    loop {
        match (removed.peek().copied(), added.peek().copied()) {
            (Some(from), Some(to)) if from.time_us == to.time_us => {
                changes.push(Change::Changed { from: *from, to: *to });
                removed.next();
                added.next();
            }
            (Some(from), to) if to.is_none_or(|to| from.time_us < to.time_us) => {
                removed_left.push(*from);
                removed.next();
            }
            (_, Some(to)) => {
                added_left.push(*to);
                added.next();
            }
            _ => break,
        }
    }
    pairing::pair(&removed_left, &added_left, bound_us, &mut changes);
    changes
}

#[cfg(test)]
mod tests;
