//! Faults that somebody could make, planted in the twin: each must be seen.

use piccolo_catalogue::Catalogue;

use super::constructs::Coverage;
use super::twin::Twin;
use super::world::World;
use super::{SMALL, difference};

/// Within so many worlds a mutant must be caught.
const WORLDS_MAX: u64 = 400;

/// What the twin does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// `>` is `>=`.
    OrEqual,
    /// What is held counts one microsecond late.
    HeldIsLate,
    /// The negation of what is unknown holds.
    UnknownNegated,
    /// Only the first end begins a cooldown.
    CooldownOnce,
    /// A `when` that stayed true begins again.
    BeginsTwice,
    /// The value in force at the start of a window does not count.
    OldEdgeOutOfWindow,
    /// `within` ends one microsecond early.
    WithinEndsEarly,
    /// Among equal priorities the later name has the target.
    TieReversed,
    /// A late sample is taken in.
    LateTaken,
    /// Among equal priorities `change` goes before `deny`.
    ChangeBeforeDeny,
    /// What a policy cannot judge is allowed.
    UnknownAllowed,
}

/// Plants a fault; some world must tell it from the engine, and none before without it.
#[track_caller]
fn check(mutant: Mutant) {
    let catalogue = Catalogue::vss6();
    for seed in 0..WORLDS_MAX {
        let world = World::new(seed, SMALL);
        let rules = world.rules(&catalogue);
        let twin =
            |mutant| Twin::new(&world, &catalogue, &rules, mutant).told(&mut Coverage::default());
        let (right, wrong) = (twin(None), twin(Some(mutant)));
        let by_engine = world.by_engine(&catalogue, &rules);
        assert_eq!(difference(&by_engine, &right), None, "without a mutant, world {seed}");
        if let Some(caught) = difference(&by_engine, &wrong) {
            println!("{mutant:?} was caught in world {seed}: {caught}");
            return;
        }
    }
    panic!("{mutant:?} lives: no difference in {WORLDS_MAX} worlds");
}

#[test]
fn or_equal_is_caught() {
    check(Mutant::OrEqual);
}

#[test]
fn a_late_deadline_of_held_is_caught() {
    check(Mutant::HeldIsLate);
}

#[test]
fn a_negated_unknown_that_holds_is_caught() {
    check(Mutant::UnknownNegated);
}

#[test]
fn a_cooldown_that_comes_only_once_is_caught() {
    check(Mutant::CooldownOnce);
}

#[test]
fn a_when_that_begins_twice_is_caught() {
    check(Mutant::BeginsTwice);
}

#[test]
fn a_window_without_its_old_edge_is_caught() {
    check(Mutant::OldEdgeOutOfWindow);
}

#[test]
fn a_within_that_ends_early_is_caught() {
    check(Mutant::WithinEndsEarly);
}

#[test]
fn a_reversed_tie_is_caught() {
    check(Mutant::TieReversed);
}

#[test]
fn a_late_sample_that_is_taken_in_is_caught() {
    check(Mutant::LateTaken);
}

#[test]
fn a_change_that_goes_before_a_denial_is_caught() {
    check(Mutant::ChangeBeforeDeny);
}

#[test]
fn an_action_that_cannot_be_judged_and_is_done_is_caught() {
    check(Mutant::UnknownAllowed);
}
