//! A rule set as engines take it: all that follows from the rules alone, found beforehand.

use std::sync::Arc;

use piccolo_script::{Policy, RuleSet, Scenario};
use rustc_hash::FxHashMap;

use crate::error::EngineError;
use crate::facts::Identity;
use crate::identity::{asked, identities};

/// A rule set that is ready for [`Engine::load_prepared`](crate::Engine::load_prepared).
///
/// Making it costs time in proportion to the whole set and needs no engine, so it can be done in
/// another thread; what is left to do for the engine is in proportion to what changes.
#[derive(Clone, Debug, Default)]
pub struct PreparedRules {
    /// In the order of their names.
    pub(crate) scenarios: Vec<(Arc<Scenario>, Identity)>,
    pub(crate) policies: Vec<Arc<Policy>>,
    pub(crate) asked: Asked,
}

/// The scenarios that others ask about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Those that the set has, by name.
    pub(crate) identities: Arc<FxHashMap<Arc<str>, Identity>>,
    /// Their names, in order.
    pub(crate) names: Vec<Arc<str>>,
    /// Whether the arguments of actions or policies ask.
    pub(crate) by_actions: bool,
}

impl PreparedRules {
    /// Prepares a rule set.
    ///
    /// # Errors
    /// Scenarios ask about each other in a circle.
    pub fn new(rules: &RuleSet) -> Result<Self, EngineError> {
        let mut identities = identities(rules)?;
        let asked = asked(rules, &identities);
        let scenarios = rules
            .scenarios()
            .filter_map(|scenario| Some((Arc::clone(scenario), identities.remove(&scenario.name)?)))
            .collect();
        Ok(Self { scenarios, policies: rules.policies().cloned().collect(), asked })
    }

    /// Whether it has neither scenarios nor policies.
    pub fn is_empty(&self) -> bool {
        self.scenarios.is_empty() && self.policies.is_empty()
    }
}
