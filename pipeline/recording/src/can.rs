//! CAN logs: frames, the DBC database, and the map from its signals to VSS.

mod database;
mod frame;
mod layout;
mod map;
mod rows;

pub use database::{DBC_BYTES_MAX, Database, DatabaseError, Message, Reading, SignalDefinition};
pub use frame::{Frame, FrameId, Payload};
pub use layout::Raw;
pub use map::{EntryProblem, MAP_BYTES_MAX, MapError, SignalMap};
pub(crate) use rows::CandumpRows;
