//! The engine's outlet to what is kept.

use std::sync::Arc;

use piccolo_engine::{Decision, EngineError, Snapshot};

use super::queue::{Item, Queue};
use crate::ports::{Changed, Closed, Outlet, RuleOrder, SettleSink, Settled, Tick};

/// An outlet and a sink that tell nobody anything before it is kept.
#[derive(Clone)]
pub struct Durable(pub(super) Arc<Queue>);

impl Outlet for Durable {
    fn stepped(
        &self,
        tick: Tick,
        decisions: Vec<Decision>,
        settled: Vec<Settled>,
    ) -> Result<(), Closed> {
        self.0.push(Item::Step { tick, decisions, settled })
    }

    fn changed(&self, order: RuleOrder, result: Result<Changed, EngineError>) {
        // Where nothing is kept any more, whoever waits hears of it as the answer goes.
        drop(self.0.push(Item::Change(Box::new(order), result)));
    }

    fn wants_snapshot(&self, at_the_end: bool) -> bool {
        self.0.wants_snapshot(at_the_end)
    }

    fn snapshot(&self, snapshot: Snapshot) {
        self.0.snapshot_taken();
        drop(self.0.push(Item::Snapshot(Box::new(snapshot))));
    }

    fn close(&self) {
        self.0.close();
    }
}

impl SettleSink for Durable {
    fn settle(&self, settled: Vec<Settled>) {
        self.0.settle(settled);
    }

    fn skipped(&self, source: u32, position: u64) {
        self.0.skip(source, position);
    }
}
