//! Recovery as its caller meets it: part by part, and a whole vehicle with random faults.

#[cfg(test)]
#[path = "it/budgets.rs"]
mod budgets;
#[cfg(test)]
#[path = "it/data.rs"]
mod data;
#[cfg(test)]
#[path = "it/detection.rs"]
mod detection;
#[cfg(test)]
#[path = "it/documented.rs"]
mod documented;
#[cfg(test)]
#[path = "it/drift.rs"]
mod drift;
#[cfg(test)]
#[path = "it/ladders.rs"]
mod ladders;
#[cfg(test)]
#[path = "it/nodes.rs"]
mod nodes;
#[cfg(test)]
#[path = "it/simulation.rs"]
mod simulation;
#[cfg(test)]
#[path = "it/support.rs"]
mod support;
#[cfg(test)]
#[path = "it/times.rs"]
mod times;
#[cfg(test)]
#[path = "it/updates.rs"]
mod updates;
