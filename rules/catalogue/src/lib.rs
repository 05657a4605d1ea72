//! The signal catalogue: which signals exist, of which type, unit and range.
//!
//! A [`Catalogue`] is built in ([`Catalogue::vss6`]) or read from COVESA VSS
//! JSON; a [`Signal`] says what its values look like, and turns text or a
//! [`Value`] of another type into a value of its own.

mod catalogue;
mod datatype;
mod error;
mod facts;
mod json;
mod nearest;
mod signal;
mod value;
mod vspec;

pub use catalogue::{Catalogue, PATH_BYTES_MAX, SIGNALS_MAX};
pub use datatype::{DataType, Scalar, UnknownDataType};
pub use error::{CatalogueError, FILE_BYTES_MAX};
pub use facts::{from_facts, to_facts};
pub use signal::{Kind, LIST_ITEMS_MAX, Signal, VALUE_BYTES_MAX, ValueError};
pub use value::Value;

/// The position of a signal in its [`Catalogue`]; dense, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub u32);
