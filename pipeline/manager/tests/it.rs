//! The manager over a real store, one that loses answers, and one that stops in the middle.

#[cfg(test)]
#[path = "it/apply.rs"]
mod apply;
#[cfg(test)]
#[path = "it/follow.rs"]
mod follow;
#[cfg(test)]
#[path = "it/history.rs"]
mod history;
#[cfg(test)]
#[path = "it/stats.rs"]
mod stats;
#[cfg(test)]
#[path = "it/support.rs"]
mod support;
