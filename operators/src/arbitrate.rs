//! Who has a target, where several active scenarios claim it: differential dataflow.

pub mod naive;

use std::sync::Arc;

use differential_dataflow::VecCollection;

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

/// The claim that has each target, from the claims of all active scenarios.
///
/// A claim that goes away gives the target to the next one by itself.
pub fn arbitrate<'scope>(
    claims: VecCollection<'scope, Time, (ClaimKey, Claim), isize>,
) -> VecCollection<'scope, Time, (ClaimKey, Claim), isize> {
    claims.reduce_named("arbitrate", |_, claims, winners| {
        if let Some((claim, _)) = claims.first() {
            winners.push(((*claim).clone(), 1));
        }
    })
}

#[cfg(test)]
mod tests;
