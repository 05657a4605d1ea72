//! The control plane: gateway, engine thread and action feed over gRPC.
//!
//! Samples come in through [`signals`] or [`replay`], pass the [`gateway`], which
//! orders them, are decided upon in the [`engine_thread`], and what is decided
//! goes out through the [`feed`], at once ([`direct`]) or once it is kept ([`durable`]). [`rules`]
//! changes the rules meanwhile; [`states`] keeps what scenarios, packages and nodes are. The modules meet only in [`ports`]; [`api`] puts them together.

pub mod api;
pub mod backups;
pub mod convert;
pub mod direct;
pub mod durable;
pub mod engine_thread;
pub mod feed;
pub mod gateway;
pub mod ports;
pub mod replay;
pub mod rules;
pub mod settings;
pub mod signals;
pub mod states;
