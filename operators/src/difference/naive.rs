//! The twin of `difference`: tries every pairing of two lists.

use super::{Change, Item};
use crate::ids::Time;

/// The difference of one key's items, in no particular order.
///
/// Exponential in the items that do not cancel; more than [`super::RUN_ITEMS_MAX`] of them
/// would be paired otherwise.
pub fn changes(first: &[Item], second: &[Item], bound_us: Time) -> Vec<Change> {
    let mut removed: Vec<Item> =
        first.iter().filter(|item| !second.contains(item)).copied().collect();
    let mut added: Vec<Item> =
        second.iter().filter(|item| !first.contains(item)).copied().collect();
    removed.sort_unstable();
    added.sort_unstable();
    let mut changes = Vec::new();
    while let Some((from, to)) = same_time(&removed, &added) {
        changes.push(Change::Changed { from: removed.remove(from), to: added.remove(to) });
    }
    let (_, _, best) = best(&removed, &added, bound_us);
    changes.extend(best);
    changes
}

fn same_time(removed: &[Item], added: &[Item]) -> Option<(usize, usize)> {
    removed.iter().enumerate().find_map(|(from, item)| {
        let to = added.iter().position(|other| other.time_us == item.time_us)?;
        Some((from, to))
    })
}

/// Pairs, the sum of their distances, and the changes of the best pairing.
fn best(removed: &[Item], added: &[Item], bound_us: Time) -> (usize, u64, Vec<Change>) {
    let ([a, removed_left @ ..], [b, added_left @ ..]) = (removed, added) else {
        let removed = removed.iter().map(|item| Change::Removed(*item));
        let added = added.iter().map(|item| Change::Added(*item));
        return (0, 0, removed.chain(added).collect());
    };
    let mut tried = Vec::new();
    let distance_us = a.time_us.abs_diff(b.time_us);
    if distance_us <= bound_us {
        let (pairs, moved_us, mut changes) = best(removed_left, added_left, bound_us);
        changes.push(Change::Moved { from: *a, to: *b });
        tried.push((pairs + 1, moved_us + distance_us, changes));
    }
    let mut without = [
        (a.time_us, best(removed_left, added, bound_us), Change::Removed(*a)),
        (b.time_us, best(removed, added_left, bound_us), Change::Added(*b)),
    ];
    without.sort_by_key(|(time_us, ..)| *time_us);
    for (_, (pairs, moved_us, mut changes), change) in without {
        changes.push(change);
        tried.push((pairs, moved_us, changes));
    }
    // Of equals the first that was tried.
    let merit = |tried: &(usize, u64, Vec<Change>)| (usize::MAX - tried.0, tried.1);
    let least = tried.iter().enumerate().min_by_key(|(_, tried)| merit(tried));
    let index = least.map_or(0, |(index, _)| index);
    tried.swap_remove(index)
}
