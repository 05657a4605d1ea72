//! Turns the signals that ask a process to stop into one cancellation token.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Why the process cannot listen for the signals that stop it.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// The operating system refused the handler.
    #[error("cannot listen for {signal}: {source}")]
    Listen {
        /// The signal's name.
        signal: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A token that is cancelled by the first SIGINT or SIGTERM.
///
/// Whoever holds the token finishes what it has begun and returns. A second
/// signal ends the process at once, with the shell's 128 + signal number, so
/// that an operator is never held by a drain that hangs.
///
/// Must be called within a tokio runtime whose I/O driver is enabled.
///
/// # Errors
/// [`ShutdownError::Listen`] where the operating system refuses a handler.
pub fn on_signal() -> Result<CancellationToken, ShutdownError> {
    let mut interrupt = listen(SignalKind::interrupt(), "SIGINT")?;
    let mut terminate = listen(SignalKind::terminate(), "SIGTERM")?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let first = next(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = first.as_raw_value(), "stopping");
        cancelled.cancel();
        let second = next(&mut interrupt, &mut terminate).await;
        tracing::warn!(signal = second.as_raw_value(), "stopped at once by a second signal");
        std::process::exit(128 + second.as_raw_value());
    });
    Ok(token)
}

fn listen(kind: SignalKind, name: &'static str) -> Result<Signal, ShutdownError> {
    signal(kind).map_err(|source| ShutdownError::Listen { signal: name, source })
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt(),
        _ = terminate.recv() => SignalKind::terminate(),
    }
}
