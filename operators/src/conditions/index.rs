//! The predicate index of one signal: which gates a change of its value touches.
//!
//! Thresholds are sorted, so that a value that moves from a to b touches only
//! the thresholds between a and b; constants are sorted, so that it touches
//! only the two that it leaves and reaches.

use super::gates::Gate;
use crate::latest::Calm;

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
    /// The gate, where there is one only; else the place of its [`Span`].
    hung: u32,
    kind: Hung,
    /// For thresholds, whether the point itself passes.
    pub(super) inclusive: bool,
}

/// What hangs on a point: mostly a single gate, which then needs no place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hung {
    /// One gate that is true when the point is passed or met.
    Positive,
    /// One that is true when it is not.
    Negative,
    Many,
}

/// Where the gates of a point lie: those true when it is passed or met, then those true when not.
#[derive(Clone, Copy, Debug)]
struct Span {
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
    spans: Vec<Span>,
    /// The gates of each span.
    fan_out: Vec<Gate>,
    pub(super) known: Option<Entry>,
    /// Whether others read each sample, also one that changes no truth.
    pub(super) every_sample: bool,
    pub(super) leaves: Vec<Leaf>,
}

impl Entry {
    /// The gate, where there is one only, and whether it is true while the point is not passed.
    #[inline]
    pub(super) fn single(&self) -> Option<(Gate, bool)> {
        (self.kind != Hung::Many).then_some((self.hung, self.kind == Hung::Negative))
    }

    /// Whether a value has passed the threshold.
    #[inline]
    pub(super) fn passed_by(&self, value: f64) -> bool {
        value > self.point || (self.inclusive && value == self.point)
    }
}

impl SignalIndex {
    /// Gates that are true while the entry is passed or met.
    #[inline]
    pub(super) fn positive<'a>(&'a self, entry: &'a Entry) -> &'a [Gate] {
        match entry.kind {
            Hung::Positive => std::slice::from_ref(&entry.hung),
            Hung::Negative => &[],
            Hung::Many => {
                let span = self.spans[entry.hung as usize];
                &self.fan_out[span.start as usize..span.middle as usize]
            }
        }
    }

    /// Gates that are true while the value is known and the entry is not passed or not met.
    #[inline]
    pub(super) fn negative<'a>(&'a self, entry: &'a Entry) -> &'a [Gate] {
        match entry.kind {
            Hung::Positive => &[],
            Hung::Negative => std::slice::from_ref(&entry.hung),
            Hung::Many => {
                let span = self.spans[entry.hung as usize];
                &self.fan_out[span.middle as usize..span.end as usize]
            }
        }
    }

    /// How many thresholds a known value has passed.
    pub(super) fn passed(&self, value: f64) -> usize {
        self.thresholds.partition_point(|entry| entry.passed_by(value))
    }

    /// Where a known value that has passed so many thresholds may move without a difference.
    pub(super) fn calm(&self, passed: u32) -> Calm {
        let makes_a_difference = self.every_sample || !self.has_thresholds_only();
        if makes_a_difference {
            return Calm::NEVER;
        }
        let point = |at: usize| self.thresholds.get(at).map(|entry| entry.point);
        let at = passed as usize;
        Calm::between(at.checked_sub(1).and_then(point), point(at))
    }

    /// The gate that a value touches first, where that is a single one, on its way from where so many thresholds were passed.
    #[inline]
    pub(super) fn first_touched(&self, passed: u32, value: f64) -> Option<Gate> {
        let at = passed as usize;
        let up = self.thresholds.get(at).filter(|next| next.passed_by(value));
        let down = || {
            let last = at.checked_sub(1).and_then(|at| self.thresholds.get(at));
            last.filter(|last| !last.passed_by(value))
        };
        up.or_else(down)?.single().map(|(gate, _)| gate)
    }

    /// Whether nothing but crossing a threshold makes a difference while the value is known.
    fn has_thresholds_only(&self) -> bool {
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
        self.spans.clear();
        self.fan_out.clear();
        let leaves = std::mem::take(&mut self.leaves);
        for group in leaves.chunk_by(|a, b| a.probe == b.probe) {
            let (hung, kind) = self.hang(group);
            let entry = |point, inclusive| Entry { point, hung, kind, inclusive };
            match group[0].probe {
                Probe::Known => self.known = Some(entry(0.0, false)),
                Probe::Above { threshold, inclusive } => {
                    self.thresholds.push(entry(threshold, inclusive));
                }
                Probe::Equals { constant } => self.constants.push(entry(constant, false)),
            }
        }
        self.leaves = leaves;
    }

    /// Hangs the leaves of one point, those that are not negated first.
    fn hang(&mut self, leaves: &[Leaf]) -> (u32, Hung) {
        match leaves {
            [Leaf { gate, negated: false, .. }] => return (*gate, Hung::Positive),
            [Leaf { gate, negated: true, .. }] => return (*gate, Hung::Negative),
            _ => {}
        }
        let start = self.fan_out.len() as u32;
        let positive = leaves.iter().filter(|leaf| !leaf.negated).count() as u32;
        self.fan_out.extend(leaves.iter().map(|leaf| leaf.gate));
        self.spans.push(Span { start, middle: start + positive, end: self.fan_out.len() as u32 });
        (self.spans.len() as u32 - 1, Hung::Many)
    }
}
