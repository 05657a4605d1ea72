//! Reads the action feed of a server.

use std::time::Duration;

use thiserror::Error;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

use crate::v1::action_feed_service_client::ActionFeedServiceClient;
use crate::v1::subscribe_response::Event;
use crate::v1::{Decision, DecisionBatch, Missed, SubscribeRequest};

/// How long a server may take to accept a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a quiet connection is asked whether it is still there.
pub const KEEP_ALIVE_PERIOD: Duration = Duration::from_secs(20);

/// What the feed gives.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedEvent {
    /// Decisions in the engine's order; at least one.
    Decisions(Vec<Decision>),
    /// Decisions are missing here.
    Missed(Missed),
}

/// Why the feed cannot be read.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The URL is none; it should look like `http://127.0.0.1:50061`.
    #[error("`{url}` is no URL of a server, such as http://127.0.0.1:50061")]
    Url {
        /// The text as given.
        url: Box<str>,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// No server answers there.
    #[error("no server answers at {url}")]
    Unreachable {
        /// Where.
        url: Box<str>,
        /// Why.
        source: tonic::transport::Error,
    },
    /// The server refused the subscription, or ended it.
    #[error("the server ended the feed: {}", .0.message())]
    Status(#[source] Box<Status>),
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

/// A subscription to the action feed.
#[derive(Debug)]
pub struct Feed {
    events: Streaming<crate::v1::SubscribeResponse>,
    last_id: Option<String>,
}

impl Feed {
    /// Connects to the server at `url`, such as `http://127.0.0.1:50061`, and subscribes.
    ///
    /// # Errors
    /// A URL that is none, a server that does not answer within [`CONNECT_TIMEOUT`], a
    /// subscription that it refuses.
    pub async fn subscribe(url: &str, request: SubscribeRequest) -> Result<Self, ClientError> {
        let last_id = request.after_id.clone();
        let mut client = ActionFeedServiceClient::new(connect(url).await?);
        let events = client.subscribe(request).await?.into_inner();
        Ok(Self { events, last_id })
    }

    /// The next event; none where the server has ended the feed in good order.
    ///
    /// # Errors
    /// [`ClientError::Status`] where the feed breaks off; [`Self::last_id`] says where to resume.
    pub async fn next(&mut self) -> Result<Option<FeedEvent>, ClientError> {
        while let Some(response) = self.events.message().await? {
            match response.event {
                Some(Event::Batch(DecisionBatch { decisions })) => {
                    if let Some(last) = decisions.last() {
                        self.last_id = Some(last.id.clone());
                        return Ok(Some(FeedEvent::Decisions(decisions)));
                    }
                }
                Some(Event::Missed(missed)) => return Ok(Some(FeedEvent::Missed(missed))),
                // A newer server may send events that this client does not know.
                None => {}
            }
        }
        Ok(None)
    }

    /// The id of the last decision that was read: `after_id` of the subscription that resumes.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }
}

/// A connection to the server at `url`, such as `http://127.0.0.1:50061`.
///
/// # Errors
/// A URL that is none, a server that does not answer within [`CONNECT_TIMEOUT`].
pub async fn connect(url: &str) -> Result<Channel, ClientError> {
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|source| ClientError::Url { url: url.into(), source })?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE_PERIOD)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    endpoint.connect().await.map_err(|source| ClientError::Unreachable { url: url.into(), source })
}
