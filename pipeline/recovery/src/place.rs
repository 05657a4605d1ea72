//! Which node has room for what.

use std::collections::BTreeMap;

use crate::{Cause, Criticality, ModelName, Recovery, Room};

impl Recovery {
    /// The models of a package that are in force: without those that it goes without.
    pub(crate) fn in_force(&self, package: &str) -> impl Iterator<Item = ModelName> {
        let reduced = self.is_reduced(package);
        let desired = self.desired.packages.get_key_value(package);
        desired.into_iter().flat_map(move |(name, package)| {
            let models =
                package.models.iter().filter(move |(_, model)| !(reduced && model.optional));
            models.map(move |(model, _)| ModelName::new(name, model))
        })
    }

    /// The room that a node has left, with all that is placed on it.
    pub(crate) fn free(&self, node: &str) -> Room {
        self.free_without(node, None)
    }

    /// The same, if a package went without its optional models.
    fn free_without(&self, node: &str, reduced: Option<&str>) -> Room {
        let room = self.desired.nodes.get(node).map_or(Room::default(), |desired| desired.room);
        self.desired
            .models()
            .filter(|(name, _, model)| {
                let gone = self.is_reduced(&name.package) || reduced == Some(&name.package);
                let placed = self.models.get(name).is_some_and(|track| track.node == node);
                placed && !(gone && model.optional)
            })
            .fold(room, |free, (_, _, model)| free.less(model.size))
    }

    fn is_usable(&self, node: &str) -> bool {
        self.nodes.get(node).is_some_and(|watch| watch.usable)
    }

    /// The first other candidate on which something may be placed and that has room.
    pub(crate) fn other_place(&self, name: &ModelName) -> Option<String> {
        self.other_place_without(name, None)
    }

    fn other_place_without(&self, name: &ModelName, reduced: Option<&str>) -> Option<String> {
        let (_, model) = self.desired.model(name)?;
        let now = self.placement(name);
        let mut nodes = model.nodes.iter();
        nodes
            .find(|node| {
                Some(node.as_str()) != now
                    && self.is_usable(node)
                    && self.free_without(node, reduced).fits(model.size)
            })
            .cloned()
    }

    /// The least critical package that would make room for a model without its optional models: one
    /// that is less critical, or the model's own.
    pub(crate) fn yields(&self, name: &ModelName, criticality: Criticality) -> Option<String> {
        let packages = self.desired.packages.iter().filter(|(other, package)| {
            let lower = package.criticality < criticality || **other == name.package;
            lower && !self.is_reduced(other) && package.models.values().any(|model| model.optional)
        });
        let mut packages: Vec<_> = packages.collect();
        packages.sort_by_key(|(_, package)| package.criticality);
        let mut names = packages.into_iter().map(|(other, _)| other);
        names.find(|other| self.other_place_without(name, Some(other)).is_some()).cloned()
    }

    /// Where all that a package goes without could be, each model with its node; none where not all
    /// have a place, or something else still waits for one.
    pub(crate) fn places_again(&self, package: &str) -> Option<Vec<(String, String)>> {
        let mut episodes = self.tracks.values().filter_map(|track| track.episode.as_ref());
        if episodes.any(|episode| matches!(episode.cause, Cause::NodeLost { .. })) {
            return None;
        }
        let mut free: BTreeMap<&String, Room> = self
            .nodes
            .iter()
            .filter(|(_, watch)| watch.usable)
            .map(|(node, _)| (node, self.free(node)))
            .collect();
        let mut places = Vec::new();
        for (model, desired) in &self.desired.packages.get(package)?.models {
            if !desired.optional {
                continue;
            }
            let mut nodes = desired.nodes.iter();
            let node =
                nodes.find(|node| free.get(node).is_some_and(|room| room.fits(desired.size)))?;
            let left = free.get_mut(node)?;
            *left = left.less(desired.size);
            places.push((model.clone(), node.clone()));
        }
        Some(places)
    }
}
