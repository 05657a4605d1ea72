//! How far a replay is, where somebody watches.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar on standard error; nothing where that is no terminal, or where
/// decisions are printed to the same terminal.
pub(crate) struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// A bar over this many bytes.
    pub(crate) fn new(bytes_total: u64) -> Self {
        let watched = io::stderr().is_terminal() && !io::stdout().is_terminal() && bytes_total > 0;
        let target =
            if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(bytes_total), target);
        let style = ProgressStyle::with_template("{bar:40} {percent:>3} % {eta} left, {msg}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Shows how far it is.
    pub(crate) fn set(&self, bytes_read: u64, samples: u64) {
        if !self.0.is_hidden() {
            self.0.set_position(bytes_read);
            self.0.set_message(format!("{samples} samples"));
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
