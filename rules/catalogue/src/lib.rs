//! The signal catalogue: which signals exist, of which type, unit and range.
//!
//! A [`Catalogue`] is built in ([`Catalogue::vss6`]) or read from COVESA VSS
//! JSON; a [`Signal`] says what its values look like, and turns text or a
//! [`Value`] of another type into a value of its own.

mod datatype;
mod value;

pub use datatype::{DataType, Scalar};
pub use value::Value;

/// The position of a signal in its [`Catalogue`]; dense, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub u32);
