//! What changes where something else is desired, and what nodes say they have.

use std::collections::BTreeMap;

use piccolo_state::ModelState;

use crate::node::{NodeWatch, Standing};
use crate::note::Noted;
use crate::probe::Probe;
use crate::recovery::{Instance, ModelTrack, PackageTrack, STRANGERS_MAX, Trial};
use crate::{ModelName, Recovery, Thing};

impl Recovery {
    pub(crate) fn take_nodes(&mut self) {
        let (desired, now_us) = (&self.desired.nodes, self.now_us);
        self.nodes.retain(|name, _| desired.contains_key(name));
        for name in desired.keys() {
            self.nodes.entry(name.clone()).or_insert_with(|| NodeWatch::new(now_us));
        }
        for instances in self.instances.values_mut() {
            instances.retain(|node, _| desired.contains_key(node));
        }
    }

    /// A package that was applied anew begins anew; which revisions were good it keeps.
    pub(crate) fn take_packages(&mut self) {
        let desired = &self.desired.packages;
        self.packages.retain(|name, _| desired.contains_key(name));
        let deadline_us = self.now_us.saturating_add(self.policy.detection.package_updating_us);
        for (name, package) in desired {
            let before = self.packages.get(name);
            if before.is_some_and(|before| before.generation == package.generation) {
                continue;
            }
            let track = PackageTrack {
                generation: package.generation,
                revision: package.revision,
                reduced: None,
                rolled_back: false,
                good: before.map(|before| before.good.clone()).unwrap_or_default(),
                trial: Some(Trial { deadline_us, failed: false }),
                well_since_us: None,
            };
            self.packages.insert(name.clone(), track);
            for (thing, track) in &mut self.tracks {
                if thing.package() == Some(name) {
                    track.forgive();
                }
            }
            for (model, track) in &mut self.models {
                if model.package == *name {
                    track.probe = Probe::default();
                }
            }
        }
    }

    /// A model stays where it is to be while it may.
    pub(crate) fn take_models(&mut self) {
        let desired = &self.desired;
        self.models.retain(|name, track| {
            let model = desired.model(name);
            model.is_some_and(|(_, model)| model.nodes.contains(&track.node))
        });
        let missing: Vec<ModelName> = self.desired.models().map(|(name, ..)| name).collect();
        for name in missing {
            if !self.models.contains_key(&name)
                && let Some(node) = self.first_place(&name)
            {
                self.models.insert(name, ModelTrack { node, probe: Probe::default() });
            }
        }
        self.forget();
    }

    /// The first candidate that is not lost and has room; the preferred one where none is so.
    fn first_place(&self, name: &ModelName) -> Option<String> {
        let (_, model) = self.desired.model(name)?;
        let lost = |node: &String| {
            self.nodes.get(node).is_none_or(|watch| watch.standing() == Standing::Lost)
        };
        let mut nodes = model.nodes.iter();
        let fit = nodes.find(|node| !lost(node) && self.free(node).fits(model.size));
        fit.or(model.nodes.first()).cloned()
    }

    /// Lets go of what is neither desired nor anywhere.
    fn forget(&mut self) {
        self.instances.retain(|_, nodes| !nodes.is_empty());
        let (desired, now_us) = (&self.desired, self.now_us);
        let window_us = self.policy.ladders.low.budget.window_us;
        self.tracks.retain(|thing, track| {
            let wanted = match thing {
                Thing::Node(name) => desired.nodes.contains_key(name),
                Thing::Package(name) => desired.packages.contains_key(name),
                Thing::Model(name) => desired.model(name).is_some(),
                Thing::Instance(..) => true,
            };
            if !wanted {
                track.forgive();
            }
            wanted || !track.spent.is_over(window_us, now_us)
        });
    }

    pub(crate) fn see_instance(
        &mut self,
        model: ModelName,
        node: String,
        revision: u64,
        state: ModelState,
    ) -> Noted {
        let strange = self.desired.model(&model).is_none() && !self.instances.contains_key(&model);
        if !self.nodes.contains_key(&node) || (strange && self.strangers() >= STRANGERS_MAX) {
            return Noted::Unknown;
        }
        let waited = self.placement(&model) == Some(&node) && self.report(&model);
        let now_us = self.now_us;
        let nodes: &mut BTreeMap<_, _> = self.instances.entry(model).or_default();
        let same = |old: &Instance| (old.revision, old.state) == (revision, state);
        if nodes.get(&node).is_some_and(same) {
            return Noted::maybe(Some(waited));
        }
        nodes.insert(node, Instance { revision, state, since_us: now_us });
        Noted::Changed
    }

    /// Nothing is known any more of what runs on a node.
    pub(crate) fn unsay(&mut self, node: &str) {
        for instances in self.instances.values_mut() {
            instances.remove(node);
        }
        self.instances.retain(|_, nodes| !nodes.is_empty());
    }

    fn strangers(&self) -> usize {
        self.instances.keys().filter(|model| self.desired.model(model).is_none()).count()
    }

    pub(crate) fn see_absence(&mut self, model: &ModelName, node: &str) -> Noted {
        if !self.nodes.contains_key(node) {
            return Noted::Unknown;
        }
        let Some(nodes) = self.instances.get_mut(model) else { return Noted::Same };
        let there = nodes.remove(node).is_some();
        if nodes.is_empty() {
            self.instances.remove(model);
        }
        Noted::maybe(Some(there))
    }
}
