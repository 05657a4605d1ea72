//! Locks and elections on every store.

use std::sync::Arc;
use std::time::Duration;

use piccolo_store::{
    Error, Key, Leadership, LeaseId, Lock, Observer, Put, Span, Store, Transaction, WatchRequest,
    leader,
};

use crate::benches::{Bench, Kind, run};

fn key(text: &str) -> Key {
    Key::try_from(text).unwrap()
}

async fn lease(store: &Arc<dyn Store>) -> LeaseId {
    store.grant(60, None).await.unwrap().id
}

/// Runs a test on a store that is there.
fn check(kind: Kind, test: impl AsyncFnOnce(&Bench)) {
    run(async {
        if let Some(bench) = Bench::new(kind).await {
            test(&bench).await;
        }
    });
}

/// What waits is in line: its key is there.
async fn in_line(store: &Arc<dyn Store>, name: &str, places: usize) {
    let mut watch = {
        let prefix = Span::prefix(format!("{name}/")).unwrap();
        store.watch(WatchRequest::new(prefix).from(1)).await.unwrap()
    };
    let mut seen = 0;
    while seen < places {
        seen += watch.next().await.unwrap().events.len();
    }
}

/// Contenders get the lock in the order in which they came, and their fences grow.
async fn the_order_of_the_line(bench: &Bench) {
    let store = &bench.store;
    let name = key("lock/order");
    let first = Lock::acquire(store.clone(), &name, lease(store).await).await.unwrap();
    let mut waiting = Vec::new();
    for number in 0..4_usize {
        let (store, name, lease) = (store.clone(), name.clone(), lease(store).await);
        let waits = tokio::spawn({
            let store = store.clone();
            async move { (number, Lock::acquire(store, &name, lease).await.unwrap()) }
        });
        in_line(&store, "lock/order", number + 2).await;
        waiting.push(waits);
    }
    let mut last = first.fence().revision;
    first.release().await.unwrap();
    for (expected, waits) in waiting.into_iter().enumerate() {
        let (number, lock) = waits.await.unwrap();
        assert_eq!(number, expected);
        assert!(lock.fence().revision > last);
        last = lock.fence().revision;
        lock.release().await.unwrap();
    }
}

/// A lock that is held is not had without waiting, and the try leaves no place in the line.
async fn a_try(bench: &Bench) {
    let store = &bench.store;
    let name = key("lock/try");
    let mine = lease(store).await;
    let held = Lock::try_acquire(store.clone(), &name, mine).await.unwrap().unwrap();
    let other = lease(store).await;
    assert!(Lock::try_acquire(store.clone(), &name, other).await.unwrap().is_none());
    assert_eq!(store.time_to_live(other).await.unwrap().keys, []);
    let again = Lock::acquire(store.clone(), &name, mine).await.unwrap();
    assert_eq!(again.fence(), held.fence(), "a lease holds its lock again");
    held.release().await.unwrap();
    assert!(matches!(again.release().await, Err(Error::Lost { .. })));
    assert!(Lock::try_acquire(store.clone(), &name, other).await.unwrap().is_some());
}

/// What a former holder sends is refused by its fence.
async fn a_fence(bench: &Bench) {
    let store = &bench.store;
    let name = key("lock/fence");
    let old = lease(store).await;
    let lost = Lock::acquire(store.clone(), &name, old).await.unwrap();
    let guarded = |lock: &Lock, value: &'static str| {
        Transaction::new().when(lock.fence().holds()).then(Put::new(key("guarded"), value))
    };
    assert!(store.transact(guarded(&lost, "old")).await.unwrap().succeeded);
    store.revoke(old).await.unwrap();
    let held = Lock::acquire(store.clone(), &name, lease(store).await).await.unwrap();
    assert!(!store.transact(guarded(&lost, "late")).await.unwrap().succeeded);
    assert!(store.transact(guarded(&held, "new")).await.unwrap().succeeded);
    assert_eq!(store.get(&key("guarded")).await.unwrap().unwrap().value, "new");
    assert!(matches!(lost.release().await, Err(Error::Lost { .. })));
}

/// A lease that runs out hands the lock on; one that does not live gets none.
async fn a_lease_that_ends(bench: &Bench) {
    let store = &bench.store;
    let name = key("lock/lease");
    let short = store.grant(2, None).await.unwrap().id;
    let lost = Lock::acquire(store.clone(), &name, short).await.unwrap();
    let next = lease(store).await;
    let waits = tokio::spawn({
        let (store, name) = (store.clone(), name.clone());
        async move { Lock::acquire(store, &name, next).await }
    });
    in_line(store, "lock/lease", 2).await;
    bench.advance(Duration::from_secs(2));
    let held = waits.await.unwrap().unwrap();
    assert!(held.fence().revision > lost.fence().revision);
    let gone = Lock::acquire(store.clone(), &name, short).await.err();
    assert!(matches!(gone, Some(Error::LeaseNotFound { .. })));
}

/// A leader proclaims, is observed, and is followed by the next.
async fn an_election(bench: &Bench) {
    let store = &bench.store;
    let name = key("office");
    assert_eq!(leader(&**store, &name).await.unwrap(), None);
    let mut observer = Observer::new(&**store, name.clone());
    let (mine, other) = (lease(store).await, lease(store).await);
    let led = Leadership::campaign(store.clone(), &name, mine, "one".into()).await.unwrap();
    assert_eq!(observer.next().await.unwrap().value, "one");
    let follower = tokio::spawn({
        let (store, name) = (store.clone(), name.clone());
        async move { Leadership::campaign(store, &name, other, "two".into()).await.unwrap() }
    });
    in_line(store, "office", 2).await;
    led.proclaim("still one".into()).await.unwrap();
    assert_eq!(observer.next().await.unwrap().value, "still one");
    assert_eq!(leader(&**store, &name).await.unwrap().unwrap().value, "still one");
    led.resign().await.unwrap();
    let leads = follower.await.unwrap();
    assert_eq!(observer.next().await.unwrap().value, "two");
    store.revoke(other).await.unwrap();
    assert!(matches!(leads.proclaim("late".into()).await, Err(Error::Lost { .. })));
    assert_eq!(leader(&**store, &name).await.unwrap(), None);
}

macro_rules! on_each_store {
    ($($name:ident),*) => {
        mod embedded {
            use super::{Kind, check};
            $(#[test]
            fn $name() {
                check(Kind::Embedded, super::$name);
            })*
        }

        #[cfg(feature = "etcd")]
        mod etcd {
            use super::{Kind, check};
            #[test]
            fn locks_and_elections() {
                check(Kind::Etcd, async |bench| {
                    $(super::$name(bench).await;)*
                });
            }
        }
    };
}

on_each_store!(the_order_of_the_line, a_try, a_fence, a_lease_that_ends, an_election);
