//! What every fact was at each microsecond, by the definitions.

use piccolo_catalogue::Value;
use piccolo_operators::derived::naive::{Past, sequence};
use piccolo_operators::ids::UNKNOWN;
use piccolo_script::{Over, Type};

use super::mutants::Mutant;

/// A fact of one vehicle.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The value at each microsecond from zero on.
    pub(crate) values: Vec<Option<Value>>,
    /// The same as numbers.
    pub(crate) past: Past,
    /// Since when it is kept.
    pub(crate) born_us: u64,
}

impl Line {
    /// No value at all, kept from a time on.
    pub(crate) fn unknown(horizon_us: u64, born_us: u64) -> Self {
        let length = horizon_us as usize;
        let past = Past { values: vec![UNKNOWN; length], sampled_us: vec![None; length] };
        Self { values: vec![None; length], past, born_us }
    }

    /// From samples in order of time: time and value.
    pub(crate) fn sampled(samples: &[(u64, Option<Value>)], horizon_us: u64) -> Self {
        let mut line = Self::unknown(horizon_us, 0);
        for (index, (time_us, value)) in samples.iter().enumerate() {
            let to_us = samples.get(index + 1).map_or(horizon_us, |next| next.0).min(horizon_us);
            for now_us in *time_us..to_us {
                line.set(now_us, value.clone());
                line.past.sampled_us[now_us as usize] = Some(*time_us);
            }
        }
        line
    }

    pub(crate) fn set(&mut self, now_us: u64, value: Option<Value>) {
        self.past.values[now_us as usize] = value.as_ref().map_or(UNKNOWN, number);
        self.values[now_us as usize] = value;
    }

    /// Whether it is another value than the microsecond before.
    pub(crate) fn moved(&self, now_us: u64) -> bool {
        now_us == 0 || self.values[now_us as usize] != self.values[now_us as usize - 1]
    }

    /// What one who listens since a time knows of it: before that, only the value that was in
    /// force then, from its sample on.
    pub(crate) fn since(&self, born_us: u64) -> Past {
        let mut past = self.past.clone();
        if born_us == 0 || born_us as usize >= past.values.len() {
            return past;
        }
        let in_force_us = past.sampled_us[born_us as usize].unwrap_or(born_us);
        past.values[..in_force_us.min(born_us) as usize].fill(UNKNOWN);
        past
    }
}

/// The number that a value is where only equality counts, and order for numbers.
fn number(value: &Value) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Text(text) => {
            let hash = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
            f64::from(text.bytes().fold(2_166_136_261, hash))
        }
        Value::List(items) => items.iter().map(number).fold(1.0, |sum, item| sum / 2.0 + item),
    }
}

/// The value of a function over time at a time, over what is known of its sources since then.
pub(crate) fn value_over(
    over: &Over,
    kind_type: Type,
    pasts: &[Past],
    now_us: u64,
    mutant: Option<Mutant>,
) -> Option<Value> {
    let flag = |value: bool| Some(Value::Bool(value));
    let known = |value: f64| (!value.is_nan()).then(|| typed(value, kind_type));
    let narrower = |window_us: u64, by: Mutant| window_us - u64::from(mutant == Some(by));
    match over {
        Over::Average { window_us, .. } => known(pasts[0].average(*window_us, now_us)),
        Over::Least { window_us, .. } | Over::Greatest { window_us, .. } => {
            let window_us = narrower(*window_us, Mutant::OldEdgeOutOfWindow);
            known(pasts[0].extreme(window_us, matches!(over, Over::Least { .. }), now_us))
        }
        Over::Slope { window_us, .. } => known(pasts[0].slope(*window_us, now_us)),
        Over::Changed { .. } => flag(pasts[0].changed(now_us)),
        Over::Rose { .. } => flag(pasts[0].turned(true, now_us)),
        Over::Fell { .. } => flag(pasts[0].turned(false, now_us)),
        Over::Count { window_us, .. } => known(pasts[0].count(*window_us, now_us)),
        Over::Within { window_us, .. } => {
            flag(pasts[0].within(narrower(*window_us, Mutant::WithinEndsEarly), now_us))
        }
        Over::Sequence { window_us, .. } => flag(sequence(pasts, *window_us, now_us)),
        Over::Fresh { window_us, .. } => flag(pasts[0].fresh(*window_us, now_us)),
        Over::Older { limit_us, inclusive, .. } => {
            let older = pasts[0].older(*limit_us, *inclusive, now_us);
            (!older.is_nan()).then_some(Value::Bool(older != 0.0))
        }
        Over::Truth { .. } | Over::Age { .. } | Over::Vehicles { .. } | Over::Share { .. } => {
            unreachable!("{over:?} is made elsewhere")
        }
    }
}

/// What is known of the sources of a function since a time.
pub(crate) fn pasts_since<'l>(
    over: &Over,
    sources: impl Iterator<Item = &'l Line>,
    born_us: u64,
) -> Vec<Past> {
    let mut pasts: Vec<Past> = sources.map(|line| line.since(born_us)).collect();
    if let (Over::Average { .. }, [past]) = (over, pasts.as_mut_slice()) {
        // An average is brought up to date when it is first asked for, too.
        let from_us = (born_us as usize).min(past.sampled_us.len());
        past.sampled_us[from_us..].iter_mut().for_each(|us| *us = (*us).max(Some(born_us)));
    }
    pasts
}

fn typed(value: f64, kind_type: Type) -> Value {
    match kind_type {
        Type::Int => Value::Int(value as i64),
        _ => Value::Float(value),
    }
}
