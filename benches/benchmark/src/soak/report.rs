//! What a soak came to, and whether it is well.

use serde::Serialize;

use super::SoakPlan;

/// By how much memory may be larger in the last quarter than in the second.
const GROWTH_MAX: f64 = 1.05;

/// One second of a soak.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Second {
    /// Its number, from 1.
    pub second: u32,
    /// What the process held at its end; none where the kernel does not say.
    pub resident_bytes: Option<u64>,
    /// Samples that the engine got.
    pub samples: u64,
    /// Samples that were due at its end and not given yet.
    pub behind: u64,
    /// Steps that took them.
    pub steps: u64,
    /// The time that half of the steps took at most.
    pub p50_ns: u64,
    /// The same for 99 of a hundred.
    pub p99_ns: u64,
    /// The slowest step.
    pub max_ns: u64,
    /// Decisions that fell.
    pub decisions: u64,
    /// Samples that were lost, since the beginning.
    pub late_samples: u64,
    /// Slots that were ever given out.
    pub slots: u64,
    /// Scenarios in force at its end.
    pub scenarios: u64,
    /// Changes of rules that came into force.
    pub changes: u64,
    /// Changes that were due before the compiler had them.
    pub changes_passed_over: u64,
    /// The slowest load of a rule set, without the step that carries it out.
    pub load_max_ns: u64,
}

/// All seconds of a soak.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Rules that stayed.
    pub rules: u32,
    /// Vehicles.
    pub vehicles: u32,
    /// Samples a second that were asked for.
    pub rate: u32,
    /// Changes a second that were asked for.
    pub changes_a_second: u32,
    /// Samples that were lost.
    pub lost: u64,
    /// The mean memory of the last quarter, divided by that of the second; none where it is too
    /// short for that, or the kernel does not say.
    pub growth: Option<f64>,
    /// The seconds.
    pub seconds: Vec<Second>,
}

impl Report {
    pub(super) fn new(plan: &SoakPlan, seconds: Vec<Second>) -> Self {
        Self {
            rules: plan.size.rules,
            vehicles: plan.size.vehicles,
            rate: plan.rate,
            changes_a_second: plan.changes,
            lost: seconds.last().map_or(0, |second| second.late_samples),
            growth: growth(&seconds),
            seconds,
        }
    }

    /// Whether memory grew by more than 5 % from the second quarter to the last.
    pub fn grew(&self) -> bool {
        self.growth.is_some_and(|growth| growth > GROWTH_MAX)
    }

    /// Whether nothing was lost and memory stayed as it was.
    pub fn is_well(&self) -> bool {
        self.lost == 0 && !self.grew()
    }

    /// The sum of something over all seconds.
    pub fn sum(&self, of: impl Fn(&Second) -> u64) -> u64 {
        self.seconds.iter().map(of).sum()
    }

    /// The middle one of something over all seconds.
    pub fn median(&self, of: impl Fn(&Second) -> u64) -> u64 {
        let mut all: Vec<u64> = self.seconds.iter().map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    /// The largest of something over all seconds.
    pub fn max(&self, of: impl Fn(&Second) -> u64) -> u64 {
        self.seconds.iter().map(of).max().unwrap_or_default()
    }
}

/// The mean memory of the last quarter divided by that of the second.
fn growth(seconds: &[Second]) -> Option<f64> {
    let quarter = seconds.len() / 4;
    let mean = |seconds: &[Second]| -> Option<f64> {
        let bytes: Option<u64> = seconds.iter().map(|second| second.resident_bytes).sum();
        (!seconds.is_empty()).then_some(bytes? as f64 / seconds.len() as f64)
    };
    let last = mean(&seconds[seconds.len() - quarter..])?;
    Some(last / mean(&seconds[quarter..quarter * 2])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report over seconds with this much memory.
    fn report(memory: &[u64], late_samples: u64) -> Report {
        let second = |bytes: &u64| Second {
            resident_bytes: Some(*bytes),
            late_samples,
            ..Second::default()
        };
        let size = crate::Size { rules: 1, vehicles: 1 };
        let plan = SoakPlan { size, rate: 1, changes: 1, seconds: 1, seed: 1 };
        Report::new(&plan, memory.iter().map(second).collect())
    }

    #[track_caller]
    fn check(memory: &[u64], growth: Option<f64>, is_well: bool) {
        let report = report(memory, 0);
        assert_eq!((report.growth, report.is_well()), (growth, is_well), "{memory:?}");
    }

    #[test]
    fn the_last_quarter_is_held_to_the_second() {
        check(&[1, 100, 900, 105], Some(1.05), true);
        check(&[1, 100, 100, 106], Some(1.06), false);
        check(&[900, 100, 100, 50], Some(0.5), true);
        check(&[1, 1, 100, 100, 1, 1, 150, 150], Some(1.5), false);
        check(&[1, 2, 3], None, true);
        check(&[], None, true);
    }

    #[test]
    fn what_is_lost_is_not_well() {
        assert!(report(&[1, 1, 1, 1], 0).is_well());
        assert!(!report(&[1, 1, 1, 1], 1).is_well());
    }
}
