//! One call of `advance`: its time, what it gives out, and when the next is due.

use crate::{Alert, AlertKind, Cause, Step, Thing};

pub(crate) struct Turn {
    pub(crate) now_us: u64,
    /// The earliest time in the future that was asked about.
    pub(crate) next_us: Option<u64>,
    pub(crate) step: Step,
}

impl Turn {
    pub(crate) fn new(now_us: u64) -> Self {
        Self { now_us, next_us: None, step: Step::default() }
    }

    /// Whether it is that late. Where it is not, the next turn is due then: nothing waits for a
    /// time in another way.
    pub(crate) fn passed(&mut self, at_us: u64) -> bool {
        if self.now_us >= at_us {
            return true;
        }
        self.next_us = Some(self.next_us.map_or(at_us, |next_us| next_us.min(at_us)));
        false
    }

    /// Tells something. `number` sets it apart from others of its kind about the same thing.
    pub(crate) fn tell(
        &mut self,
        thing: &Thing,
        kind: AlertKind,
        number: u64,
        cause: Option<&Cause>,
    ) {
        let key = format!("{thing}!{}#{number}", name(&kind));
        let alert =
            Alert { key, thing: thing.clone(), kind, cause: cause.cloned(), at_us: self.now_us };
        self.step.alerts.push(alert);
    }

    /// How much was given out so far.
    pub(crate) fn given(&self) -> usize {
        self.step.orders.len() + self.step.alerts.len()
    }
}

fn name(kind: &AlertKind) -> &'static str {
    match kind {
        AlertKind::NodeLost => "node-lost",
        AlertKind::NodeFlapping => "node-flapping",
        AlertKind::GaveUp => "gave-up",
        AlertKind::ObjectiveBreached { .. } => "objective-breached",
        AlertKind::BudgetExhausted { .. } => "budget-exhausted",
        AlertKind::Degraded => "degraded",
        AlertKind::Restored => "restored",
        AlertKind::RolledBack { .. } => "rolled-back",
        AlertKind::NoGoodRevision => "no-good-revision",
    }
}
