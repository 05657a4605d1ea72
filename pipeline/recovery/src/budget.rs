//! How many recoveries there were lately.

use serde::{Deserialize, Serialize};

/// When the last recoveries were, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent(Vec<u64>);

impl Spent {
    /// When another is allowed, so that no window of this length has more than `most`.
    ///
    /// A window is half open: two that lie exactly so far apart are not in one.
    pub(crate) fn free_at_us(&self, most: u32, window_us: u64) -> u64 {
        let first = self.0.len().checked_sub(most as usize);
        first.and_then(|index| self.0.get(index)).map_or(0, |at_us| at_us.saturating_add(window_us))
    }

    /// Whether nothing lies in a window that ends now.
    pub(crate) fn is_over(&self, window_us: u64, now_us: u64) -> bool {
        self.free_at_us(1, window_us) <= now_us
    }

    /// Notes one, and forgets what no budget of `most` asks about.
    pub(crate) fn spend(&mut self, now_us: u64, most: u32) {
        self.0.push(now_us);
        let old = self.0.len().saturating_sub(most as usize);
        self.0.drain(..old);
    }
}
