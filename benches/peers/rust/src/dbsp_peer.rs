//! DBSP, the core of Feldera: changes of value joined with tests on their signal, and for each rule of
//! each vehicle a fold in order of time. A step gives only what it changed in all, so times are data;
//! a step for each sample would also keep samples apart, and takes 300 times as long.

use std::error::Error;

use dbsp::algebra::UnimplementedSemigroup;
use dbsp::operator::Fold;
use dbsp::typed_batch::{IndexedZSetReader, SpineSnapshot};
use dbsp::utils::{Tup2, Tup3, Tup4, Tup5};
use dbsp::{DBSPHandle, OrdZSet, OutputHandle, RootCircuit, Runtime, ZSetHandle, ZWeight};

use crate::protocol::{self, Event, Peer, Workload};

/// Events that a step takes, as many as the other dataflow takes at once.
const BATCH: usize = 1_000;

/// The value before the first one: no test passes.
const NONE: i64 = i64::MIN;

/// Time, vehicle, signal, value before and value, in eighths: thresholds lie between quarters.
type Change = Tup5<u64, u32, u32, i64, i64>;

/// Signal, rule, whether it asks for more, and threshold in eighths.
type Test = Tup4<u32, u32, bool, i64>;

/// Time, vehicle, rule, and whether the rule begins.
type Edge = Tup4<u64, u32, u32, bool>;

/// How many tests pass, and when the rule began and ended.
type History = (i64, Vec<Tup2<u64, bool>>);

type Handles = (ZSetHandle<Change>, ZSetHandle<Test>, OutputHandle<SpineSnapshot<OrdZSet<Edge>>>);

pub(crate) struct Dbsp {
    circuit: DBSPHandle,
    changes: ZSetHandle<Change>,
    edges: OutputHandle<SpineSnapshot<OrdZSet<Edge>>>,
    values: Vec<Vec<f64>>,
}

impl Dbsp {
    /// The start has the time zero, so all times inside are one more.
    pub(crate) fn new(workload: &Workload) -> Result<Self, Box<dyn Error>> {
        let tests_by_rule = workload.rules.first().map_or(0, Vec::len) as i64;
        let (mut circuit, (changes, tests, edges)) =
            Runtime::init_circuit(1, move |circuit| Ok(build(circuit, tests_by_rule)))?;
        for (rule, of_rule) in workload.rules.iter().enumerate() {
            for (signal, comparison, point) in of_rule {
                let above = *comparison == '>';
                tests.push(Tup4(*signal as u32, rule as u32, above, eighths(*point)), 1);
            }
        }
        for (vehicle, values) in workload.start.iter().enumerate() {
            for (signal, value) in values.iter().enumerate() {
                let change = Tup5(0, vehicle as u32, signal as u32, NONE, eighths(*value));
                changes.push(change, 1);
            }
        }
        circuit.transaction()?;
        edges.concat();
        Ok(Self { circuit, changes, edges, values: workload.start.clone() })
    }
}

fn build(circuit: &mut RootCircuit, tests_by_rule: i64) -> Handles {
    let (changes, changes_handle) = circuit.add_input_zset::<Change>();
    let (tests, tests_handle) = circuit.add_input_zset::<Test>();
    let changes = changes.map_index(|Tup5(time, vehicle, signal, before, value)| {
        (*signal, Tup4(*time, *vehicle, *before, *value))
    });
    let tests =
        tests.map_index(|Tup4(signal, rule, above, point)| (*signal, Tup3(*rule, *above, *point)));
    let turns = changes.join_index(&tests, |_, change, test| {
        let Tup4(time, vehicle, before, value) = change;
        let turn = i64::from(passes(test, *value)) - i64::from(passes(test, *before));
        (turn != 0).then_some((Tup2(*vehicle, test.0), Tup2(*time, turn)))
    });
    let fold = Fold::<_, _, UnimplementedSemigroup<_>, _, _>::with_output(
        History::default(),
        move |(passing, edges): &mut History,
              Tup2(time, turn): &Tup2<u64, i64>,
              weight: ZWeight| {
            let active = *passing == tests_by_rule;
            *passing += turn * weight;
            if active != (*passing == tests_by_rule) {
                edges.push(Tup2(*time, !active));
            }
        },
        |(_, edges)| edges,
    );
    let edges = turns.aggregate(fold).flat_map(|(Tup2(vehicle, rule), edges)| {
        let edge = |Tup2(time, begins): &Tup2<u64, bool>| Tup4(*time, *vehicle, *rule, *begins);
        edges.iter().map(edge).collect::<Vec<Edge>>()
    });
    (changes_handle, tests_handle, edges.accumulate_output())
}

impl Peer for Dbsp {
    fn take(
        &mut self,
        first: u64,
        events: &[Event],
        edges: &mut Vec<protocol::Edge>,
    ) -> Result<(), Box<dyn Error>> {
        let mut time = first + 1;
        for batch in events.chunks(BATCH) {
            let mut changes = Vec::with_capacity(batch.len());
            for (vehicle, signal, value) in batch {
                let before = std::mem::replace(&mut self.values[*vehicle][*signal], *value);
                if before != *value {
                    let (before, value) = (eighths(before), eighths(*value));
                    let change = Tup5(time, *vehicle as u32, *signal as u32, before, value);
                    changes.push(Tup2(change, 1));
                }
                time += 1;
            }
            self.changes.append(&mut changes);
            self.circuit.transaction()?;
            for (Tup4(time, vehicle, rule, begins), (), _) in
                self.edges.concat().consolidate().iter()
            {
                edges.push((time - 1, vehicle as usize, rule as usize, begins));
            }
        }
        Ok(())
    }
}

fn passes(Tup3(_, above, point): &Tup3<u32, bool, i64>, value: i64) -> bool {
    value != NONE && (value > *point) == *above
}

fn eighths(value: f64) -> i64 {
    (value * 8.0) as i64
}
