//! Signals on their way in: the rpcs of `SignalService`.

mod batch;
mod fault;
mod publish;
mod record;
mod sources;

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;
use piccolo_catalogue::Catalogue;
use piccolo_wire::v1::signal_service_server::SignalService;
use piccolo_wire::v1::{ListSignalsRequest, ListSignalsResponse, PublishRequest, PublishResponse};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

pub use publish::{
    ACKNOWLEDGE_PERIOD, BATCH_SAMPLES_MAX, NAME_BYTES_MAX, TABLE_SIGNALS_MAX, TABLE_VEHICLES_MAX,
};
pub use record::SourceRecord;
pub use sources::{FAULTS_KEPT_MAX, IN_FLIGHT_MAX, SOURCES_MAX, Sources};

use crate::convert;
use crate::ports::{Intake, SettleSink};
use publish::Publisher;

/// The most signals of one page.
pub const PAGE_SIGNALS_MAX: usize = 1_000;

/// Acknowledgements that wait for a source to read them; they are summed up before.
const RESPONSES_MAX: usize = 2;

/// Serves `SignalService` over gRPC.
#[derive(Clone)]
pub struct Signals {
    catalogue: Arc<Catalogue>,
    sources: Arc<Sources>,
    settle: Arc<dyn SettleSink>,
    intake: Option<Intake>,
    stop: CancellationToken,
}

impl Signals {
    /// A service over the catalogue that puts samples into `intake`; without one, it takes none.
    /// What does not get there is told to `settle`.
    ///
    /// When `stop` is cancelled, streams take nothing more, and end when all is settled.
    pub fn new(
        catalogue: Arc<Catalogue>,
        sources: Arc<Sources>,
        settle: Arc<dyn SettleSink>,
        intake: Option<Intake>,
        stop: CancellationToken,
    ) -> Self {
        Self { catalogue, sources, settle, intake, stop }
    }
}

#[tonic::async_trait]
impl SignalService for Signals {
    type PublishStream = Pin<Box<dyn Stream<Item = Result<PublishResponse, Status>> + Send>>;

    async fn publish(
        &self,
        request: Request<Streaming<PublishRequest>>,
    ) -> Result<Response<Self::PublishStream>, Status> {
        let Some(intake) = self.intake.clone() else {
            return Err(Status::failed_precondition(
                "this server replays recordings; start it without --replay to send samples",
            ));
        };
        let publisher = Publisher {
            catalogue: Arc::clone(&self.catalogue),
            sources: Arc::clone(&self.sources),
            settle: Arc::clone(&self.settle),
            intake,
            stop: self.stop.clone(),
        };
        let (responses, stream) = mpsc::channel(RESPONSES_MAX);
        tokio::spawn(publisher.run(request.into_inner(), responses));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn list_signals(
        &self,
        request: Request<ListSignalsRequest>,
    ) -> Result<Response<ListSignalsResponse>, Status> {
        page(&self.catalogue, &request.into_inner()).map(Response::new)
    }
}

/// One page of the catalogue; its token is the position of the first signal.
fn page(
    catalogue: &Catalogue,
    request: &ListSignalsRequest,
) -> Result<ListSignalsResponse, Status> {
    let size = match request.page_size as usize {
        0 => PAGE_SIGNALS_MAX,
        size => size.min(PAGE_SIGNALS_MAX),
    };
    let first: usize = match request.page_token.as_str() {
        "" => 0,
        token => token.parse().map_err(|_| {
            Status::invalid_argument("the page token is none that this server gave")
        })?,
    };
    let root = request.root.as_str();
    if !root.is_empty() && !catalogue.is_branch(root) && catalogue.find(root).is_none() {
        let nearest = catalogue.nearest(root, 1).concat();
        return Err(Status::not_found(format!(
            "no signal or branch `{root}`; `{nearest}` is most like it"
        )));
    }
    let below = |path: &str| match path.strip_prefix(root) {
        Some(rest) => root.is_empty() || rest.is_empty() || rest.starts_with('.'),
        None => false,
    };
    let mut rest = catalogue.iter().skip(first).filter(|(_, signal)| below(&signal.path));
    let signals = rest.by_ref().take(size).map(|(_, signal)| convert::signal(signal)).collect();
    let next_page_token = rest.next().map_or_else(String::new, |(id, _)| id.0.to_string());
    Ok(ListSignalsResponse { signals, next_page_token })
}

#[cfg(test)]
mod tests;
