//! What must hold of any bytes that are read as a rule file.

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_script::{Condition, Fact, Over, RuleSet, Verdict, render};

/// Checks, compiles and evaluates bytes as a rule file; says how many conditions they made.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let (rules, diagnostics) = RuleSet::parse("fuzz.rhai", &text, &Catalogue::vss6());
    for found in &diagnostics {
        let source = found.source.as_ref().unwrap();
        assert!(source.text.get(found.span.start..found.span.end).is_some(), "{found:?}\n{text}");
        assert!(found.place().is_some() && !render(found).is_empty());
    }
    let mut conditions: Vec<&Condition> = Vec::new();
    for scenario in rules.scenarios() {
        conditions.push(&scenario.when);
        conditions.extend(&scenario.until);
    }
    conditions.iter().for_each(|condition| check_text(condition, &text));
    conditions.extend(rules.policies().filter_map(|policy| policy.when.as_ref()));
    for condition in &conditions {
        for turn in 0..8 {
            let facts = |fact: &Fact| value(fact, turn);
            assert_eq!(
                condition.holds(&facts),
                condition.holds_by_rhai(&facts),
                "{}\n{text}",
                condition.text
            );
        }
    }
    arguments(&rules);
    conditions.len()
}

/// Evaluates what actions and reasons say; nothing is asked of it but to end within its limits.
fn arguments(rules: &RuleSet) {
    let facts = |fact: &Fact| value(fact, 1);
    let of_scenarios = rules.scenarios().flat_map(|own| own.then.iter().chain(&own.finally));
    let of_policies = rules.policies().filter_map(|policy| match &policy.verdict {
        Verdict::Change(action) => Some(action),
        Verdict::Deny(_) | Verdict::Allow => None,
    });
    for argument in of_scenarios.chain(of_policies).flat_map(|action| &action.arguments) {
        argument.expression.evaluate(&facts);
    }
    for policy in rules.policies() {
        if let Verdict::Deny(reason) = &policy.verdict {
            reason.evaluate(&facts);
        }
    }
}

fn hash(text: &str, turn: u64) -> u64 {
    text.bytes().fold(turn, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The number that a hash stands for; unknown now and then.
fn number_of(hash: u64) -> Option<f64> {
    (hash >> 5 & 7 != 0).then_some(((hash >> 8) % 9) as f64 / 2.0 - 2.0)
}

/// A value for every fact, by its text, so that it can be had again.
pub(crate) fn value(fact: &Fact, turn: u64) -> Option<Value> {
    if let Fact::Derived(derived) = fact
        && let Over::Older { of, limit_us, inclusive } = &derived.over
    {
        // rhai compares the age itself.
        let age = number_of(hash(&format!("age({of})"), turn))?;
        let limit = *limit_us as f64 / 1e6;
        return Some(Value::Bool(if *inclusive { age >= limit } else { age > limit }));
    }
    let hash = hash(fact.text(), turn);
    let catalogue = Catalogue::vss6();
    let candidates = [
        Value::Bool(hash & 64 == 0),
        Value::Int((hash >> 8) as i64 % 5),
        Value::Float(((hash >> 8) % 9) as f64 / 2.0 - 2.0),
        Value::from("ACTIVE"),
        Value::List(vec![Value::Int(1), Value::Int(2)].into()),
        Value::List(vec![Value::from("a")].into()),
    ];
    if hash >> 5 & 7 == 0 {
        return None;
    }
    let fits = |value: &Value| match fact {
        Fact::Signal(SignalId(id), _) => catalogue
            .get(SignalId(*id))
            .is_some_and(|signal| signal.coerce(value.clone()).as_ref() == Ok(value)),
        Fact::Derived(derived) => is_of(value, &derived.kind_type.to_string()),
        Fact::Platform(fact) => is_of(value, &fact.property.kind_type.to_string()),
        Fact::Action(_) => is_of(value, "a text"),
        Fact::Resource(property) => is_of(value, &property.kind_type.to_string()),
    };
    candidates.into_iter().find(fits)
}

fn is_of(value: &Value, name: &str) -> bool {
    let own = match value {
        Value::Bool(_) => "a boolean",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::List(_) => "a list",
    };
    own == name
}

/// The written form of a condition reads back as itself; what only rhai evaluates has none.
fn check_text(condition: &Condition, whole: &str) {
    if condition.text.contains('…') {
        return;
    }
    let text = format!("scenario \"s\" {{ when {} then launch(\"a\") }}", condition.text);
    let (rules, found) = RuleSet::parse("again.rhai", &text, &Catalogue::vss6());
    let again = rules.scenario("s").unwrap_or_else(|| panic!("{text}\n{found:#?}\n{whole}"));
    assert_eq!(again.when.text, condition.text, "{whole}");
}
