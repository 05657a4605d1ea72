//! Every over-time function against its twin, microsecond by microsecond.

use std::sync::Arc;

use super::naive::{Past, sequence};
use super::{DerivedFacts, DerivedSpec, Function};
use crate::ids::{Time, UNKNOWN};
use crate::latest::{Fact, Latest};
use crate::random::Random;

const OWN: u32 = 9;

/// How many comparisons each function is given.
const COMPARISONS: usize = 1_000_000;
/// Of them, how many must not be the plainest answer: unknown, zero or false.
const TELLING_MIN: usize = COMPARISONS / 100;

/// Samples of one input, in order of time.
type Samples = Vec<(Time, f64)>;

/// Random samples; a small pause makes many of them meet the edges of windows.
fn samples(random: &mut Random, truths: bool, horizon_us: Time, pause_us: Time) -> Samples {
    let rng = &mut random.rng;
    let mut samples = Vec::new();
    let mut time_us = rng.u64(0..pause_us);
    while time_us < horizon_us {
        let value = match rng.u8(..12) {
            0 => UNKNOWN,
            _ if truths => f64::from(u8::from(rng.bool())),
            _ => f64::from(rng.i32(-4..5)) / 2.0,
        };
        samples.push((time_us, value));
        time_us += rng.u64(0..pause_us);
    }
    samples
}

/// The value of the function at every microsecond.
fn run(function: &Function, inputs: &[Samples], horizon_us: Time) -> Vec<f64> {
    let reads: Vec<u32> = (0..inputs.len() as u32).collect();
    let mut derived = DerivedFacts::default();
    let spec = DerivedSpec { slot: OWN, reads: reads.clone(), function: function.clone() };
    derived.add(Arc::new(spec), 1);
    let mut latest = Latest::default();
    let mut values = Vec::new();
    for now_us in 0..horizon_us {
        let mut stirred = now_us == 0;
        for (slot, samples) in reads.iter().zip(inputs) {
            for (_, value) in samples.iter().filter(|(time_us, _)| *time_us == now_us) {
                let (vehicle, slot, value) = (0, *slot, *value);
                latest.update(&crate::ids::Sample {
                    time_us: now_us,
                    value,
                    vehicle,
                    slot,
                    origin: 0,
                });
                stirred = true;
            }
        }
        while derived.take_due(now_us).is_some() {
            stirred = true;
        }
        if stirred {
            let facts: Vec<Fact> = reads.iter().map(|slot| latest.of(0).get(*slot)).collect();
            let value = derived.update(0, OWN, now_us, &facts).unwrap();
            assert_eq!(bits(derived.update(0, OWN, now_us, &facts).unwrap()), bits(value));
            values.push(value);
        } else {
            values.push(*values.last().unwrap());
        }
    }
    values
}

/// The bits of a value; all unknown ones are the same.
fn bits(value: f64) -> u64 {
    if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() }
}

/// Compares a function with its twin at every microsecond of random histories.
#[track_caller]
fn check(
    seed: u64,
    truths: bool,
    inputs: usize,
    function: impl Fn(&mut Random, Time) -> Function,
    twin: impl Fn(&Function, &[Past], Time) -> f64,
) {
    let mut random = Random::from_env(seed);
    let (mut compared, mut telling) = (0, 0);
    while compared < COMPARISONS {
        // Now and then a window of several grains, long enough to hold merged entries.
        let wide = random.rng.u8(..200) == 0;
        let (window_us, horizon_us, pause_us) = if wide {
            (random.rng.u64(1_500..5_000), 9_000, 40)
        } else {
            (random.rng.u64(1..40), 120, [3, 12, 50][random.rng.usize(..3)])
        };
        let function = function(&mut random, window_us);
        let inputs: Vec<Samples> =
            (0..inputs).map(|_| samples(&mut random, truths, horizon_us, pause_us)).collect();
        let pasts: Vec<Past> = inputs.iter().map(|input| Past::new(input, horizon_us)).collect();
        let ours = run(&function, &inputs, horizon_us);
        let every = if wide { 97 } else { 1 };
        for now_us in (0..horizon_us).step_by(every) {
            let expected = twin(&function, &pasts, now_us);
            let found = ours[now_us as usize];
            assert!(
                bits(found) == bits(expected),
                "{random:?} {function:?} at {now_us}: {found}, the twin says {expected}; {inputs:?}"
            );
            compared += 1;
            telling += usize::from(!expected.is_nan() && expected != 0.0);
        }
    }
    assert!(telling >= TELLING_MIN, "only {telling} of {compared} say anything");
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[test]
fn averages() {
    check(
        31,
        false,
        1,
        |_, window| Function::Average(window),
        |function, past, now_us| {
            let Function::Average(window_us) = function else { unreachable!() };
            past[0].average(*window_us, now_us)
        },
    );
}

#[test]
fn least_values() {
    check(
        32,
        false,
        1,
        |_, window| Function::Least(window),
        |function, past, now_us| {
            let Function::Least(window_us) = function else { unreachable!() };
            past[0].extreme(*window_us, true, now_us)
        },
    );
}

#[test]
fn greatest_values() {
    check(
        41,
        false,
        1,
        |_, window| Function::Greatest(window),
        |function, past, now_us| {
            let Function::Greatest(window_us) = function else { unreachable!() };
            past[0].extreme(*window_us, false, now_us)
        },
    );
}

#[test]
fn slopes() {
    check(
        33,
        false,
        1,
        |_, window| Function::Slope(window),
        |function, past, now_us| {
            let Function::Slope(window_us) = function else { unreachable!() };
            past[0].slope(*window_us, now_us)
        },
    );
}

#[test]
fn changes() {
    let twin = |_: &Function, past: &[Past], now_us| flag(past[0].changed(now_us));
    check(34, false, 1, |_, _| Function::Changed, twin);
}

#[test]
fn rises() {
    let twin = |_: &Function, past: &[Past], now_us| flag(past[0].turned(true, now_us));
    check(35, true, 1, |_, _| Function::Rose, twin);
}

#[test]
fn falls() {
    let twin = |_: &Function, past: &[Past], now_us| flag(past[0].turned(false, now_us));
    check(42, true, 1, |_, _| Function::Fell, twin);
}

#[test]
fn counts() {
    check(
        36,
        true,
        1,
        |_, window| Function::Count(window),
        |function, past, now_us| {
            let Function::Count(window_us) = function else { unreachable!() };
            past[0].count(*window_us, now_us)
        },
    );
}

#[test]
fn what_was_not_long_ago() {
    check(
        37,
        true,
        1,
        |_, window| Function::Within(window),
        |function, past, now_us| {
            let Function::Within(window_us) = function else { unreachable!() };
            flag(past[0].within(*window_us, now_us))
        },
    );
}

#[test]
fn sequences() {
    check(
        38,
        true,
        3,
        |_, window| Function::Sequence(window),
        |function, past, now_us| {
            let Function::Sequence(window_us) = function else { unreachable!() };
            flag(sequence(past, *window_us, now_us))
        },
    );
}

#[test]
fn freshness() {
    check(
        39,
        false,
        1,
        |_, window| Function::Fresh(window),
        |function, past, now_us| {
            let Function::Fresh(window_us) = function else { unreachable!() };
            flag(past[0].fresh(*window_us, now_us))
        },
    );
}

#[test]
fn ages() {
    let pick = |random: &mut Random, limit| Function::Older(limit, random.rng.bool());
    check(40, false, 1, pick, |function, past, now_us| {
        let Function::Older(limit_us, inclusive) = function else { unreachable!() };
        past[0].older(*limit_us, *inclusive, now_us)
    });
}

#[test]
fn a_window_keeps_no_more_than_its_grains() {
    let window_us = 10 * super::GRAINS;
    for function in [
        Function::Least(window_us),
        Function::Slope(window_us),
        Function::Average(window_us),
        Function::Count(window_us),
    ] {
        let mut keeper = function.keeper(1).unwrap();
        for now_us in 0..100_000 {
            let value = f64::from((now_us * 7 % 13) as u32 & 1);
            keeper.update(now_us, &[Fact { value, time_us: now_us, ..crate::latest::ABSENT }]);
        }
        let shown = format!("{keeper:?}");
        let entries = shown.matches("leaves_us").count()
            + shown.matches("in_force_us").count()
            + shown.matches("start_us").count()
            + shown.matches("), (").count();
        assert!(entries <= 2 * super::GRAINS as usize + 2, "{function:?} keeps {entries}");
    }
}
