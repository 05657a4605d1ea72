//! `rose` and `fell`: a truth became true, or false.

use super::saved::State;
use super::{Keeper, Output};
use crate::ids::Time;
use crate::latest::Fact;

/// Notices when a truth goes from false to true; unknown in between does not count. 16 bytes.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Rises {
    last: Option<bool>,
    rose_us: Option<Time>,
}

impl Rises {
    /// Takes the truth of a time in; whether it rose then.
    pub(super) fn take(&mut self, now_us: Time, truth: Option<bool>) -> bool {
        if let Some(truth) = truth {
            if truth && self.last == Some(false) {
                self.rose_us = Some(now_us);
            }
            self.last = Some(truth);
        }
        self.rose_us == Some(now_us)
    }
}

/// The truth that a fact is.
pub(super) fn truth(fact: Option<&Fact>) -> Option<bool> {
    fact.and_then(Fact::known).map(|value| value != 0.0)
}

/// `rose`, or `fell` as the rise of the opposite.
#[derive(Debug)]
pub(super) struct Rose {
    rises: Rises,
    of_true: bool,
}

impl Rose {
    pub(super) fn new(of_true: bool) -> Self {
        Self::resume(Rises::default(), of_true)
    }

    /// What was put down goes on.
    pub(super) fn resume(rises: Rises, of_true: bool) -> Self {
        Self { rises, of_true }
    }
}

impl Keeper for Rose {
    fn state(&self) -> State {
        State::Rises(self.rises.clone())
    }

    fn update(&mut self, now_us: Time, inputs: &[Fact]) -> Output {
        let truth = truth(inputs.first()).map(|truth| truth == self.of_true);
        Output::pulse(self.rises.take(now_us, truth), now_us)
    }
}
