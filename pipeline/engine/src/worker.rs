//! One timely worker with the dataflows of the engine.
//!
//! Samples stream through `evaluate`; the claims of scenarios that began or
//! ended go on to `arbitrate`. The two are dataflows of their own, since the
//! second has nothing to do in most steps and would only lengthen the way of
//! the frontier.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use differential_dataflow::input::{Input as _, InputSession};
use piccolo_operators::arbitrate::{Claim, ClaimKey, Target, arbitrate};
use piccolo_operators::cooldown::EdgeKind;
use piccolo_operators::derived::{DerivedSpec, Level};
use piccolo_operators::evaluate::{Cause, Edge, Evaluator, Input, RuleSpec, evaluate};
use piccolo_operators::ids::{Rule, Sample, Slot, Time, Vehicle};
use piccolo_operators::observe::Observer;
use rustc_hash::{FxHashMap, FxHashSet};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::core::probe::Handle as ProbeHandle;
use timely::dataflow::operators::{Input as _, Inspect, Probe};
use timely::worker::Worker;

use crate::lane::Lane;

/// How long a worker that waits for another sleeps before it looks again.
const PARK: Duration = Duration::from_millis(1);

/// A change of the rules, or samples, for one worker.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Derive(Arc<DerivedSpec>, Level),
    Forget(Slot),
    Add {
        rule: Rule,
        spec: Arc<RuleSpec>,
        level: Level,
        claim: Claim,
    },
    /// A rule goes on where another was.
    Succeed {
        old: Rule,
        new: Rule,
        same_when: bool,
    },
    /// A lane listens to a rule, with what it claims there; `tell` says where it is active already.
    Join {
        rule: Rule,
        lane: Lane,
        targets: Arc<[Target]>,
        tell: bool,
    },
    /// A lane listens to a rule no more.
    Leave {
        rule: Rule,
        lane: Lane,
    },
    Capture(Rule, Arc<[Slot]>),
    Announce(Rule, Slot),
    Remove(Rule),
    /// A target that a second rule claims from now on, with the vehicles and rules that have it.
    Contest {
        target: Target,
        holders: Arc<[(Vehicle, Rule)]>,
    },
    Samples(Vec<Sample>),
}

/// Who has a target since when: `diff` is 1 for the new one and -1 for the old.
#[derive(Clone, Debug)]
pub(crate) struct WinnerChange {
    pub(crate) key: ClaimKey,
    pub(crate) rule: Rule,
    pub(crate) time_us: Time,
    pub(crate) diff: isize,
}

/// What a worker found out in a step.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) edges: Vec<Edge>,
    pub(crate) winners: Vec<WinnerChange>,
}

/// The claim of a rule, with its targets in each lane.
type Claims = (Claim, [Arc<[Target]>; 2]);

/// The dataflows of one worker.
pub(crate) struct Dataflows {
    evaluator: Rc<RefCell<Evaluator>>,
    input: InputHandle<Time, CapacityContainerBuilder<Vec<Input>>>,
    probe: ProbeHandle<Time>,
    edges: Rc<RefCell<Vec<Edge>>>,
    claims_input: InputSession<Time, (ClaimKey, Claim), isize>,
    claims_probe: ProbeHandle<Time>,
    winners: Rc<RefCell<Vec<WinnerChange>>>,
    claims: FxHashMap<Rule, Claims>,
    /// Targets that more than one rule claims; claims on others need no arbitration.
    contested: FxHashSet<Target>,
    claimed: bool,
    /// Rules that are taken away at the end of the step, once their last edges are out; from one
    /// lane, or altogether.
    leaving: Vec<(Rule, Option<Lane>)>,
}

impl Dataflows {
    /// Builds the dataflows; all workers build the same.
    pub(crate) fn build(worker: &mut Worker, explain: bool) -> Self {
        let edges = Rc::new(RefCell::new(Vec::new()));
        let winners = Rc::new(RefCell::new(Vec::new()));
        let evaluator = Rc::new(RefCell::new(Evaluator::new(explain)));
        let (input, probe) = worker.dataflow_named("evaluate", |scope| {
            let (input, stream) = scope.new_input::<Vec<Input>>();
            let evaluator = Rc::clone(&evaluator);
            let sink = Rc::clone(&edges);
            let (probe, _) = evaluate(stream, evaluator)
                .inspect(move |edge| sink.borrow_mut().push(edge.clone()))
                .probe();
            (input, probe)
        });
        let (claims_input, claims_probe) = worker.dataflow_named("arbitrate", |scope| {
            let (input, claims) = scope.new_collection();
            let sink = Rc::clone(&winners);
            let (probe, _) = arbitrate(claims)
                .inspect(move |((key, claim), time, diff)| {
                    let change =
                        WinnerChange { key: *key, rule: claim.rule, time_us: *time, diff: *diff };
                    sink.borrow_mut().push(change);
                })
                .probe();
            (input, probe)
        });
        Self {
            evaluator,
            input,
            probe,
            edges,
            claims_input,
            claims_probe,
            winners,
            claims: FxHashMap::default(),
            contested: FxHashSet::default(),
            claimed: false,
            leaving: Vec::new(),
        }
    }

    /// Lets an observer see all rules.
    pub(crate) fn observe(&mut self, observer: Box<dyn Observer>) {
        self.evaluator.borrow_mut().observe(observer);
    }

    /// Carries out orders and lets time pass until just before `tick_us`.
    pub(crate) fn step(
        &mut self,
        worker: &mut Worker,
        orders: Vec<Order>,
        tick_us: Time,
    ) -> Findings {
        orders.into_iter().for_each(|order| self.take(worker, order));
        advance(&mut self.input, tick_us);
        run(worker, &self.probe, tick_us);
        let edges = self.edges.take();
        self.claim(worker, &edges, tick_us);
        self.leave();
        Findings { edges, winners: self.winners.take() }
    }

    fn take(&mut self, worker: &Worker, order: Order) {
        match order {
            Order::Derive(spec, level) => self.input.send(Input::Derive(spec, level)),
            Order::Forget(slot) => self.input.send(Input::Forget(slot)),
            Order::Add { rule, spec, level, claim } => {
                self.claims.insert(rule, (claim, Default::default()));
                self.input.send(Input::Add(rule, spec, level));
            }
            Order::Succeed { old, new, same_when } => {
                self.leaving.push((old, None));
                self.input.send(Input::Succeed { old, new, same_when });
            }
            Order::Join { rule, lane, targets, tell } => {
                self.leaving.retain(|left| *left != (rule, Some(lane)));
                if let Some((_, lanes)) = self.claims.get_mut(&rule) {
                    lanes[lane as usize] = targets;
                }
                if tell {
                    self.input.send(Input::Tell(rule, EdgeKind::Begin, lane.number()));
                }
            }
            Order::Leave { rule, lane } => {
                self.leaving.push((rule, Some(lane)));
                self.input.send(Input::Tell(rule, EdgeKind::End, lane.number()));
            }
            Order::Capture(rule, captures) => self.input.send(Input::Capture(rule, captures)),
            Order::Announce(rule, slot) => self.input.send(Input::Announce(rule, slot)),
            Order::Remove(rule) => {
                self.leaving.push((rule, None));
                self.input.send(Input::Remove(rule));
            }
            Order::Contest { target, holders } => self.contest(worker, target, &holders),
            Order::Samples(samples) => self.input.send(Input::Samples(samples)),
        }
    }

    /// Forgets the claims of rules that left in this step.
    fn leave(&mut self) {
        for (rule, lane) in self.leaving.drain(..) {
            match lane {
                None => {
                    self.claims.remove(&rule);
                }
                Some(lane) => {
                    if let Some((_, lanes)) = self.claims.get_mut(&rule) {
                        lanes[lane as usize] = Arc::default();
                    }
                }
            }
        }
    }

    /// Makes the claims of those that have a target already, now that they count.
    fn contest(&mut self, worker: &Worker, target: Target, holders: &[(Vehicle, Rule)]) {
        if !self.contested.insert(target) {
            return;
        }
        let now_us = *self.input.time();
        let own = |vehicle: Vehicle| vehicle as usize % worker.peers() == worker.index();
        for (vehicle, rule) in holders.iter().filter(|(vehicle, _)| own(*vehicle)) {
            if let Some((claim, _)) = self.claims.get(rule) {
                self.claims_input.update_at(((*vehicle, target), claim.clone()), now_us, 1);
                self.claimed = true;
            }
        }
    }

    /// Makes and withdraws the claims of the scenarios that began and ended.
    ///
    /// Every worker takes part, since claims travel to the worker that has their target.
    fn claim(&mut self, worker: &mut Worker, edges: &[Edge], tick_us: Time) {
        if self.contested.is_empty() {
            return;
        }
        for edge in edges {
            let Some((claim, lanes)) = self.claims.get(&edge.rule) else { continue };
            let diff = if edge.kind == EdgeKind::Begin { 1 } else { -1 };
            let heard = |lane: &usize| match edge.cause {
                Cause::Lane(told) => *lane == usize::from(told),
                _ => true,
            };
            let targets = (0..lanes.len()).filter(heard).flat_map(|lane| lanes[lane].iter());
            for target in targets.filter(|target| self.contested.contains(target)) {
                let key = (edge.vehicle, *target);
                self.claims_input.update_at((key, claim.clone()), edge.time_us, diff);
                self.claimed = true;
            }
        }
        if std::mem::take(&mut self.claimed) || worker.peers() > 1 {
            self.claims_input.advance_to(tick_us);
            self.claims_input.flush();
            run(worker, &self.claims_probe, tick_us);
        }
    }
}

fn advance(input: &mut InputHandle<Time, CapacityContainerBuilder<Vec<Input>>>, tick_us: Time) {
    if *input.time() < tick_us {
        input.advance_to(tick_us);
    } else {
        input.flush();
    }
}

/// Lets the worker work until the probe has passed.
fn run(worker: &mut Worker, probe: &ProbeHandle<Time>, tick_us: Time) {
    if worker.peers() == 1 {
        while probe.less_than(&tick_us) {
            worker.step();
        }
    } else {
        while probe.less_than(&tick_us) {
            worker.step_or_park(Some(PARK));
        }
    }
}
