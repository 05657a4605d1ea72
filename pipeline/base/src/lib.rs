//! What every process needs: logs, exit codes, shutdown.
//!
//! A binary starts with [`telemetry::init`], waits on the token of
//! [`shutdown::on_signal`], and returns an [`exit::Code`] from `main`.

pub mod exit;
pub mod shutdown;
pub mod telemetry;
