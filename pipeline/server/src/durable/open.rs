//! Opens what is kept, or makes it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use piccolo_store::backups::JOURNAL_FILE;
use piccolo_store::journal::{Journal, SnapshotPart, Write};
use rustc_hash::FxHashMap;

use super::notes::{self, Notes, read};
use super::resume::{changes_of, files};
use super::texts::{LaneFiles, Texts};
use super::{DurableError, KeptEngine, Memory};
use crate::feed::{Decided, RING_DECISIONS_MAX};
use crate::ports::{FileNames, LaneNumbers, LaneRules, Lanes, RuleFiles, VersionRecord};
use crate::rules::{Known, Versions, now_ms};
use crate::signals::SourceRecord;

/// How what is kept is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the samples come from, as people read it: it must be so each time.
    pub input: String,
    /// Whether to begin anew with the engine, and keep all else.
    pub reset_engine: bool,
    /// How many bytes of inputs gather before a snapshot is taken.
    pub snapshot_bytes: u64,
}

/// What was kept.
#[derive(Debug)]
pub struct Opened {
    /// The rule sets and the lanes that they are in.
    pub versions: Versions,
    /// What brings the engine back.
    pub engine: KeptEngine,
    /// All else, and where more is kept.
    pub memory: Memory,
}

/// Opens what is kept in a directory. Where nothing is, these rules are version 1.
///
/// # Errors
/// What cannot be opened or read; there are neither rules in it nor given ones; it is of another
/// input.
pub fn open(
    folder: &Path,
    given: Option<&Known>,
    options: &Options,
) -> Result<Opened, DurableError> {
    fs::create_dir_all(folder).map_err(DurableError::Folder)?;
    let mut journal = Journal::open(folder.join(JOURNAL_FILE), RING_DECISIONS_MAX)?;
    if journal.notes()?.is_empty() {
        begin(&mut journal, given.ok_or(DurableError::NoRules)?, &options.input)?;
    }
    if options.reset_engine {
        reset(&mut journal)?;
    }
    go_on(journal, options)
}

/// Writes the first notes of a journal.
fn begin(journal: &mut Journal, first: &Known, input: &str) -> Result<(), DurableError> {
    let mut notes = Notes::default();
    notes.put(notes::INPUT, &input);
    notes.put(notes::BASE, &[first.files().names(), FileNames::default()]);
    let active = Some(LaneRules { files: first.files().clone(), ..LaneRules::default() });
    let versions = Versions::new(first.clone(), now_ms()).all();
    let lanes = Lanes { active, shadow: None };
    Texts::default().change(0, &lanes, Some(&versions), &mut notes);
    notes.with(|write| journal.write(&write))?;
    Ok(())
}

/// An engine that has the rules of the lanes, and to which nothing has happened yet.
fn reset(journal: &mut Journal) -> Result<(), DurableError> {
    let after_input = journal.last_input();
    if after_input == 0 {
        return Ok(());
    }
    let kept = Kept::read(journal)?;
    let mut notes = Notes::default();
    notes.put(notes::BASE, &kept.lane_files());
    let nothing = SnapshotPart { after_input, number: 0, bytes: &[], last: true };
    notes.with(|write| journal.write(&Write { snapshot: Some(nothing), ..write }))?;
    Ok(())
}

fn go_on(journal: Journal, options: &Options) -> Result<Opened, DurableError> {
    let kept = Kept::read(&journal)?;
    if kept.input != options.input {
        let (kept, given) = (kept.input, options.input.clone());
        return Err(DurableError::OtherInput { kept, given });
    }
    let inputs = inputs(&journal)?;
    let texts = kept.in_use(&inputs);
    let (snapshot_input, snapshot) = journal.snapshot()?.unwrap_or_default();
    let [active, shadow] = kept.base.each_ref().map(|files| kept.files(files));
    let versions = Versions::kept(kept.records()?, kept.lanes);
    let engine = KeptEngine {
        snapshot,
        inputs: inputs.into_iter().map(|(_, bytes)| bytes).collect(),
        lanes: [active?, shadow?],
        texts: kept.texts,
    };
    let memory = Memory {
        decisions: decisions(&journal)?,
        journal,
        texts,
        snapshot_bytes: options.snapshot_bytes,
        snapshot_input,
        sources: kept.sources,
        replayed: kept.replayed,
    };
    Ok(Opened { versions, engine, memory })
}

/// The inputs after the snapshot, by number.
fn inputs(journal: &Journal) -> Result<Vec<(u64, Vec<u8>)>, DurableError> {
    journal.inputs()?.map(|number| Ok((number, journal.input(number)?))).collect()
}

/// The decisions that are kept.
fn decisions(journal: &Journal) -> Result<Vec<Decided>, DurableError> {
    let decided = |bytes| Decided::from_bytes(bytes).ok_or(DurableError::Damaged("output".into()));
    journal.outputs()?.into_iter().map(decided).collect()
}

/// The notes of a journal.
struct Kept {
    input: String,
    base: LaneFiles,
    lanes: LaneNumbers,
    versions: Vec<VersionRecord>,
    texts: FxHashMap<Arc<str>, Arc<str>>,
    sources: Vec<SourceRecord>,
    replayed: u64,
}

impl Kept {
    fn read(journal: &Journal) -> Result<Self, DurableError> {
        let mut kept = Self {
            input: String::new(),
            base: LaneFiles::default(),
            lanes: LaneNumbers::default(),
            versions: Vec::new(),
            texts: FxHashMap::default(),
            sources: Vec::new(),
            replayed: 0,
        };
        for (name, bytes) in journal.notes()? {
            kept.take(&name, &bytes)?;
        }
        Ok(kept)
    }

    fn take(&mut self, name: &str, bytes: &[u8]) -> Result<(), DurableError> {
        match name {
            notes::INPUT => self.input = read(name, bytes)?,
            notes::BASE => self.base = read(name, bytes)?,
            notes::LANES => self.lanes = read(name, bytes)?,
            notes::REPLAYED => self.replayed = read(name, bytes)?,
            _ if name.starts_with(notes::VERSION) => self.versions.push(read(name, bytes)?),
            _ if name.starts_with(notes::SOURCE) => self.sources.push(read(name, bytes)?),
            _ => {
                let digest = name.strip_prefix(notes::TEXT);
                let digest = digest.ok_or_else(|| DurableError::Damaged(name.to_owned()))?;
                self.texts.insert(digest.into(), read(name, bytes)?);
            }
        }
        Ok(())
    }

    /// The files of both lanes.
    fn lane_files(&self) -> LaneFiles {
        let of = |number: Option<u64>| {
            let version = self.versions.iter().find(|version| Some(version.number) == number);
            version.map(|version| version.files.clone()).unwrap_or_default()
        };
        [of(Some(self.lanes.active)), of(self.lanes.shadow)]
    }

    /// Which texts are kept, and for what.
    fn in_use(&self, inputs: &[(u64, Vec<u8>)]) -> Texts {
        let changes = inputs
            .iter()
            .flat_map(|(number, bytes)| changes_of(bytes).map(move |files| (*number, files)));
        Texts {
            written: self.texts.keys().cloned().collect(),
            versions: self.versions.iter().map(|one| (one.number, one.files.clone())).collect(),
            base: self.base.clone(),
            lanes: self.lane_files(),
            changes: changes.collect(),
        }
    }

    /// The versions with their files.
    fn records(&self) -> Result<Vec<(VersionRecord, RuleFiles)>, DurableError> {
        let with_files = |record: &VersionRecord| Ok((record.clone(), self.files(&record.files)?));
        self.versions.iter().map(with_files).collect()
    }

    fn files(&self, names: &FileNames) -> Result<RuleFiles, DurableError> {
        files(&self.texts, names).ok_or_else(|| DurableError::Damaged(notes::TEXT.to_owned()))
    }
}
