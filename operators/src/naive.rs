//! The twin of the whole hot path: the edges of one rule in one vehicle, from
//! the history alone and by the definitions alone.

use std::collections::BTreeSet;

use crate::conditions::naive::holds;
use crate::cooldown::naive::edges as settled;
use crate::cooldown::{EdgeKind, Levels, Timing};
use crate::evaluate::RuleSpec;
use crate::held::naive::counts;
use crate::ids::{Sample, Time, Vehicle};

/// The edges of a rule in a vehicle before the horizon, in order of time.
pub fn edges(
    history: &[Sample],
    spec: &RuleSpec,
    vehicle: Vehicle,
    horizon_us: Time,
) -> Vec<(Time, EdgeKind)> {
    let own: Vec<Sample> =
        history.iter().filter(|sample| sample.vehicle == vehicle).copied().collect();
    let samples_at: BTreeSet<Time> =
        own.iter().map(|sample| sample.time_us).filter(|time| *time < horizon_us).collect();
    let level = |condition| -> Vec<(Time, bool)> {
        samples_at.iter().map(|time| (*time, holds(&own, condition, vehicle, *time))).collect()
    };
    let when = level(&spec.when);
    let until = spec.until.as_ref().map(level).unwrap_or_default();
    edges_of_levels(&when, &until, &spec.timing(), horizon_us)
}

/// The edges before the horizon of a rule whose conditions have these levels, each valid from
/// its time on.
pub fn edges_of_levels(
    when: &[(Time, bool)],
    until: &[(Time, bool)],
    timing: &Timing,
    horizon_us: Time,
) -> Vec<(Time, EdgeKind)> {
    let changes = || when.iter().chain(until).map(|(time, _)| *time);
    let mut times: BTreeSet<Time> = changes().collect();
    times.extend(changes().map(|time| time.saturating_add(timing.held_us)));
    loop {
        let moments: Vec<(Time, Levels)> = times
            .iter()
            .filter(|time| **time < horizon_us)
            .map(|time| {
                let when = counts(when, timing.held_us, *time);
                (*time, Levels { when, until: counts(until, 0, *time) })
            })
            .collect();
        let edges = settled(timing, &moments);
        let before = times.len();
        let ends = edges.iter().filter(|(_, kind)| *kind == EdgeKind::End);
        times.extend(ends.map(|(time, _)| time.saturating_add(timing.cooldown_us)));
        if times.len() == before {
            return edges;
        }
    }
}
