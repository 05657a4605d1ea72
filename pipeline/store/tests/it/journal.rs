//! The journal: what was written is there whole after any end, and what a snapshot covers goes.

use std::collections::BTreeMap;

use fastrand::Rng;
use piccolo_store::Error;
use piccolo_store::journal::{Journal, SNAPSHOT_PART_BYTES_MAX, SnapshotPart, Write, parts};
use redb::StorageBackend;

use crate::storage::Memory;
use crate::wreck::Recorder;

/// Outputs that are kept.
const OUTPUTS_MAX: usize = 10;

/// Crashes that are tried for each write of the run.
const TRIES: u64 = 2;

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Content {
    snapshot: Option<(u64, Vec<u8>)>,
    inputs: BTreeMap<u64, Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    notes: BTreeMap<String, Vec<u8>>,
}

fn open(storage: impl StorageBackend) -> Journal {
    Journal::open_in(storage, OUTPUTS_MAX).unwrap()
}

fn content(journal: &Journal) -> Content {
    let inputs = journal.inputs().unwrap();
    Content {
        snapshot: journal.snapshot().unwrap(),
        inputs: inputs.map(|number| (number, journal.input(number).unwrap())).collect(),
        outputs: journal.outputs().unwrap(),
        notes: journal.notes().unwrap().into_iter().collect(),
    }
}

/// A process with a journal, and what the journal must hold.
struct Run {
    journal: Journal,
    content: Content,
    random: Rng,
    /// The parts of a snapshot that are not written yet.
    open: Vec<(u64, u32, Vec<u8>, bool)>,
}

impl Run {
    fn new(storage: impl StorageBackend, seed: u64) -> Self {
        let (content, random) = (Content::default(), Rng::with_seed(seed));
        Self { journal: open(storage), content, random, open: Vec::new() }
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let (byte, length) = (self.random.u8(..), self.random.usize(..most));
        vec![byte; length]
    }

    /// One write of an input, outputs, notes and a part of a snapshot, or of some of these.
    fn write(&mut self) {
        let input = self.random.bool().then(|| self.bytes(3_000));
        let outputs: Vec<Vec<u8>> = (0..self.random.usize(..4)).map(|_| self.bytes(300)).collect();
        let name = format!("note/{}", self.random.u8(..4));
        let note = (self.random.u8(..4) > 0).then(|| self.bytes(100));
        self.begin_snapshot();
        let part = if self.open.is_empty() { None } else { Some(self.open.remove(0)) };
        let outputs_given: Vec<&[u8]> = outputs.iter().map(Vec::as_slice).collect();
        let write = Write {
            input: input.as_deref(),
            outputs: &outputs_given,
            notes: &[(&name, note.as_deref())],
            snapshot: part.as_ref().map(|(after_input, number, bytes, last)| SnapshotPart {
                after_input: *after_input,
                number: *number,
                bytes,
                last: *last,
            }),
        };
        let last = self.journal.write(&write).unwrap();
        self.content.inputs.extend(input.map(|input| (last, input)));
        self.content.outputs.extend(outputs);
        let excess = self.content.outputs.len().saturating_sub(OUTPUTS_MAX);
        self.content.outputs.drain(..excess);
        match note {
            Some(note) => drop(self.content.notes.insert(name, note)),
            None => drop(self.content.notes.remove(&name)),
        }
        if let Some((after, _, bytes, true)) = part {
            self.content.snapshot = Some((after, bytes.repeat(2)));
            self.content.inputs = self.content.inputs.split_off(&(after + 1));
        }
    }

    /// Now and then a snapshot of two parts.
    fn begin_snapshot(&mut self) {
        let after = self.journal.last_input();
        if after > 0 && self.open.is_empty() && self.random.u8(..8) == 0 {
            let half = self.bytes(5_000);
            self.open = vec![(after, 0, half.clone(), false), (after, 1, half, true)];
        }
    }
}

#[test]
fn what_was_written_is_there_whole_after_a_crash_at_every_write() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = variable("PICCOLO_SEED").unwrap_or(5);
    let tries = TRIES * variable("PICCOLO_CASES").unwrap_or(1);
    let recorder = Recorder::default();
    let mut run = Run::new(recorder.clone(), seed);
    let mut truth = vec![run.content.clone()];
    recorder.answered(0);
    for number in 1..=120 {
        run.write();
        recorder.answered(number);
        truth.push(run.content.clone());
    }
    assert!(run.content.snapshot.is_some() && truth.iter().any(|state| state.inputs.len() > 5));
    let mut crashes = 0;
    for wreck in recorder.crashes(tries, Rng::with_seed(seed)) {
        let mut journal = open(wreck.file);
        let found = content(&journal);
        let possible = &truth[wreck.answered as usize..];
        // The write that was under way may be there as well.
        let place = format!("PICCOLO_SEED={seed}, {}", wreck.place);
        assert!(possible.iter().take(2).any(|state| *state == found), "{place}: {found:?}");
        let before = journal.last_input();
        let write = Write { input: Some(b"after"), ..Write::default() };
        assert_eq!(journal.write(&write).unwrap(), before + 1, "{place}");
        crashes += 1;
    }
    println!("{crashes} crashes over {} writes", truth.len() - 1);
    assert!(crashes > 500, "only {crashes} crashes");
}

#[test]
fn a_snapshot_in_parts_counts_with_its_last_one_and_is_read_whole() {
    let file = Memory::default();
    let snapshot: Vec<u8> = (0..2 * SNAPSHOT_PART_BYTES_MAX + 17).map(|at| at as u8).collect();
    let mut journal = open(file.clone());
    for input in [b"a", b"b", b"c"] {
        journal.write(&Write { input: Some(input), ..Write::default() }).unwrap();
    }
    let parts: Vec<SnapshotPart<'_>> = parts(2, &snapshot).collect();
    assert_eq!(parts.iter().map(|part| part.bytes.len()).max(), Some(SNAPSHOT_PART_BYTES_MAX));
    for part in &parts {
        assert_eq!(content(&journal).snapshot, None);
        assert_eq!(journal.inputs().unwrap(), 1..=3);
        journal.write(&Write { snapshot: Some(*part), ..Write::default() }).unwrap();
    }
    drop(journal);
    let journal = open(file);
    assert_eq!(journal.snapshot().unwrap(), Some((2, snapshot)));
    assert_eq!(journal.inputs().unwrap(), 3..=3);
    assert_eq!(journal.last_input(), 3);
    assert!(matches!(journal.input(2), Err(Error::Damaged { .. })));
}

#[test]
fn a_snapshot_that_was_not_finished_is_forgotten() {
    let file = Memory::default();
    let mut journal = open(file.clone());
    journal.write(&Write { input: Some(b"a"), ..Write::default() }).unwrap();
    let first = SnapshotPart { after_input: 1, number: 0, bytes: b"half", last: false };
    journal.write(&Write { snapshot: Some(first), ..Write::default() }).unwrap();
    drop(journal);
    let mut journal = open(file);
    assert_eq!(journal.snapshot().unwrap(), None);
    let whole = SnapshotPart { after_input: 1, number: 0, bytes: b"new", last: true };
    journal.write(&Write { snapshot: Some(whole), ..Write::default() }).unwrap();
    assert_eq!(journal.snapshot().unwrap(), Some((1, b"new".to_vec())));
}

#[test]
fn a_journal_that_is_open_is_not_opened_again_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let journal = Journal::open(&path, OUTPUTS_MAX).unwrap();
    let again = Journal::open(&path, OUTPUTS_MAX).unwrap_err();
    assert!(matches!(again, Error::Storage { .. }), "{again:?}");
    drop(journal);
    Journal::open(&path, OUTPUTS_MAX).unwrap();
    let names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["journal.redb"]);
    let text = folder.path().join("text");
    std::fs::write(&text, "this is no journal").unwrap();
    assert!(matches!(Journal::open(&text, OUTPUTS_MAX), Err(Error::Damaged { .. })));
}
