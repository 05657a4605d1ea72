//! The rule sets that the server knows, by number, and the lanes that they are in.

use std::collections::VecDeque;
use std::sync::Arc;

use piccolo_engine::Lane;
use piccolo_script::RuleSet;

/// The most versions that are kept. Those in a lane always are.
pub const VERSIONS_MAX: usize = 32;

/// A rule set with its number.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) digest: Arc<str>,
    pub(super) rules: Arc<RuleSet>,
    /// Milliseconds since 1970.
    pub(super) applied_ms: u64,
}

/// The versions, the oldest first.
#[derive(Debug)]
pub(super) struct Versions {
    known: VecDeque<Version>,
    last: u64,
    active: u64,
    shadow: Option<u64>,
}

impl Versions {
    /// Version 1 is active.
    pub(super) fn new(rules: Arc<RuleSet>, now_ms: u64) -> Self {
        let digest = digest(&rules);
        let first = Version { number: 1, digest, rules, applied_ms: now_ms };
        Self { known: [first].into(), last: 1, active: 1, shadow: None }
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
        self.known.iter().find(|version| &*version.digest == digest)
    }

    pub(super) fn active(&self) -> u64 {
        self.active
    }

    pub(super) fn shadow(&self) -> Option<u64> {
        self.shadow
    }

    /// The lanes that a version is in.
    pub(super) fn lanes(&self, number: u64) -> impl Iterator<Item = Lane> {
        let active = (self.active == number).then_some(Lane::Active);
        let shadow = (self.shadow == Some(number)).then_some(Lane::Shadow);
        active.into_iter().chain(shadow)
    }

    /// Notes that a rule set is in a lane now: as the version that it is, or as a new one.
    pub(super) fn put(
        &mut self,
        lane: Lane,
        digest: Arc<str>,
        rules: &Arc<RuleSet>,
        now_ms: u64,
    ) -> u64 {
        let number = match self.known.iter_mut().find(|version| version.digest == digest) {
            Some(version) => {
                version.applied_ms = now_ms;
                version.number
            }
            None => {
                self.last += 1;
                let (number, rules) = (self.last, Arc::clone(rules));
                self.known.push_back(Version { number, digest, rules, applied_ms: now_ms });
                number
            }
        };
        match lane {
            Lane::Active => self.active = number,
            Lane::Shadow => self.shadow = Some(number),
        }
        if self.known.len() > VERSIONS_MAX {
            let unused = |version: &Version| self.lanes(version.number).next().is_none();
            if let Some(oldest) = self.known.iter().position(unused) {
                self.known.remove(oldest);
            }
        }
        number
    }

    /// Notes that the shadow is empty; returns what was in it.
    pub(super) fn empty_shadow(&mut self) -> Option<u64> {
        self.shadow.take()
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

    fn rules(speed: usize) -> Arc<RuleSet> {
        let text = format!("scenario \"a\" {{ when Vehicle.Speed > {speed} then launch(\"a\") }}");
        let (rules, found) = RuleSet::parse("a.rhai", &text, &Catalogue::vss6());
        assert!(found.is_empty(), "{found:?}");
        Arc::new(rules)
    }

    #[test]
    fn what_is_in_a_lane_stays_known_and_the_oldest_others_go() {
        let mut versions = Versions::new(rules(1), 0);
        let (second, third) = (rules(2), rules(3));
        assert_eq!(versions.put(Lane::Shadow, digest(&second), &second, 1), 2);
        for speed in 3..=40 {
            let next = rules(speed);
            versions.put(Lane::Active, digest(&next), &next, speed as u64);
        }
        let numbers: Vec<u64> = versions.iter().map(|version| version.number).collect();
        assert_eq!(numbers.len(), VERSIONS_MAX);
        assert_eq!((numbers[0], numbers[VERSIONS_MAX - 1]), (40, 2));
        assert_eq!(versions.lanes(2).collect::<Vec<_>>(), [Lane::Shadow]);
        assert_eq!(versions.lanes(40).collect::<Vec<_>>(), [Lane::Active]);
        assert!(versions.get(3).is_none());
        // It is forgotten, so it is new.
        assert_eq!(versions.put(Lane::Active, digest(&third), &third, 50), 41);
        assert_eq!(versions.put(Lane::Active, digest(&second), &second, 51), 2);
        assert_eq!(versions.lanes(2).collect::<Vec<_>>(), [Lane::Active, Lane::Shadow]);
    }
}
