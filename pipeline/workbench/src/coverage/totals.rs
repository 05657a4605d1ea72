//! Coverage in numbers, and the least that is asked for.

use std::fmt;

use serde::Serialize;

/// How much of what can be covered is covered; what is impossible counts in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ratio {
    /// How much is covered.
    pub covered: usize,
    /// Of how much.
    pub of: usize,
}

/// The three kinds of coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Each atom true, and false.
    Condition,
    /// Each condition holds, and does not.
    Branch,
    /// Each atom has an independent effect.
    Mcdc,
}

/// Coverage of one condition, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Two for each atom: true and false.
    pub condition: Ratio,
    /// Two for each condition: it holds and does not.
    pub branch: Ratio,
    /// One for each atom: its independent effect.
    pub mcdc: Ratio,
    /// How much of all three is impossible, and so counts nowhere.
    pub impossible: usize,
}

/// The least coverage that is asked for, in percent; none where it is not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Threshold {
    /// Of condition coverage.
    pub condition: Option<f64>,
    /// Of branch coverage.
    pub branch: Option<f64>,
    /// Of MC/DC.
    pub mcdc: Option<f64>,
}

/// Coverage that is less than asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shortfall {
    /// Which kind.
    pub metric: Metric,
    /// What there is.
    pub ratio: Ratio,
    /// What was asked for, in percent.
    pub percent_min: f64,
}

impl Ratio {
    /// In percent; all of nothing is 100.
    pub fn percent(self) -> f64 {
        if self.of == 0 { 100.0 } else { self.covered as f64 * 100.0 / self.of as f64 }
    }

    /// Counts one more, covered or not.
    pub(super) fn count(&mut self, covered: bool) {
        self.of += 1;
        self.covered += usize::from(covered);
    }

    fn add(&mut self, other: Self) {
        self.of += other.of;
        self.covered += other.covered;
    }
}

impl Totals {
    /// Adds those of another condition.
    pub(super) fn add(&mut self, other: &Self) {
        self.condition.add(other.condition);
        self.branch.add(other.branch);
        self.mcdc.add(other.mcdc);
        self.impossible += other.impossible;
    }

    /// The three kinds with their ratio.
    pub fn metrics(&self) -> [(Metric, Ratio); 3] {
        [
            (Metric::Condition, self.condition),
            (Metric::Branch, self.branch),
            (Metric::Mcdc, self.mcdc),
        ]
    }
}

impl Threshold {
    /// Where the coverage is less than asked for.
    pub fn check(&self, totals: &Totals) -> Vec<Shortfall> {
        let least = [self.condition, self.branch, self.mcdc];
        let metrics = totals.metrics().into_iter().zip(least);
        metrics
            .filter_map(|((metric, ratio), least)| {
                let percent_min = least?;
                // Not `<`: what cannot be compared is not reached.
                let reached = ratio.percent() >= percent_min;
                (!reached).then_some(Shortfall { metric, ratio, percent_min })
            })
            .collect()
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Condition => "condition",
            Self::Branch => "branch",
            Self::Mcdc => "MC/DC",
        })
    }
}

impl fmt::Display for Ratio {
    /// Writes `3/4 75 %`; the percents are rounded down, so that 100 means all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {} %", self.covered, self.of, self.percent().floor())
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} coverage is {}, less than {} %", self.metric, self.ratio, self.percent_min)
    }
}
