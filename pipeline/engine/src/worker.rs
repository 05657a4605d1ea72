//! One timely worker with the dataflows of the engine.
//!
//! Samples stream through `evaluate`; the claims of scenarios that began or ended go on to
//! `arbitrate`. Where rules are about the fleet, `tally` counts vehicles over all workers, and a
//! second `evaluate` runs those rules once the counts are known.

use std::collections::BTreeSet;
use std::sync::Arc;

use piccolo_operators::arbitrate::{Arbiter, Claim, ClaimChange, Target, WinnerChange};
use piccolo_operators::cooldown::EdgeKind;
use piccolo_operators::derived::{DerivedSpec, Level};
use piccolo_operators::evaluate::{Cause, Edge, Input, Likeness, RuleSpec};
use piccolo_operators::ids::{Rule, Sample, Slot, Time, Vehicle};
use piccolo_operators::observe::Observer;
use piccolo_operators::saved::SavedVehicle;
use rustc_hash::{FxHashMap, FxHashSet};
use timely::WorkerConfig;
use timely::communication::allocator::{Allocator, thread::Thread};
use timely::worker::Worker;

use crate::cluster::Place;
use crate::decide::{Decided, Job};
use crate::facts::Stage;
use crate::fleet::{CountChange, TallyFlow};
use crate::flow::Flow;
use crate::lane::Lane;

mod saved;

pub(crate) use saved::Resume;

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
        likeness: Likeness,
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
    /// Takes a rule away; only one lane has to hear of it where the other left it a moment ago.
    Remove(Rule, Option<Lane>),
    /// A target of which it matters from now on who has it, with the vehicles and rules that do.
    Contest {
        target: Target,
        holders: Arc<[(Vehicle, Rule)]>,
    },
    Samples(Vec<Sample>),
}

/// What the operators run of a rule in each stage.
pub(crate) type Specs = [Option<Arc<RuleSpec>>; 2];

/// What a worker is asked for.
pub(crate) enum Work {
    /// Carry out orders, and let time pass until just before the tick.
    Step(Vec<Order>, Time, Part),
    /// Decide what becomes of edges.
    Decide(Box<Job>),
    /// Tell the state of all vehicles; atoms are looked for in these rules and truths, in order.
    Save(Arc<[Rule]>),
    /// Take vehicles up again.
    Resume(Box<Resume>),
}

/// What a worker found out.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) edges: Vec<Edge>,
    pub(crate) winners: Vec<WinnerChange>,
    pub(crate) counts: Vec<CountChange>,
    /// Rules that are left out in a vehicle, since when.
    pub(crate) quarantined: Vec<(Time, (Vehicle, Rule))>,
    /// The state of vehicles in each stage, where it was asked for.
    pub(crate) saved: [Vec<SavedVehicle>; 2],
    /// The samples that wait, where the state was asked for.
    pub(crate) waiting: Vec<Sample>,
    /// What was decided, where the worker was asked to.
    pub(crate) decided: Decided,
    /// Whether something was to be taken up again that is not known here.
    pub(crate) unknown: bool,
    /// Whether another process is gone, so that counts are missing.
    pub(crate) lost: bool,
}

impl Findings {
    /// Adds what another worker found.
    pub(crate) fn add(&mut self, other: Self) {
        self.edges.extend(other.edges);
        self.winners.extend(other.winners);
        self.counts.extend(other.counts);
        self.quarantined.extend(other.quarantined);
        for (stage, saved) in self.saved.iter_mut().zip(other.saved) {
            stage.extend(saved);
        }
        self.waiting.extend(other.waiting);
        self.unknown |= other.unknown;
        self.lost |= other.lost;
    }
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

/// The two timely workers of one thread.
///
/// What vehicles do by themselves runs in `own`, which has no peers: it says nothing to the other
/// threads and waits for none. What is counted over all vehicles runs in `shared`.
pub(crate) struct Workers {
    own: Worker,
    shared: Worker,
}

impl Workers {
    /// Workers of which the shared one has the peers of an allocator.
    pub(crate) fn new(config: &WorkerConfig, shared: Allocator) -> Self {
        let own = Allocator::Thread(Thread::default());
        let make = |allocator| Worker::new(config.clone(), allocator, None);
        Self { own: make(own), shared: make(shared) }
    }
}

/// The dataflows of one worker.
pub(crate) struct Dataflows {
    /// Rules of each vehicle by itself, and rules about the fleet.
    flows: [Flow; 2],
    tally: TallyFlow,
    /// Edges of this step's first part.
    edges: Vec<Edge>,
    arbiter: Arbiter,
    /// Claims that are made and withdrawn in this step.
    claim_changes: Vec<ClaimChange>,
    claims: FxHashMap<Rule, Claims>,
    /// In which flows each rule runs, and from which its edges are taken.
    homes: FxHashMap<Rule, ([bool; 2], Stage)>,
    /// Targets that more than one rule does something with; others need no arbitration.
    contested: FxHashSet<Target>,
    /// Rules that are taken away at the end of the step, once their last edges are out; from one
    /// lane, or altogether.
    leaving: BTreeSet<(Rule, Option<Lane>)>,
    place: Place,
}

impl Dataflows {
    /// Builds the dataflows; all workers build the same.
    pub(crate) fn build(workers: &mut Workers, explain: bool, place: Place) -> Self {
        let flows = [
            Flow::build(&mut workers.own, "evaluate", explain),
            Flow::build(&mut workers.own, "evaluate the fleet", explain),
        ];
        let tally = TallyFlow::build(&mut workers.shared, &place);
        Self {
            flows,
            tally,
            edges: Vec::new(),
            arbiter: Arbiter::default(),
            claim_changes: Vec::new(),
            claims: FxHashMap::default(),
            homes: FxHashMap::default(),
            contested: FxHashSet::default(),
            leaving: BTreeSet::new(),
            place,
        }
    }

    /// Lets an observer see all rules of a stage.
    pub(crate) fn observe(&mut self, stage: Stage, observer: Box<dyn Observer>) {
        self.flows[stage as usize].evaluator.borrow_mut().observe(observer);
    }

    /// Does what is asked for.
    pub(crate) fn carry_out(&mut self, workers: &mut Workers, work: Work) -> Findings {
        match work {
            Work::Step(orders, tick_us, part) => self.step(workers, orders, tick_us, part),
            Work::Decide(job) => Findings { decided: job.run(), ..Findings::default() },
            Work::Save(owners) => self.save(workers, &owners),
            Work::Resume(resume) => self.resume(workers, *resume),
        }
    }

    /// Carries out orders and lets time pass until just before `tick_us`.
    fn step(
        &mut self,
        workers: &mut Workers,
        orders: Vec<Order>,
        tick_us: Time,
        part: Part,
    ) -> Findings {
        let samples_go_to = if part == Part::Finish { Stage::Fleet } else { Stage::Vehicle };
        orders.into_iter().for_each(|order| self.take(workers, order, samples_go_to));
        let edges = self.flows[samples_go_to as usize].run(&mut workers.own, tick_us);
        self.keep_at_home(edges, samples_go_to, part);
        if part == Part::Count {
            let counts = self.flows[0].evaluator.borrow_mut().take_counts();
            let counts = self.tally.run(&mut workers.shared, counts, tick_us, &self.place);
            let lost = counts.is_none();
            let counts = counts.unwrap_or_default();
            return Findings { counts, lost, ..Findings::default() };
        }
        let edges = std::mem::take(&mut self.edges);
        let winners = self.claim(&edges);
        self.leave();
        let flows = self.flows.iter();
        let quarantined =
            flows.flat_map(|flow| flow.evaluator.borrow_mut().take_quarantined()).collect();
        Findings { edges, winners, quarantined, ..Findings::default() }
    }

    /// Keeps the edges of the rules that are at home in a flow.
    fn keep_at_home(&mut self, mut edges: Vec<Edge>, flow: Stage, part: Part) {
        // Where no rule is about the fleet, all are at home there.
        if part != Part::Whole {
            let homes = &self.homes;
            edges.retain(|edge| homes.get(&edge.rule).is_none_or(|home| home.1 == flow));
        }
        if self.edges.is_empty() {
            self.edges = edges;
        } else {
            self.edges.append(&mut edges);
        }
    }

    fn take(&mut self, workers: &mut Workers, order: Order, samples_go_to: Stage) {
        match order {
            Order::OpenFleet => self.open_fleet(workers),
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
            Order::Succeed { old, new, likeness } => {
                self.leaving.insert((old, None));
                self.succeed(old, new, likeness);
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
            Order::Remove(rule, lane) => {
                self.leaving.insert((rule, None));
                self.send(rule, &Input::Remove(rule, lane.map(Lane::number)));
            }
            Order::Contest { target, holders } => self.contest(target, &holders),
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
    fn succeed(&mut self, old: Rule, new: Rule, likeness: Likeness) {
        let runs = |rule| self.homes.get(&rule).map_or([false; 2], |home| home.0);
        for ((flow, old_runs), new_runs) in self.flows.iter_mut().zip(runs(old)).zip(runs(new)) {
            match (old_runs, new_runs) {
                (true, true) => flow.send(Input::Succeed { old, new, likeness }),
                (true, false) => flow.send(Input::Remove(old, None)),
                _ => {}
            }
        }
    }

    /// Lets the flow of the fleet begin with the facts and the waiting samples that the other has.
    fn open_fleet(&mut self, workers: &mut Workers) {
        self.flows.iter_mut().for_each(|flow| flow.deliver(&mut workers.own));
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
    fn contest(&mut self, target: Target, holders: &[(Vehicle, Rule)]) {
        if !self.contested.insert(target) {
            return;
        }
        let now_us = self.flows[0].now_us();
        let Place { index, workers, .. } = self.place;
        let own = |vehicle: Vehicle| vehicle as usize % workers == index;
        for (vehicle, rule) in holders.iter().filter(|(vehicle, _)| own(*vehicle)) {
            if let Some((claim, _)) = self.claims.get(rule) {
                let (key, claim) = ((*vehicle, target), claim.clone());
                let change = ClaimChange { time_us: now_us, key, claim, diff: 1 };
                self.claim_changes.push(change);
            }
        }
    }

    /// Makes and withdraws the claims of the scenarios that began and ended; who has which
    /// contested target from then on.
    fn claim(&mut self, edges: &[Edge]) -> Vec<WinnerChange> {
        let mut winners = Vec::new();
        if self.contested.is_empty() {
            return winners;
        }
        let mut changes = std::mem::take(&mut self.claim_changes);
        for edge in edges {
            let Some((claim, lanes)) = self.claims.get(&edge.rule) else { continue };
            let diff = if edge.kind == EdgeKind::Begin { 1 } else { -1 };
            let heard = |lane: &usize| match edge.cause {
                Cause::Lane(told) => *lane == usize::from(told),
                _ => true,
            };
            let targets = (0..lanes.len()).filter(heard).flat_map(|lane| lanes[lane].iter());
            for target in targets.filter(|target| self.contested.contains(target)) {
                let (time_us, key, claim) = (edge.time_us, (edge.vehicle, *target), claim.clone());
                changes.push(ClaimChange { time_us, key, claim, diff });
            }
        }
        self.arbiter.take(changes, &mut winners);
        winners
    }
}
