//! The rpc of the action feed.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{Stream, unfold};
use piccolo_wire::ready::{self, ActionFeedService};
use piccolo_wire::v1::SubscribeRequest;
use tonic::{Request, Response, Status};

use super::{Feed, Filter, Start};
use crate::convert;

/// Serves the feed over gRPC.
#[derive(Clone, Debug)]
pub struct FeedService(Arc<Feed>);

impl FeedService {
    /// A service of this feed.
    pub fn new(feed: Arc<Feed>) -> Self {
        Self(feed)
    }
}

#[tonic::async_trait]
impl ActionFeedService for FeedService {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<ready::Response, Status>> + Send>>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let request = request.into_inner();
        let start = match (request.after_id, request.from_oldest) {
            (Some(id), _) => Start::After(id.into()),
            (None, true) => Start::Oldest,
            (None, false) => Start::Next,
        };
        let filter = Filter::new(request.vehicles, request.scenarios, request.action_kinds)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let subscription = self
            .0
            .subscribe(filter, &start)
            .map_err(|error| Status::resource_exhausted(error.to_string()))?;
        let responses = unfold(subscription, async |mut subscription| {
            let event = subscription.next().await?;
            Some((Ok(convert::event(&event)), subscription))
        });
        Ok(Response::new(Box::pin(responses)))
    }
}
