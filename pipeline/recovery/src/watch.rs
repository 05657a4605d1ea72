//! From what is seen to what is detected: nodes, updates, models, instances, objectives.

use std::collections::BTreeSet;

use crate::look::{Look, Looks};
use crate::recovery::{PackageTrack, Trial};
use crate::track::{Climb, Episode, Ill, Track};
use crate::turn::Turn;
use crate::{AlertKind, Cause, Detection, ModelName, Recovery, Thing};

/// The most good revisions that are remembered of a package.
pub const GOOD_MAX: usize = 8;

impl Recovery {
    pub(crate) fn watch_nodes(&mut self, turn: &mut Turn) {
        let detection = &self.policy.detection;
        let nodes = self.nodes.iter_mut();
        let news: Vec<_> =
            nodes.map(|(name, watch)| (name.clone(), watch.watch(detection, turn))).collect();
        for (name, news) in news {
            let thing = Thing::Node(name.clone());
            if news.lost {
                // Of what runs there nothing is known until the node is back and says it.
                self.unsay(&name);
                let cause = Cause::NodeLost { node: name };
                let number = self.number();
                turn.tell(&thing, AlertKind::NodeLost, number, Some(&cause));
            }
            if news.flapping {
                let number = self.number();
                turn.tell(&thing, AlertKind::NodeFlapping, number, None);
            }
            if news.usable {
                self.lift();
            }
        }
    }

    /// Ends the trials of packages, and learns which revisions are good.
    pub(crate) fn watch_packages(&mut self, turn: &mut Turn, looks: &Looks) {
        let names: Vec<String> = self.packages.keys().cloned().collect();
        for name in names {
            let models: Vec<ModelName> = self.in_force(&name).collect();
            let looked = || models.iter().filter_map(|model| looks.get(model));
            let well = looked().all(|looked| looked.look == Look::Well);
            // What lost its node or waits for something else does not speak against a revision.
            let blamed = looked().any(|looked| {
                let lost = matches!(looked.look, Look::Ill(Cause::NodeLost { .. }));
                looked.look != Look::Well && !looked.waits && !lost
            });
            let Some(package) = self.packages.get_mut(&name) else { continue };
            let was_failed = package.trial.is_some_and(|trial| trial.failed);
            package.watch(turn, &self.policy.detection, well, blamed);
            let failed = package.trial.is_some_and(|trial| trial.failed);
            let revision = package.revision;
            let thing = Thing::Package(name);
            if failed && !was_failed {
                self.begin(&thing, Cause::UpdateUnhealthy { revision });
            } else if well {
                self.recover(&thing);
            }
        }
    }

    /// Begins and ends the episodes of models, and lets what was calm begin anew.
    pub(crate) fn watch_models(&mut self, turn: &mut Turn, looks: &Looks) {
        for (name, looked) in looks {
            let thing = Thing::Model(name.clone());
            let now_us = self.now_us;
            let track = self.tracks.entry(thing.clone()).or_default();
            let seen = match &looked.look {
                Look::Well | Look::LeftOut => None,
                Look::Coming => Some(None),
                Look::Ill(cause) => Some(Some(cause.clone())),
            };
            track.see(seen, looked.waits, now_us);
            match looked.look {
                Look::LeftOut => track.forgive(),
                Look::Well => {
                    self.recover(&thing);
                    self.calm(turn, &thing);
                }
                Look::Coming | Look::Ill(_) => {
                    if let Some(climb) = &mut track.climb {
                        climb.well_since_us = None;
                    }
                    if let Some(cause) = self.confirmed(turn, name) {
                        self.begin(&thing, cause);
                    }
                }
            }
        }
    }

    /// Finds what nodes have and should not.
    pub(crate) fn watch_instances(&mut self, turn: &mut Turn, looks: &Looks) {
        let all = self.instances.iter();
        let all = all.flat_map(|(model, nodes)| nodes.keys().map(move |node| (model, node)));
        let extras: BTreeSet<Thing> = all
            .filter(|(model, node)| self.is_extra(model, node, looks))
            .map(|(model, node)| Thing::Instance(model.clone(), node.clone()))
            .collect();
        for (thing, track) in &mut self.tracks {
            if matches!(thing, Thing::Instance(..)) && !extras.contains(thing) {
                track.forgive();
            }
        }
        for thing in extras {
            let track = self.tracks.entry(thing.clone()).or_default();
            track.see(Some(Some(Cause::Extra)), false, self.now_us);
            let ill = track.ill.as_ref();
            if ill.is_some_and(|ill| settled(turn, &self.policy.detection, ill, false)) {
                self.begin(&thing, Cause::Extra);
            }
        }
        let window_us = self.policy.ladders.low.budget.window_us;
        let (desired, now_us) = (&self.desired, self.now_us);
        self.tracks.retain(|thing, track| match thing {
            Thing::Instance(model, _) if desired.model(model).is_none() => {
                track.ill.is_some() || !track.spent.is_over(window_us, now_us)
            }
            _ => true,
        });
    }

    /// Whether a node should not have what it has of a model. While the model itself is not well,
    /// that is a part of its own recovery.
    fn is_extra(&self, model: &ModelName, node: &str, looks: &Looks) -> bool {
        if self.placement(model) == Some(node) {
            return looks.get(model).is_some_and(|looked| looked.look == Look::LeftOut);
        }
        let package = self.packages.get(&model.package);
        let trial = package.is_some_and(|package| package.trial.is_some());
        let other = looks
            .get(model)
            .is_some_and(|looked| !matches!(looked.look, Look::Well | Look::LeftOut));
        !trial && !other
    }

    /// Why a model is to be recovered, if it is: its fault lasted long enough, is its own, and its
    /// package is not just being updated.
    pub(crate) fn confirmed(&self, turn: &mut Turn, name: &ModelName) -> Option<Cause> {
        let ill = self.tracks.get(&Thing::Model(name.clone()))?.ill.as_ref()?;
        let (_, model) = self.desired.model(name)?;
        let trial = self.packages.get(&name.package)?.trial.is_some();
        let lost = matches!(ill.cause, Some(Cause::NodeLost { .. }));
        if ill.waits || trial && !lost {
            return None;
        }
        let dependent = !model.needs.is_empty();
        settled(turn, &self.policy.detection, ill, dependent).then(|| ill.cause.clone()).flatten()
    }

    /// Tells once for each episode that it lasts too long.
    pub(crate) fn watch_objectives(&mut self, turn: &mut Turn) {
        let (desired, policy) = (&self.desired, &self.policy);
        for (thing, track) in &mut self.tracks {
            let Some(episode) = track.episode.as_mut().filter(|episode| !episode.breached) else {
                continue;
            };
            if matches!(thing, Thing::Instance(..)) {
                continue;
            }
            let package = thing.package().and_then(|name| desired.packages.get(name));
            let criticality = package.map(|package| package.criticality).unwrap_or_default();
            let objective_us = policy.ladders.of(criticality).objective_us;
            let over_us = episode.since_us.saturating_add(objective_us).saturating_add(1);
            if turn.passed(over_us) {
                episode.breached = true;
                let kind = AlertKind::ObjectiveBreached { objective_us };
                turn.tell(thing, kind, episode.number, Some(&episode.cause));
            }
        }
    }

    /// Something is detected: its time runs, and its ladder begins, where they do not already.
    fn begin(&mut self, thing: &Thing, cause: Cause) {
        let track = self.tracks.entry(thing.clone()).or_default();
        if track.climb.is_some() && track.episode.is_some() {
            return;
        }
        let (number, now_us) = (self.number(), self.now_us);
        let track = self.tracks.entry(thing.clone()).or_default();
        track.climb.get_or_insert_with(|| Climb::new(number));
        track.episode.get_or_insert(Episode { number, cause, since_us: now_us, breached: false });
    }

    fn recover(&mut self, thing: &Thing) {
        let (objective_us, now_us) = (self.ladder(thing).objective_us, self.now_us);
        if let Some(track) = self.tracks.get_mut(thing) {
            track.recover(objective_us, now_us);
        }
    }

    fn calm(&mut self, turn: &mut Turn, thing: &Thing) {
        let calm_us = self.policy.detection.calm_us;
        let climb = self.tracks.get_mut(thing).map(|track: &mut Track| &mut track.climb);
        let Some(Some(climb)) = climb else { return };
        climb.gave_up = None;
        let since_us = *climb.well_since_us.get_or_insert(turn.now_us);
        if turn.passed(since_us.saturating_add(calm_us))
            && let Some(track) = self.tracks.get_mut(thing)
        {
            track.climb = None;
        }
    }
}

impl PackageTrack {
    /// Looks at the time: whether the trial is over, and the revision good.
    fn watch(&mut self, turn: &mut Turn, detection: &Detection, well: bool, blamed: bool) {
        if !well {
            self.well_since_us = None;
            if let Some(trial) = &mut self.trial {
                trial.watch(turn, blamed);
            }
            return;
        }
        self.trial = None;
        let since_us = *self.well_since_us.get_or_insert(turn.now_us);
        let is_good = self.good.last() == Some(&self.revision);
        if !is_good && turn.passed(since_us.saturating_add(detection.soak_us)) {
            self.good.retain(|revision| *revision != self.revision);
            self.good.push(self.revision);
            let old = self.good.len().saturating_sub(GOOD_MAX);
            self.good.drain(..old);
        }
    }
}

impl Trial {
    fn watch(&mut self, turn: &mut Turn, blamed: bool) {
        if !self.failed && turn.passed(self.deadline_us) && blamed {
            self.failed = true;
        }
    }
}

/// Whether something lasts long enough to be a fault of its own.
pub(crate) fn settled(turn: &mut Turn, detection: &Detection, ill: &Ill, dependent: bool) -> bool {
    let at_us = match &ill.cause {
        None => return false,
        Some(Cause::NodeLost { .. }) => ill.cause_since_us,
        Some(Cause::Dead | Cause::ProbeFailed | Cause::Stuck { .. }) if dependent => {
            ill.since_us.saturating_add(detection.blame_us)
        }
        Some(Cause::Dead | Cause::ProbeFailed | Cause::Stuck { .. }) => ill.cause_since_us,
        Some(_) => ill.cause_since_us.saturating_add(detection.settle_us),
    };
    turn.passed(at_us)
}
