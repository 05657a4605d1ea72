//! The eight kinds, one file each.

pub(crate) mod model;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod package;
pub(crate) mod policy;
pub(crate) mod scenario;
pub(crate) mod schedule;
pub(crate) mod volume;
