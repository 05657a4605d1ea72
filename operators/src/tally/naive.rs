//! The twin of `tally`: counts the whole history.

use super::{Count, Group};
use crate::ids::Time;

/// How many vehicles a group has after all that happened up to a time.
pub fn count(history: &[Count], group: Group, now_us: Time) -> isize {
    let own = history.iter().filter(|count| count.group == group && count.time_us <= now_us);
    own.map(|count| count.diff).sum()
}
