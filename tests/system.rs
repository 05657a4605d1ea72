//! The tests that cross the rooms: one binary, since each links the world.

#[cfg(test)]
#[path = "system/book.rs"]
mod book;
#[cfg(test)]
#[path = "system/data.rs"]
mod data;
#[cfg(test)]
#[path = "system/determinism.rs"]
mod determinism;
#[cfg(test)]
#[path = "system/drives.rs"]
mod drives;
#[cfg(test)]
#[path = "system/found.rs"]
mod found;
#[cfg(test)]
#[path = "system/fuzz.rs"]
mod fuzz;
#[cfg(test)]
#[path = "system/history.rs"]
mod history;
#[cfg(test)]
#[path = "system/lanes.rs"]
mod lanes;
#[cfg(test)]
#[path = "system/memory.rs"]
mod memory;
#[cfg(test)]
#[path = "fuzz/mutation.rs"]
mod mutation;
#[cfg(test)]
#[path = "system/oracle.rs"]
mod oracle;
#[cfg(test)]
#[path = "system/policies.rs"]
mod policies;
#[cfg(test)]
#[path = "system/rule_changes.rs"]
mod rule_changes;
#[cfg(test)]
#[path = "fuzz/bodies/rule_set.rs"]
mod rule_set;
#[cfg(test)]
#[path = "system/snapshot.rs"]
mod snapshot;
#[cfg(test)]
#[path = "system/switch.rs"]
mod switch;
#[cfg(test)]
#[path = "system/tidy.rs"]
mod tidy;
