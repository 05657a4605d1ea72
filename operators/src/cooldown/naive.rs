//! The twin of `cooldown`: the edges of one rule from its whole history, by the definition.

use super::{EdgeKind, Levels, Timing};
use crate::ids::Time;

/// The edges of a rule, given its levels at any number of times in order.
///
/// `moments` must hold every time at which a level changed and every time at
/// which a cooldown ends; further times change nothing.
pub fn edges(timing: &Timing, moments: &[(Time, Levels)]) -> Vec<(Time, EdgeKind)> {
    let mut edges: Vec<(Time, EdgeKind)> = Vec::new();
    for (index, (now_us, levels)) in moments.iter().enumerate() {
        let edge = match edges.last() {
            Some((_, EdgeKind::Begin)) => ends(timing, *levels).then_some(EdgeKind::End),
            _ => begins(timing, &moments[..=index], &edges).then_some(EdgeKind::Begin),
        };
        edges.extend(edge.map(|kind| (*now_us, kind)));
    }
    edges
}

fn ends(timing: &Timing, levels: Levels) -> bool {
    if timing.latched { levels.until } else { !levels.when }
}

fn begins(timing: &Timing, moments: &[(Time, Levels)], edges: &[(Time, EdgeKind)]) -> bool {
    let Some((now_us, levels)) = moments.last() else { return false };
    let rested = edges
        .iter()
        .filter(|(_, kind)| *kind == EdgeKind::End)
        .all(|(end_us, _)| end_us.saturating_add(timing.cooldown_us) <= *now_us);
    let last_begin = edges.iter().rfind(|(_, kind)| *kind == EdgeKind::Begin);
    let was_false = last_begin.is_none_or(|(begin_us, _)| {
        moments.iter().any(|(time_us, levels)| time_us > begin_us && !levels.when)
    });
    levels.when && !(timing.latched && levels.until) && rested && was_false
}
