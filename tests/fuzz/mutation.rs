//! Inputs that nobody would write: parts of files, mutated. Each crate that reads what others
//! wrote has this file among its tests.
//!
//! They run with all other tests: from a seed (`PICCOLO_SEED`), and `PICCOLO_CASES` times as many by
//! night. What must hold of any input is in `bodies/`, which libFuzzer tries too (`run`). Inputs
//! that were once wrong are kept in `fixtures/fuzz`, those that reach new code in `corpus/`.

use std::fs;
use std::panic::{RefUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The most bytes of a mutated input, before what is put in: shorter ones are tried faster.
const PART_BYTES_MAX: usize = 900;

/// A source of mutated inputs.
pub(crate) struct Mutation {
    seed: u64,
    rng: fastrand::Rng,
    inputs: Vec<Vec<u8>>,
    words: &'static [&'static str],
}

/// A file of the project, from the root of its repository.
pub(crate) fn at_root(path: &str) -> PathBuf {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.map(|folder| folder.join(path)).find(|path| path.exists()).unwrap()
}

/// The files of a folder with one of these endings; none where the folder is absent.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let ends = |path: &Path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending));
    paths.retain(|path| path.is_file() && ends(path));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Inputs that were once wrong.
pub(crate) fn kept(endings: &[&str]) -> Vec<Vec<u8>> {
    files(&at_root("fixtures/fuzz"), endings)
}

/// The inputs of a fuzz target that each reach some code that no other does.
pub(crate) fn corpus(target: &str) -> Vec<Vec<u8>> {
    let inputs = files(&at_root("tests/fuzz/corpus").join(target), &[""]);
    assert!(inputs.len() > 5, "only {} inputs for {target}", inputs.len());
    inputs
}

impl Mutation {
    /// Mutations of these inputs, with words that mean something there.
    pub(crate) fn new(
        default_seed: u64,
        inputs: Vec<Vec<u8>>,
        words: &'static [&'static str],
    ) -> Self {
        assert!(!inputs.is_empty() && inputs.iter().any(|input| input.len() > 20));
        let seed = variable("PICCOLO_SEED").unwrap_or(default_seed);
        Self { seed, rng: fastrand::Rng::with_seed(seed), inputs, words }
    }

    /// Checks so many inputs, or `PICCOLO_CASES` times as many; the sum of what the checks count.
    #[track_caller]
    pub(crate) fn run(
        &mut self,
        by_day: u64,
        check: impl Fn(&[u8]) -> usize + RefUnwindSafe,
    ) -> usize {
        let mut counted = 0;
        for _ in 0..by_day * variable("PICCOLO_CASES").unwrap_or(1) {
            let bytes = self.mutate();
            counted += catch_unwind(|| check(&bytes)).unwrap_or_else(|_| {
                let (seed, text) = (self.seed, bytes.escape_ascii());
                panic!("PICCOLO_SEED={seed}: keep this in fixtures/fuzz:\n{text}")
            });
        }
        counted
    }

    /// A part of an input with a few changes, or now and then no more than noise.
    fn mutate(&mut self) -> Vec<u8> {
        if self.rng.usize(0..20) == 0 {
            let length = self.rng.usize(0..64);
            return (0..length).map(|_| self.rng.u8(..)).collect();
        }
        let mut bytes = self.part();
        // Half of them with few changes: much of what has many is refused at once.
        let changes = if self.rng.bool() { 0..3 } else { 3..9 };
        for _ in 0..self.rng.usize(changes) {
            self.change(&mut bytes);
        }
        bytes
    }

    /// A part of an input, which often begins where a line does.
    fn part(&mut self) -> Vec<u8> {
        let Self { rng, inputs, .. } = self;
        let bytes = &inputs[rng.usize(..inputs.len())];
        let mut at = if rng.bool() { 0 } else { rng.usize(..=bytes.len()) };
        if rng.usize(0..4) > 0 {
            let before = bytes[..at].iter().rposition(|byte| *byte == b'\n');
            at = before.map_or(0, |line| line + 1);
        }
        let end = (at + rng.usize(1..PART_BYTES_MAX)).min(bytes.len());
        bytes[at..end].to_vec()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let Self { rng, words, .. } = self;
        let at = rng.usize(..=bytes.len());
        let to = (at + rng.usize(0..12)).min(bytes.len());
        match rng.usize(0..7) {
            0 => drop(bytes.splice(at..to, words[rng.usize(..words.len())].bytes())),
            1 | 2 => drop(bytes.splice(at..at, words[rng.usize(..words.len())].bytes())),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let copied = bytes[at..to].repeat(rng.usize(1..4));
                drop(bytes.splice(at..at, copied));
            }
            5 if at < bytes.len() => bytes[at] ^= 1 << rng.usize(0..8),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
