//! One timely worker with the dataflows of the engine.
//!
//! Samples stream through `evaluate`; the claims of scenarios that began or
//! ended go on to `arbitrate`. The two are dataflows of their own, since the
//! second has nothing to do in most steps and would only lengthen the way of
//! the frontier. Where rules are about the fleet, `tally` counts vehicles, and a
//! second `evaluate` runs those rules once the counts are known.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use differential_dataflow::input::{Input as _, InputSession};
use piccolo_operators::arbitrate::{Claim, ClaimKey, Target, arbitrate};
use piccolo_operators::cooldown::EdgeKind;
use piccolo_operators::derived::{DerivedSpec, Level};
use piccolo_operators::evaluate::{Cause, Edge, Input, RuleSpec};
use piccolo_operators::ids::{Rule, Sample, Slot, Time, Vehicle};
use piccolo_operators::observe::Observer;
use rustc_hash::{FxHashMap, FxHashSet};
use timely::dataflow::operators::core::probe::Handle as ProbeHandle;
use timely::worker::Worker;

use crate::facts::Stage;
use crate::fleet::{CountChange, TallyFlow};
use crate::flow::{Flow, run};
use crate::lane::Lane;

/// A change of the rules, or samples, for one worker.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Rules about the fleet come in, and none was there.
    OpenFleet,
    Derive(Stage, Arc<DerivedSpec>, Level),
    Forget(Stage, Slot),
    /// Counts the vehicles in which a truth holds.
    Count(Slot),
    Uncount(Slot),
    Add {
        rule: Rule,
        specs: Specs,
        home: Stage,
        level: Level,
        claim: Claim,
    },
    /// A rule is about to give its place to another.
    Depart(Rule),
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

/// What the operators run of a rule in each stage.
pub(crate) type Specs = [Option<Arc<RuleSpec>>; 2];

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
    pub(crate) counts: Vec<CountChange>,
    /// Rules that are left out in a vehicle, since when.
    pub(crate) quarantined: Vec<(Time, (Vehicle, Rule))>,
}

/// The claim of a rule, with its targets in each lane.
type Claims = (Claim, [Arc<[Target]>; 2]);

/// Which part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no rule is about the fleet.
    Whole,
    /// Up to the counts of vehicles.
    Count,
    /// The rules about the fleet, once the counts are known.
    Finish,
}

/// The dataflows of one worker.
pub(crate) struct Dataflows {
    /// Rules of each vehicle by itself, and rules about the fleet.
    flows: [Flow; 2],
    tally: TallyFlow,
    /// Edges of this step's first part.
    edges: Vec<Edge>,
    claims_input: InputSession<Time, (ClaimKey, Claim), isize>,
    claims_probe: ProbeHandle<Time>,
    winners: Rc<RefCell<Vec<WinnerChange>>>,
    claims: FxHashMap<Rule, Claims>,
    /// In which flows each rule runs, and from which its edges are taken.
    homes: FxHashMap<Rule, ([bool; 2], Stage)>,
    /// Targets that more than one rule claims; claims on others need no arbitration.
    contested: FxHashSet<Target>,
    claimed: bool,
    /// Rules that are taken away at the end of the step, once their last edges are out; from one
    /// lane, or altogether.
    leaving: BTreeSet<(Rule, Option<Lane>)>,
}

impl Dataflows {
    /// Builds the dataflows; all workers build the same.
    pub(crate) fn build(worker: &mut Worker, explain: bool) -> Self {
        let winners = Rc::new(RefCell::new(Vec::new()));
        let flows = [
            Flow::build(worker, "evaluate", explain),
            Flow::build(worker, "evaluate the fleet", explain),
        ];
        let tally = TallyFlow::build(worker);
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
            flows,
            tally,
            edges: Vec::new(),
            claims_input,
            claims_probe,
            winners,
            claims: FxHashMap::default(),
            homes: FxHashMap::default(),
            contested: FxHashSet::default(),
            claimed: false,
            leaving: BTreeSet::new(),
        }
    }

    /// Lets an observer see all rules of a stage.
    pub(crate) fn observe(&mut self, stage: Stage, observer: Box<dyn Observer>) {
        self.flows[stage as usize].evaluator.borrow_mut().observe(observer);
    }

    /// Carries out orders and lets time pass until just before `tick_us`.
    pub(crate) fn step(
        &mut self,
        worker: &mut Worker,
        orders: Vec<Order>,
        tick_us: Time,
        part: Part,
    ) -> Findings {
        let samples_go_to = if part == Part::Finish { Stage::Fleet } else { Stage::Vehicle };
        orders.into_iter().for_each(|order| self.take(worker, order, samples_go_to));
        let edges = self.flows[samples_go_to as usize].run(worker, tick_us);
        let homes = &self.homes;
        let at_home =
            |edge: &Edge| homes.get(&edge.rule).is_none_or(|home| home.1 == samples_go_to);
        self.edges.extend(edges.into_iter().filter(at_home));
        if part == Part::Count {
            let counts = self.flows[0].evaluator.borrow_mut().take_counts();
            let counts = self.tally.run(worker, counts, tick_us);
            return Findings { counts, ..Findings::default() };
        }
        let edges = std::mem::take(&mut self.edges);
        self.claim(worker, &edges, tick_us);
        self.leave();
        let flows = self.flows.iter();
        let quarantined =
            flows.flat_map(|flow| flow.evaluator.borrow_mut().take_quarantined()).collect();
        Findings { edges, winners: self.winners.take(), counts: Vec::new(), quarantined }
    }

    fn take(&mut self, worker: &Worker, order: Order, samples_go_to: Stage) {
        match order {
            Order::OpenFleet => self.open_fleet(),
            Order::Derive(stage, spec, level) => {
                self.flows[stage as usize].send(Input::Derive(spec, level));
            }
            Order::Forget(stage, slot) => self.flows[stage as usize].send(Input::Forget(slot)),
            Order::Count(slot) => self.flows[0].send(Input::Count(slot)),
            Order::Uncount(slot) => self.flows[0].send(Input::Uncount(slot)),
            Order::Add { rule, specs, home, level, claim } => {
                self.claims.insert(rule, (claim, Default::default()));
                self.homes.insert(rule, (specs.each_ref().map(Option::is_some), home));
                for (flow, spec) in self.flows.iter_mut().zip(specs) {
                    spec.into_iter().for_each(|spec| flow.send(Input::Add(rule, spec, level)));
                }
            }
            Order::Depart(rule) => self.send(rule, &Input::Depart(rule)),
            Order::Succeed { old, new, same_when } => {
                self.leaving.insert((old, None));
                self.succeed(old, new, same_when);
            }
            Order::Join { rule, lane, targets, tell } => {
                self.leaving.remove(&(rule, Some(lane)));
                if let Some((_, lanes)) = self.claims.get_mut(&rule) {
                    lanes[lane as usize] = targets;
                }
                if tell {
                    self.send(rule, &Input::Tell(rule, EdgeKind::Begin, lane.number()));
                }
            }
            Order::Leave { rule, lane } => {
                self.leaving.insert((rule, Some(lane)));
                self.send(rule, &Input::Tell(rule, EdgeKind::End, lane.number()));
            }
            Order::Capture(rule, captures) => self.send(rule, &Input::Capture(rule, captures)),
            Order::Announce(rule, slot) => self.send(rule, &Input::Announce(rule, slot)),
            Order::Remove(rule) => {
                self.leaving.insert((rule, None));
                self.send(rule, &Input::Remove(rule));
            }
            Order::Contest { target, holders } => self.contest(worker, target, &holders),
            Order::Samples(samples) => {
                self.flows[samples_go_to as usize].send(Input::Samples(samples));
            }
        }
    }

    /// Sends an input about a rule to every flow in which it runs.
    fn send(&mut self, rule: Rule, input: &Input) {
        let Some((runs, _)) = self.homes.get(&rule) else { return };
        for (flow, _) in self.flows.iter_mut().zip(runs).filter(|(_, runs)| **runs) {
            flow.send(input.clone());
        }
    }

    /// In each flow the new rule goes on where the old one was, where both run there.
    fn succeed(&mut self, old: Rule, new: Rule, same_when: bool) {
        let runs = |rule| self.homes.get(&rule).map_or([false; 2], |home| home.0);
        for ((flow, old_runs), new_runs) in self.flows.iter_mut().zip(runs(old)).zip(runs(new)) {
            match (old_runs, new_runs) {
                (true, true) => flow.send(Input::Succeed { old, new, same_when }),
                (true, false) => flow.send(Input::Remove(old)),
                _ => {}
            }
        }
    }

    /// Lets the flow of the fleet begin with the facts that the other one has.
    fn open_fleet(&mut self) {
        let [vehicles, fleet] = &self.flows;
        fleet.evaluator.borrow_mut().begin_from(&vehicles.evaluator.borrow());
    }

    /// Forgets the claims of rules that left in this step.
    fn leave(&mut self) {
        for (rule, lane) in std::mem::take(&mut self.leaving) {
            match lane {
                None => {
                    self.claims.remove(&rule);
                    self.homes.remove(&rule);
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
        let now_us = self.flows[0].now_us();
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
