//! The twin of `arbitrate`: sorts the claims that hold at a time.

use super::{Claim, ClaimKey};
use crate::ids::Time;

/// A claim made or withdrawn at a time.
pub type Change = (ClaimKey, Claim, Time, isize);

/// The claim that has a target at a time, after all changes of that time.
pub fn winner(changes: &[Change], key: ClaimKey, now_us: Time) -> Option<Claim> {
    let mut candidates: Vec<&Claim> =
        changes.iter().filter(|change| change.0 == key).map(|change| &change.1).collect();
    candidates.retain(|claim| {
        let count: isize = changes
            .iter()
            .filter(|(at, other, time_us, _)| *at == key && other == *claim && *time_us <= now_us)
            .map(|change| change.3)
            .sum();
        count > 0
    });
    candidates.sort();
    candidates.first().map(|claim| (*claim).clone())
}
