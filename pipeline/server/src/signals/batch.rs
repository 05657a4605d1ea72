//! Batches of samples as they come, and what becomes of each sample.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_wire::v1::sample::Signal as Named;
use piccolo_wire::v1::{self, NumberBatch, OpenSource, SampleBatch};

use super::sources::{Repeated, Stream};
use crate::convert;
use crate::ports::{Fate, Receipt, Sample, Settled};

/// Samples with consecutive positions.
pub(super) enum Batch {
    /// Of one vehicle, with values of any kind.
    Samples(SampleBatch),
    /// Numbers of any vehicles of the stream's table.
    Numbers(NumberBatch),
}

/// What a batch came to, each sample in one of both.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// What goes on.
    pub(super) samples: Vec<Sample>,
    /// What cannot be used.
    pub(super) faults: Vec<Settled>,
}

impl Batch {
    pub(super) fn first_position(&self) -> u64 {
        match self {
            Self::Samples(batch) => batch.first_position,
            Self::Numbers(batch) => batch.first_position,
        }
    }

    pub(super) fn watermark_us(&self) -> Option<u64> {
        match self {
            Self::Samples(batch) => batch.watermark_us,
            Self::Numbers(batch) => batch.watermark_us,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Samples(batch) => batch.samples.len(),
            Self::Numbers(batch) => batch.values.len(),
        }
    }

    /// Whether all columns have one length.
    pub(super) fn is_even(batch: &NumberBatch) -> bool {
        let lengths = [batch.vehicles.len(), batch.signals.len(), batch.time_steps_us.len()];
        lengths == [batch.values.len(); 3]
    }
}

/// What a stream's samples name by number.
pub(super) struct Tables {
    catalogue: Arc<Catalogue>,
    signals: Vec<Option<SignalId>>,
    vehicles: Vec<Arc<str>>,
}

impl Tables {
    pub(super) fn new(catalogue: Arc<Catalogue>, open: OpenSource) -> Self {
        Self {
            signals: open.signal_paths.iter().map(|path| catalogue.find(path)).collect(),
            vehicles: open.vehicles.into_iter().map(Into::into).collect(),
            catalogue,
        }
    }

    /// The places of signals that the catalogue does not have.
    pub(super) fn unknown_signals(&self) -> Vec<u32> {
        let unknown = self.signals.iter().enumerate().filter(|(_, signal)| signal.is_none());
        unknown.map(|(place, _)| place as u32).collect()
    }

    /// The samples that were not received before, and what is wrong with those that cannot be used.
    pub(super) fn decode(&self, batch: Batch, repeated: &Repeated, stream: &Stream) -> Decoded {
        let mut decoded = match batch {
            Batch::Samples(batch) => self.decode_samples(batch, repeated.first, stream),
            Batch::Numbers(batch) => self.decode_numbers(&batch, repeated.first, stream),
        };
        decoded.leave_out(&repeated.settled);
        decoded
    }

    fn decode_samples(&self, batch: SampleBatch, repeated: usize, stream: &Stream) -> Decoded {
        let mut decoded = Decoded::with_room(batch.samples.len() - repeated);
        let vehicle: Arc<str> = batch.vehicle.into();
        for (sent, position) in batch.samples.into_iter().zip(batch.first_position..).skip(repeated)
        {
            let time_us = sent.time_us;
            let found = self.signal(sent.signal.as_ref());
            let found = found.and_then(|signal| Ok((signal, self.value(signal, sent.value)?)));
            decoded.put(stream, position, time_us, &vehicle, found);
        }
        decoded
    }

    fn decode_numbers(&self, batch: &NumberBatch, repeated: usize, stream: &Stream) -> Decoded {
        let mut decoded = Decoded::with_room(batch.values.len() - repeated);
        let mut time_us = 0_u64;
        let numbers = batch.vehicles.iter().zip(&batch.signals).zip(&batch.values);
        let rows = numbers.zip(&batch.time_steps_us).zip(batch.first_position..).enumerate();
        for (place, ((((vehicle, signal), value), step_us), position)) in rows {
            // What leaves the range is late or too far ahead, and no other time.
            time_us = time_us.saturating_add_signed(*step_us);
            if place < repeated {
                continue;
            }
            let Some(vehicle) = self.vehicles.get(*vehicle as usize) else {
                let message = format!("the stream's table has no vehicle {vehicle}");
                let fate = Fate::UnknownSignal(message.into());
                decoded.faults.push(Settled { receipt: stream.receipt(position), fate });
                continue;
            };
            let found = self.numbered(*signal);
            let found = found.and_then(|signal| Ok((signal, Some(self.number(signal, *value)?))));
            decoded.put(stream, position, time_us, vehicle, found);
        }
        decoded
    }

    fn signal(&self, named: Option<&Named>) -> Result<SignalId, Fate> {
        match named {
            Some(Named::Id(place)) => self.numbered(*place),
            Some(Named::Path(path)) => self
                .catalogue
                .find(path)
                .ok_or_else(|| unknown(format!("no signal `{}`", beginning(path)))),
            None => Err(unknown("the sample names no signal".into())),
        }
    }

    fn numbered(&self, place: u32) -> Result<SignalId, Fate> {
        let known = self.signals.get(place as usize).copied().flatten();
        known.ok_or_else(|| unknown(format!("the stream's table has no known signal {place}")))
    }

    fn value(&self, id: SignalId, sent: Option<v1::Value>) -> Result<Option<Value>, Fate> {
        convert::coerced(self.known(id)?, sent).map_err(Fate::ValueDoesNotFit)
    }

    fn number(&self, id: SignalId, number: f64) -> Result<Value, Fate> {
        convert::number(self.known(id)?, number).map_err(Fate::ValueDoesNotFit)
    }

    fn known(&self, id: SignalId) -> Result<&piccolo_catalogue::Signal, Fate> {
        self.catalogue.get(id).ok_or_else(|| unknown(format!("no signal number {}", id.0)))
    }
}

impl Decoded {
    fn with_room(samples: usize) -> Self {
        Self { samples: Vec::with_capacity(samples), faults: Vec::new() }
    }

    fn put(
        &mut self,
        stream: &Stream,
        position: u64,
        time_us: u64,
        vehicle: &Arc<str>,
        found: Result<(SignalId, Option<Value>), Fate>,
    ) {
        let receipt = stream.receipt(position);
        match found {
            Ok((signal, value)) => self.samples.push(Sample {
                vehicle: Arc::clone(vehicle),
                signal,
                value,
                time_us,
                origin: u32::try_from(position).unwrap_or(u32::MAX),
                receipt: Some(receipt),
            }),
            Err(fate) => self.faults.push(Settled { receipt, fate }),
        }
    }

    /// Leaves out samples at these positions, which are in order.
    fn leave_out(&mut self, positions: &[u64]) {
        if positions.is_empty() {
            return;
        }
        let stays = |receipt: &Receipt| positions.binary_search(&receipt.position).is_err();
        self.samples.retain(|sample| sample.receipt.as_ref().is_none_or(stays));
        self.faults.retain(|settled| stays(&settled.receipt));
    }
}

fn unknown(message: String) -> Fate {
    Fate::UnknownSignal(message.into())
}

/// As much of a text as a message needs.
fn beginning(text: &str) -> String {
    const CHARS_SHOWN: usize = 80;
    text.chars().take(CHARS_SHOWN).collect()
}
