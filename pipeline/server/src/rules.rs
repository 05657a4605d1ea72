//! The life of rules while the server runs: versions, the shadow, and how it differs.

mod convert;
mod difference;
mod service;
mod versions;
mod watch;

pub use difference::{LATEST_MAX, MOVE_WITHIN_US, WAITING_MAX};
pub use service::{FILES_MAX, RULES_BYTES_MAX, RulesService, now_ms};
pub use versions::{Known, VERSIONS_MAX, Versions};
pub use watch::{QUARANTINED_MAX, Watch};
