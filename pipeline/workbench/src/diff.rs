//! What one rule set decides otherwise than another on recorded drives.

mod relevant;

use std::sync::Arc;

use piccolo_catalogue::Catalogue;
use piccolo_engine::{Comparison, DecisionChange, EngineError};
use piccolo_script::RuleSet;

use crate::drive::Drive;
use crate::play::Player;

pub use relevant::{Relevant, signals_of};

/// How two rule sets are compared.
#[derive(Clone, Copy, Debug)]
pub struct DiffOptions {
    /// Decisions of one scenario, vehicle and edge that are not further apart count as moved.
    pub move_within_us: u64,
    /// Whether decisions carry their reason.
    pub explain: bool,
    /// Whether scenarios that cannot matter are evaluated all the same.
    pub full: bool,
}

/// What came of a comparison.
#[derive(Debug)]
pub struct Diff {
    /// The changes, in canonical order.
    pub changes: Vec<DecisionChange>,
    /// How many scenarios of each set were evaluated.
    pub evaluated: [usize; 2],
    /// How many samples they read.
    pub samples: u64,
    /// How many decisions each set made, as far as it was evaluated.
    pub decisions: [u64; 2],
}

/// The decisions that `new` adds, removes, moves or changes against `old` on the given drives,
/// each the drive of one vehicle that has the drive's name.
///
/// One engine runs both: `old` in its active lane and `new` in its shadow, so that what is the
/// same in both is evaluated once. Scenarios whose decisions cannot differ, and that no such
/// scenario depends on, are left out ([`Relevant`]), and of the drives only the signals are read
/// that the others read. The changes are the same as with [`DiffOptions::full`].
///
/// # Errors
/// Those of the engine.
pub fn diff(
    old: &RuleSet,
    new: &RuleSet,
    drives: &[Drive],
    catalogue: &Arc<Catalogue>,
    options: DiffOptions,
) -> Result<Diff, EngineError> {
    let [old, new] = if options.full {
        [old.clone(), new.clone()]
    } else {
        let relevant = Relevant::of(old, new);
        [old, new].map(|rules| rules.clone().retain(|rule| relevant.contains(&rule.name)))
    };
    let evaluated = [old.len(), new.len()];
    let mut player = Player::new(drives, catalogue, options.explain)?;
    player.engine.load(&old)?;
    player.engine.load_shadow(&new)?;
    let mut comparison = Comparison::new(options.move_within_us);
    if evaluated != [0, 0] {
        player.play(&signals_of([&old, &new]), None, |engine, active| {
            comparison.feed(&active, &engine.take_shadow_decisions());
            true
        })?;
    }
    let decisions = comparison.decisions();
    Ok(Diff { changes: comparison.finish(), evaluated, samples: player.samples, decisions })
}

#[cfg(test)]
mod tests;
