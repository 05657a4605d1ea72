//! Where subscriptions start, what they miss, what filters pass.

use piccolo_engine::{Action, Arguments, Edge};
use piccolo_wire::ready;

use crate::convert;

use super::*;

fn decision(number: u64, vehicle: &str, scenario: &str, kinds: &[&'static str]) -> Decision {
    let action = |kind: &&'static str| Action {
        kind,
        target: "t".into(),
        arguments: Arguments(Vec::new()),
        scenario: None,
        changed_by: None,
    };
    Decision {
        id: u128::from(number).into(),
        time_us: number,
        vehicle: vehicle.into(),
        scenario: scenario.into(),
        revision: "0".into(),
        edge: Edge::Begin,
        actions: kinds.iter().map(action).collect(),
        withheld: Vec::new(),
        why: None,
    }
}

fn numbered(numbers: std::ops::RangeInclusive<u64>) -> Vec<Decision> {
    numbers.map(|number| decision(number, "v", "s", &["launch"])).collect()
}

/// A decision that was made before the server started.
fn kept(decision: Decision) -> Decided {
    let bytes = Decided::new(decision).ready().as_bytes().to_vec();
    Decided::from_bytes(bytes).unwrap()
}

/// After the decision with number 1.
fn after_first() -> Start {
    Start::After(format!("{:032x}", 1).into())
}

/// All that a subscription gives until the feed is closed, as text.
async fn told(feed: &Arc<Feed>, mut subscription: Subscription) -> String {
    feed.close();
    Arc::clone(feed).run().await;
    let (mut told, mut notices) = (String::new(), 0);
    while let Some(event) = subscription.next().await {
        match event {
            Event::Decisions(decisions) => {
                for decided in decisions {
                    told += &format!(" {}", decided.time_us());
                }
            }
            Event::Missed(gap) => {
                let [first, last] = [&gap.first, &gap.last].map(|at| at.time_us());
                told += &format!(", missed {} ({first}..{last}),", gap.count);
                notices += 1;
            }
            Event::Unknown => told += ", unknown,",
        }
    }
    assert!(notices <= 1, "{told}");
    told.trim_matches([' ', ',']).to_owned()
}

#[tokio::test]
async fn a_subscription_starts_where_it_is_asked_to() {
    let after = |id: &str| Start::After(format!("{id:0>32}").into());
    let cases = [
        (Start::Next, "9 10"),
        (Start::Oldest, "4 5 6 7 8 9 10"),
        (after("4"), "5 6 7 8 9 10"),
        (after("8"), "9 10"),
        (after("1"), "unknown, 4 5 6 7 8 9 10"),
        (after("never"), "unknown, 4 5 6 7 8 9 10"),
    ];
    for (start, expected) in cases {
        let feed = Arc::new(Feed::new(Limits { ring: 5, ..Limits::default() }));
        feed.publish(numbered(1..=8));
        let subscription = feed.subscribe(Filter::default(), &start).unwrap();
        feed.publish(numbered(9..=10));
        assert_eq!(told(&feed, subscription).await, expected, "{start:?}");
    }
}

#[tokio::test]
async fn a_slow_subscriber_hears_exactly_what_it_missed() {
    let cases = [(3, "1 2 3"), (4, "missed 1 (1..1), 2 3 4"), (10, "missed 7 (1..7), 8 9 10")];
    for (count, expected) in cases {
        let feed = Arc::new(Feed::new(Limits { ring: 3, ..Limits::default() }));
        let slow = feed.subscribe(Filter::default(), &Start::Next).unwrap();
        for number in 1..=count {
            feed.publish(numbered(number..=number));
        }
        assert_eq!(told(&feed, slow).await, expected);
    }
}

#[tokio::test]
async fn a_slow_subscriber_counts_only_what_passes_its_filter() {
    let filter = |vehicle: &str| Filter::new(vec![vehicle.into()], vec![], vec![]).unwrap();
    let cases = [("even", "missed 3 (2..6), 8 10"), ("odd", "missed 4 (1..7), 9"), ("none", "")];
    for (vehicle, expected) in cases {
        let feed = Arc::new(Feed::new(Limits { ring: 3, ..Limits::default() }));
        let slow = feed.subscribe(filter(vehicle), &Start::Next).unwrap();
        for number in 1..=10 {
            let vehicle = if number % 2 == 0 { "even" } else { "odd" };
            feed.publish(vec![decision(number, vehicle, "s", &["launch"])]);
        }
        assert_eq!(told(&feed, slow).await, expected, "{vehicle}");
    }
}

#[tokio::test]
async fn what_a_resume_brings_is_not_lost_to_a_full_ring() {
    let feed = Arc::new(Feed::new(Limits { ring: 4, ..Limits::default() }));
    feed.publish(numbered(1..=4));
    let resumed = feed.subscribe(Filter::default(), &after_first()).unwrap();
    feed.publish(numbered(5..=12));
    assert_eq!(told(&feed, resumed).await, "2 3 4, missed 4 (5..8), 9 10 11 12");
}

#[tokio::test]
async fn a_gap_comes_where_it_was_and_once() {
    let feed = Arc::new(Feed::new(Limits { ring: 4, ..Limits::default() }));
    feed.publish(numbered(1..=4));
    let mut resumed = feed.subscribe(Filter::default(), &after_first()).unwrap();
    feed.publish(numbered(5..=6));
    // Nobody runs the feed so far, so that nothing was passed on: there is no gap yet.
    let Some(Event::Decisions(first)) = resumed.next().await else { panic!("no decisions") };
    let times: Vec<_> = first.iter().map(|decided| decided.time_us()).collect();
    assert_eq!(times, [2, 3, 4]);
    feed.publish(numbered(7..=12));
    assert_eq!(told(&feed, resumed).await, "missed 4 (5..8), 9 10 11 12");
}

#[tokio::test]
async fn a_rare_decision_is_found_among_many() {
    let count = 4 * SCAN_DECISIONS_MAX as u64;
    let feed = Arc::new(Feed::new(Limits::default()));
    feed.publish(numbered(1..=count));
    feed.publish(vec![decision(0, "rare", "s", &[])]);
    let filter = Filter::new(vec!["rare".into()], vec![], vec![]).unwrap();
    let rare = feed.subscribe(filter, &Start::Oldest).unwrap();
    assert_eq!(told(&feed, rare).await, "0");
}

#[tokio::test]
async fn subscribers_that_never_read_leave_the_bounds_as_they_are() {
    let feed = Arc::new(Feed::new(Limits { ring: 100, ..Limits::default() }));
    let subscribe = |_| feed.subscribe(Filter::default(), &Start::Next).unwrap();
    let mut idle: Vec<_> = (0..100).map(subscribe).collect();
    // Nobody runs the feed: the engine's thread itself keeps the inbox small.
    for number in 0..10_u64 {
        let first = number * INBOX_DECISIONS_MAX as u64;
        feed.publish(numbered(first..=first + INBOX_DECISIONS_MAX as u64 - 1));
        assert!(feed.inbox().decisions.len() <= INBOX_DECISIONS_MAX);
    }
    let all = 10 * INBOX_DECISIONS_MAX as u64;
    let last = idle.pop().unwrap();
    let told = told(&feed, last).await;
    assert!(told.starts_with(&format!("missed {} (0..{}), ", all - 100, all - 101)), "{told}");
}

#[tokio::test]
async fn all_subscribers_share_the_bytes_of_a_decision() {
    let feed = Arc::new(Feed::new(Limits::default()));
    let subscribe = |_| feed.subscribe(Filter::default(), &Start::Next).unwrap();
    let subscriptions: Vec<_> = (0..100).map(subscribe).collect();
    feed.publish(numbered(1..=3));
    feed.close();
    tokio::spawn(Arc::clone(&feed).run());
    let mut seen: Vec<Vec<Arc<Decided>>> = Vec::new();
    for mut subscription in subscriptions {
        let Some(Event::Decisions(decided)) = subscription.next().await else { panic!("none") };
        // The encoding is made by the first and is the same object for all others.
        let ready = ready::Decision::new(&convert::decision(&numbered(1..=1)[0]));
        assert_eq!(*decided[0].ready(), ready);
        seen.push(decided);
    }
    for decided in &seen[1..] {
        for (one, other) in seen[0].iter().zip(decided) {
            assert!(std::ptr::eq(one.ready(), other.ready()));
        }
    }
    assert_eq!((seen.len(), seen[99].len()), (100, 3));
}

#[tokio::test]
async fn filters_let_pass_what_they_name() {
    type Names = &'static [&'static str];
    let cases: [(Names, Names, Names, &str); 8] = [
        (&[], &[], &[], "1 2 3 4"),
        (&["a"], &[], &[], "1 2"),
        (&["a", "b"], &[], &[], "1 2 3 4"),
        (&[], &["s"], &[], "1 3"),
        (&["a"], &["s"], &[], "1"),
        (&[], &[], &["notify"], "2 3"),
        (&[], &[], &["notify", "launch"], "1 2 3"),
        (&["c"], &[], &[], ""),
    ];
    for (vehicles, scenarios, kinds, expected) in cases {
        let owned = |names: Names| names.iter().map(|name| (*name).to_owned()).collect();
        let filter = Filter::new(owned(vehicles), owned(scenarios), owned(kinds)).unwrap();
        let feed = Arc::new(Feed::new(Limits::default()));
        let live = feed.subscribe(filter.clone(), &Start::Next).unwrap();
        let all = [
            decision(1, "a", "s", &["launch"]),
            decision(2, "a", "t", &["launch", "notify"]),
            decision(3, "b", "s", &["notify"]),
            decision(4, "b", "t", &[]),
        ];
        // Those from before the server started are told apart as well as new ones.
        let (before, since) = all.split_at(2);
        feed.put(before.iter().cloned().map(kept));
        feed.publish(since.to_vec());
        let resumed = feed.subscribe(filter, &Start::Oldest).unwrap();
        assert_eq!(told(&feed, live).await, expected);
        assert_eq!(told(&feed, resumed).await, expected);
    }
}

#[test]
fn a_decision_is_the_same_after_it_was_kept() {
    let fresh = Decided::new(decision(7, "v", "s", &["launch"]));
    let kept = Decided::from_bytes(fresh.ready().as_bytes().to_vec()).unwrap();
    assert_eq!((kept.id(), kept.time_us(), kept.names()), (fresh.id(), 7, ("v", "s")));
    assert_eq!(kept.ready(), fresh.ready());
    assert!(Decided::from_bytes(b"no decision".to_vec()).is_none());
    assert!(Decided::from_bytes(Vec::new()).is_none());
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    let kind = Filter::new(vec![], vec![], vec!["lunch".into()]).unwrap_err();
    assert!(kind.to_string().contains("`lunch`") && kind.to_string().contains("launch,"), "{kind}");
    let long = Filter::new(vec!["v".into(); FILTER_NAMES_MAX], vec!["s".into()], vec![]);
    assert_eq!(long, Err(FilterError::TooMany(FILTER_NAMES_MAX + 1)));
}

#[test]
fn subscribers_are_bounded_and_leave_when_they_are_dropped() {
    let feed = Arc::new(Feed::new(Limits { subscribers: 1, ..Limits::default() }));
    let first = feed.subscribe(Filter::default(), &Start::Next).unwrap();
    let second = feed.subscribe(Filter::default(), &Start::Next).map(|_| ());
    assert_eq!(second, Err(FeedError::Full(1)));
    drop(first);
    assert_eq!(feed.subscribers(), 0);
    assert!(feed.subscribe(Filter::default(), &Start::Next).is_ok());
}
