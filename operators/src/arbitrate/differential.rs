//! A second twin: arbitration as a differential dataflow, one `reduce`.

use differential_dataflow::VecCollection;

use super::{Claim, ClaimKey};
use crate::ids::Time;

/// The claim that has each target, from the claims of all active scenarios.
pub(super) fn arbitrate<'scope>(
    claims: VecCollection<'scope, Time, (ClaimKey, Claim), isize>,
) -> VecCollection<'scope, Time, (ClaimKey, Claim), isize> {
    claims.reduce_named("arbitrate", |_, claims, winners| {
        if let Some((claim, _)) = claims.first() {
            winners.push(((*claim).clone(), 1));
        }
    })
}
