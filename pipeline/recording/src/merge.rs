//! Several recordings as one stream in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Fault, Item, Reader, Sample};

/// The next thing of a merge.
#[derive(Debug)]
pub enum Next {
    /// A sample, with the number of its recording.
    Sample(usize, Sample),
    /// A fault of any recording.
    Fault(Fault),
}

/// Samples of all recordings by time; equal times by recording, then as they stand in it.
pub struct Merge {
    readers: Vec<Reader>,
    heads: Vec<Option<Sample>>,
    order: BinaryHeap<Reverse<(u64, usize)>>,
    /// The recordings that have to be read on before the next sample is known.
    due: Vec<usize>,
}

impl Merge {
    /// A merge of readers that each give samples in order of time.
    pub fn new(readers: Vec<Reader>) -> Self {
        let heads = readers.iter().map(|_| None).collect();
        let due = (0..readers.len()).rev().collect();
        Self { readers, heads, order: BinaryHeap::new(), due }
    }

    /// How many bytes were read, of how many; 0 where that is not known.
    pub fn bytes(&self) -> (u64, u64) {
        let read = self.readers.iter().map(Reader::bytes_read).sum();
        let total = self.readers.iter().map(Reader::bytes_total).sum();
        (read, total)
    }
}

impl Iterator for Merge {
    type Item = Next;

    fn next(&mut self) -> Option<Next> {
        while let Some(&index) = self.due.last() {
            match self.readers[index].next() {
                Some(Item::Fault(fault)) => return Some(Next::Fault(fault)),
                Some(Item::Sample(sample)) => {
                    self.order.push(Reverse((sample.time_us, index)));
                    self.heads[index] = Some(sample);
                }
                None => {}
            }
            self.due.pop();
        }
        let Reverse((_, index)) = self.order.pop()?;
        let sample = self.heads[index].take()?;
        self.due.push(index);
        Some(Next::Sample(index, sample))
    }
}
