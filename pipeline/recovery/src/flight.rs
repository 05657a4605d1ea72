//! Orders that were given out, until their effect is seen or they failed.

use serde::{Deserialize, Serialize};

use crate::look::{Look, Looks};
use crate::node::Standing;
use crate::turn::Turn;
use crate::{Action, ModelName, Order, Outcome, Recovery, Thing};

/// An order that was given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) order: Order,
    pub(crate) outcome: Option<Outcome>,
    /// Whether a node said something since then of what it is about, where that is to be.
    pub(crate) reported: bool,
}

impl Recovery {
    /// Ends what had its effect, what failed, and what took too long.
    pub(crate) fn end_flights(&mut self, turn: &mut Turn, looks: &Looks) {
        let over: Vec<Thing> = self
            .flights
            .iter()
            .filter(|(_, flight)| self.is_over(turn, flight, looks))
            .map(|(thing, _)| thing.clone())
            .collect();
        for thing in over {
            self.flights.remove(&thing);
        }
    }

    fn is_over(&self, turn: &mut Turn, flight: &Flight, looks: &Looks) -> bool {
        flight.outcome == Some(Outcome::Failed)
            || turn.passed(flight.order.deadline_us)
            || self.is_hopeless(&flight.order.action)
            || self.has_effect(flight, looks)
    }

    /// Whether the node is lost that should do it.
    fn is_hopeless(&self, action: &Action) -> bool {
        let node = match action {
            Action::Restart { node, .. }
            | Action::Apply { node, .. }
            | Action::Stop { node, .. }
            | Action::Move { to: node, .. } => node,
            _ => return false,
        };
        self.standing(node) == Standing::Lost
    }

    /// Whether what was ordered is seen, by reports since then. Where that cannot be seen, or was so
    /// before, what is said is believed.
    fn has_effect(&self, flight: &Flight, looks: &Looks) -> bool {
        let said = flight.outcome == Some(Outcome::Done);
        let is_well = |model: &ModelName| {
            (said || flight.reported)
                && looks.get(model).is_none_or(|looked| looked.look == Look::Well)
        };
        match &flight.order.action {
            Action::Restart { model, .. }
            | Action::Apply { model, .. }
            | Action::Move { model, .. } => is_well(model),
            Action::Stop { model, node } => {
                let nodes = self.instances.get(model);
                !nodes.is_some_and(|nodes| nodes.contains_key(node))
            }
            Action::Degrade { .. } | Action::Restore { .. } => said,
            Action::RollBack { package, .. } => self.in_force(package).all(|model| is_well(&model)),
            Action::GiveUp => true,
        }
    }

    /// Notes that a node said something of a model that is to be there; returns whether an order
    /// waited for that.
    pub(crate) fn report(&mut self, model: &ModelName) -> bool {
        let thing = Thing::Model(model.clone());
        let flights = self.flights.iter_mut();
        let waiting = flights.filter(|(other, flight)| !flight.reported && touch(&thing, other));
        waiting.map(|(_, flight)| flight.reported = true).count() > 0
    }

    /// Whether an order is in flight that touches a thing.
    pub(crate) fn is_locked(&self, thing: &Thing) -> bool {
        self.flights.keys().any(|other| touch(thing, other))
    }
}

/// Whether orders about two things could get into each other's way: one is the other, its package,
/// or another side of the same model.
fn touch(one: &Thing, other: &Thing) -> bool {
    match (one, other) {
        (Thing::Instance(model, node), Thing::Instance(other, other_node)) => {
            model == other && node == other_node
        }
        (Thing::Model(model), Thing::Model(other))
        | (Thing::Model(model), Thing::Instance(other, _))
        | (Thing::Instance(model, _), Thing::Model(other)) => model == other,
        (Thing::Package(_), _) | (_, Thing::Package(_)) => one.package() == other.package(),
        (Thing::Node(node), other) | (other, Thing::Node(node)) => {
            matches!(other, Thing::Node(other) if other == node)
        }
    }
}
