//! The server from outside: in process with real gRPC clients, and as the binary.

#[cfg(test)]
#[path = "it/backups.rs"]
mod backups;
#[cfg(test)]
#[path = "it/binary.rs"]
mod binary;
#[cfg(test)]
#[path = "it/durable.rs"]
mod durable;
#[cfg(test)]
#[path = "it/feed.rs"]
mod feed;
#[cfg(test)]
#[path = "it/kill.rs"]
mod kill;
#[cfg(test)]
#[path = "it/publish.rs"]
mod publish;
#[cfg(test)]
#[path = "it/rules.rs"]
mod rules;
#[cfg(test)]
#[path = "it/service.rs"]
mod service;
#[cfg(test)]
#[path = "it/states.rs"]
mod states;
#[cfg(test)]
#[path = "it/support.rs"]
mod support;
#[cfg(test)]
#[path = "it/switch.rs"]
mod switch;
