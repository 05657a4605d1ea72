//! `latest` against its twin.

use super::{Latest, naive};
use crate::random::{Random, history};

#[test]
fn every_fact_equals_a_look_through_the_history() {
    let mut random = Random::from_env(11);
    let mut known = 0;
    for _ in 0..200 {
        let samples = history(&mut random, 60, 3, 5);
        let mut latest = Latest::default();
        for (index, sample) in samples.iter().enumerate() {
            latest.update(sample);
            let last_at_time =
                samples.get(index + 1).is_none_or(|next| next.time_us > sample.time_us);
            if !last_at_time {
                continue;
            }
            for vehicle in 0..3 {
                for slot in 0..5 {
                    let fact = latest.of(vehicle).get(slot);
                    let twin = naive::latest(&samples, vehicle, slot, sample.time_us);
                    let twin_known = twin.filter(|sample| !sample.value.is_nan());
                    assert_eq!(fact.known(), twin_known.map(|sample| sample.value), "{random:?}");
                    assert_eq!(fact.origin, twin.map_or(0, |sample| sample.origin), "{random:?}");
                    known += usize::from(fact.known().is_some());
                }
            }
        }
    }
    assert!(known > 10_000, "only {known} known facts were compared");
}
