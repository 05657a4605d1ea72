//! What a store holds: entries with their revisions and leases.

use std::fmt;

use bytes::Bytes;

use crate::Key;

/// A time of the store: it counts up by one with each change, and a change is a put, a delete that
/// found a key, a transaction that wrote, or the end of a lease that had keys. A new store is at
/// revision 1.
pub type Revision = u64;

/// The name of a lease; never 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub std::num::NonZeroI64);

impl LeaseId {
    /// The lease of this number; none for 0, which stands for no lease.
    #[must_use]
    pub fn new(id: i64) -> Option<Self> {
        std::num::NonZeroI64::new(id).map(Self)
    }

    /// Its number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0.get()
    }
}

/// In hexadecimal, as etcd's own tools write it.
impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.get())
    }
}

impl fmt::Debug for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeaseId({self})")
    }
}

/// A key with its value and what the store knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value; empty where only keys were asked for.
    pub value: Bytes,
    /// The revision that made the key, after it was absent.
    pub created: Revision,
    /// The revision that wrote this value.
    pub modified: Revision,
    /// How often the key was written since it was made, from 1.
    pub version: u64,
    /// The lease that the key ends with.
    pub lease: Option<LeaseId>,
}

/// A lease as it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its name.
    pub id: LeaseId,
    /// How long it lives without a keep-alive, seconds. It may be more than was asked for.
    pub ttl_s: u64,
}

/// How a lease is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseState {
    /// Its name.
    pub id: LeaseId,
    /// How long it was granted for, seconds.
    pub ttl_s: u64,
    /// How long it lives without a further keep-alive, whole seconds, rounded down.
    pub left_s: u64,
    /// The keys that end with it, ordered.
    pub keys: Vec<Key>,
}
