//! The state of vehicles, put down and taken up again.

use super::Evaluator;
use crate::ids::{Rule, Sample, Slot, Vehicle};
use crate::latest::Fact;
use crate::saved::SavedVehicle;
use crate::tally::Count;

impl Evaluator {
    /// The state of every vehicle that was seen, in order. `owners` are the rules and truths in
    /// the order in which atoms are looked for in them.
    ///
    /// It is whole between two ticks, when nothing is left to settle.
    pub fn save(&self, owners: &[Rule]) -> Vec<SavedVehicle> {
        let mut vehicles: Vec<Option<SavedVehicle>> = (0..self.latest.vehicles())
            .map(|vehicle| self.conditions.is_admitted(vehicle).then(|| SavedVehicle::new(vehicle)))
            .collect();
        let atoms = self.conditions.atoms(owners);
        for saved in vehicles.iter_mut().flatten() {
            let facts = self.latest.of(saved.vehicle);
            saved.facts = facts.iter().filter(|(_, fact)| was_touched(fact)).collect();
            saved.flips = self.conditions.flips(saved.vehicle, &atoms);
        }
        let mut put = |vehicle: Vehicle, put: &dyn Fn(&mut SavedVehicle)| {
            vehicles.get_mut(vehicle as usize).into_iter().flatten().for_each(put);
        };
        for (vehicle, derived) in self.derived.all() {
            put(vehicle, &|saved| saved.derived.push(derived.clone()));
        }
        for ((vehicle, rule), since_us) in self.held.all() {
            put(vehicle, &|saved| saved.held.push((rule, since_us)));
        }
        for ((vehicle, rule), state) in self.cooldown.all() {
            put(vehicle, &|saved| saved.rules.push((rule, state)));
        }
        for (vehicle, rule) in self.quarantine.all() {
            put(vehicle, &|saved| saved.quarantined.push(rule));
        }
        vehicles.into_iter().flatten().collect()
    }

    /// How many inputs were taken so far, ticks not among them.
    pub fn inputs_taken(&self) -> u64 {
        self.inputs_taken
    }

    /// The samples at or after the present time, in order.
    pub fn waiting(&self) -> &[Sample] {
        &self.waiting
    }

    /// Takes vehicles up again where they were when they were put down, at the present time and
    /// into an evaluator that has their rules and no vehicle yet; says whether all of it is known
    /// here. The vehicles count from the beginning of time.
    pub fn resume(&mut self, vehicles: Vec<SavedVehicle>) -> bool {
        let mut known = true;
        for saved in vehicles {
            let vehicle = saved.vehicle;
            self.resume_facts(vehicle, &saved.facts);
            known &= self.conditions.resume_flips(vehicle, &saved.flips);
            for derived in saved.derived {
                known &= self.derived.resume(vehicle, derived);
            }
            for (rule, since_us) in saved.held {
                let held_us = self.rules.get(&rule).map(|live| live.spec.held_us);
                known &= held_us.is_some();
                self.held.resume((vehicle, rule), since_us, held_us.unwrap_or(0), self.now_us);
            }
            for (rule, state) in saved.rules {
                known &= self.rules.contains_key(&rule);
                self.cooldown.resume((vehicle, rule), state, self.now_us);
            }
            saved.quarantined.iter().for_each(|rule| self.quarantine.resume((vehicle, *rule)));
        }
        self.next_timer_us = self.next_deadline();
        self.count_from_zero();
        known
    }

    /// Puts facts in place; what follows from them in gates is counted, and nothing is decided.
    fn resume_facts(&mut self, vehicle: Vehicle, facts: &[(Slot, Fact)]) {
        self.conditions.admit(vehicle, &mut self.latest, &mut self.toggles);
        for &(slot, Fact { value, time_us, origin }) in facts {
            let sample = Sample { time_us, value, vehicle, slot, origin };
            self.conditions.apply(&sample, &mut self.latest, &mut self.toggles);
        }
        self.toggles.clear();
        // Rules that broke their limits then are left out already.
        self.conditions.take_exceeded();
    }

    /// Counts all vehicles in all groups, since the beginning of time.
    fn count_from_zero(&mut self) {
        for slot in self.fleet.counted() {
            self.count_all(slot, 1);
        }
        let counts = self.take_counts();
        self.add_counts(counts.into_iter().map(|count| Count { time_us: 0, ..count }));
    }
}

/// Whether a sample ever came.
fn was_touched(fact: &Fact) -> bool {
    fact.known().is_some() || fact.time_us > 0 || fact.origin > 0
}
