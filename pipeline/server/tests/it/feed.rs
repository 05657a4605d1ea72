//! The action feed over gRPC.

use piccolo_server::feed::Limits;
use piccolo_wire::client::{ClientError, Feed, FeedEvent};
use piccolo_wire::v1::sample::Signal;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{MissedReason, SubscribeRequest};

use crate::support::{Source, TestServer, id, sample, server, soon, speed};

/// Sends speeds at the times 1 to `count` as one vehicle, and waits until the engine has them.
async fn drive(server: &TestServer, vehicle: &str, count: u64) {
    let mut source = Source::open(&server.url, vehicle, 1, &[]).await;
    for first in (1..=count).step_by(1_000) {
        let last = count.min(first + 999);
        source.send(first, vehicle, (first..=last).map(speed).collect()).await;
    }
    // All but the last have gone once it has come; only then the clock may move.
    source.acknowledged(count - 1).await;
    source.settled(&server.clock, count).await;
}

/// Reads until `count` decisions were given or missed; returns vehicle and time of each and what was missed.
async fn read(feed: &mut Feed, count: usize) -> (Vec<String>, u64) {
    let (mut ids, mut missed) = (Vec::new(), 0);
    while ids.len() + (missed as usize) < count {
        match soon(feed.next()).await.unwrap().unwrap() {
            FeedEvent::Decisions(decisions) => {
                ids.extend(decisions.iter().map(|one| format!("{}-{}", one.vehicle, one.time_us)));
            }
            FeedEvent::Missed(gap) => missed += gap.count.unwrap(),
        }
    }
    (ids, missed)
}

fn ids(vehicle: &str, times: impl Iterator<Item = u64>) -> Vec<String> {
    times.map(|time_us| format!("{vehicle}-{time_us}")).collect()
}

#[tokio::test]
async fn a_subscriber_gets_what_its_filter_names() {
    let server = server(Limits::default()).await;
    let names = |name: &str| vec![name.to_owned()];
    let all = SubscribeRequest::default();
    let cases = [
        (all.clone(), vec!["a-1", "b-2", "a-3"]),
        (SubscribeRequest { vehicles: names("a"), ..all.clone() }, vec!["a-1", "a-3"]),
        (SubscribeRequest { scenarios: names("Speed"), ..all.clone() }, vec!["a-1", "b-2"]),
        (SubscribeRequest { action_kinds: names("notify"), ..all.clone() }, vec!["a-3"]),
    ];
    let mut feeds = Vec::new();
    for (request, expected) in cases {
        feeds.push((Feed::subscribe(&server.url, request).await.unwrap(), expected));
    }
    let mut source = Source::open(&server.url, "s", 1, &[]).await;
    let moving = Signal::Path("Vehicle.IsMoving".into());
    source.send(1, "a", vec![speed(1)]).await;
    source.send(2, "b", vec![speed(2)]).await;
    source.send(3, "a", vec![sample(moving, 3, Kind::Bool(true))]).await;
    // Without a subscriber that waits for more, a wrong filter would go unseen.
    source.send(4, "a", vec![speed(4)]).await;
    source.acknowledged(3).await;
    source.settled(&server.clock, 4).await;
    for (mut feed, expected) in feeds {
        let (found, missed) = read(&mut feed, expected.len()).await;
        assert_eq!(
            (&found[..expected.len()], missed),
            (&expected.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()[..], 0)
        );
    }
}

#[tokio::test]
async fn a_subscription_that_resumes_gets_exactly_the_rest() {
    let server = server(Limits::default()).await;
    drive(&server, "a", 1_000).await;
    for after in [1, 500, 999] {
        let request =
            SubscribeRequest { after_id: Some(id("a", after).to_string()), ..Default::default() };
        let mut feed = Feed::subscribe(&server.url, request).await.unwrap();
        let (found, missed) = read(&mut feed, 1_000 - after as usize).await;
        assert_eq!((found, missed), (ids("a", after + 1..=1_000), 0));
        assert_eq!(feed.last_id(), Some(id("a", 1_000).to_string().as_str()));
    }
}

#[tokio::test]
async fn a_place_that_is_not_known_is_told_first() {
    let server = server(Limits { ring: 10, ..Limits::default() }).await;
    drive(&server, "a", 100).await;
    for after in [id("a", 1).to_string(), "never".into()] {
        let request = SubscribeRequest { after_id: Some(after), ..Default::default() };
        let mut feed = Feed::subscribe(&server.url, request).await.unwrap();
        let first = soon(feed.next()).await.unwrap().unwrap();
        let FeedEvent::Missed(missed) = first else { panic!("{first:?}") };
        assert_eq!((missed.reason(), missed.count), (MissedReason::UnknownPosition, None));
        assert_eq!(read(&mut feed, 10).await, (ids("a", 91..=100), 0));
    }
}

#[tokio::test]
async fn a_slow_subscriber_is_told_and_slows_nobody() {
    const COUNT: usize = 40_000;
    // Long names, so that what waits within gRPC's own windows is little beside the whole.
    let vehicle = "a".repeat(120);
    let server = server(Limits { ring: 2_000, ..Limits::default() }).await;
    let slow = SubscribeRequest::default();
    let mut slow = Feed::subscribe(&server.url, slow).await.unwrap();
    let quick = SubscribeRequest { vehicles: vec![vehicle.clone()], ..Default::default() };
    let mut quick = Feed::subscribe(&server.url, quick).await.unwrap();
    let mut source = Source::open(&server.url, "s", 1, &[]).await;
    for first in (1..=COUNT as u64).step_by(500) {
        source.send(first, &vehicle, (first..first + 500).map(speed).collect()).await;
        // The quick one reads along, all but the sample that waits for a later one.
        let due = if first == 1 { 499 } else { 500 };
        let (_, missed) = read(&mut quick, due).await;
        assert_eq!(missed, 0);
    }
    source.settled(&server.clock, COUNT as u64).await;
    assert_eq!(read(&mut quick, 1).await, (ids(&vehicle, COUNT as u64..=COUNT as u64), 0));
    assert_eq!(server.seen.origins.lock().unwrap().len(), COUNT);

    let (found, missed) = read(&mut slow, COUNT).await;
    assert!(missed > 0, "the slow subscriber was not slow");
    assert_eq!(found.len() + missed as usize, COUNT);
    assert_eq!(found.last().unwrap(), &format!("{vehicle}-{COUNT}"));
}

#[tokio::test]
async fn a_subscription_that_makes_no_sense_is_refused() {
    let server = server(Limits { subscribers: 0, ..Limits::default() }).await;
    let kind = SubscribeRequest { action_kinds: vec!["lunch".into()], ..Default::default() };
    let cases = [
        (kind, tonic::Code::InvalidArgument),
        (SubscribeRequest::default(), tonic::Code::ResourceExhausted),
    ];
    for (request, code) in cases {
        let error = Feed::subscribe(&server.url, request).await.unwrap_err();
        let ClientError::Status(status) = error else { panic!("{error}") };
        assert_eq!(status.code(), code);
    }
}
