//! Health, reflection, and how a server stops.

use piccolo_server::feed::Limits;
use piccolo_wire::client::{Feed, FeedEvent, connect};
use piccolo_wire::v1::SubscribeRequest;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{Source, server, soon, speed};

fn service(name: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: name.into() }
}

#[tokio::test]
async fn health_is_told_until_the_end() {
    let server = server(Limits::default()).await;
    let mut client = HealthClient::new(connect(&server.url).await.unwrap());
    let names = [
        "",
        "piccolo.v1.ActionFeedService",
        "piccolo.v1.BackupService",
        "piccolo.v1.RuleService",
        "piccolo.v1.SignalService",
        "piccolo.v1.StateService",
    ];
    for name in names {
        let answer = client.check(service(name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    assert_eq!(client.check(service("other")).await.unwrap_err().code(), Code::NotFound);
    let mut watch = client.watch(service("")).await.unwrap().into_inner();
    assert_eq!(soon(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    server.stop.cancel();
    assert_eq!(soon(watch.message()).await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(soon(watch.message()).await.unwrap(), None);
    soon(server.running.finished()).await.unwrap();
}

#[tokio::test]
async fn reflection_names_the_services() {
    let server = server(Limits::default()).await;
    let mut client = ServerReflectionClient::new(connect(&server.url).await.unwrap());
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap();
    let answer = soon(answers.into_inner().message()).await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in [
        "piccolo.v1.ActionFeedService",
        "piccolo.v1.RuleService",
        "piccolo.v1.SignalService",
        "piccolo.v1.StateService",
        "grpc.health.v1.Health",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[tokio::test]
async fn a_server_that_stops_gives_what_it_has_and_ends_its_streams() {
    let server = server(Limits::default()).await;
    let mut feed = Feed::subscribe(&server.url, SubscribeRequest::default()).await.unwrap();
    let mut source = Source::open(&server.url, "s", 1, &[]).await;
    source.send(1, "v", (1..=1_000).map(speed).collect()).await;
    source.acknowledged(999).await;
    // The last sample waits in the gateway, and the clock stands still.
    server.stop.cancel();
    assert_eq!(source.acknowledged(1_000).await.acknowledged_position, 1_000);
    assert_eq!(source.next().await.unwrap_err().code(), Code::Unavailable);
    let mut last = 0;
    while let Some(event) = soon(feed.next()).await.unwrap() {
        let FeedEvent::Decisions(decisions) = event else { panic!("{event:?}") };
        last = decisions.last().unwrap().time_us;
    }
    assert_eq!(last, 1_000);
    soon(server.running.finished()).await.unwrap();
    assert!(Feed::subscribe(&server.url, SubscribeRequest::default()).await.is_err());
}
