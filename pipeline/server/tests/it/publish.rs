//! Signals over gRPC: acknowledgements, reconnecting, faults.

use piccolo_server::feed::Limits;
use piccolo_wire::v1::SampleFaultKind::{
    self, Ahead, Late, Refused, UnknownSignal, ValueDoesNotFit,
};
use piccolo_wire::v1::sample::Signal;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{ListValue, NumberBatch, Sample, SubscribeRequest, Unavailable};
use tonic::Code;

use crate::support::{MINUTE, REFUSED_US, Source, sample, server, soon, speed};
use piccolo_wire::client::{Feed, FeedEvent};

#[tokio::test]
async fn samples_are_acknowledged_once_the_engine_has_them() {
    let server = server(Limits::default()).await;
    let mut source = Source::open(&server.url, "s", 1, &[]).await;
    assert_eq!(source.opened.acknowledged_position, 0);
    source.send(1, "v", vec![speed(10), speed(20), speed(20)]).await;
    // The later two wait for a later one, as long as the clock stands still.
    assert_eq!(source.acknowledged(1).await.acknowledged_position, 1);
    let last = source.settled(&server.clock, 3).await;
    assert_eq!((last.acknowledged_position, last.fault_counts.len()), (3, 0));
}

#[tokio::test]
async fn what_is_sent_again_is_passed_over() {
    let server = server(Limits::default()).await;
    let mut first = Source::open(&server.url, "s", 1, &[]).await;
    first.send(1, "v", vec![speed(MINUTE), speed(2 * MINUTE), speed(3 * MINUTE)]).await;
    first.acknowledged(2).await;
    // It goes without an end; its third sample still waits in the gateway.
    drop(first);
    let mut second = Source::open(&server.url, "s", 1, &[]).await;
    assert_eq!(second.opened.acknowledged_position, 2);
    assert_eq!(second.opened.lost_count, 0);
    second.send(3, "v", vec![speed(3 * MINUTE), speed(4 * MINUTE)]).await;
    second.send(1, "v", vec![speed(MINUTE), speed(2 * MINUTE)]).await;
    let last = second.settled(&server.clock, 4).await;
    let repeated = if last.repeated_count == 3 {
        3
    } else {
        second.next().await.unwrap().unwrap().repeated_count
    };
    assert_eq!(repeated, 3);
    assert_eq!(*server.seen.origins.lock().unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_second_stream_ends_the_first() {
    let server = server(Limits::default()).await;
    let mut first = Source::open(&server.url, "s", 1, &[]).await;
    let _second = Source::open(&server.url, "s", 1, &[]).await;
    let _other = Source::open(&server.url, "other", 1, &[]).await;
    let status = first.next().await.unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
}

#[tokio::test]
async fn a_source_that_has_forgotten_its_first_samples_goes_on_where_it_can() {
    let server = server(Limits::default()).await;
    let mut source = Source::open(&server.url, "s", 101, &[]).await;
    assert_eq!((source.opened.acknowledged_position, source.opened.lost_count), (100, 100));
    source.send(101, "v", vec![speed(1)]).await;
    source.settled(&server.clock, 101).await;
}

#[tokio::test]
async fn an_end_in_good_order_hears_of_every_sample() {
    let server = server(Limits::default()).await;
    let mut source = Source::open(&server.url, "s", 1, &[]).await;
    source.send(1, "v", (1..=1_000).map(speed).collect()).await;
    let (closed, _) = tokio::sync::mpsc::channel(1);
    drop(std::mem::replace(&mut source.requests, closed));
    // All but the last have gone once it has come; only then the clock may move.
    source.acknowledged(999).await;
    source.settled(&server.clock, 1_000).await;
    assert_eq!(source.next().await.unwrap(), None);
}

#[tokio::test]
async fn streams_that_break_the_contract_end() {
    let server = server(Limits::default()).await;
    type Case = (&'static str, u64, &'static str, usize, Code);
    let cases: [Case; 4] = [
        ("a gap", 2, "v", 1, Code::OutOfRange),
        ("no position", 0, "v", 1, Code::OutOfRange),
        ("no vehicle", 1, "", 1, Code::InvalidArgument),
        ("a batch too large", 1, "v", 4_097, Code::InvalidArgument),
    ];
    for (name, position, vehicle, count, code) in cases {
        let mut source = Source::open(&server.url, name, 1, &[]).await;
        source.send(position, vehicle, vec![speed(1); count]).await;
        assert_eq!(source.next().await.unwrap_err().code(), code, "{name}");
    }
}

/// The fault of a sample that comes after one at 1000 us.
async fn check(sent: Sample, fault: Option<SampleFaultKind>) {
    let server = server(Limits::default()).await;
    let name = format!("{sent:?}");
    let mut source = Source::open(&server.url, "s", 1, &["Vehicle.Speed", "Vehicle.Sped"]).await;
    assert_eq!(source.opened.unknown_signal_ids, [1]);
    source.send(1, "v", vec![speed(1_000), speed(1_001)]).await;
    source.acknowledged(1).await;
    source.send(3, "v", vec![sent]).await;
    let last = source.settled(&server.clock, 3).await;
    let expected: Vec<_> = fault.into_iter().collect();
    let counts: Vec<_> =
        last.fault_counts.iter().map(|fault| (fault.kind(), fault.count)).collect();
    let faults: Vec<_> = last.faults.iter().map(|fault| (fault.position, fault.kind())).collect();
    assert_eq!(counts, expected.iter().map(|kind| (*kind, 1)).collect::<Vec<_>>(), "{name}");
    assert_eq!(faults, expected.iter().map(|kind| (3, *kind)).collect::<Vec<_>>(), "{name}");
    assert!(last.faults.iter().all(|fault| !fault.message.is_empty()), "{name}");
}

#[tokio::test]
async fn faults_are_counted_with_their_positions() {
    let path = |path: &str| Signal::Path(path.into());
    let float = Kind::Float(1.0);
    let list = Kind::List(ListValue { items: vec![] });
    let cases = [
        (sample(Signal::Id(0), MINUTE, float.clone()), None),
        (sample(Signal::Id(0), MINUTE, Kind::Int(1)), None),
        (sample(Signal::Id(0), MINUTE, Kind::Unavailable(Unavailable {})), None),
        (sample(Signal::Id(1), MINUTE, float.clone()), Some(UnknownSignal)),
        (sample(Signal::Id(2), MINUTE, float.clone()), Some(UnknownSignal)),
        (sample(path("Vehicle.Sped"), MINUTE, float.clone()), Some(UnknownSignal)),
        (Sample { signal: None, ..speed(MINUTE) }, Some(UnknownSignal)),
        (sample(Signal::Id(0), MINUTE, Kind::Text("fast".into())), Some(ValueDoesNotFit)),
        (sample(Signal::Id(0), MINUTE, Kind::Float(f64::NAN)), Some(ValueDoesNotFit)),
        (sample(Signal::Id(0), MINUTE, list), Some(ValueDoesNotFit)),
        (Sample { value: None, ..speed(MINUTE) }, Some(ValueDoesNotFit)),
        (speed(1_000), Some(Late)),
        (speed(0), Some(Late)),
        (speed(u64::MAX), Some(Ahead)),
        (speed(REFUSED_US), Some(Refused)),
    ];
    for (sent, fault) in cases {
        check(sent, fault).await;
    }
}

#[tokio::test]
async fn a_promise_lets_samples_go_while_the_clock_stands_still() {
    let server = server(Limits::default()).await;
    let mut source = Source::open(&server.url, "s", 1, &["Vehicle.Speed"]).await;
    for (position, time_us) in [(1, 10), (2, 20), (3, 30)] {
        source.send_numbers(position, &[(0, 0, time_us, 1.0)], Some(time_us + 1)).await;
        assert_eq!(source.acknowledged(position).await.acknowledged_position, position);
    }
    // Another one that promises nothing makes it wait, until it is gone.
    let other = Source::open(&server.url, "other", 1, &[]).await;
    source.send_numbers(4, &[(0, 0, 40, 1.0)], Some(41)).await;
    drop(other);
    assert_eq!(source.acknowledged(4).await.fault_counts, []);
    assert_eq!(*server.seen.origins.lock().unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn numbers_come_as_samples_do() {
    let server = server(Limits::default()).await;
    let request = SubscribeRequest::default();
    let mut feed = Feed::subscribe(&server.url, request).await.unwrap();
    let paths = ["Vehicle.Speed", "Vehicle.IsMoving", "Vehicle.Sped"];
    let mut source = Source::open(&server.url, "s", 1, &paths).await;
    let rows = [
        (0, 0, 1_000, 1.0),
        // Earlier than the one before, and not late.
        (1, 1, 990, 1.0),
        (0, 1, 1_001, 0.0),
        (0, 1, 1_001, 0.5),
        (0, 2, 1_001, 1.0),
        (0, 3, 1_001, 1.0),
        (2, 0, 1_001, 1.0),
        (0, 0, 1_001, f64::NAN),
        (1, 0, 1_002, -0.5),
    ];
    source.send_numbers(1, &rows, Some(1_003)).await;
    let last = source.acknowledged(9).await;
    let faults: Vec<_> = last.faults.iter().map(|fault| (fault.position, fault.kind())).collect();
    let expected = [
        (4, ValueDoesNotFit),
        (5, UnknownSignal),
        (6, UnknownSignal),
        (7, UnknownSignal),
        (8, ValueDoesNotFit),
    ];
    assert_eq!(faults, expected);
    let event = soon(feed.next()).await.unwrap().unwrap();
    let FeedEvent::Decisions(decisions) = event else { panic!("{event:?}") };
    let found = decisions.iter().map(|one| (&*one.vehicle, one.time_us, &*one.scenario));
    let expected = [
        ("w", 990, "IsMoving"),
        ("v", 1_000, "Speed"),
        ("v", 1_001, "IsMoving"),
        ("w", 1_002, "Speed"),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(*server.seen.origins.lock().unwrap(), [2, 1, 3, 9]);
}

#[tokio::test]
async fn numbers_that_are_sent_again_keep_their_times() {
    let server = server(Limits::default()).await;
    let mut source = Source::open(&server.url, "s", 1, &["Vehicle.Speed"]).await;
    source.send_numbers(1, &[(0, 0, 10, 1.0), (0, 0, 20, 1.0)], Some(21)).await;
    source.acknowledged(2).await;
    let again = [(0, 0, 10, 1.0), (0, 0, 20, 1.0), (0, 0, 30, 1.0), (1, 0, 40, 1.0)];
    source.send_numbers(1, &again, Some(41)).await;
    let last = source.acknowledged(4).await;
    assert_eq!((last.repeated_count, last.fault_counts.len()), (2, 0));
    assert_eq!(*server.seen.origins.lock().unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn numbers_that_break_the_contract_end_the_stream() {
    let server = server(Limits::default()).await;
    let even = NumberBatch {
        first_position: 1,
        vehicles: vec![0],
        signals: vec![0],
        time_steps_us: vec![1],
        values: vec![1.0],
        watermark_us: None,
    };
    let large = |count: usize| NumberBatch {
        vehicles: vec![0; count],
        signals: vec![0; count],
        time_steps_us: vec![1; count],
        values: vec![1.0; count],
        ..even.clone()
    };
    let cases = [
        ("no vehicles", NumberBatch { vehicles: vec![], ..even.clone() }, Code::InvalidArgument),
        ("signals", NumberBatch { signals: vec![0, 0], ..even.clone() }, Code::InvalidArgument),
        ("times", NumberBatch { time_steps_us: vec![], ..even.clone() }, Code::InvalidArgument),
        ("values", NumberBatch { values: vec![1.0; 3], ..even.clone() }, Code::InvalidArgument),
        ("a batch too large", large(4_097), Code::InvalidArgument),
        ("a gap", NumberBatch { first_position: 3, ..even.clone() }, Code::OutOfRange),
    ];
    for (name, batch, code) in cases {
        let mut source = Source::open(&server.url, name, 1, &["Vehicle.Speed"]).await;
        source.send_batch(batch).await;
        assert_eq!(source.next().await.unwrap_err().code(), code, "{name}");
    }
    // Times that leave the range are samples at its ends, and no other times.
    let mut source = Source::open(&server.url, "ends", 1, &["Vehicle.Speed"]).await;
    let ends = NumberBatch { time_steps_us: vec![50, -100, i64::MAX, i64::MAX, 7], ..large(5) };
    source.send_batch(NumberBatch { watermark_us: Some(51), ..ends }).await;
    let last = source.acknowledged(5).await;
    let counts: Vec<_> =
        last.fault_counts.iter().map(|fault| (fault.kind(), fault.count)).collect();
    assert_eq!(counts, [(Ahead, 3)]);
}
