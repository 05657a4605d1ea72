//! `sequence`: truths rose one after the other.

use super::rose::{Rises, truth};
use super::saved::State;
use super::{Keeper, Output};
use crate::ids::Time;
use crate::latest::Fact;

/// For each step the latest beginning of a run that has come so far. 48 bytes a step and vehicle.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Sequence {
    #[serde(skip)]
    window_us: Time,
    steps: Vec<Step>,
    completed_us: Option<Time>,
    updated_us: Option<Time>,
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Step {
    rises: Rises,
    /// When the run began, and when this step rose in it.
    run: Option<Run>,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Run {
    began_us: Time,
    rose_us: Time,
}

impl Sequence {
    pub(super) fn new(window_us: Time, steps: usize) -> Self {
        let steps = std::iter::repeat_with(Step::default).take(steps).collect();
        Self { window_us, steps, completed_us: None, updated_us: None }
    }

    /// What was put down goes on, where it has as many steps as the function.
    pub(super) fn resume(self, window_us: Time, steps: usize) -> Option<Self> {
        (self.steps.len() == steps).then_some(Self { window_us, ..self })
    }

    /// The run that a rise of a step continues: of all that fit, the one that began last lives
    /// longest, and so no other is kept.
    fn run(&self, step: usize, now_us: Time) -> Option<Run> {
        let Some(before) = step.checked_sub(1) else {
            return Some(Run { began_us: now_us, rose_us: now_us });
        };
        let run = self.steps[before].run?;
        let fits = run.rose_us < now_us && now_us - run.began_us <= self.window_us;
        fits.then_some(Run { rose_us: now_us, ..run })
    }
}

impl Keeper for Sequence {
    fn state(&self) -> State {
        State::Sequence(self.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        if self.updated_us == Some(now_us) {
            return Output::pulse(self.completed_us == Some(now_us), now_us);
        }
        self.updated_us = Some(now_us);
        // From the last to the first: what rises at one time does not follow itself.
        for step in (0..self.steps.len()).rev() {
            let rose = self.steps[step].rises.take(now_us, truth(inputs.get(step)));
            if !rose {
                continue;
            }
            let Some(run) = self.run(step, now_us) else { continue };
            if step + 1 == self.steps.len() {
                self.completed_us = Some(now_us);
            } else {
                self.steps[step].run = Some(run);
            }
        }
        Output::pulse(self.completed_us == Some(now_us), now_us)
    }
}
