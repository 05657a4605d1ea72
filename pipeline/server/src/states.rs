//! What scenarios, packages, models, containers and nodes are: the rpcs of `StateService`.

mod convert;
mod kind;
mod service;

pub use service::{StateService, WATCHES_MAX};
