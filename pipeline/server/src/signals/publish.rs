//! One stream of samples from one source, with its acknowledgements.

use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId};
use piccolo_wire::v1::publish_request::Message as Incoming;
use piccolo_wire::v1::publish_response::Message as Outgoing;
use piccolo_wire::v1::sample::Signal as Named;
use piccolo_wire::v1::{
    self, OpenSource, PublishRequest, PublishResponse, SampleBatch, SourceOpened,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use super::sources::{SourceError, Sources, Stream};
use crate::convert;
use crate::ports::{Fate, Intake, Sample, SettleSink, Settled};

/// The most bytes of the name of a source or vehicle.
pub const NAME_BYTES_MAX: usize = 128;

/// The most signals of a stream's table.
pub const TABLE_SIGNALS_MAX: usize = 65_536;

/// The most samples of one batch.
pub const BATCH_SAMPLES_MAX: usize = 4_096;

type Responses = mpsc::Sender<Result<PublishResponse, Status>>;

/// What a stream needs of the server.
pub(super) struct Publisher {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) sources: Arc<Sources>,
    pub(super) intake: Intake,
    pub(super) stop: CancellationToken,
}

/// The paths that a stream's samples name by number.
type SignalTable = Vec<Option<SignalId>>;

impl Publisher {
    /// Serves the stream until the source ends it, it fails, or the server stops.
    ///
    /// What was received goes its way even where the source goes; a source that
    /// ends its stream in good order hears of the last sample before the end.
    pub(super) async fn run(self, mut requests: Streaming<PublishRequest>, responses: Responses) {
        let end = self.serve(&mut requests, &responses).await;
        if let Err(status) = end {
            // Where the source is gone, there is nobody to tell.
            drop(responses.send(Err(status)).await);
        }
    }

    async fn serve(
        &self,
        requests: &mut Streaming<PublishRequest>,
        responses: &Responses,
    ) -> Result<(), Status> {
        let Some(open) = self.opening(requests, responses).await? else {
            return Ok(());
        };
        let table: SignalTable =
            open.signal_paths.iter().map(|path| self.catalogue.find(path)).collect();
        let (stream, lost_count) =
            self.sources.open(&open.source, open.first_position).map_err(status)?;
        let unknown = table.iter().enumerate().filter(|(_, signal)| signal.is_none());
        let opened = SourceOpened {
            acknowledged_position: stream.acknowledged(),
            lost_count,
            unknown_signal_ids: unknown.map(|(place, _)| place as u32).collect(),
        };
        if !send(responses, Outgoing::Opened(opened)).await {
            return Ok(());
        }
        let end = tokio::select! {
            end = self.read(requests, &table, stream.clone()) => end,
            end = acknowledge(stream.clone(), responses, false) => return end,
            () = responses.closed() => return Ok(()),
        };
        acknowledge(stream, responses, true).await?;
        end
    }

    /// The first message of the stream; none where the source or the server is gone before.
    async fn opening(
        &self,
        requests: &mut Streaming<PublishRequest>,
        responses: &Responses,
    ) -> Result<Option<OpenSource>, Status> {
        let first = tokio::select! {
            first = requests.message() => first?,
            () = self.stop.cancelled() => return Err(stopping()),
            () = responses.closed() => return Ok(None),
        };
        let Some(first) = first else { return Ok(None) };
        let Some(Incoming::Open(open)) = first.message else {
            return Err(Status::invalid_argument("the first message must open the stream"));
        };
        check_name("source", &open.source)?;
        if open.signal_paths.len() > TABLE_SIGNALS_MAX {
            return Err(Status::invalid_argument(format!(
                "the table has {} signals, and {TABLE_SIGNALS_MAX} are the most",
                open.signal_paths.len()
            )));
        }
        Ok(Some(open))
    }

    /// Reads samples until the source ends the stream or the server stops.
    async fn read(
        &self,
        requests: &mut Streaming<PublishRequest>,
        table: &SignalTable,
        mut stream: Stream,
    ) -> Result<(), Status> {
        loop {
            let request = tokio::select! {
                request = requests.message() => request?,
                () = self.stop.cancelled() => return Err(stopping()),
            };
            let Some(request) = request else {
                return Ok(());
            };
            let Some(Incoming::Batch(batch)) = request.message else {
                return Err(Status::invalid_argument("only the first message may open the stream"));
            };
            check_batch(&batch)?;
            stream.room(batch.samples.len()).await.map_err(status)?;
            let permit = self.intake.reserve().await.ok_or_else(stopping)?;
            // From here on nothing waits: what is received is on its way, whoever goes.
            let repeated =
                stream.receive(batch.first_position, batch.samples.len()).map_err(status)?;
            let (samples, faults) = self.decode(batch, repeated, table, &stream);
            if !faults.is_empty() {
                self.sources.settle(faults);
            }
            if !samples.is_empty() {
                permit.send(samples);
            }
        }
    }

    /// The samples after the first `repeated`, and what is wrong with those that cannot be used.
    fn decode(
        &self,
        batch: SampleBatch,
        repeated: usize,
        table: &SignalTable,
        stream: &Stream,
    ) -> (Vec<Sample>, Vec<Settled>) {
        let vehicle: Arc<str> = batch.vehicle.into();
        let mut samples = Vec::with_capacity(batch.samples.len() - repeated);
        let mut faults = Vec::new();
        for (sent, position) in batch.samples.into_iter().zip(batch.first_position..).skip(repeated)
        {
            let receipt = stream.receipt(position);
            let time_us = sent.time_us;
            match self.value(sent, table) {
                Ok((signal, value)) => samples.push(Sample {
                    vehicle: Arc::clone(&vehicle),
                    signal,
                    value,
                    time_us,
                    origin: u32::try_from(position).unwrap_or(u32::MAX),
                    receipt: Some(receipt),
                }),
                Err(fate) => faults.push(Settled { receipt, fate }),
            }
        }
        (samples, faults)
    }

    /// Which signal a sample is of, and its value.
    fn value(
        &self,
        sent: v1::Sample,
        table: &SignalTable,
    ) -> Result<(SignalId, Option<piccolo_catalogue::Value>), Fate> {
        let unknown = |message: String| Fate::UnknownSignal(message.into());
        let id = match &sent.signal {
            Some(Named::Id(place)) => {
                table.get(*place as usize).copied().flatten().ok_or_else(|| {
                    unknown(format!("the stream's table has no known signal {place}"))
                })?
            }
            Some(Named::Path(path)) => self
                .catalogue
                .find(path)
                .ok_or_else(|| unknown(format!("no signal `{}`", beginning(path))))?,
            None => return Err(unknown("the sample names no signal".into())),
        };
        let signal =
            self.catalogue.get(id).ok_or_else(|| unknown(format!("no signal number {}", id.0)))?;
        let value = convert::coerced(signal, sent.value).map_err(Fate::ValueDoesNotFit)?;
        Ok((id, value))
    }
}

/// Sends acknowledgements as samples are settled, several in one where the source reads slowly.
///
/// With `to_the_end` it returns once all that was received is settled and told; without, it goes
/// on until the source is gone or has opened another stream.
async fn acknowledge(
    mut stream: Stream,
    responses: &Responses,
    to_the_end: bool,
) -> Result<(), Status> {
    let mut told = v1::Acknowledgement::default();
    loop {
        // Asked before the news are taken: what is settled in between is told in the next round.
        let last = to_the_end && stream.is_settled();
        // Room comes first: news that were taken must not get lost while this waits.
        let Ok(room) = responses.reserve().await else {
            return Ok(());
        };
        let news = stream.acknowledgement().map_err(status)?;
        if news != told {
            told = v1::Acknowledgement { faults: Vec::new(), ..news.clone() };
            let message = Some(Outgoing::Acknowledgement(news));
            room.send(Ok(PublishResponse { message }));
        }
        if last {
            return Ok(());
        }
        tokio::select! {
            () = stream.wait() => {}
            () = responses.closed() => return Ok(()),
        }
    }
}

/// Whether the source is still there to read it.
async fn send(responses: &Responses, message: Outgoing) -> bool {
    responses.send(Ok(PublishResponse { message: Some(message) })).await.is_ok()
}

fn check_batch(batch: &SampleBatch) -> Result<(), Status> {
    check_name("vehicle", &batch.vehicle)?;
    if batch.samples.len() > BATCH_SAMPLES_MAX {
        return Err(Status::invalid_argument(format!(
            "the batch has {} samples, and {BATCH_SAMPLES_MAX} are the most",
            batch.samples.len()
        )));
    }
    Ok(())
}

fn check_name(what: &str, name: &str) -> Result<(), Status> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Status::invalid_argument(format!(
            "the name of the {what} has {} bytes; it must have 1 to {NAME_BYTES_MAX}",
            name.len()
        )));
    }
    Ok(())
}

fn stopping() -> Status {
    Status::unavailable("the server is stopping; send on from the last acknowledged position")
}

fn status(error: SourceError) -> Status {
    let code = match error {
        SourceError::TooMany => Code::ResourceExhausted,
        SourceError::Replaced => Code::Aborted,
        SourceError::Gap { .. } => Code::OutOfRange,
    };
    Status::new(code, error.to_string())
}

/// As much of a text as a message needs.
fn beginning(text: &str) -> String {
    const CHARS_SHOWN: usize = 80;
    text.chars().take(CHARS_SHOWN).collect()
}
