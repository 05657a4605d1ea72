//! The rule sets that the server knows, by number, and the lanes that they are in.

use std::collections::VecDeque;
use std::sync::Arc;

use piccolo_engine::Lane;
use piccolo_script::RuleSet;

use crate::ports::{LaneNumbers, RuleFiles, VersionChange, VersionRecord};

/// The most versions that are kept. Those in a lane always are.
pub const VERSIONS_MAX: usize = 32;

/// A rule set, by default the empty one.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// A hash of what it means.
    pub(super) digest: Arc<str>,
    /// What it was compiled from.
    pub(super) files: RuleFiles,
    /// How many scenarios and policies it has.
    pub(super) counts: (u32, u32),
    /// Compiled, unless it is from before the server started.
    pub(super) rules: Option<Arc<RuleSet>>,
}

impl Known {
    /// A rule set that was compiled from these files.
    pub fn new(rules: Arc<RuleSet>, files: RuleFiles) -> Self {
        let counts = (rules.len() as u32, rules.policies().len() as u32);
        Self { digest: digest(&rules), files, counts, rules: Some(rules) }
    }

    /// What it was compiled from.
    pub fn files(&self) -> &RuleFiles {
        &self.files
    }

    /// The rules; none where it was not compiled since the server started.
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.rules.as_ref()
    }

    /// The hash of what it means.
    pub fn digest(&self) -> &Arc<str> {
        &self.digest
    }
}

/// A rule set with its number.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) known: Known,
    /// Milliseconds since 1970.
    pub(super) applied_ms: u64,
}

impl Version {
    fn record(&self) -> VersionRecord {
        VersionRecord {
            number: self.number,
            digest: Arc::clone(&self.known.digest),
            files: self.known.files.names(),
            counts: self.known.counts,
            applied_ms: self.applied_ms,
        }
    }
}

/// The versions, the oldest first.
#[derive(Clone, Debug)]
pub struct Versions {
    known: VecDeque<Version>,
    lanes: LaneNumbers,
}

impl Versions {
    /// Version 1 is active.
    pub fn new(first: Known, now_ms: u64) -> Self {
        let given = Arc::clone(&first.digest);
        let lanes = LaneNumbers { last: 1, active: 1, shadow: None, given };
        Self { known: [Version { number: 1, known: first, applied_ms: now_ms }].into(), lanes }
    }

    /// Those that were kept, in the order of their numbers, with the files of each.
    pub fn kept(records: Vec<(VersionRecord, RuleFiles)>, lanes: LaneNumbers) -> Self {
        let version = |(record, files): (VersionRecord, RuleFiles)| Version {
            number: record.number,
            known: Known { digest: record.digest, files, counts: record.counts, rules: None },
            applied_ms: record.applied_ms,
        };
        Self { known: records.into_iter().map(version).collect(), lanes }
    }

    /// The newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Version> {
        self.known.iter().rev()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Version> {
        self.known.iter().find(|version| version.number == number)
    }

    /// The version with this digest.
    pub(super) fn like(&self, digest: &str) -> Option<&Version> {
        self.known.iter().find(|version| &*version.known.digest == digest)
    }

    pub(super) fn active(&self) -> u64 {
        self.lanes.active
    }

    pub(super) fn shadow(&self) -> Option<u64> {
        self.lanes.shadow
    }

    /// The digest of the rules with which the server was started last.
    pub(super) fn given(&self) -> &str {
        &self.lanes.given
    }

    /// The lanes that a version is in.
    pub(super) fn lanes(&self, number: u64) -> impl Iterator<Item = Lane> {
        let active = (self.active() == number).then_some(Lane::Active);
        let shadow = (self.shadow() == Some(number)).then_some(Lane::Shadow);
        active.into_iter().chain(shadow)
    }

    /// Notes that a rule set is in a lane now: as the version that it is, or as a new one.
    pub(super) fn put(&mut self, lane: Lane, known: Known, now_ms: u64) -> u64 {
        let is_like = |version: &&mut Version| version.known.digest == known.digest;
        let number = match self.known.iter_mut().find(is_like) {
            Some(version) => {
                version.applied_ms = now_ms;
                version.known = known;
                version.number
            }
            None => {
                self.lanes.last += 1;
                let number = self.lanes.last;
                self.known.push_back(Version { number, known, applied_ms: now_ms });
                number
            }
        };
        match lane {
            Lane::Active => self.lanes.active = number,
            Lane::Shadow => self.lanes.shadow = Some(number),
        }
        if self.known.len() > VERSIONS_MAX {
            let unused = |version: &Version| self.lanes(version.number).next().is_none();
            if let Some(oldest) = self.known.iter().position(unused) {
                self.known.remove(oldest);
            }
        }
        number
    }

    /// Notes that the server was started with these rules.
    pub(super) fn give(&mut self, digest: Arc<str>) {
        self.lanes.given = digest;
    }

    /// Notes that the shadow is empty.
    pub(super) fn empty_shadow(&mut self) {
        self.lanes.shadow = None;
    }

    /// How these differ from those before.
    pub fn since(&self, before: &Self) -> VersionChange {
        let gone = before.known.iter().filter(|version| self.get(version.number).is_none());
        let mut versions: Vec<_> = gone.map(|version| (version.number, None)).collect();
        for version in &self.known {
            let (record, number) = (version.record(), version.number);
            if before.get(number).map(Version::record).as_ref() != Some(&record) {
                versions.push((number, Some(record)));
            }
        }
        VersionChange { versions, lanes: self.lanes.clone() }
    }

    /// All of them, as a difference from none.
    pub fn all(&self) -> VersionChange {
        self.since(&Self { known: VecDeque::new(), lanes: LaneNumbers::default() })
    }
}

/// A hash of the names and revisions of all scenarios and policies.
pub(super) fn digest(rules: &RuleSet) -> Arc<str> {
    let mut hasher = blake3::Hasher::new();
    let mut take = |kind: &str, name: &str, revision: &str| {
        // Lengths keep two names from being read as one.
        for text in [kind, name, revision] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    };
    for scenario in rules.scenarios() {
        take("scenario", &scenario.name, &scenario.revision);
    }
    for policy in rules.policies() {
        take("policy", &policy.name, &policy.revision);
    }
    hasher.finalize().to_hex().as_str().into()
}

#[cfg(test)]
mod tests {
    use piccolo_catalogue::Catalogue;

    use super::*;
    use crate::ports::RuleFile;

    fn known(speed: usize) -> Known {
        let text = format!("scenario \"a\" {{ when Vehicle.Speed > {speed} then launch(\"a\") }}");
        let (rules, found) = RuleSet::parse("a.rhai", &text, &Catalogue::vss6());
        assert!(found.is_empty(), "{found:?}");
        Known::new(Arc::new(rules), [RuleFile::new("a.rhai", &text)].into_iter().collect())
    }

    #[test]
    fn what_is_in_a_lane_stays_known_and_the_oldest_others_go() {
        let mut versions = Versions::new(known(1), 0);
        assert_eq!(versions.put(Lane::Shadow, known(2), 1), 2);
        for speed in 3..=40 {
            versions.put(Lane::Active, known(speed), speed as u64);
        }
        let numbers: Vec<u64> = versions.iter().map(|version| version.number).collect();
        assert_eq!(numbers.len(), VERSIONS_MAX);
        assert_eq!((numbers[0], numbers[VERSIONS_MAX - 1]), (40, 2));
        assert_eq!(versions.lanes(2).collect::<Vec<_>>(), [Lane::Shadow]);
        assert_eq!(versions.lanes(40).collect::<Vec<_>>(), [Lane::Active]);
        assert!(versions.get(3).is_none());
        // It is forgotten, so it is new.
        assert_eq!(versions.put(Lane::Active, known(3), 50), 41);
        assert_eq!(versions.put(Lane::Active, known(2), 51), 2);
        assert_eq!(versions.lanes(2).collect::<Vec<_>>(), [Lane::Active, Lane::Shadow]);
    }

    #[test]
    fn what_is_kept_of_each_change_makes_the_same_versions() {
        let mut versions = Versions::new(known(1), 0);
        let mut kept: std::collections::BTreeMap<u64, VersionRecord> = versions
            .all()
            .versions
            .into_iter()
            .filter_map(|(_, record)| record)
            .map(|record| (record.number, record))
            .collect();
        let mut texts: std::collections::BTreeMap<Arc<str>, RuleFiles> =
            [(Arc::clone(&known(1).digest), known(1).files)].into();
        for step in 2..=60 {
            let before = versions.clone();
            let set = known(step % 45);
            texts.insert(Arc::clone(&set.digest), set.files.clone());
            let lane = if step % 7 == 0 { Lane::Shadow } else { Lane::Active };
            versions.put(lane, set, step as u64);
            if step % 11 == 0 {
                versions.empty_shadow();
            }
            let change = versions.since(&before);
            for (number, record) in change.versions {
                match record {
                    Some(record) => drop(kept.insert(number, record)),
                    None => drop(kept.remove(&number)),
                }
            }
            let records =
                kept.values().map(|record| (record.clone(), texts[&record.digest].clone()));
            let again = Versions::kept(records.collect(), change.lanes);
            assert_eq!(again.all(), versions.all());
        }
    }
}
