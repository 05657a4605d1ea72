//! Order, lateness and overflow as tables.

use piccolo_catalogue::SignalId;

use super::*;
use crate::ports::{Receipt, StreamId};

const SECOND: u64 = 1_000_000;

fn sample(position: u64, signal: u32, time_us: u64) -> Sample {
    Sample {
        vehicle: "v".into(),
        signal: SignalId(signal),
        value: None,
        time_us,
        origin: position as u32,
        receipt: Some(Receipt { source: 0, position }),
    }
}

/// A tick and the origins of its samples.
type TickSeen = (u64, Vec<u32>);

/// What a gateway with a lateness of 100 us does: each sample is (clock, signal, event time),
/// and after all of them the clock says `now_us`.
fn check(
    pending_max: usize,
    samples: &[(u64, u32, u64)],
    now_us: u64,
) -> (Vec<TickSeen>, Vec<(u64, &'static str)>) {
    let mut gateway = Gateway::new(100, pending_max);
    let mut ticks = Vec::new();
    let mut drain = |gateway: &mut Gateway, now_us| {
        while let Some(tick) = gateway.release(now_us) {
            let origins = tick.samples.iter().map(|sample| sample.origin).collect();
            ticks.push((tick.tick_us, origins));
        }
    };
    for (position, (clock_us, signal, time_us)) in (1..).zip(samples) {
        gateway.offer(sample(position, *signal, *time_us), *clock_us);
        drain(&mut gateway, *clock_us);
    }
    drain(&mut gateway, now_us);
    let settled = gateway.take_settled().into_iter().map(|settled| {
        let fate = match settled.fate {
            Fate::Late(_) => "late",
            Fate::Ahead => "ahead",
            Fate::Superseded => "superseded",
            _ => "other",
        };
        (settled.receipt.position, fate)
    });
    (ticks, settled.collect())
}

#[test]
fn samples_leave_in_the_order_of_their_times() {
    type Case = (
        &'static str,
        &'static [(u64, u32, u64)],
        u64,
        &'static [(u64, &'static [u32])],
        &'static [(u64, &'static str)],
    );
    let cases: &[Case] = &[
        ("nothing comes, nothing goes", &[], 500, &[], &[]),
        ("a sample waits for the lateness", &[(0, 1, 1_000)], 0, &[(900, &[])], &[]),
        ("the clock moves the watermark", &[(0, 1, 1_000)], 150, &[(900, &[]), (1_050, &[1])], &[]),
        (
            "a sample at the watermark waits",
            &[(0, 1, 1_000)],
            100,
            &[(900, &[]), (1_000, &[])],
            &[],
        ),
        (
            "out of order within the lateness",
            &[(0, 1, 1_000), (10, 1, 950), (20, 1, 1_010)],
            200,
            &[(900, &[]), (910, &[]), (920, &[]), (1_100, &[2, 1, 3])],
            &[],
        ),
        (
            "equal times keep the order of arrival",
            &[(0, 1, 50), (0, 1, 50), (0, 2, 50)],
            200,
            &[(150, &[1, 2, 3])],
            &[],
        ),
        ("too late is a fault", &[(0, 1, 1_000), (0, 1, 899)], 0, &[(900, &[])], &[(2, "late")]),
        ("as late as may be", &[(0, 1, 1_000), (0, 1, 900)], 0, &[(900, &[])], &[]),
        (
            "a newer time moves the watermark",
            &[(0, 1, 1_000), (0, 1, 2_000)],
            0,
            &[(900, &[]), (1_900, &[1])],
            &[],
        ),
        (
            "a clock far ahead is refused",
            &[(0, 1, 1_000), (0, 1, 1_000 + AHEAD_US_MAX + 1)],
            0,
            &[(900, &[])],
            &[(2, "ahead")],
        ),
        ("a first time that cannot be", &[(0, 1, u64::MAX)], SECOND, &[], &[(1, "ahead")]),
        ("event times before the clock's", &[(SECOND, 1, 5)], SECOND + 200, &[(105, &[1])], &[]),
    ];
    for (name, samples, now_us, ticks, settled) in cases {
        let (found_ticks, found_settled) = check(100, samples, *now_us);
        let expected: Vec<_> =
            ticks.iter().map(|(tick, origins)| (*tick, origins.to_vec())).collect();
        assert_eq!(found_ticks, expected, "{name}");
        assert_eq!(found_settled, *settled, "{name}");
    }
}

/// What remains of samples (signal, time) that all wait, where at most `pending_max` may.
fn check_overflow(pending_max: usize, samples: &[(u32, u64)]) -> (Vec<u32>, u64) {
    let mut gateway = Gateway::new(SECOND, pending_max);
    for (position, (signal, time_us)) in (1..).zip(samples) {
        gateway.offer(sample(position, *signal, *time_us), 0);
        assert!(gateway.pending() <= pending_max, "{samples:?}");
    }
    let lost = gateway.lost().superseded;
    assert_eq!(gateway.take_settled().len() as u64, lost);
    let tick = gateway.flush();
    assert_eq!(gateway.flush(), None);
    (
        tick.map(|tick| tick.samples.iter().map(|sample| sample.origin).collect())
            .unwrap_or_default(),
        lost,
    )
}

#[test]
fn overflow_keeps_the_newest_value_of_each_signal() {
    type Case = (&'static str, usize, &'static [(u32, u64)], &'static [u32], u64);
    let cases: &[Case] = &[
        ("there is room", 4, &[(1, 1), (1, 2), (1, 3), (1, 4)], &[1, 2, 3, 4], 0),
        ("one signal", 4, &[(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)], &[5], 4),
        ("a quiet signal is kept", 4, &[(9, 1), (1, 2), (1, 3), (1, 4), (1, 5)], &[1, 5], 3),
        ("newest is by time, not by arrival", 2, &[(1, 9), (1, 2), (1, 3)], &[1], 2),
        ("equal times: the last one to come", 2, &[(1, 1), (1, 1), (1, 1)], &[3], 2),
        ("more signals than places", 4, &[(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)], &[3, 4, 5], 2),
        ("it goes on after that", 2, &[(1, 1), (1, 2), (1, 3), (1, 4)], &[3, 4], 2),
    ];
    for (name, pending_max, samples, kept, lost) in cases {
        assert_eq!(check_overflow(*pending_max, samples), (kept.to_vec(), *lost), "{name}");
    }
}

#[test]
fn a_tick_is_bounded_and_nothing_is_left() {
    let count = 2 * TICK_SAMPLES_MAX as u64 + 7;
    let mut gateway = Gateway::new(0, PENDING_SAMPLES_MAX);
    for position in 1..=count {
        // The second half has one time: a bound must not need times that differ.
        gateway.offer(sample(position, 1, position.min(count / 2)), 0);
    }
    let mut origins = Vec::new();
    let mut last_us = 0;
    let mut ticks = 0;
    while let Some(tick) = gateway.flush() {
        assert!(tick.samples.len() <= TICK_SAMPLES_MAX);
        assert!(tick.samples.iter().all(|sample| sample.time_us >= last_us));
        assert!(tick.tick_us >= last_us);
        last_us = tick.tick_us;
        ticks += 1;
        origins.extend(tick.samples.iter().map(|sample| u64::from(sample.origin)));
    }
    assert_eq!(ticks, 3);
    assert_eq!(origins, (1..=count).collect::<Vec<_>>());
}

/// What a stream does at a time of the clock.
#[derive(Clone, Copy, Debug)]
enum Does {
    Opens,
    /// Sends a sample of this time.
    Sends(u64),
    Promises(u64),
    Closes,
    /// Nothing: only the clock has moved.
    Waits,
}

/// The times of ticks and of the samples in them, of a gateway with a lateness of 1000 us; each
/// step is (clock, stream, what it does).
fn check_promises(steps: &[(u64, u64, Does)]) -> (Vec<(u64, Vec<u64>)>, Lost) {
    let mut gateway = Gateway::new(1_000, PENDING_SAMPLES_MAX);
    let mut ticks = Vec::new();
    for (now_us, stream, does) in steps {
        let stream = StreamId { source: 0, stream: *stream };
        match *does {
            Does::Opens => gateway.open(stream),
            Does::Sends(time_us) => gateway.offer(sample(1, 1, time_us), *now_us),
            Does::Promises(watermark_us) => gateway.promise(stream, watermark_us),
            Does::Closes => gateway.close(stream),
            Does::Waits => {}
        }
        while let Some(tick) = gateway.release(*now_us) {
            let times = tick.samples.iter().map(|sample| sample.time_us).collect::<Vec<_>>();
            if !times.is_empty() || tick.tick_us > 10_000 {
                ticks.push((tick.tick_us, times));
            }
        }
    }
    (ticks, gateway.lost())
}

#[test]
fn promises_release_what_all_streams_are_past() {
    use Does::{Closes, Opens, Promises, Sends, Waits};
    type Steps = &'static [(u64, u64, Does)];
    type Ticks = &'static [(u64, &'static [u64])];
    let cases: &[(&str, Steps, Ticks, u64)] = &[
        (
            "one stream that promises waits for nothing",
            &[(0, 1, Opens), (0, 1, Sends(5_000)), (0, 1, Promises(5_001))],
            &[(5_001, &[5_000])],
            0,
        ),
        (
            "a promise does not cover its own time",
            &[(0, 1, Opens), (0, 1, Sends(5_000)), (0, 1, Promises(5_000))],
            &[],
            0,
        ),
        (
            "a stream that has not promised holds all back",
            &[(0, 1, Opens), (0, 2, Opens), (0, 1, Sends(5_000)), (0, 1, Promises(5_001))],
            &[],
            0,
        ),
        (
            "but no longer than the lateness",
            &[
                (0, 1, Opens),
                (0, 2, Opens),
                (0, 1, Sends(5_000)),
                (0, 1, Promises(5_001)),
                (1_001, 2, Waits),
            ],
            &[(5_001, &[5_000])],
            0,
        ),
        (
            "the slowest stream says how far it goes",
            &[
                (0, 1, Opens),
                (0, 2, Opens),
                (0, 1, Sends(5_000)),
                (0, 1, Sends(5_500)),
                (0, 1, Promises(5_501)),
                (0, 2, Sends(5_200)),
                (0, 2, Promises(5_201)),
            ],
            &[(5_201, &[5_000, 5_200])],
            0,
        ),
        (
            "a stream that ends is waited for no more",
            &[
                (0, 1, Opens),
                (0, 2, Opens),
                (0, 1, Sends(5_000)),
                (0, 1, Promises(5_001)),
                (0, 2, Closes),
            ],
            &[(5_001, &[5_000])],
            0,
        ),
        (
            "a broken promise is late",
            &[(0, 1, Opens), (0, 1, Sends(5_000)), (0, 1, Promises(5_001)), (0, 1, Sends(4_999))],
            &[(5_001, &[5_000])],
            1,
        ),
        (
            "a promise is not taken back",
            &[
                (0, 1, Opens),
                (0, 1, Sends(5_000)),
                (0, 1, Promises(5_001)),
                (0, 1, Promises(1)),
                (10, 1, Sends(5_010)),
                (10, 1, Promises(5_011)),
            ],
            &[(5_001, &[5_000]), (5_011, &[5_010])],
            0,
        ),
        (
            "a promise without end ends no time",
            &[
                (0, 1, Opens),
                (0, 1, Sends(5_000)),
                (0, 1, Promises(u64::MAX)),
                (7, 1, Sends(5_007)),
            ],
            &[(5_001, &[5_000]), (5_008, &[5_007])],
            0,
        ),
        ("nobody is open", &[(0, 1, Sends(5_000)), (0, 1, Promises(5_001))], &[], 0),
    ];
    for (name, steps, ticks, late) in cases {
        let (found, lost) = check_promises(steps);
        let expected: Vec<_> = ticks.iter().map(|(tick, times)| (*tick, times.to_vec())).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(lost, Lost { late: *late, ..Lost::default() }, "{name}");
    }
}

/// Samples leave `Pending` as a stable sort by time has them.
#[test]
fn what_waits_is_sorted_by_time_and_then_by_arrival() {
    let (mut disordered, mut equal) = (0, 0);
    for seed in 0..500_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let (mut pending, mut naive) = (Pending::default(), Vec::new());
        for position in 1..=60 {
            let time_us = position / 2 + next(1 + seed % 12);
            pending.push(sample(position, 1, time_us));
            disordered += usize::from(naive.last().is_some_and(|(last, _)| *last > time_us));
            equal += usize::from(naive.iter().any(|(time, _)| *time == time_us));
            naive.push((time_us, position));
            naive.sort_by_key(|(time_us, _)| *time_us);
            assert_eq!(pending.len(), naive.len());
            if next(3) == 0 {
                assert_eq!(pending.first_us(), naive.first().map(|(time_us, _)| *time_us));
                assert_eq!(pending.last_us(), naive.last().map(|(time_us, _)| *time_us));
                let (_, expected) = naive.remove(0);
                assert_eq!(pending.pop().map(|sample| u64::from(sample.origin)), Some(expected));
            }
        }
        let rest: Vec<_> = pending.take().iter().map(|sample| u64::from(sample.origin)).collect();
        assert_eq!(rest, naive.iter().map(|(_, position)| *position).collect::<Vec<_>>());
        assert_eq!(pending.pop(), None);
    }
    assert!(disordered > 1_000 && equal > 1_000, "{disordered} {equal}");
}
