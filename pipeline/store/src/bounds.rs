//! The bounds of what a store takes: every one is checked before a store is asked.

/// Bytes of a key.
pub const KEY_BYTES_MAX: usize = 4 * 1024;

/// Bytes of a value. With its key and overhead it fits a request of etcd's default size, 1.5 MiB.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;

/// Compares of one transaction, and operations of each of its branches; the default of etcd.
pub const OPERATIONS_MAX: usize = 128;

/// Bytes of all keys and values that one transaction sends.
pub const TRANSACTION_BYTES_MAX: usize = 1_280 * 1024;

/// Entries of one page of a range, whatever limit it asks for.
pub const PAGE_ENTRIES_MAX: usize = 10_000;

/// Seconds of a lease at least. etcd raises what is less than its election timeout allows.
pub const TTL_S_MIN: u64 = 1;

/// Seconds of a lease at most, as in etcd; about 285 years.
pub const TTL_S_MAX: u64 = 9_000_000_000;
