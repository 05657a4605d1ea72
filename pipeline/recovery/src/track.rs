//! What is remembered of each thing: since when it is ill, what was tried, how long it took.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::budget::Spent;
use crate::{Cause, RecoveryTimes, Remedy};

/// All of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Track {
    pub(crate) ill: Option<Ill>,
    pub(crate) episode: Option<Episode>,
    pub(crate) climb: Option<Climb>,
    pub(crate) spent: Spent,
    /// Whether it was told that its budget is exhausted, since its last order.
    pub(crate) told: bool,
    pub(crate) times: RecoveryTimes,
}

/// What is not well now, though perhaps not for long enough to say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ill {
    /// None while it is on its way.
    pub(crate) cause: Option<Cause>,
    /// Since when it is not well.
    pub(crate) since_us: u64,
    /// Since when it is so for this cause.
    pub(crate) cause_since_us: u64,
    /// Whether something that it needs is down.
    pub(crate) waits: bool,
}

/// A detected fault until all is well again: what the objective is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Episode {
    pub(crate) number: u64,
    pub(crate) cause: Cause,
    pub(crate) since_us: u64,
    pub(crate) breached: bool,
}

/// Where a thing is on its ladder, until it was well for long enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Climb {
    pub(crate) number: u64,
    /// How often each remedy was tried.
    pub(crate) tries: BTreeMap<Remedy, u32>,
    /// How many orders there were.
    pub(crate) attempt: u32,
    /// When the next may be given.
    pub(crate) due_us: u64,
    pub(crate) well_since_us: Option<u64>,
    pub(crate) gave_up: Option<GaveUp>,
}

/// Why nothing more is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GaveUp {
    /// All was tried.
    Tried,
    /// There was no place: where a place comes, it is tried anew.
    NoPlace,
}

impl Climb {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            tries: BTreeMap::new(),
            attempt: 0,
            due_us: 0,
            well_since_us: None,
            gave_up: None,
        }
    }

    /// How often a remedy was tried.
    pub(crate) fn tried(&self, remedy: Remedy) -> u32 {
        self.tries.get(&remedy).copied().unwrap_or_default()
    }
}

impl Track {
    /// Notes what is seen: none where it is well, a cause or none while it is on its way.
    ///
    /// Where what it needs is there again, all times begin anew: it has to recover itself first.
    pub(crate) fn see(&mut self, seen: Option<Option<Cause>>, waits: bool, now_us: u64) {
        let Some(cause) = seen else {
            self.ill = None;
            return;
        };
        let old = self.ill.take().filter(|old| !old.waits || waits);
        let since_us = old.as_ref().map_or(now_us, |old| old.since_us);
        let same = old.filter(|old| old.cause == cause);
        let cause_since_us = same.map_or(now_us, |old| old.cause_since_us);
        self.ill = Some(Ill { cause, since_us, cause_since_us, waits });
    }

    /// The thing is well: an episode that ends now is measured.
    pub(crate) fn recover(&mut self, objective_us: u64, now_us: u64) {
        if let Some(episode) = self.episode.take() {
            self.times.note(now_us.saturating_sub(episode.since_us), objective_us);
        }
    }

    /// What was tried counts no more; what was spent does.
    pub(crate) fn forgive(&mut self) {
        self.climb = None;
        self.episode = None;
        self.ill = None;
        self.told = false;
    }
}
