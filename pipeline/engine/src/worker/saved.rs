//! The state of a worker's vehicles, put down and taken up again.

use piccolo_operators::arbitrate::ClaimChange;
use piccolo_operators::ids::{Rule, Sample, Slot, Time, Vehicle};
use piccolo_operators::saved::SavedVehicle;

use super::{Dataflows, Findings, Order, Workers};
use crate::facts::Stage;
use crate::lane::Lane;

/// What a worker takes up again.
#[derive(Debug, Default)]
pub(crate) struct Resume {
    /// The rules, into a worker without vehicles.
    pub(crate) orders: Vec<Order>,
    /// The time at which the state was put down.
    pub(crate) now_us: Time,
    /// Whether there are rules about the fleet.
    pub(crate) fleet: bool,
    /// The worker's vehicles in each stage.
    pub(crate) vehicles: [Vec<SavedVehicle>; 2],
    /// Its samples that waited.
    pub(crate) waiting: Vec<Sample>,
    /// The facts that all vehicles share.
    pub(crate) shared: Vec<(Slot, f64)>,
    /// The scenarios that are active in its vehicles, in each lane that heard of it.
    pub(crate) active: Vec<(Vehicle, Rule, Lane)>,
}

impl Dataflows {
    /// The state of all vehicles at the present time.
    pub(super) fn save(&mut self, workers: &mut Workers, owners: &[Rule]) -> Findings {
        self.flows.iter_mut().for_each(|flow| flow.deliver(&mut workers.own));
        let evaluators = self.flows.each_ref().map(|flow| flow.evaluator.borrow());
        Findings {
            saved: evaluators.each_ref().map(|evaluator| evaluator.save(owners)),
            waiting: evaluators[Stage::Vehicle as usize].waiting().to_vec(),
            ..Findings::default()
        }
    }

    /// Takes vehicles up again. The counts of the fleet and who has which target follow from them.
    pub(super) fn resume(&mut self, workers: &mut Workers, resume: Resume) -> Findings {
        let Resume { orders, now_us, fleet, vehicles, waiting, shared, active } = resume;
        orders.into_iter().for_each(|order| self.take(workers, order, Stage::Vehicle));
        let mut findings = Findings::default();
        let stages = if fleet { 2 } else { 1 };
        for (flow, vehicles) in self.flows.iter_mut().zip(vehicles).take(stages) {
            // No vehicle is there yet, so nothing comes out.
            flow.run(&mut workers.own, now_us);
            findings.unknown |= !flow.evaluator.borrow_mut().resume(vehicles);
            flow.send(piccolo_operators::evaluate::Input::Samples(waiting.clone()));
        }
        if fleet {
            let [own, all] = self.flows.each_ref().map(|flow| &flow.evaluator);
            shared.iter().for_each(|(slot, value)| all.borrow_mut().share(*slot, *value));
            let counts = own.borrow_mut().take_counts();
            let counts = self.tally.run(&mut workers.shared, counts, now_us, &self.place);
            findings.lost = counts.is_none();
            findings.counts = counts.unwrap_or_default();
        }
        self.arbiter.take(self.claims_of(&active), &mut findings.winners);
        self.leave();
        findings
    }

    /// The claims of active scenarios on contested targets.
    fn claims_of(&self, active: &[(Vehicle, Rule, Lane)]) -> Vec<ClaimChange> {
        let mut changes = Vec::new();
        for (vehicle, rule, lane) in active {
            let Some((claim, lanes)) = self.claims.get(rule) else { continue };
            let targets = lanes[*lane as usize].iter();
            for target in targets.filter(|target| self.contested.contains(target)) {
                let (key, claim) = ((*vehicle, *target), claim.clone());
                changes.push(ClaimChange { time_us: 0, key, claim, diff: 1 });
            }
        }
        changes
    }
}
