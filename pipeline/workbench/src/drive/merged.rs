//! Samples of several signals and drives in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::{Bound, Range, RangeBounds};

use piccolo_catalogue::SignalId;
use piccolo_recording::Sample;

use super::Drive;
use super::column::{Column, Table};

/// Samples of several drives with the number of their drive: see [`merge`].
#[derive(Debug)]
pub struct Merged<'a> {
    cursors: Vec<Cursor<'a>>,
    /// Time, drive, line and cursor of the next sample of each signal.
    heads: BinaryHeap<Reverse<(u64, usize, u32, usize)>>,
}

/// Samples of one drive: see [`Drive::stream`].
#[derive(Debug)]
pub struct Stream<'a>(Merged<'a>);

#[derive(Debug)]
struct Cursor<'a> {
    drive: usize,
    column: &'a Column,
    table: &'a Table,
    next: Range<usize>,
}

/// The samples of the given signals in all drives, at the given times, in order of time; equal
/// times by drive, then line, then signal.
///
/// Samples of one signal of one drive keep their order. Signals that a drive does not have,
/// or that are given twice, make no difference.
pub fn merge<'a>(
    drives: impl IntoIterator<Item = &'a Drive>,
    signals: &[SignalId],
    times_us: impl RangeBounds<u64>,
) -> Merged<'a> {
    let mut signals = signals.to_vec();
    signals.sort_unstable();
    signals.dedup();
    let times_us = half_open(&times_us);
    let mut merged = Merged { cursors: Vec::new(), heads: BinaryHeap::new() };
    for (number, drive) in drives.into_iter().enumerate() {
        for column in signals.iter().filter_map(|signal| drive.column(*signal)) {
            merged.add(number, drive, column, times_us);
        }
    }
    merged
}

impl Drive {
    /// The samples of the given signals at the given times, in order of time; equal times by
    /// line, then by signal.
    pub fn stream(&self, signals: &[SignalId], times_us: impl RangeBounds<u64>) -> Stream<'_> {
        Stream(merge([self], signals, times_us))
    }

    /// All samples, in the same order.
    pub fn iter(&self) -> Stream<'_> {
        let signals: Vec<SignalId> = self.signals().map(|(signal, _)| signal).collect();
        self.stream(&signals, ..)
    }
}

/// The first time, and the time after the last; none where nothing is after it.
fn half_open(times_us: &impl RangeBounds<u64>) -> (Option<u64>, Option<u64>) {
    let start_us = match times_us.start_bound() {
        Bound::Included(start_us) => Some(*start_us),
        Bound::Excluded(start_us) => start_us.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end_us = match times_us.end_bound() {
        Bound::Included(end_us) => end_us.checked_add(1),
        Bound::Excluded(end_us) => Some(*end_us),
        Bound::Unbounded => None,
    };
    (start_us, end_us)
}

impl<'a> IntoIterator for &'a Drive {
    type Item = Sample;
    type IntoIter = Stream<'a>;

    fn into_iter(self) -> Stream<'a> {
        self.iter()
    }
}

impl<'a> Merged<'a> {
    fn add(
        &mut self,
        drive: usize,
        from: &'a Drive,
        column: &'a Column,
        (start_us, end_us): (Option<u64>, Option<u64>),
    ) {
        let (first, end) = (column.position(start_us), column.position(end_us));
        self.cursors.push(Cursor { drive, column, table: &from.table, next: first..end });
        let head = self.head(self.cursors.len() - 1);
        self.heads.extend(head);
    }

    fn head(&self, index: usize) -> Option<Reverse<(u64, usize, u32, usize)>> {
        let cursor = self.cursors.get(index)?;
        let at = cursor.next.clone().next()?;
        let (time_us, line) = cursor.column.place(at)?;
        Some(Reverse((time_us, cursor.drive, line, index)))
    }
}

impl Iterator for Merged<'_> {
    type Item = (usize, Sample);

    fn next(&mut self) -> Option<(usize, Sample)> {
        let Reverse((_, drive, _, index)) = self.heads.pop()?;
        let cursor = self.cursors.get_mut(index)?;
        let sample = cursor.column.sample(cursor.next.next()?, cursor.table)?;
        let head = self.head(index);
        self.heads.extend(head);
        Some((drive, sample))
    }
}

impl Iterator for Stream<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.0.next().map(|(_, sample)| sample)
    }
}
