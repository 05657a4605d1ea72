//! What each lane decides in a step.

use std::sync::Arc;

use piccolo_operators::evaluate::Edge;

use crate::decide::{Book, Context, Decider, EDGES_APART_MIN, Job, merge};
use crate::decision::Decision;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::lane::Lane;
use crate::observe::{PolicySeen, Shared};
use crate::worker::Findings;

impl Engine {
    /// What each lane decides of what each worker found, in canonical order.
    pub(crate) fn decide(
        &mut self,
        mut findings: Vec<Findings>,
    ) -> Result<[Vec<Decision>; 2], EngineError> {
        for one in &mut findings {
            one.winners.sort_by_key(|change| (change.time_us, change.diff));
        }
        let busy = Lane::ALL.map(|lane| !self.lane(lane).is_idle());
        let edges: usize = findings.iter().map(|one| one.edges.len()).sum();
        if self.crew.workers() > 1 && edges >= EDGES_APART_MIN {
            return self.decide_apart(findings, busy);
        }
        Ok(Lane::ALL.map(|lane| {
            if !busy[lane as usize] {
                return Vec::new();
            }
            let each = findings.iter().enumerate();
            let parts: Vec<_> =
                each.map(|(worker, findings)| self.decide_here(lane, worker, findings)).collect();
            merge(parts)
        }))
    }

    /// Lets all workers decide at once, each for its own vehicles.
    fn decide_apart(
        &mut self,
        findings: Vec<Findings>,
        busy: [bool; 2],
    ) -> Result<[Vec<Decision>; 2], EngineError> {
        let (names, rules) = (std::mem::take(&mut self.names), std::mem::take(&mut self.rules));
        let book = Arc::new(Book { names, rules });
        let job = |(worker, findings)| Job {
            book: Arc::clone(&book),
            findings,
            deciders: Lane::ALL
                .map(|lane| busy[lane as usize].then(|| self.take_decider(lane, worker))),
            policies: Lane::ALL.map(|lane| self.lane(lane).policies.clone()),
            explain: self.config.explain,
            defaults: self.config.defaults,
        };
        let jobs = findings.into_iter().enumerate().map(job).collect();
        let decided = self.crew.decide(jobs)?;
        // Whoever was lent the book has given it back, or is gone.
        Book { names: self.names, rules: self.rules } = Arc::into_inner(book).unwrap_or_default();
        let mut parts = [Vec::new(), Vec::new()];
        for (worker, Findings { decided, .. }) in decided.into_iter().enumerate() {
            let lanes = Lane::ALL.into_iter().zip(decided.deciders).zip(decided.decisions);
            for ((lane, decider), decisions) in lanes {
                if let Some(decider) = decider {
                    *self.lane_mut(lane).deciders.of(worker) = decider;
                }
                parts[lane as usize].push(decisions);
            }
        }
        Ok(parts.map(merge))
    }

    /// Takes the decider of a worker's vehicles in a lane out, to put it back afterwards.
    fn take_decider(&mut self, lane: Lane, worker: usize) -> Decider {
        std::mem::take(self.lane_mut(lane).deciders.of(worker))
    }

    /// What a lane decides of what one worker found.
    fn decide_here(&mut self, lane: Lane, worker: usize, findings: &Findings) -> Vec<Decision> {
        let mut decider = self.take_decider(lane, worker);
        let observer = self.observer.as_ref();
        let context = Context {
            names: &self.names,
            rules: &self.rules,
            explain: self.config.explain,
            lane,
            policies: &self.lanes[lane as usize].policies,
            defaults: self.config.defaults,
            seen: &|edge: &Edge, policy, facts| {
                if let Some(Shared(observer)) = observer {
                    let (time_us, vehicle) = (edge.time_us, edge.vehicle);
                    observer.borrow_mut().policy(&PolicySeen { time_us, vehicle, policy, facts });
                }
            },
        };
        let decisions = decider.decide(findings, &context);
        *self.lane_mut(lane).deciders.of(worker) = decider;
        decisions
    }
}
