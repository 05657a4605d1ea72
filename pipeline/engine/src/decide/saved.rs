//! What active scenarios want of their targets, put down and taken up again.

use std::sync::Arc;

use piccolo_catalogue::Value;
use piccolo_operators::arbitrate::WinnerChange;
use piccolo_operators::ids::{Rule, Vehicle};

use super::{Decider, Wanted};
use crate::decision::{Action, Arguments};
use crate::lane::{Lane, LiveRule};

/// The arguments of each action that claims a target, as they were when the scenario began; none
/// for an action that was withheld for want of a value. None at all where no action has arguments.
pub(crate) type SavedWanted = Option<Vec<Option<ActionArguments>>>;

/// Values by name.
pub(crate) type ActionArguments = Vec<(Arc<str>, Value)>;

impl Decider {
    /// The active scenarios, in no order.
    pub(crate) fn active(&self) -> impl Iterator<Item = (Vehicle, Rule, SavedWanted)> {
        self.active.iter().map(|((vehicle, rule), wanted)| {
            let arguments = match wanted {
                Wanted::AsWritten => None,
                Wanted::Evaluated(actions) => Some(actions.iter().map(|(_, action)| {
                    action.as_ref().map(|(_, action)| action.arguments.0.clone())
                })),
            };
            (*vehicle, *rule, arguments.map(Iterator::collect))
        })
    }

    /// Takes an active scenario up again; says whether that is what its rule can want.
    pub(crate) fn resume(
        &mut self,
        vehicle: Vehicle,
        rule: Rule,
        wanted: SavedWanted,
        live: &LiveRule,
        lane: Lane,
    ) -> bool {
        let wanted = match wanted {
            None => Some(Wanted::AsWritten),
            Some(arguments) => evaluated(arguments, live, lane),
        };
        let fits = wanted.is_some();
        self.active.insert((vehicle, rule), wanted.unwrap_or_default());
        self.vehicles = self.vehicles.max(vehicle + 1);
        fits
    }

    /// Takes in who has which target.
    pub(crate) fn resume_winners(&mut self, winners: &[WinnerChange]) {
        self.take_winners(winners);
    }
}

/// The actions of a rule with the arguments that they had.
fn evaluated(
    arguments: Vec<Option<ActionArguments>>,
    live: &LiveRule,
    lane: Lane,
) -> Option<Wanted> {
    let claims = live.claims(lane)?;
    let claiming: Vec<_> = (live.scenario.then.iter().zip(&claims.then))
        .filter_map(|(template, target)| Some((template, (*target)?)))
        .collect();
    if claiming.len() != arguments.len() {
        return None;
    }
    let actions = claiming.into_iter().zip(arguments).map(|((template, target), arguments)| {
        let action = arguments.map(|arguments| {
            let action = Action {
                kind: template.kind.name(),
                target: Arc::clone(&template.target),
                arguments: Arguments(arguments),
                scenario: None,
                changed_by: None,
            };
            (template.kind, action)
        });
        (target, action)
    });
    Some(Wanted::Evaluated(actions.collect()))
}
