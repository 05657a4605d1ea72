//! The predicate index of one signal: which gates a change of its value touches.
//!
//! Thresholds are sorted, so that a value that moves from a to b touches only
//! the thresholds between a and b; constants are sorted, so that it touches
//! only the two that it leaves and reaches.

use super::gates::Gate;

/// Which way a literal hangs on its atom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) probe: Probe,
    pub(super) negated: bool,
    pub(super) gate: Gate,
}

/// An atom that the index serves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Probe {
    Above { threshold: f64, inclusive: bool },
    Equals { constant: f64 },
    Known,
}

/// A point on the number line with the gates that hang on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The threshold or constant.
    pub(super) point: f64,
    /// For thresholds, whether the point itself passes.
    pub(super) inclusive: bool,
    start: u32,
    middle: u32,
    end: u32,
}

/// The index; `leaves` is what it is made from.
///
/// The order of the fields is that in memory: what every sample needs lies together.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct SignalIndex {
    pub(super) thresholds: Vec<Entry>,
    pub(super) constants: Vec<Entry>,
    /// Computed atoms that read the signal.
    pub(super) computed: Vec<u32>,
    /// For each entry its gates: those true when it is passed or met, then those true when not.
    fan_out: Vec<Gate>,
    pub(super) known: Option<Entry>,
    pub(super) leaves: Vec<Leaf>,
}

impl Entry {
    /// Whether a value has passed the threshold.
    #[inline]
    pub(super) fn passed_by(&self, value: f64) -> bool {
        value > self.point || (self.inclusive && value == self.point)
    }
}

impl SignalIndex {
    /// Gates that are true while the entry is passed or met.
    pub(super) fn positive(&self, entry: &Entry) -> &[Gate] {
        &self.fan_out[entry.start as usize..entry.middle as usize]
    }

    /// Gates that are true while the value is known and the entry is not passed or not met.
    pub(super) fn negative(&self, entry: &Entry) -> &[Gate] {
        &self.fan_out[entry.middle as usize..entry.end as usize]
    }

    /// How many thresholds a known value has passed.
    pub(super) fn passed(&self, value: f64) -> usize {
        self.thresholds.partition_point(|entry| entry.passed_by(value))
    }

    /// Whether a known value has passed no other thresholds than so many.
    #[inline]
    pub(super) fn stays_between(&self, passed: u32, value: f64) -> bool {
        let at = passed as usize;
        let above = self.thresholds.get(at).is_some_and(|next| next.passed_by(value));
        let last = at.checked_sub(1).and_then(|at| self.thresholds.get(at));
        !above && last.is_none_or(|last| last.passed_by(value))
    }

    /// A gate that a value touches on its way from where so many thresholds were passed.
    #[inline]
    pub(super) fn first_touched(&self, passed: u32, value: f64) -> Option<Gate> {
        let at = passed as usize;
        let up = self.thresholds.get(at).filter(|next| next.passed_by(value));
        let down = || {
            let last = at.checked_sub(1).and_then(|at| self.thresholds.get(at));
            last.filter(|last| !last.passed_by(value))
        };
        let entry = up.or_else(down)?;
        self.fan_out.get(entry.start as usize).copied()
    }

    /// Whether nothing but crossing a threshold makes a difference while the value is known.
    #[inline]
    pub(super) fn has_thresholds_only(&self) -> bool {
        self.constants.is_empty() && self.computed.is_empty()
    }

    /// The constant that a value meets.
    pub(super) fn met(&self, value: f64) -> Option<usize> {
        self.constants.binary_search_by(|entry| entry.point.total_cmp(&value)).ok()
    }

    /// Whether the index serves an atom.
    pub(super) fn has(&self, probe: &Probe) -> bool {
        match *probe {
            Probe::Known => self.known.is_some(),
            Probe::Equals { constant } => self.met(constant).is_some(),
            Probe::Above { threshold, inclusive } => {
                let order = |entry: &Entry| {
                    let points = entry.point.total_cmp(&threshold);
                    points.then((!entry.inclusive).cmp(&!inclusive))
                };
                self.thresholds.binary_search_by(order).is_ok()
            }
        }
    }

    /// Makes the index anew after `leaves` changed.
    pub(super) fn rebuild(&mut self) {
        let key = |leaf: &Leaf| match leaf.probe {
            Probe::Known => (0, 0.0, false),
            Probe::Above { threshold, inclusive } => (1, threshold, !inclusive),
            Probe::Equals { constant } => (2, constant, false),
        };
        self.leaves.sort_by(|a, b| {
            let ((kind_a, point_a, open_a), (kind_b, point_b, open_b)) = (key(a), key(b));
            let points = point_a.total_cmp(&point_b);
            kind_a
                .cmp(&kind_b)
                .then(points)
                .then(open_a.cmp(&open_b))
                .then(a.negated.cmp(&b.negated))
        });
        self.thresholds.clear();
        self.constants.clear();
        self.known = None;
        self.fan_out.clear();
        for group in self.leaves.chunk_by(|a, b| a.probe == b.probe) {
            let start = self.fan_out.len() as u32;
            let positive = group.iter().filter(|leaf| !leaf.negated).count() as u32;
            self.fan_out.extend(group.iter().map(|leaf| leaf.gate));
            let end = self.fan_out.len() as u32;
            let entry =
                |point, inclusive| Entry { point, inclusive, start, middle: start + positive, end };
            match group[0].probe {
                Probe::Known => self.known = Some(entry(0.0, false)),
                Probe::Above { threshold, inclusive } => {
                    self.thresholds.push(entry(threshold, inclusive));
                }
                Probe::Equals { constant } => self.constants.push(entry(constant, false)),
            }
        }
    }
}
