//! The grain of windows: their start moves in steps, so that what they keep is bounded.

use crate::ids::Time;

/// Into how many steps a window is divided.
pub const GRAINS: Time = 1024;

/// The step in which the start of a window moves, in microseconds.
pub fn grain(window_us: Time) -> Time {
    (window_us / GRAINS).max(1)
}

/// Where a window begins at a time: so long ago, rounded down to a multiple of its grain.
pub fn window_start(now_us: Time, window_us: Time) -> Time {
    let start = now_us.saturating_sub(window_us);
    start - start % grain(window_us)
}

/// The first start of a window at or after a time: from there on the time is no longer inside.
pub(super) fn leaves_at(time_us: Time, window_us: Time) -> Time {
    time_us.next_multiple_of(grain(window_us))
}

/// When a window's start reaches a multiple of its grain.
pub(super) fn due_at(start_us: Time, window_us: Time) -> Time {
    start_us.saturating_add(window_us)
}
