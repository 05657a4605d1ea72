//! How long to wait from one order to the next.

use crate::Backoff;

/// How finely jitter is drawn.
const GRAINS: u64 = 1_000;

impl Backoff {
    /// The time after an attempt, from 1, that had a key; in microseconds.
    ///
    /// `min(first * factor^(attempt - 1), cap)`, less a share of up to `jitter_percent` that the
    /// key alone decides: whoever computes it again waits as long.
    #[must_use]
    pub fn after_us(&self, attempt: u32, key: &str) -> u64 {
        let times = u64::from(self.factor).saturating_pow(attempt.saturating_sub(1));
        let full_us = self.first_us.saturating_mul(times).min(self.cap_us);
        let most_us = u128::from(full_us) * u128::from(self.jitter_percent) / 100;
        let off_us = most_us * u128::from(drawn(key)) / u128::from(GRAINS);
        full_us.saturating_sub(u64::try_from(off_us).unwrap_or(full_us))
    }
}

/// From 0 to less than [`GRAINS`], by a text: its digest, which is the same everywhere.
fn drawn(key: &str) -> u64 {
    let digest = blake3::hash(key.as_bytes());
    let bytes = digest.as_bytes().iter().take(8);
    bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) % GRAINS
}
