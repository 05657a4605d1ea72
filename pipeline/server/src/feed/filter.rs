//! Which decisions a subscriber wants.

use piccolo_script::ActionKind;
use rustc_hash::FxHashSet;
use thiserror::Error;

use super::Decided;

/// The most names that one filter may have, all lists together.
pub const FILTER_NAMES_MAX: usize = 1_024;

/// Which decisions are wanted; an empty list wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    vehicles: FxHashSet<String>,
    scenarios: FxHashSet<String>,
    action_kinds: FxHashSet<String>,
}

/// Why a filter is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FilterError {
    /// The lists are too long.
    #[error("the filter has {0} names, and {FILTER_NAMES_MAX} are the most")]
    TooMany(usize),
    /// No rule can write such an action, so that the filter would never let anything pass.
    #[error("no action is of kind `{0}`; the kinds are {kinds}", kinds = kinds())]
    UnknownKind(String),
}

impl Filter {
    /// A filter by the names of vehicles and scenarios, and by kinds of action.
    ///
    /// # Errors
    /// Lists that are too long, a kind that does not exist.
    pub fn new(
        vehicles: Vec<String>,
        scenarios: Vec<String>,
        action_kinds: Vec<String>,
    ) -> Result<Self, FilterError> {
        let names = vehicles.len() + scenarios.len() + action_kinds.len();
        if names > FILTER_NAMES_MAX {
            return Err(FilterError::TooMany(names));
        }
        let exists = |kind: &&String| ActionKind::ALL.iter().any(|(_, name)| name == kind);
        if let Some(kind) = action_kinds.iter().find(|kind| !exists(kind)) {
            return Err(FilterError::UnknownKind(kind.clone()));
        }
        Ok(Self {
            vehicles: vehicles.into_iter().collect(),
            scenarios: scenarios.into_iter().collect(),
            action_kinds: action_kinds.into_iter().collect(),
        })
    }

    /// Whether the decision is wanted; one of its actions must be of a wanted kind.
    pub(super) fn passes(&self, decided: &Decided) -> bool {
        let wanted =
            |names: &FxHashSet<String>, name: &str| names.is_empty() || names.contains(name);
        let (vehicle, scenario) = decided.names();
        wanted(&self.vehicles, vehicle)
            && wanted(&self.scenarios, scenario)
            && (self.action_kinds.is_empty()
                || decided.has_action(|kind| self.action_kinds.contains(kind)))
    }
}

fn kinds() -> String {
    ActionKind::ALL.map(|(_, name)| name).join(", ")
}
