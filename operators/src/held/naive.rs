//! The twin of `held`: asks the history of a level, time by time.

use crate::ids::Time;

/// Whether a level counts at a time, given all its changes so far in order of time.
///
/// `changes` holds `(time, level)`, each valid from its time on; before the
/// first the level is false.
pub fn counts(changes: &[(Time, bool)], held_us: Time, now_us: Time) -> bool {
    let level_at = |time: Time| {
        changes.iter().rfind(|(from, _)| *from <= time).is_some_and(|(_, level)| *level)
    };
    let broken = changes
        .iter()
        .any(|(from, level)| !level && *from <= now_us && from.saturating_add(held_us) > now_us);
    level_at(now_us) && !broken && now_us.checked_sub(held_us).is_some_and(level_at)
}
