//! Several recordings as one stream in order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use piccolo_recording::{Fault, Item, Reader, Sample};

/// The next thing of a merge.
#[derive(Debug)]
pub(crate) enum Next {
    /// A sample, with the number of its recording.
    Sample(usize, Sample),
    /// A fault of any recording.
    Fault(Fault),
}

/// Samples of all recordings by time; equal times by recording, then as they stand in it.
pub(crate) struct Merge {
    readers: Vec<Reader>,
    heads: Vec<Option<Sample>>,
    order: BinaryHeap<Reverse<(u64, usize)>>,
    faults: VecDeque<Fault>,
}

impl Merge {
    /// A merge of readers that each give samples in order of time.
    pub(crate) fn new(readers: Vec<Reader>) -> Self {
        let heads = readers.iter().map(|_| None).collect();
        let mut merge = Self { readers, heads, order: BinaryHeap::new(), faults: VecDeque::new() };
        for index in 0..merge.readers.len() {
            merge.pull(index);
        }
        merge
    }

    /// How many bytes were read, of how many; 0 where that is not known.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let read = self.readers.iter().map(Reader::bytes_read).sum();
        let total = self.readers.iter().map(Reader::bytes_total).sum();
        (read, total)
    }

    /// Reads on in one recording up to its next sample.
    fn pull(&mut self, index: usize) {
        for item in self.readers[index].by_ref() {
            match item {
                Item::Fault(fault) => self.faults.push_back(fault),
                Item::Sample(sample) => {
                    self.order.push(Reverse((sample.time_us, index)));
                    self.heads[index] = Some(sample);
                    return;
                }
            }
        }
    }
}

impl Iterator for Merge {
    type Item = Next;

    fn next(&mut self) -> Option<Next> {
        if let Some(fault) = self.faults.pop_front() {
            return Some(Next::Fault(fault));
        }
        let Reverse((_, index)) = self.order.pop()?;
        let sample = self.heads[index].take()?;
        self.pull(index);
        Some(Next::Sample(index, sample))
    }
}
