//! What the open streams promise: up to which event time each of them has sent everything.

use rustc_hash::FxHashMap;

use crate::ports::StreamId;

/// The watermark of each open stream, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Promises(FxHashMap<StreamId, u64>);

impl Promises {
    /// A stream that has promised nothing.
    pub(super) fn open(&mut self, stream: StreamId) {
        self.0.entry(stream).or_default();
    }

    /// A stream that sends nothing more.
    pub(super) fn close(&mut self, stream: StreamId) {
        self.0.remove(&stream);
    }

    /// The stream sends nothing from before `watermark_us` any more; a promise is never taken back.
    pub(super) fn raise(&mut self, stream: StreamId, watermark_us: u64) {
        if let Some(known) = self.0.get_mut(&stream) {
            *known = watermark_us.max(*known);
        }
    }

    /// What all have promised; zero where there are none, or one that has not.
    pub(super) fn least_us(&self) -> u64 {
        self.0.values().copied().min().unwrap_or_default()
    }
}
