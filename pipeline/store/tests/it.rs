//! The store from outside: one conformance suite and one model on both implementations, and what
//! only the embedded one promises.

#[cfg(test)]
#[path = "it/benches.rs"]
mod benches;
#[cfg(all(test, feature = "etcd"))]
#[path = "it/cluster.rs"]
mod cluster;
#[cfg(test)]
#[path = "it/conformance.rs"]
mod conformance;
#[cfg(test)]
#[path = "it/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "it/linear.rs"]
mod linear;
#[cfg(test)]
#[path = "it/script.rs"]
mod script;
#[cfg(all(test, feature = "etcd"))]
#[path = "it/server.rs"]
mod server;
#[cfg(test)]
#[path = "it/show.rs"]
mod show;
#[cfg(test)]
#[path = "it/words.rs"]
mod words;
