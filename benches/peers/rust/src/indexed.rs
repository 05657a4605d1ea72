//! A dependency index in front of what evaluates one expression: only the rules that read a signal
//! are evaluated when it changes.

use std::error::Error;

use crate::protocol::{Edge, Event, Peer, Workload};

/// What compiles and evaluates expressions over the values of vehicles.
pub(crate) trait Evaluator: Sized {
    /// A compiled rule.
    type Rule;

    /// With the values of each vehicle, by signal.
    fn new(start: &[Vec<f64>]) -> Result<Self, Box<dyn Error>>;

    /// Compiles a rule, made of these tests.
    fn compile(&mut self, tests: &[(usize, char, f64)]) -> Result<Self::Rule, Box<dyn Error>>;

    /// Takes a value in.
    fn set(&mut self, vehicle: usize, signal: usize, value: f64) -> Result<(), Box<dyn Error>>;

    /// Whether a rule holds in a vehicle.
    fn holds(&mut self, rule: &Self::Rule, vehicle: usize) -> Result<bool, Box<dyn Error>>;
}

/// The index.
pub(crate) struct Indexed<E: Evaluator> {
    evaluator: E,
    rules: Vec<E::Rule>,
    /// For each signal the rules that read it.
    dependents: Vec<Vec<usize>>,
    values: Vec<Vec<f64>>,
    active: Vec<Vec<bool>>,
}

impl<E: Evaluator> Indexed<E> {
    pub(crate) fn new(workload: &Workload) -> Result<Self, Box<dyn Error>> {
        let mut evaluator = E::new(&workload.start)?;
        let mut dependents = vec![Vec::new(); workload.signals];
        let mut rules = Vec::new();
        for (rule, tests) in workload.rules.iter().enumerate() {
            tests.iter().for_each(|test| dependents[test.0].push(rule));
            rules.push(evaluator.compile(tests)?);
        }
        let of_vehicle =
            |vehicle| (0..rules.len()).map(|rule| workload.holds(vehicle, rule)).collect();
        let active = (0..workload.vehicles).map(of_vehicle).collect();
        Ok(Self { evaluator, rules, dependents, values: workload.start.clone(), active })
    }
}

impl<E: Evaluator> Peer for Indexed<E> {
    fn take(
        &mut self,
        first: u64,
        events: &[Event],
        edges: &mut Vec<Edge>,
    ) -> Result<(), Box<dyn Error>> {
        for (time, (vehicle, signal, value)) in (first..).zip(events) {
            let before = std::mem::replace(&mut self.values[*vehicle][*signal], *value);
            if before == *value {
                continue;
            }
            self.evaluator.set(*vehicle, *signal, *value)?;
            for rule in &self.dependents[*signal] {
                let holds = self.evaluator.holds(&self.rules[*rule], *vehicle)?;
                let active = &mut self.active[*vehicle][*rule];
                if *active != holds {
                    *active = holds;
                    edges.push((time, *vehicle, *rule, holds));
                }
            }
        }
        Ok(())
    }
}

/// A rule as text, in a syntax that all of these languages share: `s3 > 98.125 && s7 < 2.375`.
pub(crate) fn text(tests: &[(usize, char, f64)], and: &str) -> String {
    let test = |(signal, comparison, point): &(usize, char, f64)| {
        format!("s{signal} {comparison} {point:?}")
    };
    tests.iter().map(test).collect::<Vec<_>>().join(and)
}
