//! The task while the engine takes nothing.

use std::sync::Mutex;

use piccolo_catalogue::SignalId;

use super::*;
use crate::ports::{Intake, Receipt, Sample, Settled, StreamId};

const BATCH: u64 = 1_000;
const BATCHES: u64 = 200;

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now_us(&self) -> u64 {
        0
    }
}

#[derive(Default)]
struct Faults(Mutex<Vec<Settled>>);

impl SettleSink for Faults {
    fn settle(&self, settled: Vec<Settled>) {
        self.0.lock().unwrap().extend(settled);
    }

    fn skipped(&self, _: u32, _: u64) {}
}

async fn send(intake: Intake) {
    let from = StreamId { source: 0, stream: 1 };
    intake.reserve().await.unwrap().send(Arrival { from, news: News::Opened });
    for batch in 0..BATCHES {
        let positions = batch * BATCH + 1..=(batch + 1) * BATCH;
        let sample = |position: u64| Sample {
            vehicle: "v".into(),
            signal: SignalId(0),
            value: None,
            time_us: position,
            origin: position as u32,
            receipt: Some(Receipt { source: 0, position }),
        };
        let last = *positions.end();
        let news = News::Samples(positions.map(sample).collect(), Some(last + 1));
        intake.reserve().await.unwrap().send(Arrival { from, news });
    }
}

#[tokio::test]
async fn while_the_engine_is_behind_sources_wait_and_nothing_is_lost() {
    let (intake, arrivals) = Intake::new();
    // There is room for a few batches only; what comes beyond would be superseded.
    let gateway = Gateway::new(0, 5 * BATCH as usize);
    let (ticks, mut due) = mpsc::channel(1);
    let faults = Arc::new(Faults::default());
    let stop = CancellationToken::new();
    let settle: Arc<dyn SettleSink> = faults.clone();
    tokio::spawn(run(gateway, arrivals, ticks, settle, Arc::new(Still), stop));
    let sending = tokio::spawn(send(intake));
    // All that can run has run after so many turns: the source waits.
    for _ in 0..10 * BATCHES {
        tokio::task::yield_now().await;
    }
    assert!(!sending.is_finished());
    let mut origins = Vec::new();
    while let Some(tick) = due.recv().await {
        origins.extend(tick.samples.iter().map(|sample| u64::from(sample.origin)));
    }
    sending.await.unwrap();
    assert_eq!(origins, (1..=BATCH * BATCHES).collect::<Vec<_>>());
    assert_eq!(*faults.0.lock().unwrap(), []);
}
