//! What all formats share while a file is read: its place, clock, names, and what was found.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, Signal, SignalId, Value, ValueError};

use crate::names::{Names, Verdict};
use crate::{Fault, FaultKind, Item, LineProblem, Sample};

/// What was passed over without being wrong, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Rows of Kuksa CSV that set a target value.
    pub target_rows: u64,
    /// CAN frames whose id the signal map does not use.
    pub unmapped_frames: u64,
    /// CAN frames that ask for data or report an error of the bus.
    pub other_frames: u64,
    /// CAN signals that lie beyond the end of a frame shorter than the database says.
    pub short_frame_signals: u64,
    /// CAN values passed over because their guard said that they are not valid.
    pub invalid_values: u64,
    /// CAN values that the signal map's list of values does not have.
    pub unlisted_values: u64,
}

/// The state of reading one file.
pub(crate) struct Context {
    pub(crate) file: Arc<Path>,
    pub(crate) line: u32,
    pub(crate) notes: Notes,
    pub(crate) pending: VecDeque<Item>,
    /// Whether any row, frame or message, right or wrong, has been met.
    pub(crate) any: bool,
    names: Names,
    previous_us: u64,
}

impl Context {
    pub(crate) fn new(file: Arc<Path>, catalogue: Arc<Catalogue>) -> Self {
        Self {
            file,
            line: 0,
            notes: Notes::default(),
            pending: VecDeque::new(),
            any: false,
            names: Names::new(catalogue),
            previous_us: 0,
        }
    }

    pub(crate) fn fault(&mut self, kind: FaultKind) {
        let fault = Fault { file: self.file.clone(), line: self.line, kind };
        self.pending.push_back(Item::Fault(fault));
    }

    pub(crate) fn unparsable(&mut self, problem: LineProblem) {
        self.fault(FaultKind::Unparsable(problem));
    }

    pub(crate) fn signal(&self, id: SignalId) -> Option<&Signal> {
        self.names.signal(id)
    }

    /// Whether a row of that time may follow; faults where it may not.
    pub(crate) fn check_time(&mut self, time_us: i64) -> Option<u64> {
        let previous_us = self.previous_us;
        let ordered = u64::try_from(time_us).ok().filter(|time_us| *time_us >= previous_us);
        if ordered.is_none() {
            self.fault(FaultKind::TimeRunsBackwards { time_us, previous_us });
        }
        ordered
    }

    /// The signal of that name; faults where there is none.
    pub(crate) fn find(&mut self, name: &[u8]) -> Option<SignalId> {
        match self.names.find(name) {
            Verdict::Known(id) => Some(id),
            Verdict::Unknown { name, nearest } => {
                self.fault(FaultKind::UnknownSignal { name, nearest });
                None
            }
        }
    }

    /// Adds a sample whose value is text; no text makes the signal unavailable.
    pub(crate) fn sample_text(&mut self, time_us: u64, signal: SignalId, text: Option<&[u8]>) {
        let value = match text.map(std::str::from_utf8) {
            None => Ok(None),
            Some(Ok(text)) => self.names.parse(signal, text).map(Some),
            Some(Err(_)) => return self.unparsable(LineProblem::Utf8),
        };
        self.sample(time_us, signal, value);
    }

    /// Adds a sample, or the fault of a value that does not fit.
    pub(crate) fn sample(
        &mut self,
        time_us: u64,
        signal: SignalId,
        value: Result<Option<Value>, ValueError>,
    ) {
        match value {
            Ok(value) => {
                self.previous_us = time_us;
                let line = self.line;
                self.pending.push_back(Item::Sample(Sample { time_us, signal, value, line }));
            }
            Err(source) => {
                let path =
                    self.signal(signal).map_or_else(|| "".into(), |signal| signal.path.clone());
                self.fault(FaultKind::ValueDoesNotFit { signal: path, source });
            }
        }
    }
}
