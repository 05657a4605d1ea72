//! `piccolo bench export`: the document is the workload, and all that another engine needs.

use piccolo_benchmark::{Size, Workload};
use piccolo_script::{Comparison, Probe, RuleSet};
use serde::Deserialize;

use crate::run::piccolo;

const SIZE: Size = Size { rules: 300, vehicles: 4 };
const EVENTS: usize = 20_000;

#[derive(Debug, Deserialize)]
struct Document {
    vehicles: u32,
    signals: u32,
    rules: Vec<Vec<(u32, char, f64)>>,
    start: Vec<Vec<f64>>,
    events: Vec<(u32, u32, f64)>,
    edges: Vec<(u64, u32, u32, bool)>,
}

fn export(seed: &str) -> String {
    let events = EVENTS.to_string();
    let size = format!("{}x{}", SIZE.rules, SIZE.vehicles);
    piccolo(&["bench", "export", "--size", &size, "--events", &events, "--seed", seed])
        .with_code(0)
        .out
}

fn document() -> Document {
    serde_json::from_str(&export("7")).unwrap()
}

#[test]
fn the_document_has_everything_within_its_bounds() {
    let Document { vehicles, signals, rules, start, events, edges } = document();
    assert_eq!((vehicles, rules.len(), events.len()), (SIZE.vehicles, 300, EVENTS));
    assert_eq!((start.len(), signals), (4, 300));
    assert!(start.iter().all(|values| values.len() == signals as usize));
    assert!(rules.iter().flatten().all(|(signal, ..)| *signal < signals));
    assert!(events.iter().all(|(vehicle, signal, _)| *vehicle < vehicles && *signal < signals));
    assert!(edges.is_sorted() && edges.len() > 50, "{} edges", edges.len());
    assert!(edges.iter().all(|(at, ..)| *at < EVENTS as u64));
}

#[test]
fn its_rules_are_those_that_the_engine_reads() {
    let (catalogue, ids) = Workload::catalogue().unwrap();
    let text = Workload::new(SIZE, 0, false, 7).text();
    let (rules, found) = RuleSet::parse("workload.rhai", &text, &catalogue);
    assert!(found.is_empty(), "{found:#?}");
    let path = |signal: u32| catalogue.get(ids[signal as usize]).unwrap().path.to_string();
    for (number, exported) in document().rules.iter().enumerate() {
        let when = &rules.scenario(&format!("r{number}")).unwrap().when;
        let read = when.atoms.iter().map(|atom| match &atom.probe {
            Probe::Number { fact, comparison, constant } => {
                let symbol = if *comparison == Comparison::Greater { '>' } else { '<' };
                assert_eq!(comparison.symbol(), symbol.to_string());
                (fact.text().to_owned(), symbol, *constant)
            }
            other => panic!("{other:?} is no comparison with a number"),
        });
        let exported =
            exported.iter().map(|(signal, symbol, than)| (path(*signal), *symbol, *than));
        assert_eq!(read.collect::<Vec<_>>(), exported.collect::<Vec<_>>(), "rule {number}");
    }
}

#[test]
fn its_edges_follow_from_the_rest_of_it() {
    let Document { rules, start, events, edges, .. } = document();
    let holds = |rule: &[(u32, char, f64)], values: &[f64]| {
        rule.iter().all(|(signal, symbol, than)| match symbol {
            '>' => values[*signal as usize] > *than,
            _ => values[*signal as usize] < *than,
        })
    };
    let mut values = start;
    let mut found = Vec::new();
    for (at, (vehicle, signal, value)) in events.iter().enumerate() {
        let own = &mut values[*vehicle as usize];
        let before: Vec<bool> = rules.iter().map(|rule| holds(rule, own)).collect();
        own[*signal as usize] = *value;
        for (rule, before) in before.into_iter().enumerate() {
            let now = holds(&rules[rule], own);
            if now != before {
                found.push((at as u64, *vehicle, rule as u32, now));
            }
        }
    }
    assert_eq!(found, edges);
}

#[test]
fn a_seed_has_one_document_and_another_seed_another() {
    let first = export("7");
    assert_eq!(first, export("7"));
    assert_ne!(first, export("8"));
}
