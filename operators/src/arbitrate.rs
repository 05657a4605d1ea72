//! Who has a target, where several active scenarios claim it.

#[cfg(test)]
mod differential;
pub mod naive;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::ids::{Rule, Time, Vehicle};

/// The number of a target, dense within one engine.
pub type Target = u32;

/// What a claim is about.
pub type ClaimKey = (Vehicle, Target);

/// An active scenario's claim on a target. The least claim has the target:
/// the higher priority, and among equals the earlier scenario by name.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Claim {
    /// The scenario's priority, negated.
    pub negated_priority: i64,
    /// Its name.
    pub scenario: Arc<str>,
    /// The rule.
    pub rule: Rule,
}

/// A claim is made (`diff` 1) or withdrawn (-1).
#[derive(Clone, Debug)]
pub struct ClaimChange {
    /// Event time.
    pub time_us: Time,
    /// What it is about.
    pub key: ClaimKey,
    /// Whose it is.
    pub claim: Claim,
    /// 1 or -1.
    pub diff: isize,
}

/// Who has a target since when: `diff` is 1 for the new one and -1 for the old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WinnerChange {
    /// Event time.
    pub time_us: Time,
    /// Which target, of which vehicle.
    pub key: ClaimKey,
    /// Who.
    pub rule: Rule,
    /// 1 or -1.
    pub diff: isize,
}

/// The operator's state: the claims that stand on each target, the least first.
///
/// A claim that goes away gives the target to the next one by itself. Claims of a vehicle are made
/// where the vehicle is, so no worker needs those of another.
#[derive(Debug, Default)]
pub struct Arbiter {
    claims: FxHashMap<ClaimKey, Vec<Claim>>,
}

impl Arbiter {
    /// Takes changes in, in any order, none earlier than one that it has taken before; appends who
    /// has which target from then on. What changes and changes back at one time is no change.
    pub fn take(&mut self, mut changes: Vec<ClaimChange>, winners: &mut Vec<WinnerChange>) {
        // At one time claims are made before others are withdrawn.
        changes.sort_by_key(|change| (change.time_us, -change.diff));
        for moment in changes.chunk_by(|a, b| a.time_us == b.time_us) {
            let mut keys: Vec<ClaimKey> = moment.iter().map(|change| change.key).collect();
            keys.sort_unstable();
            keys.dedup();
            let before: Vec<Option<Rule>> = keys.iter().map(|key| self.winner(*key)).collect();
            moment.iter().for_each(|change| self.change(change));
            for (key, before) in keys.into_iter().zip(before) {
                self.compare(moment[0].time_us, key, before, winners);
            }
        }
    }

    /// Who has a target.
    pub fn winner(&self, key: ClaimKey) -> Option<Rule> {
        self.claims.get(&key).and_then(|claims| claims.first()).map(|claim| claim.rule)
    }

    fn change(&mut self, change: &ClaimChange) {
        let claims = self.claims.entry(change.key).or_default();
        match claims.binary_search(&change.claim) {
            Ok(place) if change.diff < 0 => {
                claims.remove(place);
            }
            Err(place) if change.diff > 0 => claims.insert(place, change.claim.clone()),
            _ => {}
        }
        if claims.is_empty() {
            self.claims.remove(&change.key);
        }
    }

    fn compare(
        &self,
        time_us: Time,
        key: ClaimKey,
        before: Option<Rule>,
        winners: &mut Vec<WinnerChange>,
    ) {
        let after = self.winner(key);
        if before != after {
            let of = |rule: Option<Rule>, diff| {
                rule.map(|rule| WinnerChange { time_us, key, rule, diff })
            };
            winners.extend(of(before, -1));
            winners.extend(of(after, 1));
        }
    }
}

#[cfg(test)]
mod tests;
