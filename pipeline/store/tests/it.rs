//! The store from outside: one conformance suite and one model on both implementations, and what
//! only the embedded one promises.

#[cfg(test)]
#[path = "it/backups.rs"]
mod backups;
#[cfg(test)]
#[path = "it/benches.rs"]
mod benches;
#[cfg(test)]
#[path = "../../../tests/fuzz/bodies/store.rs"]
mod body;
#[cfg(feature = "etcd")]
#[cfg(test)]
#[path = "it/cluster.rs"]
mod cluster;
#[cfg(test)]
#[path = "it/conformance.rs"]
mod conformance;
#[cfg(test)]
#[path = "it/crash.rs"]
mod crash;
#[cfg(test)]
#[path = "it/embedded.rs"]
mod embedded;
#[cfg(test)]
#[path = "it/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "it/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "it/journal.rs"]
mod journal;
#[cfg(feature = "etcd")]
#[cfg(test)]
#[path = "it/judge.rs"]
mod judge;
#[cfg(test)]
#[path = "it/linear.rs"]
mod linear;
#[cfg(test)]
#[path = "it/lock.rs"]
mod lock;
#[cfg(test)]
#[path = "it/mirror.rs"]
mod mirror;
#[cfg(test)]
#[path = "it/model.rs"]
mod model;
#[cfg(test)]
#[path = "../../../tests/fuzz/mutation.rs"]
mod mutation;
#[cfg(test)]
#[path = "it/script.rs"]
mod script;
#[cfg(feature = "etcd")]
#[cfg(test)]
#[path = "it/security.rs"]
mod security;
#[cfg(feature = "etcd")]
#[cfg(test)]
#[path = "it/server.rs"]
mod server;
#[cfg(test)]
#[path = "it/show.rs"]
mod show;
#[cfg(test)]
#[path = "it/storage.rs"]
mod storage;
#[cfg(test)]
#[path = "it/words.rs"]
mod words;
#[cfg(test)]
#[path = "it/wreck.rs"]
mod wreck;
