//! One stream of samples from one source, with its acknowledgements.

use std::sync::Arc;
use std::time::Duration;

use piccolo_catalogue::Catalogue;
use piccolo_wire::v1::publish_request::Message as Incoming;
use piccolo_wire::v1::publish_response::Message as Outgoing;
use piccolo_wire::v1::{self, OpenSource, PublishRequest, PublishResponse, SourceOpened};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use super::batch::{Batch, Decoded, Tables};
use super::sources::{SourceError, Sources, Stream};
use crate::ports::{Arrival, Intake, News, SettleSink};

/// The most bytes of the name of a source or vehicle.
pub const NAME_BYTES_MAX: usize = 128;

/// The most signals of a stream's table.
pub const TABLE_SIGNALS_MAX: usize = 65_536;

/// The most vehicles of a stream's table.
pub const TABLE_VEHICLES_MAX: usize = 65_536;

/// How long acknowledgements gather before one is sent. Each costs a message, and so do the
/// threads that it wakes, while decisions are on their way; a source need not wait for one as long
/// as few samples are.
pub const ACKNOWLEDGE_PERIOD: Duration = Duration::from_millis(1);

/// The most samples of one batch.
pub const BATCH_SAMPLES_MAX: usize = 4_096;

type Responses = mpsc::Sender<Result<PublishResponse, Status>>;

/// What a stream needs of the server.
pub(super) struct Publisher {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) sources: Arc<Sources>,
    pub(super) settle: Arc<dyn SettleSink>,
    pub(super) intake: Intake,
    pub(super) stop: CancellationToken,
}

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
        let (stream, lost_count) =
            self.sources.open(&open.source, open.first_position).map_err(status)?;
        if lost_count > 0 {
            self.settle.skipped(stream.id().source, open.first_position - 1);
        }
        let tables = Tables::new(Arc::clone(&self.catalogue), open);
        let opened = SourceOpened {
            acknowledged_position: stream.acknowledged(),
            lost_count,
            unknown_signal_ids: tables.unknown_signals(),
        };
        // Before the source hears of it: others wait from then on for what it may send.
        self.tell(&stream, News::Opened).await?;
        let (end, to_the_end) = if send(responses, Outgoing::Opened(opened)).await {
            tokio::select! {
                end = self.read(requests, &tables, stream.clone()) => (end, true),
                end = acknowledge(stream.clone(), responses, false) => (end, false),
                () = responses.closed() => (Ok(()), false),
            }
        } else {
            (Ok(()), false)
        };
        // Others no longer wait for what this stream might send. A server that stops waits for none.
        drop(self.tell(&stream, News::Closed).await);
        if to_the_end {
            acknowledge(stream, responses, true).await?;
        }
        end
    }

    /// Tells the gateway, behind all that the stream has sent.
    async fn tell(&self, stream: &Stream, news: News) -> Result<(), Status> {
        let permit = self.intake.reserve().await.ok_or_else(stopping)?;
        permit.send(Arrival { from: stream.id(), news });
        Ok(())
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
        if open.vehicles.len() > TABLE_VEHICLES_MAX {
            return Err(Status::invalid_argument(format!(
                "the table has {} vehicles, and {TABLE_VEHICLES_MAX} are the most",
                open.vehicles.len()
            )));
        }
        open.vehicles.iter().try_for_each(|vehicle| check_name("vehicle", vehicle))?;
        Ok(Some(open))
    }

    /// Reads samples until the source ends the stream or the server stops.
    async fn read(
        &self,
        requests: &mut Streaming<PublishRequest>,
        tables: &Tables,
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
            let batch = batch(request)?;
            stream.room(batch.len()).await.map_err(status)?;
            let permit = self.intake.reserve().await.ok_or_else(stopping)?;
            // From here on nothing waits: what is received is on its way, whoever goes.
            let repeated = stream.receive(batch.first_position(), batch.len()).map_err(status)?;
            let watermark_us = batch.watermark_us();
            let Decoded { samples, faults } = tables.decode(batch, &repeated, &stream);
            if !faults.is_empty() {
                self.settle.settle(faults);
            }
            if !samples.is_empty() || watermark_us.is_some() {
                let news = News::Samples(samples, watermark_us);
                permit.send(Arrival { from: stream.id(), news });
            }
        }
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
            () = gathered(&mut stream) => {}
            () = responses.closed() => return Ok(()),
        }
    }
}

/// Waits for news, and for more of them while the period passes.
async fn gathered(stream: &mut Stream) {
    stream.wait().await;
    tokio::time::sleep(ACKNOWLEDGE_PERIOD).await;
}

/// Whether the source is still there to read it.
async fn send(responses: &Responses, message: Outgoing) -> bool {
    responses.send(Ok(PublishResponse { message: Some(message) })).await.is_ok()
}

/// The batch of a request that is no longer the first.
fn batch(request: PublishRequest) -> Result<Batch, Status> {
    let batch = match request.message {
        Some(Incoming::Batch(batch)) => {
            check_name("vehicle", &batch.vehicle)?;
            Batch::Samples(batch)
        }
        Some(Incoming::Numbers(batch)) => {
            if !Batch::is_even(&batch) {
                return Err(Status::invalid_argument("the columns of the batch differ in length"));
            }
            Batch::Numbers(batch)
        }
        Some(Incoming::Open(_)) => {
            return Err(Status::invalid_argument("only the first message may open the stream"));
        }
        None => return Err(Status::invalid_argument("the message has no batch")),
    };
    if batch.len() > BATCH_SAMPLES_MAX {
        return Err(Status::invalid_argument(format!(
            "the batch has {} samples, and {BATCH_SAMPLES_MAX} are the most",
            batch.len()
        )));
    }
    Ok(batch)
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
