//! Sends samples over one or more streams, and hears what became of them.

use std::time::{SystemTime, UNIX_EPOCH};

use piccolo_base::exit::Code;
use piccolo_benchmark::{Event, Workload};
use piccolo_wire::client::{ClientError, connect};
use piccolo_wire::v1::publish_request::Message as Outgoing;
use piccolo_wire::v1::publish_response::Message as Incoming;
use piccolo_wire::v1::sample::Signal as Named;
use piccolo_wire::v1::signal_service_client::SignalServiceClient;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{
    Acknowledgement, NumberBatch, OpenSource, PublishRequest, PublishResponse, Sample, SampleBatch,
    Value,
};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::error::CliError;

/// Messages of one stream that wait for the connection.
const MESSAGES_MAX: usize = 4;

/// An event and its time, in microseconds.
pub(super) type Row = (u64, Event);

/// How samples are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As a `NumberBatch`, of all vehicles of a stream.
    Columns,
    /// As a `SampleBatch`, of one vehicle.
    Rows,
}

/// A client that sends the workload's samples. A vehicle is always on the same stream.
pub(super) struct Source {
    streams: Vec<Stream>,
    layout: Layout,
    /// Messages so far.
    pub(super) messages: u64,
}

/// How rows become messages.
struct Layout {
    form: Form,
    /// The most samples of one message.
    batch: usize,
    vehicles: Vec<String>,
}

struct Stream {
    requests: mpsc::Sender<PublishRequest>,
    /// The position of the next sample.
    position: u64,
    /// The last acknowledgement; none where the server has ended the stream.
    heard: watch::Receiver<Option<Acknowledgement>>,
}

impl Source {
    /// Opens the streams, each on a connection of its own; `batch` samples a message at most.
    pub(super) async fn open(
        url: &str,
        workload: &Workload,
        streams: usize,
        batch: usize,
        form: Form,
    ) -> Result<Self, CliError> {
        let mut opened = Vec::with_capacity(streams);
        for number in 0..streams {
            opened.push(Stream::open(url, workload, number).await?);
        }
        let layout = Layout { form, batch, vehicles: workload.vehicle_names() };
        Ok(Self { streams: opened, layout, messages: 0 })
    }

    /// Sends rows in order of time, and promises on every stream that nothing earlier comes.
    pub(super) async fn send(&mut self, rows: &[Row]) -> Result<(), CliError> {
        let watermark_us = rows.last().map_or(0, |(time_us, _)| time_us + 1);
        let count = self.streams.len();
        for (number, stream) in self.streams.iter_mut().enumerate() {
            let of_stream = |row: &&Row| row.1.vehicle as usize % count == number;
            let mut own: Vec<Row> = rows.iter().filter(of_stream).copied().collect();
            if self.layout.form == Form::Rows {
                own.sort_by_key(|row| row.1.vehicle);
            }
            self.messages += stream.send(&own, &self.layout, watermark_us).await?;
        }
        Ok(())
    }

    /// Waits until every sample is settled; returns how many of them were faults so far.
    pub(super) async fn settled(&mut self) -> Result<u64, CliError> {
        let mut faults = 0;
        for stream in &mut self.streams {
            faults += stream.settled().await?;
        }
        Ok(faults)
    }
}

impl Stream {
    async fn open(url: &str, workload: &Workload, number: usize) -> Result<Self, CliError> {
        let (requests, sent) = mpsc::channel(MESSAGES_MAX);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let open = OpenSource {
            // The name is new each time: positions begin at 1.
            source: format!("bench-{}-{number}", since.as_nanos()),
            signal_paths: Workload::signal_paths(),
            first_position: 1,
            vehicles: workload.vehicle_names(),
        };
        let open = PublishRequest { message: Some(Outgoing::Open(open)) };
        requests.send(open).await.map_err(|_| ended())?;
        let mut client = SignalServiceClient::new(connect(url).await?);
        let responses = client.publish(ReceiverStream::new(sent)).await;
        let mut responses = responses.map_err(ClientError::from)?.into_inner();
        let unknown = match responses
            .message()
            .await
            .map_err(ClientError::from)?
            .and_then(|first| first.message)
        {
            Some(Incoming::Opened(opened)) => opened.unknown_signal_ids.len(),
            _ => return Err(ended()),
        };
        if unknown > 0 {
            let message = format!(
                "the server's catalogue lacks {unknown} signals of the workload; \
                 start it with the one that `piccolo bench export --part catalogue` prints"
            );
            return Err(CliError::Server { message, code: Code::InvalidInput });
        }
        let (told, heard) = watch::channel(Some(Acknowledgement::default()));
        tokio::spawn(listen(responses, told));
        Ok(Self { requests, position: 1, heard })
    }

    /// Sends rows, and the promise with the last of them, or alone; returns in how many messages.
    async fn send(
        &mut self,
        mut rows: &[Row],
        layout: &Layout,
        watermark_us: u64,
    ) -> Result<u64, CliError> {
        let mut messages = 0;
        loop {
            let (part, rest) = rows.split_at(layout.first_message(rows));
            let promise = rest.is_empty().then_some(watermark_us);
            let message = layout.message(self.position, part, promise);
            self.position += part.len() as u64;
            let request = PublishRequest { message: Some(message) };
            self.requests.send(request).await.map_err(|_| ended())?;
            messages += 1;
            if rest.is_empty() {
                return Ok(messages);
            }
            rows = rest;
        }
    }

    async fn settled(&mut self) -> Result<u64, CliError> {
        let last = self.position - 1;
        let done = |heard: &Option<Acknowledgement>| {
            heard.as_ref().is_none_or(|told| told.acknowledged_position >= last)
        };
        let heard = self.heard.wait_for(done).await.map_err(|_| ended())?;
        let told = heard.as_ref().ok_or_else(ended)?;
        Ok(told.fault_counts.iter().map(|fault| fault.count).sum())
    }
}

impl Layout {
    /// How many of the rows are one message.
    fn first_message(&self, rows: &[Row]) -> usize {
        let alike = match (self.form, rows.first()) {
            (Form::Rows, Some((_, first))) => {
                rows.iter().take_while(|row| row.1.vehicle == first.vehicle).count()
            }
            _ => rows.len(),
        };
        alike.min(self.batch)
    }

    fn message(&self, first_position: u64, rows: &[Row], watermark_us: Option<u64>) -> Outgoing {
        match (self.form, rows.first()) {
            (Form::Rows, Some((_, first))) => {
                let vehicle = self.vehicles[first.vehicle as usize].clone();
                Outgoing::Batch(in_rows(first_position, vehicle, rows, watermark_us))
            }
            _ => Outgoing::Numbers(in_columns(first_position, rows, watermark_us)),
        }
    }
}

fn in_columns(first_position: u64, rows: &[Row], watermark_us: Option<u64>) -> NumberBatch {
    let times = rows.iter().map(|row| row.0 as i64);
    let before = std::iter::once(0).chain(times.clone());
    NumberBatch {
        first_position,
        vehicles: rows.iter().map(|row| row.1.vehicle).collect(),
        signals: rows.iter().map(|row| row.1.signal).collect(),
        time_steps_us: times.zip(before).map(|(time_us, before_us)| time_us - before_us).collect(),
        values: rows.iter().map(|row| row.1.value).collect(),
        watermark_us,
    }
}

fn in_rows(
    first_position: u64,
    vehicle: String,
    rows: &[Row],
    watermark_us: Option<u64>,
) -> SampleBatch {
    let sample = |(time_us, event): &Row| Sample {
        signal: Some(Named::Id(event.signal)),
        time_us: *time_us,
        value: Some(Value { kind: Some(Kind::Float(event.value)) }),
    };
    SampleBatch {
        first_position,
        vehicle,
        samples: rows.iter().map(sample).collect(),
        watermark_us,
    }
}

async fn listen(
    mut responses: Streaming<PublishResponse>,
    told: watch::Sender<Option<Acknowledgement>>,
) {
    while let Ok(Some(response)) = responses.message().await {
        if let Some(Incoming::Acknowledgement(news)) = response.message {
            told.send_replace(Some(news));
        }
    }
    told.send_replace(None);
}

fn ended() -> CliError {
    let message = "the server ended the stream of samples".to_owned();
    CliError::Server { message, code: Code::Unreachable }
}
