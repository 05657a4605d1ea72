//! Counting vehicles: the dataflow that counts, and what comes of its rows.

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::input::{Input as _, InputSession};
use piccolo_operators::ids::{Sample, Slot, Time};
use piccolo_operators::tally::{Count, Counted, EVERY_VEHICLE, Group, tally};
use rustc_hash::FxHashMap;
use timely::dataflow::operators::core::probe::Handle as ProbeHandle;
use timely::dataflow::operators::{Inspect as _, Probe as _, vec::Broadcast as _};
use timely::worker::Worker;

use crate::cluster::Place;
use crate::facts::FleetFact;
use crate::flow::run;

/// A group has so many vehicles since a time (`diff` 1), or has no more (-1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountChange {
    pub(crate) time_us: Time,
    pub(crate) group: Group,
    pub(crate) count: isize,
    pub(crate) diff: isize,
}

/// The dataflow that counts, over all workers.
pub(crate) struct TallyFlow {
    input: InputSession<Time, Group, isize>,
    probe: ProbeHandle<Time>,
    rows: Rc<RefCell<Vec<CountChange>>>,
}

impl TallyFlow {
    pub(crate) fn build(worker: &mut Worker, place: &Place) -> Self {
        let rows = Rc::new(RefCell::new(Vec::new()));
        let everywhere = place.is_in_cluster(worker);
        let (input, probe) = worker.dataflow_named("tally", |scope| {
            let (input, groups) = scope.new_collection();
            let sink = Rc::clone(&rows);
            let counts = tally(groups).inner;
            // Every process has to know all counts.
            let counts = if everywhere { counts.broadcast() } else { counts };
            let (probe, _) = counts
                .inspect(move |((group, count), time_us, diff)| {
                    let (group, count, time_us, diff) = (*group, *count, *time_us, *diff);
                    sink.borrow_mut().push(CountChange { time_us, group, count, diff });
                })
                .probe();
            (input, probe)
        });
        Self { input, probe, rows }
    }

    /// Counts what came and left until just before `tick_us`, over all workers: the groups that this
    /// worker has. In a cluster each worker knows all, and the first of a process says them. None
    /// where another process is gone.
    pub(crate) fn run(
        &mut self,
        worker: &mut Worker,
        counts: Vec<Count>,
        tick_us: Time,
        place: &Place,
    ) -> Option<Vec<CountChange>> {
        for Count { time_us, group, diff } in counts {
            self.input.update_at(group, time_us, diff);
        }
        self.input.advance_to(tick_us);
        self.input.flush();
        run(worker, &self.probe, tick_us, place);
        let rows = self.rows.take();
        let counted = !self.probe.less_than(&tick_us);
        let says = place.index == 0 || !place.is_in_cluster(worker);
        counted.then(|| if says { rows } else { Vec::new() })
    }
}

/// What the counts are, and what each fact of the fleet was said to be.
#[derive(Debug, Default)]
pub(crate) struct FleetState {
    counts: FxHashMap<Group, isize>,
    told: FxHashMap<Slot, f64>,
}

impl FleetState {
    /// Takes changed counts in; the facts that changed, for every vehicle, in order of time.
    pub(crate) fn take(
        &mut self,
        mut changes: Vec<CountChange>,
        facts: &[FleetFact],
        now_us: Time,
    ) -> Vec<Sample> {
        self.told.retain(|slot, _| facts.iter().any(|fact| fact.slot == *slot));
        let mut samples = Vec::new();
        self.tell(facts, now_us, &mut samples);
        changes.sort_by_key(|change| (change.time_us, change.group, change.diff));
        for moment in changes.chunk_by(|a, b| a.time_us == b.time_us) {
            for change in moment {
                let count = if change.diff > 0 { change.count } else { 0 };
                self.counts.insert(change.group, count);
            }
            self.tell(facts, moment[0].time_us, &mut samples);
        }
        self.counts.retain(|_, count| *count != 0);
        samples
    }

    /// What each fact of the fleet was said to be.
    pub(crate) fn told(&self) -> impl Iterator<Item = (Slot, f64)> {
        self.told.iter().map(|(slot, value)| (*slot, *value))
    }

    /// Goes on from counts, where facts were said to be something before.
    pub(crate) fn resume(&mut self, changes: Vec<CountChange>, told: &[(Slot, f64)]) {
        self.take(changes, &[], 0);
        self.told.extend(told.iter().copied());
    }

    fn tell(&mut self, facts: &[FleetFact], time_us: Time, samples: &mut Vec<Sample>) {
        for fact in facts {
            let Some(value) = self.value(fact) else { continue };
            if self.told.insert(fact.slot, value) != Some(value) {
                let (vehicle, slot, origin) = (EVERY_VEHICLE, fact.slot, 0);
                samples.push(Sample { time_us, value, vehicle, slot, origin });
            }
        }
    }

    /// The value of a fact; none before a vehicle was seen.
    fn value(&self, fact: &FleetFact) -> Option<f64> {
        let count = |counted| self.counts.get(&(fact.member, counted)).copied().unwrap_or(0);
        let (holds, seen) = (count(Counted::Holds), count(Counted::Seen));
        (seen > 0).then(|| if fact.share { holds as f64 / seen as f64 } else { holds as f64 })
    }
}

#[cfg(test)]
mod tests;
