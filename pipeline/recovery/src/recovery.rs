//! The one value that a caller owns: what is desired, what was observed, what is under way.

use std::collections::BTreeMap;

use piccolo_state::{ModelState, NodeState, PackageState, observed};
use serde::{Deserialize, Serialize};

use crate::budget::Spent;
use crate::flight::Flight;
use crate::node::NodeWatch;
use crate::note::Noted;
use crate::probe::Probe;
use crate::track::{GaveUp, Track};
use crate::turn::Turn;
use crate::{
    Desired, DesiredError, ModelName, Observation, Order, Policy, PolicyError, RecoveryTimes, Step,
    Thing,
};

/// How many models that are not desired are remembered; more are counted as ignored.
pub const STRANGERS_MAX: usize = 1_024;

/// Failure and recovery of one vehicle.
///
/// It does no I/O and reads no clock: all times are microseconds of the caller's one clock, and
/// one that is earlier than another before it counts as that. Equal calls give equal answers.
///
/// A caller [`desire`](Self::desire)s, [`observe`](Self::observe)s, and calls
/// [`advance`](Self::advance) whenever [`next_due_us`](Self::next_due_us) has come. It keeps this value and the [`Step`] (both are `Serialize`) before it carries orders out and tells
/// alerts. After a crash it goes on from what it kept, [`resume`](Self::resume)s, and carries out again
/// that step and what is [`in_flight`](Self::in_flight), under the same keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    pub(crate) policy: Policy,
    pub(crate) desired: Desired,
    pub(crate) now_us: u64,
    next_due_us: Option<u64>,
    pub(crate) nodes: BTreeMap<String, NodeWatch>,
    pub(crate) packages: BTreeMap<String, PackageTrack>,
    pub(crate) models: BTreeMap<ModelName, ModelTrack>,
    pub(crate) instances: BTreeMap<ModelName, BTreeMap<String, Instance>>,
    pub(crate) tracks: BTreeMap<Thing, Track>,
    pub(crate) flights: BTreeMap<Thing, Flight>,
    pub(crate) spent: Spent,
    numbers: u64,
    ignored: u64,
}

/// What is in force of a package: as applied, until something fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackageTrack {
    pub(crate) generation: u64,
    pub(crate) revision: u64,
    pub(crate) reduced: Option<Reduced>,
    pub(crate) rolled_back: bool,
    /// Revisions that were well for long enough, the last one last.
    pub(crate) good: Vec<u64>,
    pub(crate) trial: Option<Trial>,
    pub(crate) well_since_us: Option<u64>,
}

/// A package goes without its optional models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reduced {
    pub(crate) since_us: u64,
    /// For want of room, so until there is some; otherwise until it is applied anew.
    pub(crate) for_room: bool,
}

/// A revision that was applied and has yet to become well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub(crate) deadline_us: u64,
    pub(crate) failed: bool,
}

/// What is in force of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelTrack {
    pub(crate) node: String,
    pub(crate) probe: Probe,
}

/// What a node has of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) revision: u64,
    pub(crate) state: ModelState,
    pub(crate) since_us: u64,
}

impl Recovery {
    /// Nothing is desired yet.
    ///
    /// # Errors
    /// [`PolicyError`] where the policy makes no sense.
    pub fn new(policy: Policy) -> Result<Self, PolicyError> {
        policy.check()?;
        Ok(Self {
            policy,
            desired: Desired::default(),
            now_us: 0,
            next_due_us: None,
            nodes: BTreeMap::new(),
            packages: BTreeMap::new(),
            models: BTreeMap::new(),
            instances: BTreeMap::new(),
            tracks: BTreeMap::new(),
            flights: BTreeMap::new(),
            spent: Spent::default(),
            numbers: 0,
            ignored: 0,
        })
    }

    /// Other thresholds and ladders from now on; budgets and tries so far stay.
    ///
    /// # Errors
    /// [`PolicyError`], and all stays as it was.
    pub fn set_policy(&mut self, now_us: u64, policy: Policy) -> Result<(), PolicyError> {
        policy.check()?;
        self.policy = policy;
        self.touch(now_us);
        Ok(())
    }

    /// All that is desired from now on. A package of a new generation is given time to become well.
    ///
    /// # Errors
    /// [`DesiredError`], and all stays as it was.
    pub fn desire(&mut self, now_us: u64, desired: Desired) -> Result<(), DesiredError> {
        desired.check()?;
        for (name, package) in &desired.packages {
            let before = self.desired.packages.get(name);
            if before.is_some_and(|before| {
                before.generation == package.generation && before.revision != package.revision
            }) {
                return Err(DesiredError::Generation { package: name.clone() });
            }
        }
        self.touch(now_us);
        self.desired = desired;
        self.take_nodes();
        self.take_packages();
        self.take_models();
        self.lift();
        Ok(())
    }

    /// Notes what was seen. Where that changes something, [`Self::advance`] is due at once. What is
    /// about no known node, model or order is ignored and counted.
    pub fn observe(&mut self, now_us: u64, observation: Observation) {
        self.now_us = self.now_us.max(now_us);
        match self.note(observation) {
            Noted::Unknown => self.ignored += 1,
            Noted::Same => {}
            Noted::Changed => self.touch(now_us),
        }
    }

    /// The caller was away, and heard no heartbeats meanwhile: each node is waited for anew. Its clock
    /// has to go on from where it was.
    pub fn resume(&mut self, now_us: u64) {
        self.touch(now_us);
        for watch in self.nodes.values_mut() {
            watch.resume(self.now_us);
        }
    }

    /// What is to be done now. Between two observations it is due at [`Self::next_due_us`]; called
    /// more often it answers nothing more.
    pub fn advance(&mut self, now_us: u64) -> Step {
        self.touch(now_us);
        let mut turn = Turn::new(self.now_us);
        loop {
            let given = turn.given();
            turn.next_us = None;
            self.pass(&mut turn);
            // What was given out changes what is to be looked at; each thing gives out only so much.
            if turn.given() == given {
                break;
            }
        }
        self.next_due_us = turn.next_us;
        turn.step
    }

    fn pass(&mut self, turn: &mut Turn) {
        self.watch_nodes(turn);
        let looks = self.looks(turn);
        self.end_flights(turn, &looks);
        self.watch_packages(turn, &looks);
        self.watch_models(turn, &looks);
        self.watch_instances(turn, &looks);
        self.issue(turn);
        self.watch_objectives(turn);
    }

    /// When [`Self::advance`] is to be called, in microseconds; none until something is observed.
    #[must_use]
    pub fn next_due_us(&self) -> Option<u64> {
        self.next_due_us
    }

    /// The orders of which the effect was not seen yet, in order of their things.
    pub fn in_flight(&self) -> impl Iterator<Item = &Order> {
        self.flights.values().map(|flight| &flight.order)
    }

    /// The node on which a model is to be; none where it is not desired.
    #[must_use]
    pub fn placement(&self, model: &ModelName) -> Option<&str> {
        self.models.get(model).map(|track| track.node.as_str())
    }

    /// The revision of a package that is in force: the desired one, or what was rolled back to.
    #[must_use]
    pub fn revision(&self, package: &str) -> Option<u64> {
        self.packages.get(package).map(|track| track.revision)
    }

    /// Whether a package goes without its optional models.
    #[must_use]
    pub fn is_reduced(&self, package: &str) -> bool {
        self.packages.get(package).is_some_and(|track| track.reduced.is_some())
    }

    /// What a node is taken for; none where it is not desired.
    #[must_use]
    pub fn node(&self, node: &str) -> Option<NodeState> {
        self.nodes.get(node).map(|watch| watch.state)
    }

    /// What a package is taken for, from its models that are in force; none where it is not desired.
    #[must_use]
    pub fn package(&self, package: &str) -> Option<PackageState> {
        let track = self.packages.get(package)?;
        let models: Vec<_> = self.in_force(package).map(|model| self.state_of(&model)).collect();
        let updating = track.trial.is_some();
        Some(if updating { PackageState::Updating } else { observed::package(&models) })
    }

    /// Whether nothing more is tried for a thing.
    #[must_use]
    pub fn gave_up(&self, thing: &Thing) -> bool {
        let climb = self.tracks.get(thing).and_then(|track| track.climb.as_ref());
        climb.is_some_and(|climb| climb.gave_up.is_some())
    }

    /// How long the recoveries of a model took, or those of a package from an unhealthy update; none
    /// where there is no such thing or nothing ever happened to it.
    #[must_use]
    pub fn times(&self, thing: &Thing) -> Option<&RecoveryTimes> {
        self.tracks.get(thing).map(|track| &track.times)
    }

    /// How many observations were ignored.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Time does not go back; what was noted is to be looked at.
    fn touch(&mut self, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        self.next_due_us = Some(self.now_us);
    }

    /// A number that was not there before.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Where there was no place for something, it is tried anew.
    pub(crate) fn lift(&mut self) {
        for track in self.tracks.values_mut() {
            let gave_up = track.climb.as_ref().and_then(|climb| climb.gave_up);
            if gave_up == Some(GaveUp::NoPlace) {
                track.climb = None;
            }
        }
    }
}
