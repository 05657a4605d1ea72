//! The twin of the whole hot path: the edges of one rule in one vehicle, from
//! the history alone and by the definitions alone.

use std::collections::BTreeSet;

use crate::conditions::naive::holds;
use crate::cooldown::naive::edges as settled;
use crate::cooldown::{EdgeKind, Levels};
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
    let mut times = samples_at.clone();
    times.extend(samples_at.iter().map(|time| time.saturating_add(spec.held_us)));
    loop {
        let moments: Vec<(Time, Levels)> = times
            .iter()
            .filter(|time| **time < horizon_us)
            .map(|time| {
                let when = counts(&when, spec.held_us, *time);
                (*time, Levels { when, until: counts(&until, 0, *time) })
            })
            .collect();
        let edges = settled(&spec.timing(), &moments);
        let before = times.len();
        let ends = edges.iter().filter(|(_, kind)| *kind == EdgeKind::End);
        times.extend(ends.map(|(time, _)| time.saturating_add(spec.cooldown_us)));
        if times.len() == before {
            return edges;
        }
    }
}
