//! Drives the gateway: samples in, ticks out, one task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Gateway, Lost};
use crate::ports::{Arrival, Clock, News, SettleSink, Tick};

/// How often time moves on where no sample comes.
pub const TICK_PERIOD: Duration = Duration::from_millis(10);

/// Runs until `stop` is cancelled, then takes what is on its way, releases everything and returns.
///
/// While the engine is behind, nothing more is taken in, so that sources wait.
/// Where too many samples wait for their time, the newest value of each signal is kept.
pub async fn run(
    mut gateway: Gateway,
    mut intake: mpsc::Receiver<Arrival>,
    ticks: mpsc::Sender<Tick>,
    settle: Arc<dyn SettleSink>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut period = tokio::time::interval(TICK_PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    let mut told = Lost::default();
    let mut behind = false;
    loop {
        tokio::select! {
            arrival = intake.recv(), if !behind => match arrival {
                Some(arrival) => take(&mut gateway, arrival, clock.as_ref()),
                None => break,
            },
            // Only waits: the ticks are sent below.
            _ = ticks.reserve(), if behind => {}
            _ = period.tick() => told = tell(&gateway, told),
            () = stop.cancelled(), if open => {
                open = false;
                intake.close();
            }
        }
        settled(&mut gateway, settle.as_ref());
        // Read once: with a clock that moves on there would always be one more tick.
        let now_us = clock.now_us();
        send_due(&mut gateway, &ticks, now_us);
        behind = gateway.has_due(now_us) && !ticks.is_closed();
    }
    while let Some(tick) = gateway.flush() {
        if ticks.send(tick).await.is_err() {
            break;
        }
    }
    tell(&gateway, told);
}

fn take(gateway: &mut Gateway, Arrival { from, news }: Arrival, clock: &dyn Clock) {
    match news {
        News::Opened => gateway.open(from),
        News::Closed => gateway.close(from),
        News::Samples(samples, watermark_us) => {
            let now_us = clock.now_us();
            for sample in samples {
                gateway.offer(sample, now_us);
            }
            if let Some(watermark_us) = watermark_us {
                gateway.promise(from, watermark_us);
            }
        }
    }
}

/// Sends the ticks that are due, as many as the engine has room for.
fn send_due(gateway: &mut Gateway, ticks: &mpsc::Sender<Tick>, now_us: u64) {
    while let Ok(permit) = ticks.try_reserve() {
        let Some(tick) = gateway.release(now_us) else { break };
        permit.send(tick);
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

#[cfg(test)]
mod tests;
