//! The dataflow operators, each with its naive twin.
//!
//! The operators of the hot path are plain state machines over dense ids
//! ([`latest`], [`conditions`], [`derived`], [`held`], [`cooldown`]); [`evaluate`] joins
//! them in event-time order and runs them as one timely operator, and [`arbitrate`] settles who
//! has what of those that come out. Differential dataflow counts over all vehicles ([`tally`]) and
//! compares rule sets ([`difference`]).
//!
//! Nothing here knows of rules as people write them, of names, or of time
//! other than event time.

pub mod arbitrate;
pub mod condition;
pub mod conditions;
pub mod cooldown;
pub mod derived;
pub mod difference;
pub mod evaluate;
pub mod held;
pub mod ids;
pub mod latest;
pub mod naive;
pub mod observe;
pub mod saved;
pub mod tally;
pub mod timers;

#[cfg(test)]
mod random;
