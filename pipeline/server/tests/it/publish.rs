//! Signals over gRPC: acknowledgements, reconnecting, faults.

use piccolo_server::feed::Limits;
use piccolo_wire::v1::SampleFaultKind::{
    self, Ahead, Late, Refused, UnknownSignal, ValueDoesNotFit,
};
use piccolo_wire::v1::sample::Signal;
use piccolo_wire::v1::value::Kind;
use piccolo_wire::v1::{ListValue, Sample, Unavailable};
use tonic::Code;

use crate::support::{MINUTE, REFUSED_US, Source, sample, server, speed};

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
