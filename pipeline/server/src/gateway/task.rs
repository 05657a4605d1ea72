//! Drives the gateway: samples in, ticks out, one task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Gateway, Lost};
use crate::ports::{Clock, Sample, SettleSink, Tick};

/// How often time moves on where no sample comes.
pub const TICK_PERIOD: Duration = Duration::from_millis(10);

/// Runs until `stop` is cancelled, then takes what is on its way, releases everything and returns.
///
/// While the engine is behind, samples wait in the gateway, and where too many
/// do, the newest value of each signal is kept.
pub async fn run(
    mut gateway: Gateway,
    mut intake: mpsc::Receiver<Vec<Sample>>,
    ticks: mpsc::Sender<Tick>,
    settle: Arc<dyn SettleSink>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut period = tokio::time::interval(TICK_PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    let mut told = Lost::default();
    loop {
        tokio::select! {
            batch = intake.recv() => match batch {
                Some(samples) => take(&mut gateway, samples, clock.as_ref()),
                None => break,
            },
            _ = period.tick() => told = tell(&gateway, told),
            () = stop.cancelled(), if open => {
                open = false;
                intake.close();
            }
        }
        settled(&mut gateway, settle.as_ref());
        // Read once: with a clock that moves on there would always be one more tick.
        let now_us = clock.now_us();
        while let Ok(permit) = ticks.try_reserve() {
            let Some(tick) = gateway.release(now_us) else {
                break;
            };
            permit.send(tick);
        }
    }
    while let Some(tick) = gateway.flush() {
        if ticks.send(tick).await.is_err() {
            break;
        }
    }
    tell(&gateway, told);
}

fn take(gateway: &mut Gateway, samples: Vec<Sample>, clock: &dyn Clock) {
    let now_us = clock.now_us();
    for sample in samples {
        gateway.offer(sample, now_us);
    }
}

fn settled(gateway: &mut Gateway, settle: &dyn SettleSink) {
    let settled = gateway.take_settled();
    if !settled.is_empty() {
        settle.settle(settled);
    }
}

/// Logs a loss when its count has doubled, so that a flood of losses is no flood of lines.
fn tell(gateway: &Gateway, told: Lost) -> Lost {
    let lost = gateway.lost();
    let sum = |lost: Lost| lost.late + lost.ahead + lost.superseded;
    if sum(lost) > 2 * sum(told) {
        let Lost { late, ahead, superseded } = lost;
        tracing::warn!(late, ahead, superseded, "samples were not released");
        return lost;
    }
    told
}
