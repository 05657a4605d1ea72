//! The texts of rules that are kept: those of versions, and those that bring the engine back.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::notes::{self, Notes};
use crate::ports::{FileNames, LaneRules, Lanes, VersionChange};

/// The files of the active lane and of the shadow.
pub(super) type LaneFiles = [FileNames; 2];

/// Which texts are kept, and for what.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// The digests of all that are kept.
    pub(super) written: FxHashSet<Arc<str>>,
    pub(super) versions: BTreeMap<u64, FileNames>,
    /// The lanes after the snapshot, or at the beginning.
    pub(super) base: LaneFiles,
    /// The lanes as they are.
    pub(super) lanes: LaneFiles,
    /// The files of changes after the base, by the number of the input.
    pub(super) changes: Vec<(u64, FileNames)>,
}

impl Texts {
    /// Notes what a change with the input of this number brings; the texts also where the engine
    /// refused it, since it refuses it again when it is brought back.
    pub(super) fn change(
        &mut self,
        input: u64,
        lanes: &Lanes,
        kept: Option<&VersionChange>,
        notes: &mut Notes,
    ) {
        let given = [&lanes.active, &lanes.shadow];
        for (lane, rules) in given.into_iter().enumerate() {
            let Some(rules) = rules else { continue };
            self.write(rules, notes);
            self.changes.push((input, rules.files.names()));
            if kept.is_some() {
                self.lanes[lane] = rules.files.names();
            }
        }
        let Some(kept) = kept else { return };
        for (number, record) in &kept.versions {
            match record {
                Some(record) => {
                    notes.put(notes::version(*number), record);
                    self.versions.insert(*number, record.files.clone());
                }
                None => {
                    notes.remove(notes::version(*number));
                    self.versions.remove(number);
                }
            }
        }
        notes.put(notes::LANES, &kept.lanes);
    }

    fn write(&mut self, rules: &LaneRules, notes: &mut Notes) {
        for file in rules.files.iter() {
            if self.written.insert(Arc::clone(&file.digest)) {
                notes.put(notes::text(&file.digest), &file.text);
            }
        }
    }

    /// Notes that a snapshot after this input counts, with these lanes: texts that nothing needs
    /// any more go.
    pub(super) fn rebase(&mut self, input: u64, lanes: LaneFiles, notes: &mut Notes) {
        self.changes.retain(|(number, _)| *number > input);
        self.base = lanes;
        notes.put(notes::BASE, &self.base);
        let needed: FxHashSet<Arc<str>> = self.needed().collect();
        for digest in self.written.difference(&needed) {
            notes.remove(notes::text(digest));
        }
        self.written.retain(|digest| needed.contains(digest));
    }

    fn needed(&self) -> impl Iterator<Item = Arc<str>> {
        let changes = self.changes.iter().map(|(_, files)| files);
        let all = self.versions.values().chain(&self.base).chain(&self.lanes).chain(changes);
        all.flatten().map(|(_, digest)| Arc::clone(digest))
    }
}
