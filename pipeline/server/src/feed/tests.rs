//! Where subscriptions start, what they miss, what filters pass.

use piccolo_engine::{Action, Arguments, Edge};

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

/// All that a subscription gives until the feed is closed, as text.
async fn told(feed: &Arc<Feed>, mut subscription: Subscription) -> String {
    feed.close();
    let mut told = Vec::new();
    while let Some(event) = subscription.next().await {
        told.push(match event {
            Event::Decisions(decisions) => decisions
                .iter()
                .map(|decision| decision.time_us.to_string())
                .collect::<Vec<_>>()
                .join(" "),
            Event::Missed(gap) => {
                format!("missed {} ({}..{})", gap.count, gap.first.time_us, gap.last.time_us)
            }
            Event::Unknown => "unknown".into(),
        });
    }
    told.join(", ")
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
        let feed = Arc::new(Feed::new(Limits { queue: 3, ..Limits::default() }));
        let slow = feed.subscribe(Filter::default(), &Start::Next).unwrap();
        for number in 1..=count {
            feed.publish(numbered(number..=number));
        }
        assert_eq!(told(&feed, slow).await, expected);
    }
}

#[tokio::test]
async fn what_a_resume_brings_is_not_held_to_the_queue() {
    let feed = Arc::new(Feed::new(Limits { queue: 2, ..Limits::default() }));
    feed.publish(numbered(1..=6));
    let resumed =
        feed.subscribe(Filter::default(), &Start::After(format!("{:032x}", 1).into())).unwrap();
    feed.publish(numbered(7..=8));
    assert_eq!(told(&feed, resumed).await, "missed 2 (2..3), 4 5 6 7 8");
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
        feed.publish(vec![
            decision(1, "a", "s", &["launch"]),
            decision(2, "a", "t", &["launch", "notify"]),
            decision(3, "b", "s", &["notify"]),
            decision(4, "b", "t", &[]),
        ]);
        let resumed = feed.subscribe(filter, &Start::Oldest).unwrap();
        assert_eq!(told(&feed, live).await, expected);
        assert_eq!(told(&feed, resumed).await, expected);
    }
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
