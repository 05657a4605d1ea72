//! What to try next: the first rung of the ladder that has tries left and can be done.

use crate::node::Standing;
use crate::track::{Climb, GaveUp};
use crate::{Action, Cause, Criticality, Ladder, ModelName, Recovery, Remedy, Thing};

/// What a ladder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Nothing now: what it depends on is not known yet.
    Hold,
    /// To do this to that.
    Do(Remedy, Thing, Action),
    /// Nothing any more.
    Nothing(GaveUp),
}

/// Whether a rung can be used.
enum Use {
    Now(Thing, Action),
    Later,
    Not,
}

impl Recovery {
    /// The criticality of the package that a thing belongs to; the lowest where nobody wants it.
    pub(crate) fn criticality(&self, thing: &Thing) -> Criticality {
        let package = thing.package().and_then(|name| self.desired.packages.get(name));
        package.map_or(Criticality::Low, |package| package.criticality)
    }

    /// The ladder for a thing.
    pub(crate) fn ladder(&self, thing: &Thing) -> &Ladder {
        self.policy.ladders.of(self.criticality(thing))
    }

    /// What to do about a model.
    pub(crate) fn choose(&self, name: &ModelName, climb: &Climb, cause: &Cause) -> Choice {
        let thing = Thing::Model(name.clone());
        let mut no_place = matches!(cause, Cause::NodeLost { .. });
        for rung in &self.ladder(&thing).rungs {
            if climb.tried(rung.remedy) >= rung.tries {
                continue;
            }
            let used = match rung.remedy {
                Remedy::Restart => self.in_place(name, cause),
                Remedy::Move => self.elsewhere(name),
                Remedy::Degrade => self.without(name, cause),
                Remedy::RollBack if no_place => Use::Not,
                Remedy::RollBack => self.back(&name.package),
            };
            match used {
                Use::Now(thing, action) => return Choice::Do(rung.remedy, thing, action),
                Use::Later => return Choice::Hold,
                Use::Not => no_place |= rung.remedy == Remedy::Move,
            }
        }
        Choice::Nothing(if no_place { GaveUp::NoPlace } else { GaveUp::Tried })
    }

    /// What to do about what a node should not have.
    pub(crate) fn choose_stop(&self, thing: &Thing, climb: &Climb) -> Choice {
        let Thing::Instance(model, node) = thing else { return Choice::Hold };
        let rungs = self.ladder(thing).rungs.iter();
        let tries = rungs.filter(|rung| rung.remedy == Remedy::Restart).map(|rung| rung.tries);
        match self.standing(node) {
            Standing::Lost | Standing::Doubtful => Choice::Hold,
            _ if climb.tried(Remedy::Restart) >= tries.sum() => Choice::Nothing(GaveUp::Tried),
            _ => {
                let action = Action::Stop { model: model.clone(), node: node.clone() };
                Choice::Do(Remedy::Restart, thing.clone(), action)
            }
        }
    }

    /// What to do about an update that is not well.
    pub(crate) fn choose_back(&self, package: &str) -> Choice {
        match self.back(package) {
            Use::Now(thing, action) => Choice::Do(Remedy::RollBack, thing, action),
            Use::Later => Choice::Hold,
            Use::Not => Choice::Nothing(GaveUp::Tried),
        }
    }

    /// What brings a model to what is desired, on its node.
    pub(crate) fn mend(&self, name: &ModelName, cause: &Cause) -> Option<Action> {
        let (_, desired) = self.desired.model(name)?;
        let revision = self.revision(&name.package)?;
        let (model, node) = (name.clone(), self.placement(name)?.to_owned());
        Some(match cause {
            Cause::WrongNode { node: from } => {
                Action::Move { model, from: from.clone(), to: node, revision }
            }
            Cause::Missing | Cause::WrongRevision { .. } | Cause::WrongState { .. } => {
                Action::Apply { model, node, revision, state: desired.state }
            }
            _ => Action::Restart { model, node, revision },
        })
    }

    fn in_place(&self, name: &ModelName, cause: &Cause) -> Use {
        let Some(node) = self.placement(name) else { return Use::Not };
        match self.standing(node) {
            Standing::Lost | Standing::Closed => Use::Not,
            Standing::Doubtful => Use::Later,
            Standing::Fit => self
                .mend(name, cause)
                .map_or(Use::Not, |action| Use::Now(Thing::Model(name.clone()), action)),
        }
    }

    fn elsewhere(&self, name: &ModelName) -> Use {
        let (Some(from), Some(to), Some(revision)) =
            (self.placement(name), self.other_place(name), self.revision(&name.package))
        else {
            return Use::Not;
        };
        let (model, from) = (name.clone(), from.to_owned());
        Use::Now(Thing::Model(name.clone()), Action::Move { model, from, to, revision })
    }

    /// What is optional is left out; what is not gets room where it lost its node.
    fn without(&self, name: &ModelName, cause: &Cause) -> Use {
        let Some((package, model)) = self.desired.model(name) else { return Use::Not };
        let lost = matches!(cause, Cause::NodeLost { .. });
        let package = match (model.optional, lost) {
            (true, _) => Some(name.package.clone()),
            (false, true) => self.yields(name, package.criticality),
            (false, false) => None,
        };
        let Some(package) = package else { return Use::Not };
        let models = self.desired.packages.get(&package).into_iter();
        let models = models.flat_map(|desired| &desired.models);
        let without =
            models.filter(|(_, model)| model.optional).map(|(name, _)| name.clone()).collect();
        Use::Now(Thing::Package(package.clone()), Action::Degrade { package, without })
    }

    /// To the last good revision, once for each generation.
    fn back(&self, package: &str) -> Use {
        let Some(track) = self.packages.get(package).filter(|track| !track.rolled_back) else {
            return Use::Not;
        };
        let mut good = track.good.iter().rev();
        let Some(&to) = good.find(|revision| **revision != track.revision) else {
            return Use::Not;
        };
        let (package, from) = (package.to_owned(), track.revision);
        Use::Now(Thing::Package(package.clone()), Action::RollBack { package, from, to })
    }
}
