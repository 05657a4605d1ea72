//! Rule sets that differ in one rule each, whose names, targets and facts are ever new.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use piccolo_engine::{EngineError, PreparedRules};
use piccolo_script::RuleSet;

use crate::table::BenchError;
use crate::workload::{SIGNALS, Workload, path};

/// How many rule sets wait to come into force.
const WAITING_MAX: usize = 20;

/// How many new rules are compiled at once, together with those that stay.
const COMPILED_AT_ONCE: u64 = 30;

/// The longest window of a rule, in milliseconds.
const WINDOW_MS_MAX: u64 = 3_600_000;

/// The beginning of the names of rules that come and go.
const NAME: &str = "churn";

/// Prepares one rule set after the other in a thread of its own, until nobody takes them.
pub(super) fn prepare<'scope>(
    scope: &'scope Scope<'scope, '_>,
    workload: &Workload,
    seed: u64,
) -> Receiver<Result<PreparedRules, BenchError>> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    let (base, rules) = (workload.text(), workload.rules.len());
    scope.spawn(move || {
        let mut rng = fastrand::Rng::with_seed(seed);
        for first in (0..).step_by(COMPILED_AT_ONCE as usize) {
            let sets = match compile(&base, rules, first..first + COMPILED_AT_ONCE, &mut rng) {
                Ok(sets) => sets,
                Err(error) => return drop(sender.send(Err(error))),
            };
            for set in sets {
                if sender.send(set.map_err(BenchError::from)).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

/// The rule sets in which each of these rules is added, changed into another with the same name,
/// and removed, one rule after the other.
fn compile(
    base: &str,
    rules: usize,
    names: Range<u64>,
    rng: &mut fastrand::Rng,
) -> Result<impl Iterator<Item = Result<PreparedRules, EngineError>>, BenchError> {
    let mut parse = |kind, target, window_ms| {
        let rule = |name| rule(name, kind, target, window_ms + name % WINDOW_MS_MAX, rng);
        let more: String = names.clone().map(rule).collect();
        parse(&format!("{base}{more}"), rules + names.clone().count())
    };
    let new = parse("launch", "new", 100)?;
    let changed = parse("pause", "changed", 101)?;
    let sets = names.flat_map(move |name| {
        let name = format!("{NAME}{name}");
        let only = |set: &RuleSet, name: &str| {
            set.clone().retain(|rule| !rule.name.starts_with(NAME) || *rule.name == *name)
        };
        [only(&new, &name), only(&changed, &name), only(&new, "")]
    });
    Ok(sets.map(|set| PreparedRules::new(&set)))
}

/// A rule that holds now and then.
fn rule(name: u64, kind: &str, target: &str, window_ms: u64, rng: &mut fastrand::Rng) -> String {
    let (first, second) = (path(rng.u32(..SIGNALS)), path(rng.u32(..SIGNALS)));
    let threshold = f64::from(rng.u32(40..240)) / 4.0 + 0.125;
    format!(
        "scenario \"{NAME}{name}\" {{ when {first} > {threshold:?} && \
         avg({second}, \"{window_ms}ms\") < {threshold:?} then {kind}(\"{target}{name}\") }}\n"
    )
}

fn parse(text: &str, expected: usize) -> Result<RuleSet, BenchError> {
    let (catalogue, _) = Workload::catalogue()?;
    let (set, _) = RuleSet::parse("soak.rhai", text, &catalogue);
    if set.len() < expected {
        return Err(BenchError::Rules { missing: expected - set.len() });
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use piccolo_engine::{Engine, EngineConfig, Lane};

    #[test]
    fn each_set_changes_one_rule_and_never_the_same() {
        let size = crate::Size { rules: 10, vehicles: 1 };
        let workload = Workload::new(size, 0, false, 1);
        let (catalogue, _) = Workload::catalogue().unwrap();
        let mut engine = Engine::new(EngineConfig::default(), catalogue).unwrap();
        let mut rng = fastrand::Rng::with_seed(1);
        let sets: Vec<_> = compile(&workload.text(), 10, 30..34, &mut rng).unwrap().collect();
        assert_eq!(sets.len(), 12);
        engine.load(&parse(&workload.text(), 10).unwrap()).unwrap();
        for (place, set) in sets.into_iter().enumerate() {
            let change = engine.load_prepared(Lane::Active, &set.unwrap()).unwrap();
            engine.step(place as u64 + 1, Vec::new()).unwrap();
            let names = [&change.added, &change.replaced, &change.removed];
            let name = format!("churn{}", 30 + place / 3);
            for (kind, names) in names.into_iter().enumerate() {
                let expected: &[&str] = if kind == place % 3 { &[&name] } else { &[] };
                assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), expected);
            }
            assert_eq!(change.kept, 10);
        }
    }
}
