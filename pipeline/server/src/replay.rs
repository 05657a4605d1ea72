//! Drives the engine from recordings, at their own speed, a multiple of it, or as fast as it can.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use piccolo_recording::{Merge, Next, OpenError, Options, Reader};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::ports::{Clock, Sample, Tick};

/// The most samples of one tick.
pub const TICK_SAMPLES_MAX: usize = 1_024;

/// How often time moves on, where the speed is not `max`.
pub const TICK_PERIOD: Duration = Duration::from_millis(10);

/// The most faults of all recordings that are logged one by one.
pub const FAULTS_LOGGED_MAX: u64 = 20;

/// How fast recordings are replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as they were recorded.
    Times(f64),
    /// As fast as the engine takes them.
    Max,
}

/// A text that is no speed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no speed: give a number above 0, such as 1 or 10, or `max`")]
pub struct SpeedError(String);

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.parse().ok().filter(|times: &f64| times.is_finite() && *times > 0.0);
        times.map(Self::Times).ok_or_else(|| SpeedError(text.to_owned()))
    }
}

/// Recordings that are replayed together, each as one vehicle, all from time zero.
pub struct Replay {
    merge: Merge,
    vehicles: Vec<Arc<str>>,
    /// The earliest sample that was not sent.
    next: Option<Sample>,
    /// The event time at which it begins.
    from_us: u64,
    faults: u64,
}

impl Replay {
    /// Opens the recordings. A vehicle is called as its file is, without extensions; where
    /// several files have one name, the later ones get `-2`, `-3` and so on.
    ///
    /// # Errors
    /// The first recording that cannot be opened.
    pub fn open(paths: &[PathBuf], options: &Options) -> Result<Self, OpenError> {
        let mut vehicles = Vec::new();
        let mut readers = Vec::new();
        for path in paths {
            readers.push(Reader::open(path, options.clone())?);
            vehicles.push(vehicle_name(path, &vehicles));
        }
        let mut replay =
            Self { merge: Merge::new(readers), vehicles, next: None, from_us: 0, faults: 0 };
        replay.advance();
        Ok(replay)
    }

    /// Passes over samples that the engine has already; the engine is at `now_us`.
    pub fn resume(&mut self, samples: u64, now_us: u64) {
        for _ in 0..samples {
            self.advance();
        }
        self.from_us = now_us;
    }

    /// Sends everything to the engine and returns at the end, or when `stop` is cancelled.
    ///
    /// It waits where the engine is behind, so that nothing is lost. To be
    /// called where blocking is allowed, within a runtime.
    pub fn run(
        mut self,
        speed: Speed,
        ticks: &mpsc::Sender<Tick>,
        clock: &dyn Clock,
        stop: &CancellationToken,
    ) {
        let start_us = clock.now_us();
        let mut samples: u64 = 0;
        while !stop.is_cancelled() {
            let horizon_us = match speed {
                Speed::Max => u64::MAX,
                // A float has the digits for microseconds over more years than a drive takes.
                Speed::Times(times) => {
                    self.from_us + ((clock.now_us() - start_us) as f64 * times) as u64
                }
            };
            let tick = self.tick(horizon_us);
            let ended = self.next.is_none();
            let full = tick.samples.len() == TICK_SAMPLES_MAX;
            samples += tick.samples.len() as u64;
            if ticks.blocking_send(tick).is_err() || ended {
                break;
            }
            if speed != Speed::Max && !full {
                pause(stop);
            }
        }
        tracing::info!(samples, faults = self.faults, "replay finished");
    }

    /// The samples before the horizon, as many as one tick may have.
    fn tick(&mut self, horizon_us: u64) -> Tick {
        let mut samples = Vec::new();
        let mut end_us = self.from_us;
        let tick_us = loop {
            let Some(time_us) = self.next.as_ref().map(|sample| sample.time_us) else {
                break end_us;
            };
            if time_us >= horizon_us {
                break horizon_us;
            }
            if samples.len() == TICK_SAMPLES_MAX {
                break time_us;
            }
            end_us = time_us + 1;
            samples.extend(self.next.take());
            self.advance();
        };
        Tick { tick_us, samples }
    }

    /// Reads the next sample.
    fn advance(&mut self) {
        self.next = None;
        for next in self.merge.by_ref() {
            match next {
                Next::Sample(place, sample) => {
                    self.next = Some(Sample {
                        vehicle: Arc::clone(&self.vehicles[place]),
                        signal: sample.signal,
                        value: sample.value,
                        time_us: sample.time_us,
                        origin: sample.line,
                        receipt: None,
                    });
                    return;
                }
                Next::Fault(fault) => {
                    self.faults += 1;
                    if self.faults <= FAULTS_LOGGED_MAX {
                        tracing::warn!(%fault, "the recording has a fault");
                    }
                }
            }
        }
    }
}

/// The file's name up to its first dot; a number behind it where that is taken.
fn vehicle_name(path: &Path, taken: &[Arc<str>]) -> Arc<str> {
    let file = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let name = file.split('.').next().filter(|name| !name.is_empty()).unwrap_or("vehicle");
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| taken.iter().all(|taken| **taken != **name));
    free.unwrap_or_else(|| name.to_owned()).into()
}

fn pause(stop: &CancellationToken) {
    Handle::current().block_on(async {
        tokio::select! {
            () = tokio::time::sleep(TICK_PERIOD) => {}
            () = stop.cancelled() => {}
        }
    });
}

#[cfg(test)]
mod tests;
