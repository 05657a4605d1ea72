//! What an observation changes.

use piccolo_state::observed;

use crate::{Observation, Outcome, Recovery};

/// What an observation changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It is about nothing known.
    Unknown,
    /// Nothing.
    Same,
    /// Something.
    Changed,
}

impl Noted {
    /// Whether what is known changed, if something is known.
    pub(crate) fn maybe(changed: Option<bool>) -> Self {
        match changed {
            None => Self::Unknown,
            Some(false) => Self::Same,
            Some(true) => Self::Changed,
        }
    }
}

impl Recovery {
    /// Notes what was seen, wherever it belongs.
    pub(crate) fn note(&mut self, observation: Observation) -> Noted {
        let now_us = self.now_us;
        match observation {
            Observation::Heartbeat { node } => {
                Noted::maybe(self.nodes.get_mut(&node).map(|watch| watch.heartbeat(now_us)))
            }
            Observation::Connected { node } => {
                self.unsay(&node);
                Noted::maybe(self.nodes.get_mut(&node).map(|watch| {
                    watch.heartbeat(now_us);
                    true
                }))
            }
            Observation::Node { node, event } => {
                let watch = self.nodes.get_mut(&node);
                Noted::maybe(watch.and_then(|watch| watch.follow(event, now_us).then_some(true)))
            }
            Observation::Probe { model, healthy } => {
                let (track, detection) = (self.models.get_mut(&model), &self.policy.detection);
                Noted::maybe(track.map(|track| track.probe.note(healthy, detection)))
            }
            Observation::Instance { model, node, revision, containers } => {
                self.see_instance(model, node, revision, observed::model(&containers))
            }
            Observation::Absent { model, node } => self.see_absence(&model, &node),
            Observation::Outcome { key, outcome } => self.end(&key, &outcome),
        }
    }

    fn end(&mut self, key: &str, outcome: &Outcome) -> Noted {
        let flight = self.flights.values_mut().find(|flight| flight.order.key == key);
        Noted::maybe(flight.map(|flight| {
            flight.outcome = Some(outcome.clone());
            true
        }))
    }
}
