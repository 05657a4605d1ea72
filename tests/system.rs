//! The tests that cross the rooms: one binary, since each links the world.

#[path = "system/data.rs"]
mod data;
#[path = "system/determinism.rs"]
mod determinism;
#[path = "system/drives.rs"]
mod drives;
#[path = "system/memory.rs"]
mod memory;
#[path = "system/oracle.rs"]
mod oracle;
#[path = "system/random_rules.rs"]
mod random_rules;
#[path = "system/rule_changes.rs"]
mod rule_changes;
#[path = "system/tidy.rs"]
mod tidy;
