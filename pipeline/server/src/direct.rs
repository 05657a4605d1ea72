//! What the engine comes to is told at once, and kept nowhere.

use std::sync::Arc;

use piccolo_engine::{Decision, EngineError, Snapshot};

use crate::ports::{Changed, Closed, DecisionSink, Outlet, RuleOrder, SettleSink, Settled, Tick};

/// An outlet that keeps nothing.
#[derive(Clone)]
pub struct Direct {
    /// Takes the decisions.
    pub decisions: Arc<dyn DecisionSink>,
    /// Hears what became of samples.
    pub settle: Arc<dyn SettleSink>,
}

impl Outlet for Direct {
    fn stepped(
        &self,
        _: Tick,
        decisions: Vec<Decision>,
        settled: Vec<Settled>,
    ) -> Result<(), Closed> {
        if !decisions.is_empty() {
            self.decisions.publish(decisions);
        }
        if !settled.is_empty() {
            self.settle.settle(settled);
        }
        Ok(())
    }

    fn changed(&self, order: RuleOrder, result: Result<Changed, EngineError>) {
        // Where nobody waits for the answer any more, there is nobody to tell.
        drop(order.answer.send(result));
    }

    fn wants_snapshot(&self, _: bool) -> bool {
        false
    }

    fn snapshot(&self, _: Snapshot) {}

    fn close(&self) {
        self.decisions.close();
    }
}
