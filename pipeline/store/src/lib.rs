//! Keys that survive: revisions, ranges, transactions, watches and leases, in the semantics of
//! etcd's version 3, behind one trait with two implementations.
//!
//! [`Embedded`] keeps all in one file of the process. `Etcd` (feature `etcd`) keeps it in a
//! cluster. One conformance suite and one model test run on both, so that code written against
//! [`Store`] does not know which one it has.

#[cfg(feature = "embedded")]
pub mod backups;
mod bounds;
#[cfg(feature = "embedded")]
mod doing;
#[cfg(feature = "embedded")]
mod embedded;
mod entry;
mod error;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(feature = "embedded")]
mod file;
#[cfg(feature = "embedded")]
pub mod journal;
mod key;
mod lock;
mod mirror;
mod range;
mod store;
mod watch;
mod write;

pub use bounds::*;
#[cfg(feature = "embedded")]
pub use embedded::*;
pub use entry::{Entry, Lease, LeaseId, LeaseState, Revision};
pub use error::{BoxedSource, Error};
#[cfg(feature = "etcd")]
pub use etcd::*;
pub use key::{Key, Span};
pub use lock::{Fence, Leadership, Lock, Observer, leader};
pub use mirror::{MIRROR_ENTRIES_MAX, Mirror};
pub use range::{Content, Filter, Order, Page, Range, SortBy};
pub use store::Store;
pub use watch::{Batch, Event, Watch, WatchRequest, WatchSource};
pub use write::{
    Answer, Attach, Compare, Delete, Deleted, Operation, Outcome, Put, Relation, Target,
    Transaction, Written,
};
