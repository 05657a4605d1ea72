//! Faults that somebody could make, planted around the core: each must be seen by the judge that it
//! is for.

use piccolo_recovery::{AlertKind, Backoff, Desired, Policy, RECOVERIES_MAX, Step, VehicleBudget};
use serde_json::{Value, json};

use super::run::{Mode, simulate};
use crate::support::S;

/// Within so many worlds a mutant must be caught.
const WORLDS_MAX: u64 = 60;

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// The next order comes at once.
    BackoffIgnored,
    /// There may be any number of recoveries.
    BudgetIgnored,
    /// Whatever is ill is blamed itself.
    NeedsForgotten,
    /// What is given up is not told.
    AlertLost,
    /// Each remedy is tried once only.
    GivesUpEarly,
    /// What differs from what is desired is left so.
    DifferencesIgnored,
    /// After a crash nothing is in flight any more.
    FlightsForgotten,
    /// After a crash budgets are full again.
    BudgetsForgotten,
    /// What was rolled back is applied again.
    AppliedAgain,
}

impl Mutant {
    /// The policy by which the core decides; the judge has the right one.
    pub(crate) fn policy(self, right: &Policy) -> Policy {
        let mut policy = right.clone();
        if self == Self::DifferencesIgnored {
            policy.detection.settle_us = 1_000_000 * S;
        }
        if self == Self::BudgetIgnored {
            policy.vehicle = VehicleBudget { recoveries: RECOVERIES_MAX, ..policy.vehicle };
        }
        let ladders = &mut policy.ladders;
        for ladder in
            [&mut ladders.low, &mut ladders.medium, &mut ladders.high, &mut ladders.safety]
        {
            match self {
                Self::BackoffIgnored => {
                    ladder.backoff =
                        Backoff { first_us: 1, factor: 1, cap_us: 1, jitter_percent: 0 };
                }
                Self::BudgetIgnored => ladder.budget.recoveries = RECOVERIES_MAX,
                Self::GivesUpEarly => ladder.rungs.iter_mut().for_each(|rung| rung.tries = 1),
                _ => {}
            }
        }
        policy
    }

    pub(crate) fn desired(self, right: &Desired) -> Desired {
        let mut desired = right.clone();
        if self == Self::NeedsForgotten {
            let models = desired.packages.values_mut().flat_map(|p| p.models.values_mut());
            models.for_each(|model| model.needs.clear());
        }
        desired
    }

    pub(crate) fn step(self, mut step: Step) -> Step {
        if self == Self::AlertLost {
            step.alerts.retain(|alert| alert.kind != AlertKind::GaveUp);
        }
        step
    }

    /// What is read after a crash.
    pub(crate) fn kept(self, mut kept: Value) -> Value {
        let recovery = &mut kept[0];
        match self {
            Self::FlightsForgotten => recovery["flights"] = json!({}),
            Self::BudgetsForgotten => {
                recovery["spent"] = json!([]);
                let tracks = recovery["tracks"].as_object_mut().unwrap();
                tracks.values_mut().for_each(|track| track["spent"] = json!([]));
            }
            _ => {}
        }
        kept
    }
}

/// Plants a fault; some world must show it to this judge, and none before without it.
#[track_caller]
fn check(mutant: Mutant, judge: &str) {
    for seed in 0..WORLDS_MAX {
        let run = |mutant| simulate(seed, Mode { crashes: true, mutant, ..Mode::default() });
        assert_eq!(run(None).violations, [""; 0], "without a mutant, world {seed}");
        let wrong = run(Some(mutant)).violations;
        if let Some(caught) = wrong.iter().find(|violation| violation.starts_with(judge)) {
            println!("{mutant:?} was caught in world {seed}: {caught}");
            return;
        }
    }
    panic!("{mutant:?} lives: no {judge} in {WORLDS_MAX} worlds");
}

#[test]
fn backoff_that_is_ignored_is_caught() {
    check(Mutant::BackoffIgnored, "backoff");
}

#[test]
fn a_budget_that_is_ignored_is_caught() {
    check(Mutant::BudgetIgnored, "budget");
}

#[test]
fn a_dependency_that_is_forgotten_is_caught() {
    check(Mutant::NeedsForgotten, "dependency");
}

#[test]
fn an_alert_that_is_lost_is_caught() {
    check(Mutant::AlertLost, "silence");
}

#[test]
fn giving_up_early_is_caught() {
    check(Mutant::GivesUpEarly, "despair");
}

#[test]
fn differences_that_are_ignored_are_caught() {
    check(Mutant::DifferencesIgnored, "liveness");
}

#[test]
fn flights_that_are_forgotten_are_caught() {
    check(Mutant::FlightsForgotten, "flight");
}

#[test]
fn budgets_that_are_forgotten_are_caught() {
    check(Mutant::BudgetsForgotten, "budget");
}

#[test]
fn a_revision_that_is_applied_again_is_caught() {
    check(Mutant::AppliedAgain, "revision");
}
