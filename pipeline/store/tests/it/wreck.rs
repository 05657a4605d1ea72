//! Crashes at every write to a file: what a run does to it is recorded, and for each write the file
//! is made again as it may be found after the machine ended there: all up to the last sync, and of
//! what came after it any part, the last write also torn.

use std::sync::{Arc, Mutex};

use fastrand::Rng;
use redb::StorageBackend;

use crate::storage::Memory;

/// What happened, in order.
#[derive(Clone, Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
    Sync,
    /// All up to this number was answered.
    Answered(u64),
}

/// A file in memory that records what is done to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    memory: Memory,
    steps: Arc<Mutex<Vec<Step>>>,
}

impl Recorder {
    /// Takes note that somebody was told that all up to this number is done.
    pub(crate) fn answered(&self, number: u64) {
        self.record(Step::Answered(number));
    }

    /// The file as it is found after crashes, some `tries` of them for each write after the first
    /// answer.
    pub(crate) fn crashes(&self, tries: u64, random: Rng) -> Crashes {
        let steps = self.steps.lock().unwrap().clone();
        Crashes {
            steps,
            random,
            tries,
            synced: Memory::default(),
            at: 0,
            tried: 0,
            sync: 0,
            answered: None,
        }
    }

    fn record(&self, step: Step) {
        self.steps.lock().unwrap().push(step);
    }
}

impl StorageBackend for Recorder {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.record(Step::Length(len));
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.record(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.record(Step::Write(offset, data.to_vec()));
        self.memory.write(offset, data)
    }
}

/// A file after a crash.
#[derive(Debug)]
pub(crate) struct Wreck {
    pub(crate) file: Memory,
    /// All up to this number was answered before.
    pub(crate) answered: u64,
    /// Where it happened, for messages.
    pub(crate) place: String,
}

/// The crashes of a run, in order.
pub(crate) struct Crashes {
    steps: Vec<Step>,
    random: Rng,
    tries: u64,
    /// The file as it was at the last sync.
    synced: Memory,
    /// The next step, and how often a crash at it was tried.
    at: usize,
    tried: u64,
    /// The place of the last sync.
    sync: usize,
    answered: Option<u64>,
}

impl Iterator for Crashes {
    type Item = Wreck;

    fn next(&mut self) -> Option<Wreck> {
        loop {
            match self.steps.get(self.at)? {
                Step::Answered(number) => self.answered = self.answered.max(Some(*number)),
                Step::Sync => {
                    let open = &self.steps[self.sync..self.at];
                    open.iter().for_each(|step| apply(&self.synced, step, None));
                    self.sync = self.at;
                }
                Step::Write(..) | Step::Length(_) => {
                    if let Some(answered) = self.answered.filter(|_| self.tried < self.tries) {
                        let place = format!("step {}, try {}", self.at, self.tried);
                        self.tried += 1;
                        let open = &self.steps[self.sync..=self.at];
                        let file = wreck(&self.synced, open, &mut self.random);
                        return Some(Wreck { file, answered, place });
                    }
                }
            }
            (self.at, self.tried) = (self.at + 1, 0);
        }
    }
}

fn apply(file: &Memory, step: &Step, torn: Option<usize>) {
    match step {
        Step::Write(offset, data) => {
            file.write(*offset, &data[..torn.unwrap_or(data.len())]).unwrap();
        }
        Step::Length(length) => file.set_len(*length).unwrap(),
        Step::Sync | Step::Answered(_) => {}
    }
}

/// The file as it may be found after a crash: what was synced, and any part of what was not.
fn wreck(synced: &Memory, open: &[Step], random: &mut Rng) -> Memory {
    let file = Memory::new(synced.bytes());
    for step in open {
        match (step, random.u8(..8)) {
            // It is on the disk only in part.
            (Step::Write(_, data), 0) => apply(&file, step, Some(random.usize(..=data.len()))),
            (Step::Write(..), 1..=3) => {}
            // A length is always as it was set last.
            _ => apply(&file, step, None),
        }
    }
    file
}
